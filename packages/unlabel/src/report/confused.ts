// The classes most often taken for one another.
import { count } from "../page/format.ts";

export type Confused = { truth: string; taken: string; share: number; images: number; of: number };

/** The pairs of classes most often taken for one another, by share of the true class. */
export function mostConfused(names: readonly string[], counts: readonly (readonly number[])[], most = 6): Confused[] {
  const pairs = counts.flatMap((row, y) => {
    const of = row.reduce((sum, cell) => sum + cell, 0);
    return row.flatMap((images, x) =>
      x === y || images === 0 ? [] : [{ truth: names[y] ?? "", taken: names[x] ?? "", share: images / of, images, of }],
    );
  });
  return pairs.sort((a, b) => b.share - a.share || b.images - a.images).slice(0, most);
}

/** "12 of 104", for a table. */
export function outOf({ images, of }: Confused): string {
  return `${count(images)} of ${count(of)}`;
}
