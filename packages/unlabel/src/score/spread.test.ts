import { cat, eye, fromTypedArray, manualSeed, ones, randn, type Tensor, zeros } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { alignmentOf, spreadOf } from "./spread.ts";

describe("spreadOf", () => {
  it("of features spread over the sphere is 1/√d, and its rank is full", () => {
    const { std, rank, uniformity } = spreadOf(eye(16));
    // Each axis holds one 1 among sixteen values.
    expect(std).toBeCloseTo(Math.sqrt(1 / 16 - 1 / 256), 6);
    expect(rank).toBeCloseTo(16, 4);
    // All pairs are √2 apart.
    expect(uniformity).toBeCloseTo(-4, 5);
  });

  it("of the same features for all is nothing, in one direction", () => {
    const { std, rank, uniformity } = spreadOf(ones([10, 8]));
    expect(std).toBeCloseTo(0, 6);
    expect(rank).toBeCloseTo(1, 4);
    expect(uniformity).toBeCloseTo(0, 5);
  });

  it("of zeros has numbers, too", () => {
    expect(spreadOf(zeros([4, 3]))).toEqual({ std: 0, rank: 1, uniformity: expect.any(Number) });
  });

  it("agrees with naive sums over pairs and singular values of a product", () => {
    manualSeed(3);
    const features = randn([12, 5]);
    const rows = unit(features);
    let sum = 0;
    for (const [i, a] of rows.entries())
      for (const [j, b] of rows.entries())
        if (i !== j) sum += Math.exp(-2 * a.reduce((s, x, k) => s + (x - b[k]!) ** 2, 0));
    expect(spreadOf(features).uniformity).toBeCloseTo(Math.log(sum / (12 * 11)), 4);
    // The effective rank of a diagonal follows from its entries alone.
    const diagonal = fromTypedArray(new Float32Array([3, 0, 0, 0, 1, 0, 0, 0, 0]), [3, 3]);
    expect(spreadOf(diagonal).rank).toBeCloseTo(Math.exp(-(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25))), 5);
  });
});

it("alignmentOf is 0 for equal views and 2 for views at right angles, whatever their length", () => {
  expect(alignmentOf(cat([eye(4), eye(4).mul(3)]))).toBeCloseTo(0, 6);
  expect(alignmentOf(cat([eye(4), eye(4).roll(1, 0)]))).toBeCloseTo(2, 6);
});

function unit(features: Tensor): number[][] {
  const [count, dim] = features.shape as [number, number];
  const all = features.toNumbers();
  return Array.from({ length: count }, (_, i) => {
    const row = all.slice(i * dim, (i + 1) * dim);
    const length = Math.hypot(...row);
    return row.map((x) => x / length);
  });
}
