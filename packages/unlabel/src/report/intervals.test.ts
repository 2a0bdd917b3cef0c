import { describe, expect, it } from "vitest";
import { difference, sign } from "./intervals.ts";

describe("intervals", () => {
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
