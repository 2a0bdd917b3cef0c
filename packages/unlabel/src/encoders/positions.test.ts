import { describe, expect, it } from "vitest";
import { sinCosPositions } from "./positions.ts";

describe("sinCosPositions", () => {
  it("follows its formula, x before y, behind a row of zeros", () => {
    const table = sinCosPositions(8, 2);
    expect(table.shape).toEqual([5, 8]);
    const wave = (t: number) => [Math.sin(t), Math.sin(t / 100), Math.cos(t), Math.cos(t / 100)];
    const expected = [
      Array(8).fill(0),
      ...[
        [0, 0],
        [1, 0],
        [0, 1],
        [1, 1],
      ].map(([x, y]) => [...wave(x!), ...wave(y!)]),
    ];
    for (const [i, value] of table.toNumbers().entries()) expect(value).toBeCloseTo(expected.flat()[i]!, 6);
  });

  it("tells all places of a 14 × 14 grid apart", () => {
    const table = sinCosPositions(64, 14);
    const places = table.narrow(0, 1, 196);
    const gram = places.matmul(places.t());
    expect(gram.fillDiagonal_(0).amax().item()).toBeLessThan(32 - 1e-3);
  });

  it("needs a multiple of 4", () => {
    expect(() => sinCosPositions(6, 2)).toThrow("Expected a multiple of 4 for dim, got 6");
  });
});
