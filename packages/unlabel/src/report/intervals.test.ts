import { describe, expect, it } from "vitest";
import { difference, sign, wilson } from "./intervals.ts";

describe("intervals", () => {
  it("gives Wilson's interval as tabulated by Newcombe (1998, table I)", () => {
    const [low, high] = wilson(81 / 263, 263);
    expect(low).toBeCloseTo(0.2553, 4);
    expect(high).toBeCloseTo(0.3662, 4);
    expect(wilson(0, 20)[0]).toBe(0);
    expect(wilson(0, 20)[1]).toBeCloseTo(0.1611, 4);
    expect(wilson(1, 20)[1]).toBe(1);
  });

  it("covers the true share in 95 % of all samples", () => {
    const [p, n] = [0.3, 200];
    let covered = 0;
    let mass = (1 - p) ** n;
    for (let k = 0; k <= n; k++) {
      const [low, high] = wilson(k / n, n);
      if (low <= p && p <= high) covered += mass;
      mass *= ((n - k) / (k + 1)) * (p / (1 - p));
    }
    expect(covered).toBeGreaterThan(0.93);
    expect(covered).toBeLessThan(0.97);
  });

  it("gives a difference that is antisymmetric, holds zero for equals and narrows with more images", () => {
    const [low, high] = difference(0.6, 0.5, 1000);
    const [back, forth] = difference(0.5, 0.6, 1000);
    expect(low).toBeCloseTo(-forth, 12);
    expect(high).toBeCloseTo(-back, 12);
    expect([sign([low, high]), sign([back, forth]), sign(difference(0.5, 0.5, 1000))]).toEqual([1, -1, 0]);
    const [few, many] = [difference(0.6, 0.5, 100), difference(0.6, 0.5, 10_000)];
    expect(many[1] - many[0]).toBeLessThan((few[1] - few[0]) / 9);
  });
});
