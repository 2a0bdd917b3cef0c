import { fromTypedArray, scope } from "@unlabel/torch";
import { expect, it } from "vitest";
import { UserError } from "../../base/errors.ts";
import { formulaNumbers } from "../../testing/reference.ts";
import { halves, perChannel } from "./numbers.ts";

const bits = (...values: number[]) => [...new Uint16Array(halves(Float32Array.from(values)).buffer)];

it("rounds to halves as IEEE 754 does: to the nearest, ties to even, small ones in steps of 2^−24", () => {
  expect(bits(0, -0, 1, -2, 65_504)).toEqual([0, 0x8000, 0x3c00, 0xc000, 0x7bff]);
  expect(bits(1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -11 + 2 ** -20)).toEqual([0x3c00, 0x3c02, 0x3c01]);
  expect(bits(2 ** -24, 2 ** -25, 1.5 * 2 ** -24, 2 ** -14, 2 ** -14 - 2 ** -25)).toEqual([1, 0, 2, 0x400, 0x400]);
  expect(bits(2 - 2 ** -12)).toEqual([0x4000]);
});

it.each([1, 2 ** -14, 2 ** -20, 60_000])("gives LibTorch's halves of numbers up to %s", (scale) => {
  scope(() => {
    const x = formulaNumbers("halves", [4096]).mul(scale);
    const ours = new Int16Array(halves(x.toArray() as Float32Array).buffer);
    expect(fromTypedArray(ours, [4096], { dtype: "float16" }).equal(x.to({ dtype: "float16" }))).toBe(true);
  });
});

it.each([65_505, -1e9, Number.NaN, Number.POSITIVE_INFINITY])("refuses %s as a half", (value) => {
  expect(() => bits(1, value)).toThrow(UserError);
});

it("keeps 8 bits a weight with a scale a channel, in rows or columns, and zeros as zeros", () => {
  const weights = Float32Array.of(1, -0.5, 0.25, 10, 0, -5, 0, 0, 0);
  const rows = perChannel(weights, 3, "rows");
  expect([...rows.values]).toEqual([127, -63, 32, 127, 0, -63, 0, 0, 0]);
  expect(rows.scales[0]).toBeCloseTo(1 / 127, 9);
  expect([...rows.scales].slice(1)).toEqual([expect.closeTo(10 / 127, 7), 1]);
  const columns = perChannel(weights, 3, "columns");
  expect([...columns.values]).toEqual([13, -127, 6, 127, 0, -127, 0, 0, 0]);
});
