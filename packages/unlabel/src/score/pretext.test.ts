import { cat, fromTypedArray, manualSeed, memory, randn, scope } from "@unlabel/torch";
import { expect, it } from "vitest";
import { drawHalf, linearPrediction } from "./pretext.ts";

const mean = (hits: Float64Array) => hits.reduce((sum, hit) => sum + hit, 0) / hits.length;

it("a class that lies along a direction is named, and one that is not in the features is guessed", () => {
  manualSeed(0);
  const [count, dim, classes] = [400, 12, 4];
  const labels = Int32Array.from({ length: count }, (_, i) => i % classes);
  const groups = Int32Array.from({ length: count }, (_, i) => Math.floor(i / classes));
  const noise = randn([count, dim]);
  const live = memory().liveTensors;
  const written = scope(() => {
    const signs = new Float32Array(count * classes);
    for (let i = 0; i < count; i++) signs[i * classes + labels[i]!] = 1;
    return cat([noise, fromTypedArray(signs, [count, classes])], 1);
  });
  expect(mean(linearPrediction(written, labels, groups, classes, 0) as Float64Array)).toBe(1);
  const guessed = mean(linearPrediction(noise, labels, groups, classes, 0) as Float64Array);
  // Four standard errors.
  expect(Math.abs(guessed - 0.25)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / count));
  written.dispose();
  expect(memory().liveTensors).toBe(live);
});

it("no row is asked of a classifier that has seen its group", () => {
  manualSeed(1);
  // Every group has a class and a signature of its own, so that whoever has seen it would name it.
  const [groupsCount, each, dim] = [40, 5, 200];
  const signatures = randn([groupsCount, dim]).toNumbers();
  const rows = Float32Array.from({ length: groupsCount * each * dim }, (_, i) => {
    const group = Math.floor(i / (each * dim));
    return signatures[group * dim + (i % dim)]!;
  });
  const features = fromTypedArray(rows, [groupsCount * each, dim]);
  const groups = Int32Array.from({ length: groupsCount * each }, (_, i) => Math.floor(i / each));
  const labels = groups.map((group) => (group * 7) % 2);
  const apart = mean(linearPrediction(features, labels, groups, 2, 0) as Float64Array);
  expect(Math.abs(apart - 0.5)).toBeLessThan(0.35);
  const alone = Int32Array.from(groups.keys());
  expect(mean(linearPrediction(features, labels, alone, 2, 0) as Float64Array)).toBeGreaterThan(0.9);
});

it("both ways to solve the normal equations agree with scikit-learn's closed form", () => {
  // One feature, standardised: sign of slope decides. Few rows and many dimensions take the other way round.
  const x = [-2, -1, -1.5, 2, 1, 1.5, -0.5, 0.5];
  const wide = (dim: number) =>
    fromTypedArray(Float32Array.from(x.flatMap((value) => new Array<number>(dim).fill(value))), [x.length, dim]);
  const labels = Int32Array.from(x, (value) => Number(value > 0));
  const groups = Int32Array.from(x.keys());
  expect(linearPrediction(wide(1), labels, groups, 2, 3)).toEqual(linearPrediction(wide(20), labels, groups, 2, 3));
  expect(mean(linearPrediction(wide(1), labels, groups, 2, 3) as Float64Array)).toBeGreaterThan(0.7);
});

it("half is half, whatever the seed, and too few images are refused", () => {
  expect(drawHalf([5, 6, 7, 8, 9], 0)).toHaveLength(2);
  expect(
    new Set([0, 1, 2, 3, 4, 5].map((seed) => drawHalf([1, 2, 3, 4], seed).toSorted().join())).size,
  ).toBeGreaterThan(1);
  expect(linearPrediction(randn([6, 3]), new Int32Array(6), Int32Array.of(0, 0, 1, 1, 2, 2), 2, 0)).toEqual({
    refused: "3 images are too few to fit on one half and ask the other",
  });
});
