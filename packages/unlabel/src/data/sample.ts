// A few images that stand for a split: from all over it where any image can be read by itself; where a source has to read blocks of
// them (parts of remote shards, of Parquet files), those of a few blocks.
import { Rng } from "../base/rng.ts";
import type { Item, Split } from "./folder.ts";

/** Up to `count` images, evenly from all over the split and in its order; `seed` matters to sources in blocks alone. */
export function spreadSample(split: Split, count: number, seed: number): Split {
  if (split.sample) return split.sample(count, seed);
  const { items } = split;
  const most = Math.min(count, items.length);
  return { ...split, items: Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]!) };
}

/** Up to `count` images, drawn by `seed`. */
export function drawnSample(split: Split, count: number, seed: number): Split {
  if (split.sample) return split.sample(count, seed);
  const pool = [...split.items];
  // The name of the stream is that of the runs that began with it.
  const rng = new Rng(seed, "held aside");
  for (let i = 0; i < Math.min(count, pool.length); i++) {
    const j = i + rng.below(pool.length - i);
    [pool[i], pool[j]] = [pool[j]!, pool[i]!];
  }
  return { ...split, items: pool.slice(0, count) };
}

/**
 * The number of the file that each item is a part of, counted as they come; undefined where each is a file by itself. What is told
 * apart, held out or voted on goes by files: tiles of one lie side by side and show nearly the same.
 */
export function filesOf(items: readonly Pick<Item, "path" | "tile">[]): Int32Array | undefined {
  if (!items.some(({ tile }) => tile !== undefined)) return undefined;
  const numbers = new Map<string, number>();
  return Int32Array.from(items, ({ path }) => {
    const number = numbers.get(path) ?? numbers.size;
    numbers.set(path, number);
    return number;
  });
}
