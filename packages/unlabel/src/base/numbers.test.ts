import { expect, it } from "vitest";
import { inPercent, median } from "./numbers.ts";

it("writes shares in per cent as people do", () => {
  expect([0.07, 0.29, 0.01, 1, 0.125, 1e-5, 1 / 3].map(inPercent)).toEqual([7, 29, 1, 100, 12.5, 0.001, 33.3333333333]);
});

it("takes the middle value, or the mean of two", () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5]);
});
