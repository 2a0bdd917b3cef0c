// Features of images and of their views, by each kind of features alike: what every indicator is worked out from.
import { autocast, cat, fromTypedArray, noGrad, scope, type Tensor } from "@unlabel/torch";
import type { Split } from "../data/folder.ts";
import { filesOf } from "../data/sample.ts";
import { numberOfImage, seenBatches } from "../data/view-batches.ts";
import { type ExtractOptions, extract, type FeatureFunction } from "./features.ts";
import { firstByName, MOST_VIEWED } from "./indicator-images.ts";
import { indicatorViews } from "./indicator-views.ts";

/** One kind of features of the same images. */
export interface SeenFeatures {
  /** Of the images as they are, `[N, d]`. */
  plain: Tensor;
  /** By name of a view, of the first M images by name, `[M, d]`; `turned-1` to `turned-3` are turned by so many quarters. */
  views: Record<string, Tensor>;
}

/** What was encoded. Tensors are float32 on the CPU. */
export interface Seen<Name extends string> {
  /** By kind. */
  features: Record<Name, SeenFeatures>;
  /** The file of each image, where several are of one, `[N]`. */
  files: Int32Array | undefined;
  /** The file of each image seen in views, or its place where each is a file by itself, `[M]`. */
  viewedFiles: Int32Array;
  /** The number of each image seen in views, `[M]`. */
  numbers: number[];
  /** Which items of the split the N are. */
  kept: Int32Array;
  /** Images that each kind of features was worked out of, views counted each. */
  encoded: number;
}

/** Views that are encoded together. */
const TOGETHER = 224;
const TURNS = [1, 2, 3] as const;
/** Views and turns of an image. */
const WAYS = indicatorViews({ size: 1, mean: [0] }).length + TURNS.length;

/**
 * Encodes all images of a split as they are, and up to 512 of them in all views.
 *
 * @param seed of the views
 * @throws {UserError} where no image could be read
 */
export async function seenFeatures<Name extends string>(
  split: Split,
  functions: Partial<Record<Name, FeatureFunction>>,
  seed: number,
  options: ExtractOptions & Required<Pick<ExtractOptions, "reader">>,
): Promise<Seen<Name>> {
  const { view, device, precision, reader, signal, onProgress, onSkip } = options;
  const names = Object.keys(functions) as Name[];
  const whole = await extract(split, functions, options);
  const readable = { ...split, items: Array.from(whole.indices, (i) => split.items[i]!) };
  const viewed = firstByName(readable, MOST_VIEWED).map((i) => readable.items[i]!);
  const views = indicatorViews(view);
  const ways = [...views.map(({ name }) => name), ...TURNS.map((turn) => `turned-${turn}`)];
  const batch = Math.max(1, Math.floor(TOGETHER / ways.length));
  const chunks = names.map(() => ways.map((): Tensor[] => []));
  const kept: number[] = [];
  const how = { ...view, batch, seed, reader, device, ...(onSkip && { onSkip }) };
  for await (const { images, indices } of seenBatches({ ...split, items: viewed }, views, how)) {
    using seen = images;
    signal?.throwIfAborted();
    const count = indices.length;
    for (const [f, name] of names.entries()) {
      const parts = noGrad(() =>
        scope(() => {
          const plain = seen.narrow(0, 0, count);
          const all = cat([seen, ...TURNS.map((turn) => plain.rot90(turn, [2, 3]))], 0);
          const encode = functions[name]!;
          const x = all.contiguous({ memoryFormat: "channels_last" });
          const features = autocast({ device, enabled: precision === "bf16" }, () => encode(x));
          return features.to({ dtype: "float32", device: "cpu" }).contiguous();
        }),
      );
      for (const w of ways.keys()) chunks[f]![w]!.push(parts.narrow(0, w * count, count).clone());
      parts.dispose();
    }
    kept.push(...indices);
    onProgress?.(whole.labels.length + kept.length * ways.length);
  }
  const features = names.map((name, f) => {
    const joined = ways.map((way, w) => {
      const parts = chunks[f]![w]!;
      const all = scope(() => cat(parts, 0));
      for (const part of parts) part.dispose();
      return [way, all] as const;
    });
    const { x } = whole.features[name];
    const plain = scope(() => x.to({ device: "cpu" }).clone());
    x.dispose();
    return [name, { plain, views: Object.fromEntries(joined) }] as const;
  });
  const items = kept.map((i) => viewed[i]!);
  return {
    features: Object.fromEntries(features) as Record<Name, SeenFeatures>,
    files: filesOf(readable.items),
    viewedFiles: filesOf(items) ?? Int32Array.from(items.keys()),
    numbers: items.map(numberOfImage),
    kept: whole.indices,
    encoded: whole.labels.length + kept.length * ways.length,
  };
}

/** How many images and views are encoded of so many images. */
export function encodings(images: number): number {
  return images + Math.min(images, MOST_VIEWED) * WAYS;
}

/** Rows of several tensors of one shape, row i from the one that `from[i]` names. */
export function rowsFrom(tensors: readonly Tensor[], from: readonly number[]): Tensor {
  const count = from.length;
  return noGrad(() =>
    cat(tensors, 0).indexSelect(0, fromTypedArray(Int32Array.from(from, (which, i) => which * count + i))),
  );
}
