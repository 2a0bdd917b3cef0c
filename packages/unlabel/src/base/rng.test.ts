import { describe, expect, it } from "vitest";
import { philox, Rng, shuffle } from "./rng.ts";

describe("philox", () => {
  // The known-answer tests published with Random123 (kat_vectors, philox4x32 10).
  it.each([
    [[0, 0, 0, 0], [0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    [[-1, -1, -1, -1], [-1, -1], "408f276d 41c83b0e a20bc7c6 6d5451fd"],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], "d16cfe09 94fdcceb 5001e420 24126ea1"],
  ])("gives the published words for counter %j, key %j", (counter, key, expected) => {
    const words = Uint32Array.from(counter);
    philox(words, key[0]!, key[1]!);
    expect([...words].map((word) => word.toString(16).padStart(8, "0")).join(" ")).toBe(expected);
  });
});

describe("Rng", () => {
  it("repeats for the same coordinates and differs when any of them differs", () => {
    const draw = (...at: ConstructorParameters<typeof Rng>) => new Rng(...at).bits();
    const base = draw(7, "crop", 3, 5, 1);
    expect(draw(7, "crop", 3, 5, 1)).toBe(base);
    const others = [
      draw(8, "crop", 3, 5, 1),
      draw(7 + 2 ** 32, "crop", 3, 5, 1),
      draw(7, "color", 3, 5, 1),
      draw(7, "crop", 4, 5, 1),
      draw(7, "crop", 3, 6, 1),
      draw(7, "crop", 3, 5, 2),
    ];
    expect(new Set([base, ...others]).size).toBe(7);
  });

  it("is uniform: mean, variance, and each tenth as full as the next", () => {
    const rng = new Rng(1, "test");
    const n = 100_000;
    const tenths = new Array<number>(10).fill(0);
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const u = rng.uniform();
      sum += u;
      squares += u * u;
      tenths[Math.floor(u * 10)]!++;
    }
    expect(sum / n).toBeCloseTo(0.5, 2);
    expect(squares / n - (sum / n) ** 2).toBeCloseTo(1 / 12, 2);
    // Each count is binomial(n, 0.1): five standard deviations are 474.
    for (const count of tenths) expect(Math.abs(count - n / 10)).toBeLessThan(474);
  });

  it("draws whole numbers below n and keeps chances", () => {
    const rng = new Rng(2, "test");
    const seen = new Set(Array.from({ length: 500 }, () => rng.below(7)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(rng.chance(0)).toBe(false);
    expect(rng.chance(1)).toBe(true);
  });
});

describe("shuffle", () => {
  it("is a permutation, the same for (seed, epoch) and another for another epoch or seed", () => {
    const order = shuffle(1000, 3, 4);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(shuffle(1000, 3, 4)).toEqual(order);
    expect(shuffle(1000, 3, 5)).not.toEqual(order);
    expect(shuffle(1000, 4, 4)).not.toEqual(order);
  });

  it("puts every element everywhere equally often", () => {
    const counts = new Array<number>(16).fill(0);
    for (let epoch = 0; epoch < 4000; epoch++) {
      const order = shuffle(4, 0, epoch);
      for (const [place, value] of order.entries()) counts[place * 4 + value]!++;
    }
    // Binomial(4000, 1/4): five standard deviations are 137.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(137);
  });

  it("handles none and one", () => {
    expect([...shuffle(0, 1, 1)]).toEqual([]);
    expect([...shuffle(1, 1, 1)]).toEqual([0]);
  });
});
