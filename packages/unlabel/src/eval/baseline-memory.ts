// What evaluations of several encoders on the same images share: raw pixels are the same for all of them, and so is the encoder that runs of
// one seed and architecture began with. Each is encoded and probed once.
import { allowedMemory } from "../base/allowed-memory.ts";
import type { Indicators } from "../run/indicators.ts";
import type { Neighbours } from "../score/knn.ts";
import type { Source } from "./encode.ts";

/** A kind of features, and which items of train and val they are of. */
export interface KeptSource {
  source: Source;
  kept: { train: Int32Array; val: Int32Array };
}

/** What indicators told of a kind of features, and of which items. */
export interface KeptTold {
  told: Indicators;
  near: Neighbours | null;
  kept: Int32Array;
}

/** The part of this process's memory that features may take; training goes on beside them. */
const SHARE = 1 / 16;

/**
 * Remembers untrained encoders and raw pixels from one evaluation to the next, for `EvaluateOptions.baselines`. What does not fit is worked out
 * again; ranks that share an evaluation remember nothing. Dispose of it once the last encoder is evaluated.
 */
export class BaselineMemory implements Disposable {
  readonly #most: number;
  readonly #sources = new Map<string, KeptSource>();
  readonly #told = new Map<string, KeptTold>();
  #bytes = 0;

  /** @param most bytes of features that are kept; by default a sixteenth of the memory that this process may use */
  constructor(most: number = SHARE * allowedMemory()) {
    this.#most = most;
  }

  /** Bytes of features that it holds. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @internal The features under a key, which are used last by that; null where there are none. */
  use(key: string): KeptSource | null {
    const one = this.#sources.get(key);
    if (!one) return null;
    this.#sources.delete(key);
    this.#sources.set(key, one);
    return one;
  }

  /**
   * @internal Takes features over; those used longest ago make room.
   *
   * @param spared keys of those that are being worked with
   * @returns whether; where not they stay the caller's
   */
  keep(key: string, one: KeptSource, spared: readonly string[]): boolean {
    const bytes = bytesOf(one);
    if (this.#sources.has(key)) return false;
    const others = [...this.#sources.keys()].filter((other) => !spared.includes(other));
    while (this.#bytes + bytes > this.#most) {
      const oldest = others.shift();
      if (oldest === undefined) return false;
      this.forget(oldest);
    }
    this.#sources.set(key, one);
    this.#bytes += bytes;
    return true;
  }

  /** @internal Lets go of the features under a key, where there are any. */
  forget(key: string): void {
    const one = this.#sources.get(key);
    if (!one) return;
    this.#sources.delete(key);
    this.#bytes -= bytesOf(one);
    one.source.dispose();
  }

  /** @internal What indicators told of features that are not kept themselves. */
  told(key: string): KeptTold | null {
    return this.#told.get(key) ?? null;
  }

  /** @internal */
  keepTold(key: string, told: KeptTold): void {
    this.#told.set(key, told);
  }

  [Symbol.dispose](): void {
    for (const key of [...this.#sources.keys()]) this.forget(key);
    this.#told.clear();
  }
}

function bytesOf({ source: { train, val } }: KeptSource): number {
  // Features are float32.
  return 4 * [train, val].reduce((sum, { x }) => sum + x.shape.reduce((a, b) => a * b, 1), 0);
}
