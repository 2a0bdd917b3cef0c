import { cat, fromTypedArray, manualSeed, memory, randn, scope, zeros } from "@unlabel/torch";
import { expect, it } from "vitest";
import { lidar } from "./lidar.ts";

it("is what a loop over images and views comes to", () => {
  // Two directions that vary independently, within and between: λ are quotients of variances.
  const images = 8;
  const signs = Array.from({ length: images }, (_, i) => [(i & 1) * 2 - 1, ((i >> 1) & 1) * 2 - 1] as const);
  const view = (dx: number, dy: number) => signs.flatMap(([x, y]) => [3 * x + dx, y + dy]);
  // Four views whose offsets are uncorrelated: variance 0.25 along x, 1 along y.
  const rows = [view(0.5, 1), view(-0.5, 1), view(0.5, -1), view(-0.5, -1)].flat();
  const features = fromTypedArray(Float32Array.from(rows), [4 * images, 2]);
  const scale = 4; // the largest number, by which features are divided
  const [w1, w2] = [0.25 / scale ** 2, 1 / scale ** 2];
  const delta = (1e-4 * (w1 + w2)) / 2;
  const lambda = [9 / scale ** 2 / (w1 + delta), 1 / scale ** 2 / (w2 + delta)];
  const sum = lambda[0]! + lambda[1]!;
  const p = lambda.map((one) => one / sum + 1e-7);
  const expected = Math.exp(-p.reduce((total, one) => total + one * Math.log(one), 0));
  expect(lidar(features, 4)).toBeCloseTo(expected, 6);
});

it("does not depend on the scale, and is larger where images differ in more directions", () => {
  manualSeed(0);
  const [images, dim, views] = [128, 16, 4];
  const made = (directions: number) =>
    scope(() => {
      const centres = cat([randn([images, directions]), zeros([images, dim - directions])], 1);
      return cat(
        Array.from({ length: views }, () => centres.add(randn([images, dim]).mul(0.1))),
        0,
      );
    });
  const live = memory().liveTensors;
  const few = made(2);
  const many = made(12);
  const of = (features: typeof few) => lidar(features, views) as number;
  expect(of(few)).toBeGreaterThan(1.5);
  expect(of(few)).toBeLessThan(4);
  expect(of(many)).toBeGreaterThan(9);
  using scaled = many.mul(1000);
  expect(of(scaled)).toBeCloseTo(of(many), 6);
  few.dispose();
  many.dispose();
  expect(memory().liveTensors).toBe(live + 1);
});

it("is refused for fewer images than dimensions, and where views do not differ", () => {
  manualSeed(1);
  expect(lidar(randn([4 * 15, 16]), 4)).toEqual({ refused: "15 images are fewer than the 16 dimensions" });
  const same = randn([20, 4]);
  expect(lidar(cat([same, same], 0), 2)).toEqual({ refused: "views of one image have the same features" });
});
