// Orders and keeps the blocks of a source whose images lie one after the other: parts of a tar shard, row groups of a Parquet
// file. An epoch shuffles the blocks, then the images within a window of consecutive blocks, so that reading is almost
// sequential, batches mix images from many places, and any step can be found again from (seed, epoch).
import { Rng } from "../../base/rng.ts";
import type { Item, Split } from "../folder.ts";

// What is shuffled together, and what may be in memory: this window, the one that is fetched ahead, and remains of the last.
const WINDOW_BYTES = 48e6;
const KEPT_BYTES = 144e6;

export interface BlockOptions<B> {
  /** Bytes of each block. */
  sizes: readonly number[];
  /** The block that an item (by `Item.at`) lies in. */
  blockOf: (at: number) => number;
  /** Brings a block into memory; left out where images are read one by one. */
  fetch?: (block: number) => Promise<B>;
  windowBytes?: number;
  keptBytes?: number;
}

export class Blocks<B> {
  readonly #options: Required<Omit<BlockOptions<B>, "fetch">> & Pick<BlockOptions<B>, "fetch">;
  /** Blocks in memory or on their way, the one used last at the end. */
  readonly #kept = new Map<number, Promise<B>>();
  #keptBytes = 0;
  /** For each block the blocks of the window after its own, in the order asked for last. */
  #after = new Map<number, readonly number[]>();

  constructor(options: BlockOptions<B>) {
    this.#options = { windowBytes: WINDOW_BYTES, keptBytes: KEPT_BYTES, ...options };
  }

  /** The bytes of the blocks in memory or on their way. */
  get bytes(): number {
    return this.#keptBytes;
  }

  /** An order of `items` for `Split.order`. */
  order(items: readonly Item[], seed: number, epoch: number): Uint32Array {
    const { sizes, blockOf, windowBytes } = this.#options;
    const members = new Map<number, number[]>();
    for (const [index, { at }] of items.entries()) {
      const block = blockOf(at!);
      const list = members.get(block);
      if (list) list.push(index);
      else members.set(block, [index]);
    }
    const blocks = shuffled([...members.keys()], new Rng(seed, "blocks", epoch));

    const order = new Uint32Array(items.length);
    const windows: number[][] = [];
    let placed = 0;
    for (let from = 0; from < blocks.length; ) {
      const window: number[] = [];
      for (
        let bytes = 0;
        from < blocks.length && (window.length === 0 || bytes + sizes[blocks[from]!]! <= windowBytes);
      ) {
        bytes += sizes[blocks[from]!]!;
        window.push(blocks[from++]!);
      }
      const indices = window.flatMap((block) => members.get(block)!);
      order.set(shuffled(indices, new Rng(seed, "window", epoch, windows.length)), placed);
      placed += indices.length;
      windows.push(window);
    }
    this.#after = new Map(
      windows.flatMap((window, w) => window.map((block) => [block, windows[w + 1] ?? []] as const)),
    );
    return order;
  }

  /** The block, and soon after those that follow it. */
  async get(block: number): Promise<B> {
    const found = await this.#keep(block);
    const next = this.#after.get(block)?.find((other) => !this.#kept.has(other));
    // Ahead of need: whoever needs it will be told where it failed.
    if (next !== undefined && this.#keptBytes + this.#options.sizes[next]! <= this.#options.keptBytes)
      this.#keep(next).catch(() => {});
    return found;
  }

  #keep(block: number): Promise<B> {
    const { sizes, fetch, keptBytes } = this.#options;
    const known = this.#kept.get(block);
    if (known) {
      this.#kept.delete(block);
      this.#kept.set(block, known);
      return known;
    }
    for (const old of this.#kept.keys()) {
      if (this.#keptBytes + sizes[block]! <= keptBytes) break;
      this.#forget(old);
    }
    const coming = fetch!(block);
    this.#kept.set(block, coming);
    this.#keptBytes += sizes[block]!;
    // What failed is asked for again the next time.
    coming.catch(() => this.#kept.get(block) === coming && this.#forget(block));
    return coming;
  }

  #forget(block: number): void {
    if (this.#kept.delete(block)) this.#keptBytes -= this.#options.sizes[block]!;
  }
}

/** `Split.order` of a source in blocks; it follows the split that it is called on, so that parts of a split have it too. */
export function orderOf(blocks: Blocks<unknown>): NonNullable<Split["order"]> {
  return function (this: Split, seed, epoch) {
    return blocks.order(this.items, seed, epoch);
  };
}

function shuffled(list: number[], rng: Rng): number[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = rng.below(i + 1);
    const held = list[i]!;
    list[i] = list[j]!;
    list[j] = held;
  }
  return list;
}
