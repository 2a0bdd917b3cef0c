// Orders and keeps the blocks of a source whose images lie one after the other: parts of a tar shard, row groups of a Parquet
// file. An epoch shuffles the blocks, then the images within a window of consecutive blocks, so that reading is almost
// sequential, batches mix images from many places, and any step can be found again from (seed, epoch).
import { Rng } from "../../base/rng.ts";
import type { Item, Split } from "../folder.ts";
import { AT_ONCE, pooled } from "./pooled.ts";

// What is shuffled together, and what may be in memory: this window, the one that is fetched ahead, and remains of the last.
const WINDOW_BYTES = 48e6;
const KEPT_BYTES = 144e6;

export interface BlockLimits {
  /** Of what is shuffled together, and of a sample. Default 48 MB. */
  windowBytes?: number;
  /** Of all blocks in memory. Default 144 MB. */
  keptBytes?: number;
}

export interface BlockOptions<B> extends BlockLimits {
  /** Bytes of each block. */
  sizes: readonly number[];
  /** The block that an item (by `Item.at`) lies in. */
  blockOf: (at: number) => number;
  /** Brings a block into memory; left out where images are read one by one. */
  fetch?: (block: number) => Promise<B>;
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

  /** The block that an item (by `Item.at`) lies in. */
  blockOf(at: number): number {
    return this.#options.blockOf(at);
  }

  /** An order of `items` for `Split.order`. */
  order(items: readonly Item[], seed: number, epoch: number): Uint32Array {
    const { members, windows } = this.#windows(items, seed, epoch);
    const order = new Uint32Array(items.length);
    let placed = 0;
    for (const [w, window] of windows.entries()) {
      const indices = window.flatMap((block) => members.get(block)!);
      order.set(shuffled(indices, new Rng(seed, "window", epoch, w)), placed);
      placed += indices.length;
    }
    this.#after = new Map(
      windows.flatMap((window, w) => window.map((block) => [block, windows[w + 1] ?? []] as const)),
    );
    return order;
  }

  /**
   * Up to `count` of `items`, in random order: of the window that the first epoch begins with, whose bytes are the most that
   * reading them takes, and which training reads anyway.
   */
  sample(items: readonly Item[], count: number, seed: number): Item[] {
    const { members, windows } = this.#windows(items, seed, 0);
    const indices = (windows[0] ?? []).flatMap((block) => members.get(block)!);
    return shuffled(indices, new Rng(seed, "sample"))
      .slice(0, count)
      .map((index) => items[index]!);
  }

  /**
   * What `cut` takes out of each item's block. However many blocks that is, a few are on their way at once; `ahead: false` reads
   * one after the other in the source's order, and none but these.
   */
  async pick<T>(
    items: readonly Item[],
    cut: (block: B, at: number) => T,
    { ahead = true }: { ahead?: boolean } = {},
  ): Promise<T[]> {
    const wanted = new Map<number, number[]>();
    for (const [k, { at }] of items.entries()) {
      const block = this.#options.blockOf(at!);
      const list = wanted.get(block);
      if (list) list.push(k);
      else wanted.set(block, [k]);
    }
    const picked = new Array<T>(items.length);
    const take = async (block: number) => {
      const found = await (ahead ? this.get(block) : this.#keep(block));
      for (const k of wanted.get(block)!) picked[k] = cut(found, items[k]!.at!);
    };
    const blocks = [...wanted.keys()];
    if (ahead) await pooled(AT_ONCE, blocks, take);
    else for (const block of blocks.sort((a, b) => a - b)) await take(block);
    return picked;
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

  /** The blocks of an epoch's windows, and the indices of the items in each block. */
  #windows(items: readonly Item[], seed: number, epoch: number) {
    const { sizes, blockOf, windowBytes } = this.#options;
    const members = new Map<number, number[]>();
    for (const [index, { at }] of items.entries()) {
      const block = blockOf(at!);
      const list = members.get(block);
      if (list) list.push(index);
      else members.set(block, [index]);
    }
    const blocks = shuffled([...members.keys()], new Rng(seed, "blocks", epoch));
    const windows: number[][] = [];
    for (let from = 0; from < blocks.length; ) {
      const window: number[] = [];
      for (
        let bytes = 0;
        from < blocks.length && (window.length === 0 || bytes + sizes[blocks[from]!]! <= windowBytes);
      ) {
        bytes += sizes[blocks[from]!]!;
        window.push(blocks[from++]!);
      }
      windows.push(window);
    }
    return { members, windows };
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

/**
 * How a split of a source in blocks is read: by `cut`, which copies an image out of its block, in an order and by samples that do
 * not ask for every block. Both follow the split that they are called on, so that parts of a split have them too.
 */
export function readingOf<B>(
  blocks: Blocks<B>,
  cut: (block: B, at: number) => Uint8Array,
): Required<Pick<Split, "load" | "order" | "sample" | "blockOf">> {
  return {
    blockOf: ({ at }) => blocks.blockOf(at!),
    load: (items) => blocks.pick(items, cut),
    order(this: Split, seed, epoch) {
      return blocks.order(this.items, seed, epoch);
    },
    sample(this: Split, count, seed) {
      const items = blocks.sample(this.items, count, seed);
      return { ...this, items, load: (some) => blocks.pick(some, cut, { ahead: false }) };
    },
  };
}

/** {@link Split.order} alone, of a source whose images are read one by one. */
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
