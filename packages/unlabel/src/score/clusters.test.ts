import { cat, fromTypedArray, manualSeed, memory, ones, rand, randn, scope, type Tensor, zeros } from "@unlabel/torch";
import { expect, it } from "vitest";
import {
  adjustedRand,
  clusterLearnability,
  clusterSheets,
  neighbourRatios,
  stabilityAcrossHalves,
  stabilityAcrossSeeds,
} from "./clusters.ts";
import { clusterCount, kMeans, nearestCentre } from "./k-means.ts";
import { unitRows } from "./told.ts";

/** Tight heaps around far centres, image i in heap i mod `heaps`. */
function heaps(count: number, heapCount: number, dim: number, width: number): Tensor {
  return scope(() => {
    const centres = randn([heapCount, dim]);
    const which = Int32Array.from({ length: count }, (_, i) => i % heapCount);
    return centres.indexSelect(0, fromTypedArray(which)).add(randn([count, dim]).mul(width));
  });
}
const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

it("k-means finds heaps that lie far apart, the same for the same seed", () => {
  manualSeed(0);
  const unit = unitRows(heaps(60, 3, 8, 0.02));
  const { assigned, centres } = kMeans(unit, 3, 0);
  for (let i = 0; i < 60; i++) expect(assigned[i]).toBe(assigned[i % 3]);
  expect(new Set(assigned).size).toBe(3);
  expect(kMeans(unit, 3, 0).assigned).toEqual(assigned);
  expect(nearestCentre(unit, centres)).toEqual(assigned);
  // Each centre is the mean of its rows.
  const rows = unit.toNumbers();
  const first = Array.from({ length: 20 }, (_, i) => rows.slice(3 * i * 8, 3 * i * 8 + 8));
  const at = centres.toNumbers().slice(assigned[0]! * 8, assigned[0]! * 8 + 8);
  for (let d = 0; d < 8; d++) expect(at[d]).toBeCloseTo(first.reduce((sum, row) => sum + row[d]!, 0) / 20, 10);
  expect([clusterCount(2), clusterCount(66), clusterCount(2048), clusterCount(1e6)]).toEqual([2, 8, 45, 64]);
});

it("more clusters than different rows leave the rest empty", () => {
  const unit = unitRows(cat([ones([5, 2]), ones([5, 2]).mul(fromTypedArray(Float32Array.of(1, -1)))], 0));
  const { assigned } = kMeans(unit, 4, 1);
  expect(new Set(assigned).size).toBe(2);
});

it("clusters of heaps are learnt and stable; those of one cloud less so", () => {
  manualSeed(1);
  // As many heaps as there will be clusters.
  const clear = heaps(256, 16, 32, 0.01);
  const cloud = randn([256, 32]);
  const live = memory().liveTensors;
  const learnt = (features: Tensor) => mean((clusterLearnability(features, 0) as { hits: Float64Array }).hits);
  // The first image of each heap cannot be known.
  expect(learnt(clear)).toBeGreaterThan(0.9);
  expect(learnt(clear)).toBeLessThan(1);
  expect(learnt(cloud)).toBeLessThan(0.6);
  for (const stability of [stabilityAcrossHalves, stabilityAcrossSeeds]) {
    expect(stability(clear, 0)).toBeGreaterThan(0.85);
    expect(stability(cloud, 0)).toBeLessThan(0.4);
    expect(stability(clear, 0)).toBe(stability(clear, 0));
  }
  expect(memory().liveTensors).toBe(live);
});

it("cluster learnability is what a loop over the images as they come finds", () => {
  manualSeed(2);
  const features = randn([20, 3]);
  const { hits, images } = clusterLearnability(features, 5) as { hits: Float64Array; images: Int32Array };
  expect(hits).toHaveLength(19);
  expect(new Set(images).size).toBe(19);
  const { assigned } = kMeans(unitRows(features), clusterCount(20), 5);
  const rows = unitRows(features).toNumbers();
  const cosine = (a: number, b: number) => [0, 1, 2].reduce((sum, d) => sum + rows[3 * a + d]! * rows[3 * b + d]!, 0);
  const [first] = Array.from({ length: 20 }, (_, n) => n).filter((n) => !images.includes(n));
  const seen = [first!];
  for (const [i, image] of images.entries()) {
    const nearest = seen.toSorted((a, b) => cosine(image, b) - cosine(image, a))[0]!;
    expect(hits[i]).toBe(Number(assigned[nearest] === assigned[image]));
    seen.push(image);
  }
});

