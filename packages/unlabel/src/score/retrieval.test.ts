import { describe, expect, it } from "vitest";
import { chanceRecall, each, hits } from "./retrieval.ts";

describe("retrieval", () => {
  // Two queries with three neighbours each among five images.
  const neighbours = { k: 3, indices: Int32Array.of(0, 1, 2, 4, 3, 0), similarities: new Float32Array(6) };
  const bank = Int32Array.of(0, 1, 1, 2, 0);

  it("counts a query as right once one of its first k has its class", () => {
    const queries = Int32Array.of(1, 2);
    expect(Array.from(hits(neighbours, bank, queries, 1))).toEqual([0, 0]);
    expect(Array.from(hits(neighbours, bank, queries, 2))).toEqual([1, 1]);
    expect(Array.from(hits(neighbours, bank, Int32Array.of(2, 1), 10))).toEqual([0, 0]);
    expect(each((k) => k)).toEqual({ 1: 1, 5: 5, 10: 10 });
  });

  it("reaches by chance what drawing without replacement reaches", () => {
    // Class 0: two of five. One draw hits in 2/5; two draws miss in 3/5 · 2/4.
    expect(chanceRecall(bank, Int32Array.of(0), 1)).toBeCloseTo(2 / 5, 12);
    expect(chanceRecall(bank, Int32Array.of(0), 2)).toBeCloseTo(1 - (3 / 5) * (2 / 4), 12);
    expect(chanceRecall(bank, Int32Array.of(0), 5)).toBe(1);
    expect(chanceRecall(bank, Int32Array.of(7), 3)).toBe(0);
    expect(chanceRecall(bank, Int32Array.of(0, 2), 1)).toBeCloseTo((2 / 5 + 1 / 5) / 2, 12);
  });
});
