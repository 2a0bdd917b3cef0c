import { expect, it } from "vitest";
import { cosineBetween, isBeginning, linearBetween } from "./schedules.ts";

it("goes by half a cosine from the first step to the end", () => {
  const at = (step: number) => cosineBetween(0.996, 1, { step, total: 100 });
  expect(at(1)).toBeCloseTo(0.996, 12);
  expect(at(51)).toBeCloseTo(0.998, 12);
  expect(at(101)).toBeCloseTo(1, 12);
  expect(at(500)).toBeCloseTo(1, 12);
  expect(at(26)).toBeCloseTo(1 - (0.004 * (1 + Math.SQRT1_2)) / 2, 12);
});

it("goes in a straight line over a share of the steps, then stays", () => {
  const at = (step: number) => linearBetween(0.04, 0.07, { step, total: 100 }, 0.3);
  expect([at(1), at(16), at(31), at(100)]).toEqual([0.04, expect.closeTo(0.055, 12), expect.closeTo(0.07, 12), 0.07]);
});

it("has a beginning of so many epochs, and of a tenth of the steps at most", () => {
  const at = (step: number, epoch: number, total = 1000) => isBeginning(2, { step, epoch, total });
  expect([at(1, 1), at(100, 2), at(101, 2), at(50, 3)]).toEqual([true, true, false, false]);
  expect([isBeginning(0, { step: 1, epoch: 1, total: 1000 }), at(1, 1, 5)]).toEqual([false, false]);
});

it("is at its end from the beginning where the share is 0", () => {
  expect(linearBetween(0.04, 0.07, { step: 1, total: 100 }, 0)).toBe(0.07);
});
