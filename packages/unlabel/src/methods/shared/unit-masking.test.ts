import { scope, tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { rowsOf } from "../../testing/naive.ts";
import { stepOn } from "../../testing/progress.ts";
import { hiddenUnits, randomUnitMask, unitMaskOf, unitOf } from "./unit-masking.ts";

describe("masks in units", () => {
  it("hide the units with the smallest numbers, as many in every image, each as a square of patches", () => {
    scope(() => {
      const mask = unitMaskOf(
        tensor([
          [0.4, 0.1, 0.9, 0.2],
          [0.9, 0.8, 0.1, 0.7],
        ]),
        { grid: 4, unit: 2, ratio: 0.4 },
      );
      expect(rowsOf(mask)).toEqual([
        [0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1],
        [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1],
      ]);
    });
  });

  it("cut units that do not fit at the right and lower edge", () => {
    scope(() => {
      const mask = unitMaskOf(tensor([[0.1, 0.9, 0.8, 0.2]]), { grid: 3, unit: 2, ratio: 0.5 });
      expect(mask.toNumbers()).toEqual([1, 1, 0, 1, 1, 0, 0, 0, 1]);
    });
  });

  it.each([
    [49, 0.6, 30],
    [16, 0.6, 10],
    [4, 0.99, 3],
    [4, 0.01, 1],
  ])("of %d units at ratio %d hide %d", (units, ratio, hidden) => {
    expect(hiddenUnits(units, ratio)).toBe(hidden);
  });

  it.each([
    [14, 16, 32, 2],
    [8, 8, 16, 2],
    [2, 8, 16, 1],
    [8, 16, 8, 1],
    [4, 8, 64, 2],
  ])("have units that leave two a side: grid %d of %d px, %d px asked for, %d patches", (grid, patch, pixels, unit) => {
    expect(unitOf(grid, patch, pixels)).toBe(unit);
  });

  it("hide every unit as often as any other, the same in whatever part of the batch an image comes", () => {
    scope(() => {
      const masking = { grid: 8, unit: 2, ratio: 0.6 };
      const mask = randomUnitMask(stepOn(2000).draws, masking);
      for (const sum of mask.sum([1]).toNumbers()) expect(sum).toBe(40);
      // 1,250 expected with a deviation of √(2000 · ⅝ · ⅜) = 22.
      for (const count of mask.sum([0]).toNumbers()) expect(Math.abs(count - 1250)).toBeLessThan(5 * 22);
      const few = randomUnitMask(stepOn(4).draws, masking).toNumbers();
      expect(randomUnitMask(stepOn(4).draws.narrow(1, 2), masking).toNumbers()).toEqual(few.slice(64, 192));
      expect(randomUnitMask(stepOn(4, { step: 2 }).draws, masking).toNumbers()).not.toEqual(few);
    });
  });
});
