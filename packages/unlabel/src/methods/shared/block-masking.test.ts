import { scope } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { Draws } from "../../base/draws.ts";
import { Rng } from "../../base/rng.ts";
import { rowsOf } from "../../testing/naive.ts";
import { type BlockMaskOptions, blockMask, blocks } from "./block-masking.ts";

const drawsOf = (images: number, { step = 1, seed = 0, first = 0 } = {}) =>
  new Draws(
    seed,
    step,
    Int32Array.from({ length: images }, (_, i) => first + i),
  );
const OPTIONS: BlockMaskOptions = { grid: [8, 8], views: 2, masked: 0.5, ratio: [0.1, 0.5] };
const counts = (mask: number[][]) => mask.map((row) => row.reduce((a, b) => a + b, 0));

/** Share of the hidden patches' neighbours, right and below, that are hidden too. */
function together(hidden: readonly number[], width: number, patches: number): number {
  const set = new Set(hidden);
  const pairs = hidden.flatMap((patch) => [
    ...((patch + 1) % width === 0 ? [] : [set.has(patch + 1)]),
    ...(patch + width >= patches ? [] : [set.has(patch + width)]),
  ]);
  return pairs.filter(Boolean).length / pairs.length;
}

describe("blockMask", () => {
  it("hides a share of the patches, within its bounds, of one of an image's two views", () => {
    scope(() => {
      const { mask, hidden } = blockMask(drawsOf(200), OPTIONS);
      expect([mask.shape, mask.dtype]).toEqual([[400, 64], "float32"]);
      const found = counts(rowsOf(mask));
      for (let i = 0; i < 200; i++) expect([found[i]! > 0, found[200 + i]! > 0].filter(Boolean)).toHaveLength(1);
      // Either of the two.
      const first = found.slice(0, 200).filter((count) => count > 0);
      expect(first.length).toBeGreaterThan(70);
      expect(first.length).toBeLessThan(130);
      const shares = found.filter((count) => count > 0).map((count) => count / 64);
      expect(Math.max(...shares)).toBeLessThanOrEqual(0.5);
      expect(Math.min(...shares)).toBeLessThan(0.15);
      expect(shares.reduce((a, b) => a + b, 0) / shares.length).toBeCloseTo(0.3, 1);
      expect(hidden).toBe(found.reduce((a, b) => a + b, 0));
    });
  });

  it("says where the hidden ones are, and weighs each view alike", () => {
    scope(() => {
      const { mask, index, weights, hidden } = blockMask(drawsOf(5), { ...OPTIONS, masked: 1 });
      const flat = mask.reshape([-1]).toNumbers();
      const at = index.toNumbers();
      expect([index.dtype, at.length]).toEqual(["int64", hidden]);
      expect(at).toEqual([...flat.keys()].filter((i) => flat[i] === 1));
      const sums = new Array(10).fill(0);
      for (const [i, weight] of weights.toNumbers().entries()) sums[Math.floor(at[i]! / 64)] += weight;
      for (const sum of sums) expect(sum).toBeCloseTo(1, 5);
    });
  });

  it.each([
    [0, 0],
    [0.25, 50],
    [1, 200],
  ])("masks a share of %d of the views: %i of 200", (masked, expected) => {
    scope(() => {
      const { mask } = blockMask(drawsOf(100), { ...OPTIONS, masked });
      const found = counts(rowsOf(mask)).filter((count) => count > 0).length;
      expect(Math.abs(found - expected)).toBeLessThanOrEqual(masked === 0.25 ? 15 : 0);
    });
  });

  it("is drawn by seed, step and place alone: a part of a batch has the masks that it has in the whole", () => {
    scope(() => {
      const of = (draws: Draws) => rowsOf(blockMask(draws, OPTIONS).mask);
      const whole = of(drawsOf(6));
      const part = of(drawsOf(6).narrow(2, 3));
      expect(part).toEqual([2, 3, 4, 8, 9, 10].map((row) => whole[row]));
      expect(of(drawsOf(6))).toEqual(whole);
      for (const other of [drawsOf(6, { step: 2 }), drawsOf(6, { seed: 1 }), drawsOf(6, { first: 6 })])
        expect(of(other)).not.toEqual(whole);
    });
  });
});

describe("blocks", () => {
  const numbers = (seed: number) => {
    const rng = new Rng(seed, "blocks");
    return Array.from({ length: 96 }, () => rng.uniform());
  };

  it.each([
    [8, 8],
    [14, 14],
    [2, 2],
    [5, 12],
    [1, 1],
  ])("hide as many patches as wanted at most, and nearly as many, in a grid of %i × %i", (height, width) => {
    const patches = height * width;
    for (const wanted of [0, 1, Math.round(0.3 * patches), Math.round(0.5 * patches), patches]) {
      const found = Array.from({ length: 50 }, (_, seed) => blocks([height, width], wanted, numbers(seed)));
      for (const hidden of found) {
        expect(hidden.length).toBeLessThanOrEqual(wanted);
        expect(new Set(hidden).size).toBe(hidden.length);
        expect(hidden.every((patch) => patch >= 0 && patch < patches)).toBe(true);
        if (wanted > 0) expect(hidden.length).toBeGreaterThan(0);
      }
      const sum = found.reduce((total, { length }) => total + length, 0);
      expect(sum / 50).toBeGreaterThanOrEqual(0.8 * wanted);
    }
  });

  it("lie together, which patches drawn one by one do not", () => {
    const found = Array.from({ length: 50 }, (_, seed) => together(blocks([14, 14], 59, numbers(seed)), 14, 196));
    // Drawn one by one, a neighbour is hidden as often as any: 0.3.
    expect(found.reduce((a, b) => a + b, 0) / 50).toBeGreaterThan(0.6);
  });
});
