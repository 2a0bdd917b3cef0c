import { expect, it } from "vitest";
import { TRUST } from "../packages/unlabel/src/report/trust-table.ts";
import { type IndicatorRow, trustOf } from "./indicator-tables.ts";
import { measuredRows } from "./indicators.ts";

it("what the report says of indicators is what the kept rows say", () => {
  // Where this fails: npx tsx bench/write-trust.ts
  expect(TRUST).toEqual(trustOf(measuredRows()));
});

it("a combination is chosen on one set and judged on the other", () => {
  const row = (set: string, i: number): IndicatorRow => ({
    ...{ id: `${set} ${i}`, set, method: "mae", setting: "preset", steps: 1, seed: 0, commit: null, refused: {} },
    // The ratio, better lower, follows the score on both, as RankMe does, which has no interval; rotation only on one.
    indicators: { rank_me: i, alignment_ratio: -i, rotation: set === "demo" ? i : -i },
    linear: { top1: i / 20, interval: [i / 20 - 0.01, i / 20 + 0.01] },
    knn: { top1: 0, interval: [0, 0] },
  });
  const rows = ["photographs", "demo"].flatMap((set) => Array.from({ length: 6 }, (_, i) => row(set, i)));
  expect(trustOf(rows, { sets: 2, checkpoints: 6 })).toEqual({
    sets: ["photographs", "drawings"],
    checkpoints: 12,
    combination: ["alignment_ratio"],
    judged: { right: 30, pairs: 30, interval: [1, 1] },
  });
  expect(trustOf(rows.slice(0, 6), { sets: 2, checkpoints: 6 })).toBeNull();
  expect(trustOf(rows.slice(0, 11), { sets: 2, checkpoints: 6 })).toBeNull();
  expect(trustOf(rows)).toBeNull();
});
