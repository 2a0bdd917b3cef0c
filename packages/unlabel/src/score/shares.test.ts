import { expect, it } from "vitest";
import { bootstrap, bootstrapMean } from "./bootstrap.ts";
import { differingPairs, leadInterval, pairedDifference, scoreIntervals, shareInterval, wilson } from "./shares.ts";

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

it("gives Bonett and Price's interval of a difference between paired shares", () => {
  // 20 pairs, of which 6 speak for one side and 1 for the other: p₁₂ = 7/22, p₂₁ = 2/22.
  const [a, b] = [7 / 22, 2 / 22];
  const reach = 1.959963984540054 * Math.sqrt((a + b - (a - b) ** 2) / 22);
  const [low, high] = pairedDifference(5, 7, 20);
  expect(low).toBeCloseTo(a - b - reach, 12);
  expect(high).toBeCloseTo(a - b + reach, 12);
  const [back, forth] = pairedDifference(-5, 7, 20);
  expect([back, forth]).toEqual([-high, -low]);
});

/** Of `count` images the first `up` speak for one encoder and the next `down` for the other. */
const gains = (count: number, up: number, down = 0) =>
  Int8Array.from({ length: count }, (_, i) => (i < up ? 1 : i < up + down ? -1 : 0));

it("claims nothing of the few images on which two encoders differ, however many there are beside them", () => {
  // A sign test needs six that all speak for one: 2 · ½⁵ > 0.05 > 2 · ½⁶.
  for (const count of [6, 20, 200, 4000]) {
    for (const up of [1, 2, 3, 4, 5]) expect(leadInterval(gains(count, up), 0)[0]).toBeLessThanOrEqual(0);
    expect(leadInterval(gains(count, 6), 0)[0]).toBeGreaterThan(0);
    expect(leadInterval(gains(count, 0, 6), 0)[1]).toBeLessThan(0);
  }
  // The bootstrap alone would have.
  expect(bootstrapMean(gains(2, 2), 0)).toEqual([1, 1]);
  expect(bootstrapMean(gains(200, 5), 0)[0]).toBeGreaterThan(0);
});

it("misleads about two encoders that are alike in no more than one of twenty samples", () => {
  // Each of n images speaks for either with the same chance, or for none: all samples, each with its probability.
  for (const [n, p] of [
    [4, 0.5],
    [8, 0.3],
    [14, 0.2],
    [30, 0.1],
  ] as const) {
    let wrong = 0;
    for (let up = 0; up <= n; up++)
      for (let down = 0; up + down <= n; down++) {
        const ways = choose(n, up) * choose(n - up, down);
        const [low, high] = differingPairs(up - down, up + down, up + down, n);
        if (low > 0 || high < 0) wrong += ways * p ** (up + down) * (1 - 2 * p) ** (n - up - down);
      }
    expect(wrong).toBeLessThan(0.05);
  }
});

it("gives Newcombe's continuity-corrected interval of the share that speaks for one, of means of tries as of tries", () => {
  // 81 of 263 (1998, table I, method 4): 0.2535 to 0.3682.
  const [low, high] = differingPairs(81 - 182, 263, 263, 263);
  expect((1 + low) / 2).toBeCloseTo(0.2535, 4);
  expect((1 + high) / 2).toBeCloseTo(0.3682, 4);
  expect(differingPairs(0, 0, 0, 10)).toEqual([0, 0]);
  // Halves: twice as many of them make as much.
  expect(differingPairs(0, 20, 10, 100)[1] / 20).toBeCloseTo(differingPairs(0, 40, 40, 100)[1] / 40, 12);
});

function choose(n: number, k: number): number {
  let ways = 1;
  for (let i = 0; i < k; i++) ways *= (n - i) / (i + 1);
  return Math.round(ways);
}

it("leaves room below a score of all images, and none where many leave none", () => {
  const labels = Int32Array.of(0, 1);
  expect(bootstrap(labels, [labels], 2, 0).top1).toEqual([1, 1]);
  const found = scoreIntervals(labels, [labels], 2, 0);
  for (const name of ["top1", "f1", "balanced"] as const) {
    expect(found[name][0]).toBeCloseTo(0.3424, 4);
    expect(found[name][1]).toBe(1);
  }
  expect(shareInterval(new Uint8Array(2), 0)).toEqual([0, expect.closeTo(0.6576, 4)]);
  expect(shareInterval(new Uint8Array(10_000).fill(1), 0)[0]).toBeGreaterThan(0.9996);
});

it("is the bootstrap's, or as good as, where there are many images", () => {
  const hits = Uint8Array.from({ length: 4000 }, (_, i) => Number(i % 5 < 3));
  const [low, high] = bootstrapMean(hits, 1);
  const found = shareInterval(hits, 1);
  expect(Math.abs(found[0] - low)).toBeLessThan(1e-3);
  expect(Math.abs(found[1] - high)).toBeLessThan(1e-3);
  const lead = gains(4000, 600, 400);
  const [from, to] = bootstrapMean(lead, 1);
  expect(Math.abs(leadInterval(lead, 1)[0] - from)).toBeLessThan(1e-3);
  expect(Math.abs(leadInterval(lead, 1)[1] - to)).toBeLessThan(1e-3);
});

it("counts an image that is a mean of many tries for as many, and tiles of a file for no more than they tell", () => {
  // Each image right in half of its four views: nothing about it is chance between images.
  const even = new Float64Array(50).fill(0.5);
  expect(shareInterval(even, 0)).toEqual(wilson(0.5, 50));
  const views = Float64Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? 0.25 : 0.75));
  // Variance 1/16 of 1/4: each counts for four.
  const [low, high] = shareInterval(views, 0);
  const [from, to] = wilson(0.5, 200);
  expect(low).toBeGreaterThanOrEqual(from - 0.02);
  expect(high).toBeLessThanOrEqual(to + 0.02);
  // Ten files of a hundred tiles, right in four of five everywhere: as well known as a thousand images.
  const tiles = Uint8Array.from({ length: 1000 }, (_, i) => Number(i % 5 > 0));
  const files = Int32Array.from({ length: 1000 }, (_, i) => Math.floor(i / 100));
  const alike = shareInterval(tiles, 0, { files });
  expect(alike[1] - alike[0]).toBeGreaterThan(0);
  // Two encoders that differ on two of these tiles alone.
  const differing = Int8Array.from({ length: 1000 }, (_, i) => (i === 5 ? 1 : i === 905 ? -1 : 0));
  const [below, above] = leadInterval(differing, 0, { files });
  expect(below).toBeLessThan(0);
  expect(above).toBeGreaterThan(0);
  expect(above - below).toBeLessThan(0.6);
  // Files that are right as a whole, all of them: as many as there are files.
  const whole = new Uint8Array(1000).fill(1);
  expect(shareInterval(whole, 0, { files })).toEqual(wilson(1, 10));
});
