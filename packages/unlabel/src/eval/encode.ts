// The one pass over the images that every protocol on features shares: each is decoded once and encoded once by the trained
// encoder, the untrained one, and as raw pixels.

import type { Tensor } from "@unlabel/torch";
import type { Split } from "../data/folder.ts";
import { type Neighbours, nearest } from "../score/knn.ts";
import type { HasEncoder } from "./evaluated.ts";
import { type ExtractOptions, extract, type FeatureFunction, frozen, pixelFeatures } from "./features.ts";
import type { Features } from "./linear.ts";

export type SourceName = "trained" | "untrained" | "pixels";

/** A split's features of one kind, and what is asked of them more than once. */
export class Source {
  readonly name: SourceName;
  readonly train: Features;
  readonly val: Features;
  #neighbours: Neighbours | null = null;
  readonly #outcomes = new Map<string, unknown>();

  constructor(name: SourceName, train: Features, val: Features) {
    this.name = name;
    this.train = train;
    this.val = val;
  }

  /** The nearest of train for each image of val, at least `k` of them (or all); found once. `onQueries` hears how many have theirs. */
  neighbours(k: number, onQueries?: (done: number) => void): Neighbours {
    const wanted = Math.min(k, this.train.labels.length);
    if (this.#neighbours === null || this.#neighbours.k < wanted) {
      this.#neighbours = nearest(this.train.x, this.val.x, wanted, onQueries);
    }
    return this.#neighbours;
  }

  /** What comes of these features by something that `what` names with all its settings, worked out at the first time. */
  once<T>(what: string, make: () => T): T {
    if (!this.#outcomes.has(what)) this.#outcomes.set(what, make());
    return this.#outcomes.get(what) as T;
  }

  dispose(): void {
    this.train.x.dispose();
    this.val.x.dispose();
  }
}

export interface Encoded {
  /** Trained first; without rows on ranks other than 0. */
  sources: Source[];
  /** Images that the trained encoder saw. */
  encoded: number;
  /** Which items of val could be read, and of train. */
  kept: { train: Int32Array; val: Int32Array };
  seconds: number;
}

/**
 * Encodes both splits and proves that no encoder changed.
 *
 * @param encoders by the kind of features that each makes
 * @throws {UserError} where no image of a split could be read
 */
export async function encodeSplits(
  encoders: { trained: HasEncoder; untrained?: HasEncoder },
  train: Split,
  val: Split,
  pixels: boolean,
  { onProgress, ...options }: ExtractOptions,
): Promise<Encoded> {
  const began = performance.now();
  const [fitted, scored] = await frozenAll(encoders, options, async (functions) => {
    const all = { ...functions, ...(pixels && { pixels: pixelFeatures }) };
    const encode = (split: Split, done: number) =>
      extract<SourceName>(split, all, { ...options, onProgress: (count) => onProgress?.(done + count) });
    return [await encode(train, 0), await encode(val, train.items.length)] as const;
  });
  const names = Object.keys(fitted.features) as SourceName[];
  return {
    sources: names.map((name) => new Source(name, fitted.features[name]!, scored.features[name]!)),
    encoded: fitted.labels.length + scored.labels.length,
    kept: { train: fitted.indices, val: scored.indices },
    seconds: (performance.now() - began) / 1000,
  };
}

/** Runs `body` with what computes the features of each encoder, all of them {@link frozen}. */
export async function frozenAll<T>(
  { trained, untrained }: { trained: HasEncoder; untrained?: HasEncoder },
  options: Pick<ExtractOptions, "precision">,
  body: (functions: Partial<Record<SourceName, FeatureFunction>>) => Promise<T>,
): Promise<T> {
  return frozen(
    trained.encoder,
    (after) => {
      const own = { trained: (images: Tensor) => after.features(images) };
      if (!untrained) return body(own);
      return frozen(
        untrained.encoder,
        (before) => body({ ...own, untrained: (images) => before.features(images) }),
        options,
      );
    },
    options,
  );
}
