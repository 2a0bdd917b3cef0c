// Retrieval: whether an image of the same class is among the nearest, recall@k as in Deep Metric Learning (arXiv:1511.06452), with
// val asking and train answering.

import type { Recall } from "../run/evaluations.ts";
import type { Neighbours } from "./knn.ts";

export const RETRIEVAL_K = [1, 5, 10] as const;

/** For each query 1 where one of its first `k` neighbours has its class, else 0, `[N]`. */
export function hits({ k: found, indices }: Neighbours, bank: Int32Array, queries: Int32Array, k: number): Uint8Array {
  return Uint8Array.from(queries, (label, n) => {
    for (let j = 0; j < Math.min(k, found); j++) if (bank[indices[n * found + j]!] === label) return 1;
    return 0;
  });
}

/** Something for each k. */
export function each<T>(of: (k: (typeof RETRIEVAL_K)[number]) => T): Record<keyof Recall, T> {
  return { 1: of(1), 5: of(5), 10: of(10) };
}

/**
 * What `k` images of the bank drawn at random would reach: 1 − Π (M − m − i) / (M − i) over i < k for a class with m of the M images,
 * averaged over the queries.
 */
export function chanceRecall(bank: Int32Array, queries: Int32Array, k: number): number {
  const members = new Map<number, number>();
  for (const label of bank) members.set(label, (members.get(label) ?? 0) + 1);
  let sum = 0;
  for (const label of queries) {
    let missed = 1;
    for (let i = 0; i < Math.min(k, bank.length); i++) {
      missed *= Math.max(0, bank.length - (members.get(label) ?? 0) - i) / (bank.length - i);
    }
    sum += 1 - missed;
  }
  return sum / queries.length;
}
