import { manualSeed, ones, randn } from "@unlabel/torch";
import { expect, it } from "vitest";
import { sharedNeighbours, withoutSelf } from "./agreement.ts";
import { nearest } from "./knn.ts";

it("an image is not among its own neighbours, also where others are its equals", () => {
  manualSeed(0);
  const features = randn([12, 4]);
  const all = nearest(features, features, 4);
  const found = withoutSelf(all);
  expect(found.k).toBe(3);
  for (let n = 0; n < 12; n++) {
    expect(Array.from(found.indices.subarray(3 * n, 3 * n + 3))).toEqual(
      Array.from(all.indices.subarray(4 * n + 1, 4 * n + 4)),
    );
  }
  const equal = ones([6, 2]);
  const same = withoutSelf(nearest(equal, equal, 3));
  expect(same.indices).toHaveLength(12);
});

it("an encoder agrees with itself, and with another as much as lists share", () => {
  expect([...sharedNeighbours(Int32Array.of(1, 2, 3, 0, 2, 3), Int32Array.of(3, 1, 7, 4, 5, 6), 3)]).toEqual([
    2 / 3,
    0,
  ]);
  expect([...sharedNeighbours(Int32Array.of(4, 5), Int32Array.of(5, 4), 2)]).toEqual([1]);
  expect(() => sharedNeighbours(Int32Array.of(1), Int32Array.of(1, 2), 1)).toThrow(RangeError);
});
