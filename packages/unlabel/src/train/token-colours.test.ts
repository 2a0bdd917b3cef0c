import { tensor } from "@unlabel/torch";
import { expect, it } from "vitest";
import { tokenColours } from "./token-colours.ts";

/** `[N, L, D]` of nested lists. */
function places(rows: readonly (readonly number[])[], images = 1) {
  return tensor(Float32Array.from(rows.flat())).reshape([images, rows.length / images, rows[0]!.length]);
}

it.each([
  ["more places than dimensions", 4],
  ["more dimensions than places", 40],
])("gives the widest direction the first colour, turned so that it goes with the images' own: %s", (_, dim) => {
  // Two directions at a right angle: ±9 along the first axis, ±2 along the second.
  const along = (a: number, b: number) => [a, b, ...new Array<number>(dim - 2).fill(0)];
  const rows = [
    along(9, 2),
    along(9, -2),
    along(-9, 2),
    along(-9, -2),
    along(9, 2),
    along(9, -2),
    along(-9, 2),
    along(-9, -2),
  ];
  // Red where the first is small, green where the second is large.
  const guide = rows.map(([a, b]) => [a! < 0 ? 1 : 0, b! > 0 ? 1 : 0, 0.5]);
  const found = tokenColours(places(rows, 2), places(guide, 2))!;
  expect(Array.from({ length: 8 }, (_, i) => [...found.subarray(3 * i, 3 * i + 2)])).toEqual(
    rows.map(([a, b]) => [a! < 0 ? 255 : 0, b! > 0 ? 255 : 0]),
  );
});

it("has nothing to show of features that are all the same, or no numbers", () => {
  const same = Array.from({ length: 6 }, () => [1, 2, 3]);
  expect(tokenColours(places(same), places(same))).toBeNull();
  expect(tokenColours(places([...same.slice(1), [Number.NaN, 0, 0]]), places(same))).toBeNull();
});

it("shows two dimensions in two colours, of gray images too", () => {
  const rows = [
    [0, 0],
    [1, 3],
    [2, 1],
    [5, 2],
  ];
  const found = tokenColours(places(rows), places(rows.map(([a]) => [a!])))!;
  expect(found.length).toBe(12);
  expect([2, 5, 8, 11].map((at) => found[at])).toEqual([0, 0, 0, 0]);
  expect(Math.max(...found)).toBe(255);
});
