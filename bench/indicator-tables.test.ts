import { expect, it } from "vitest";
import { type IndicatorRow, statRows, words } from "./indicator-tables.ts";

const row = (set: string, i: number, more: Record<string, number | null> = {}): IndicatorRow => ({
  id: `${set} ${i}`,
  set,
  method: i % 2 === 0 ? "simclr" : "mae",
  setting: "preset",
  steps: 60,
  seed: 0,
  commit: null,
  indicators: { rank_me: i, alpha_req: 1 + 1 / (i + 1), uniformity: -i, ...more },
  refused: {},
  linear: { top1: i / 20, interval: [i / 20 - 0.01, i / 20 + 0.01] },
  knn: { top1: 1 - i / 20, interval: [0.99 - i / 20, 1.01 - i / 20] },
});

it("of every indicator the larger is the better once its paper's direction is counted in", () => {
  const [one] = statRows([row("x", 3, { rank_me: null })], "linear");
  expect(one).toMatchObject({ score: 0.15, signs: { rank_me: null, alpha_req: -0.25, uniformity: 3, lidar: null } });
  expect(one!.noise).toBeCloseTo(0.01, 12);
  expect(statRows([row("x", 3)], "knn")[0]!.score).toBe(0.85);
});

it("tables of what rows say, and of combinations where there are two sets", () => {
  const rows = ["x", "y"].flatMap((set) => Array.from({ length: 8 }, (_, i) => row(set, i)));
  const text = words(rows);
  expect(text).toMatch(/^16 checkpoints: x 8, y 8$/m);
  // 28 pairs of two in a set, 16 of them across the methods: all named right by the linear probe's sign.
  expect(text).toMatch(/^RankMe +1\.00 +1\.00 to 1\.00 +1\.00 +32 of 32 +16 +0$/m);
  expect(text).toMatch(/^RankMe +-1\.00 +-1\.00 to -1\.00 +-1\.00 +0 of 32 +16 +0$/m);
  expect(text).toMatch(/^LiDAR +– +– +– +– +0 +16$/m);
  expect(text).toMatch(/^x +uniformity +28 of 28 +28 of 28$/m);
  expect(words(rows.slice(0, 8))).toContain("a combination takes two sets or more");
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
});
