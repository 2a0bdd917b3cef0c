import { describe, expect, it } from "vitest";
import { deviation, mean, median, powerLaw, spread } from "./stats.ts";

describe("statistics of measurements", () => {
  it("takes the middle, or the mean of the two in the middle, of numbers in any order", () => {
    expect(median([10, 2, 9])).toBe(9);
    expect(median([10, 1, 2, 4])).toBe(3);
    expect(median([5])).toBe(5);
  });

  it("leaves what it is given in its order", () => {
    const given = [3, 1, 2];
    median(given);
    expect(given).toEqual([3, 1, 2]);
  });

  it("says mean and sample standard deviation", () => {
    expect(mean([1, 2, 6])).toBe(3);
    expect(deviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 12);
    expect(deviation([7])).toBe(0);
    expect(spread([1, 2, 3])).toBe("2.00 ± 1.00");
  });

  it("finds the exponent and factor of points on a power law", () => {
    const points = [1, 2, 5, 30].map((x) => ({ x, y: 3 * x ** 1.5 }));
    const { exponent, factor } = powerLaw(points);
    expect(exponent).toBeCloseTo(1.5, 12);
    expect(factor).toBeCloseTo(3, 12);
    expect(powerLaw([2, 4, 8].map((x) => ({ x, y: 6 }))).exponent).toBeCloseTo(0, 12);
  });

  it("fits logarithms by least squares: points at y/2 and 2y around a law leave it", () => {
    const points = [1, 10, 100].flatMap((x) => [
      { x, y: x / 2 },
      { x, y: 2 * x },
    ]);
    expect(powerLaw(points).exponent).toBeCloseTo(1, 12);
    expect(powerLaw(points).factor).toBeCloseTo(1, 12);
  });
});
