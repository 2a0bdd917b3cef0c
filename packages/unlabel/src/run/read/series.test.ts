import { describe, expect, it } from "vitest";
import { Series } from "./series.ts";

function filled(count: number, value: (step: number) => number): Series {
  const series = new Series();
  for (let step = 1; step <= count; step++) series.add(step, value(step));
  return series;
}

describe("Series", () => {
  it("keeps every point of a short run", () => {
    const points = filled(498, (step) => Math.sin(step)).points();
    expect(points).toHaveLength(498);
    expect(points[400]).toEqual([401, Math.sin(401)]);
  });

  it("keeps at most 1,000 points, first, last and every single spike among them", () => {
    for (const count of [499, 999, 50_000, 123_457]) {
      const spikes = new Map([
        [Math.floor(count / 3), 100],
        [Math.floor(count / 2), -100],
      ]);
      const series = filled(count, (step) => spikes.get(step) ?? Math.sin(step / 100));
      const points = series.points();
      expect(series.count).toBe(count);
      expect(points.length).toBeLessThanOrEqual(1000);
      expect(points.length).toBeGreaterThan(240);
      expect(points[0]?.[0]).toBe(1);
      expect(points.at(-1)?.[0]).toBe(count);
      for (const [step, value] of spikes) expect(points).toContainEqual([step, value]);
      expect(points.every(([step], index) => index === 0 || step > (points[index - 1]?.[0] ?? 0))).toBe(true);
    }
  });

  it("gives means that weigh every value once", () => {
    const means = filled(100_000, (step) => step).means(50);
    expect(means.length).toBeLessThanOrEqual(50);
    for (const [step, mean] of means) expect(mean).toBeCloseTo(step, 6);
  });

  it("counts values that are no numbers and leaves them out", () => {
    const series = filled(10, (step) => step);
    series.add(11, null);
    series.add(12, Number.NaN);
    expect([series.count, series.broken, series.brokenAt]).toEqual([10, 2, 11]);
    expect(series.points()).toHaveLength(10);
    expect(new Series().points()).toEqual([]);
  });
});
