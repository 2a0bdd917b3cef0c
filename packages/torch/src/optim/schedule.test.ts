import { describe, expect, it } from "vitest";
import { optim } from "../index.ts";

const { constant, cosine, linearScaling, squareRootScaling } = optim.schedule;

describe("schedules", () => {
  it("rises linearly from 0 to lr", () => {
    const rate = constant({ lr: 2, warmup: 4 });
    expect([0, 1, 2, 3, 4, 100].map(rate)).toEqual([0, 0.5, 1, 1.5, 2, 2]);
    expect(constant({ lr: 2 })(0)).toBe(2);
  });

  it("falls along half a cosine, and stays at its end", () => {
    const rate = cosine({ lr: 1, steps: 12, warmup: 2, min: 0.2 });
    expect(rate(1)).toBe(0.5);
    expect(rate(2)).toBe(1);
    expect(rate(7)).toBeCloseTo(0.6, 12);
    expect(rate(2 + 10 / 3)).toBeCloseTo(0.2 + 0.8 * 0.75, 12);
    expect(rate(12)).toBeCloseTo(0.2, 12);
    expect(rate(1000)).toBeCloseTo(0.2, 12);
    for (let step = 2; step < 12; step++) expect(rate(step + 1)).toBeLessThan(rate(step));
  });

  it("may be all warmup, not more", () => {
    expect([0, 1, 2].map(cosine({ lr: 1, steps: 2, warmup: 2 }))).toEqual([0, 0.5, 0]);
    expect(() => cosine({ lr: 1, steps: 2, warmup: 3 })).toThrow(/at most 2 steps of warmup, got 3/);
  });

  it("scales with the batch", () => {
    expect(linearScaling(0.3, 512)).toBeCloseTo(0.6, 12);
    expect(squareRootScaling(0.075, 4096)).toBeCloseTo(4.8, 12);
  });
});