it("the intrinsic dimension is that of the surface that features lie on", () => {
  manualSeed(3);
  const of = (directions: number) => {
    // On the sphere around a pole, in so many directions of 40.
    const features = cat([ones([2000, 1]).mul(3), rand([2000, directions]), zeros([2000, 39 - directions])], 1);
    return 1 / mean((neighbourRatios(features) as { logs: Float64Array }).logs);
  };
  expect(of(1)).toBeGreaterThan(0.9);
  expect(of(1)).toBeLessThan(1.1);
  expect(of(3)).toBeGreaterThan(2.7);
  expect(of(3)).toBeLessThan(3.3);
  expect(of(8)).toBeGreaterThan(5.5);
});

it("images that have an equal are left out, and half of them are refused", () => {
  manualSeed(4);
  const features = randn([40, 5]);
  const some = cat([features, features.narrow(0, 0, 5)], 0);
  const { images } = neighbourRatios(some) as { images: Int32Array };
  expect(Array.from(images)).toEqual(Array.from({ length: 35 }, (_, i) => i + 5));
  expect(neighbourRatios(cat([features, features], 0))).toEqual({
    refused: "half of the images or more have another with the same features",
  });
});

it("the adjusted Rand index is scikit-learn's", () => {
  // sklearn.metrics.adjusted_rand_score
  expect(adjustedRand([0, 0, 1, 1], [1, 1, 0, 0])).toBe(1);
  expect(adjustedRand([0, 0, 1, 1], [0, 0, 1, 2])).toBeCloseTo(0.5714285714285714, 12);
  expect(adjustedRand([0, 0, 0, 0], [0, 1, 2, 3])).toBe(0);
  expect(adjustedRand([0, 0, 1, 1], [0, 1, 0, 1])).toBeCloseTo(-0.5, 12);
  expect(adjustedRand([0, 0, 0], [1, 1, 1])).toBe(1);
  expect(() => adjustedRand([0], [0, 1])).toThrow(RangeError);
});

it("too few images, and those of one cluster, are refused", () => {
  manualSeed(5);
  const few = { refused: "15 images are too few for clusters" };
  const small = randn([15, 4]);
  for (const told of [clusterLearnability, stabilityAcrossHalves, stabilityAcrossSeeds])
    expect(told(small, 0)).toEqual(few);
  expect(neighbourRatios(small)).toEqual(few);
  // One image far from all others, which are one but for three of them.
  const one = cat([ones([60, 4]), randn([3, 4]).mul(5)], 0);
  expect(clusterLearnability(one, 0)).toEqual({ refused: "nearly all images fall into one cluster" });
  expect(stabilityAcrossSeeds(one, 0)).toEqual({ refused: "nearly all images fall into one cluster" });
});

it("contact sheets show each heap's images, the nearest to its middle first, the largest heap first", () => {
  manualSeed(3);
  // Heaps of 20, 12 and 8 around three axes; the further down a heap, the further off its axis.
  const sizes = [20, 12, 8];
  const rows = sizes.flatMap((size, axis) =>
    Array.from({ length: size }, (_, i) =>
      [0, 1, 2, 3].map((d) => (d === axis ? 10 : d === 3 ? (i % 2 ? -i : i) / 10 : 0)),
    ),
  );
  const features = fromTypedArray(Float32Array.from(rows.flat()), [40, 4]);
  const live = memory().liveTensors;
  const found = clusterSheets(features, 3, 4, 0) as { size: number; nearest: number[] }[];
  expect(found.map(({ size }) => size)).toEqual(sizes);
  expect(found[0]!.nearest).toHaveLength(4);
  expect(Math.max(...found[0]!.nearest)).toBeLessThan(5);
  expect(found[2]!.nearest[0]).toBeGreaterThanOrEqual(32);
  expect(clusterSheets(features, 3, 4, 0)).toEqual(found);
  expect(memory().liveTensors).toBe(live);
  expect(clusterSheets(zeros([40, 4]), 3, 4, 0)).toHaveProperty("refused");
  expect(clusterSheets(features.narrow(0, 0, 15), 3, 4, 0)).toHaveProperty("refused");
});
