import { expect, it } from "vitest";
import { cosineBetween, linearBetween } from "./schedules.ts";

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
