import { expect, it } from "vitest";
import { Rng } from "../packages/unlabel/src/base/rng.ts";
import {
  combinations,
  correlation,
  kendall,
  leaveOneOut,
  namedRight,
  ranks,
  type StatRow,
  spearman,
  wayOf,
} from "./indicator-stats.ts";

it("ranks, Spearman and Kendall are scipy's", () => {
  expect(ranks([3, 1, 1, 9])).toEqual([3, 1.5, 1.5, 4]);
  const x = [1, 2, 3, 4, 5, 6];
  const y = [2, 1, 4, 3, 6, 6];
  // scipy.stats.spearmanr, kendalltau
  expect(spearman(x, y)).toBeCloseTo(0.8696565534786727, 12);
  expect(kendall(x, y)).toBeCloseTo(0.6900655593423543, 12);
  expect(spearman(x, x.toReversed())).toBe(-1);
  expect(kendall(x, x)).toBe(1);
  expect(spearman([1, 2], [1, 2])).toBeNull();
  expect(kendall([1, 1, 1], [1, 2, 3])).toBeNull();
});

/** Rows in which `truth` goes with the score, `noise` does not, and `method` tells methods apart alone. */
function rows(sets: readonly string[], each: number): StatRow[] {
  const rng = new Rng(1, "rows");
  return sets.flatMap((set) =>
    Array.from({ length: each }, (_, i): StatRow => {
      const method = i % 2 === 0 ? "a" : "b";
      const score = rng.uniform(0, 0.4) + (method === "b" ? 0.5 : 0);
      return {
        set,
        method,
        score,
        noise: 0.01,
        signs: {
          truth: score + rng.uniform(0, 0.02),
          noise: rng.uniform(),
          method: (method === "b" ? 1 : 0) + rng.uniform(0, 0.5),
          lost: i % 3 === 0 ? null : score,
        },
      };
    }),
  );
}

it("an indicator that follows the score is told from one that does not, within methods and across", () => {
  const all = rows(["x", "y", "z"], 40);
  for (const scope of ["within", "across"] as const) {
    const truth = correlation(all, "truth", scope);
    expect(truth.spearman).toBeGreaterThan(0.95);
    expect(truth.interval![0]).toBeGreaterThan(0.9);
    const noise = correlation(all, "noise", scope);
    expect(noise.interval![0]).toBeLessThan(0);
    expect(noise.interval![1]).toBeGreaterThan(0);
  }
  // What tells methods apart alone is found out.
  expect(correlation(all, "method", "across").spearman).toBeGreaterThan(0.6);
  expect(Math.abs(correlation(all, "method", "within").spearman!)).toBeLessThan(0.35);
  expect(correlation(all, "lost", "across")).toMatchObject({ rows: 78, refused: 42 });
});

it("pairs count where they differ beyond noise, within a set, of one method or two", () => {
  const row = (set: string, method: string, score: number, sign: number | null): StatRow => ({
    set,
    method,
    score,
    noise: 0.03,
    signs: { one: sign },
  });
  const all = [
    row("x", "a", 0.1, 1),
    row("x", "a", 0.3, 2),
    row("x", "b", 0.5, 0),
    row("x", "b", 0.52, 9), // within the noise of the one before
    row("y", "a", 0.9, 5), // of another set
    row("x", "a", 0.7, null),
  ];
  const of = (scope: "within" | "across" | "all") => namedRight(all, wayOf("one"), scope);
  expect(of("within")).toEqual({ right: 1, pairs: 1, untold: 2 });
  expect(of("across")).toEqual({ right: 2, pairs: 4, untold: 2 });
  expect(of("all")).toEqual({ right: 3, pairs: 5, untold: 4 });
  expect(namedRight(all, () => 0, "within").right).toBe(1.5);
});

it("a combination is chosen on the other sets and judged on the one left out", () => {
  const all = rows(["x", "y", "z"], 16);
  // In one set the truth lies the other way round.
  const turned = all.map((row) =>
    row.set === "z" ? { ...row, signs: { ...row.signs, truth: -row.signs.truth! } } : row,
  );
  const names = ["truth", "noise"];
  const found = leaveOneOut(turned, names);
  expect(found.map(({ set }) => set)).toEqual(["x", "y", "z"]);
  const z = found.at(-1)!;
  expect(z.chosen).toEqual(["truth"]);
  expect(z.seen.right / z.seen.pairs).toBeGreaterThan(0.95);
  expect(z.judged.right / z.judged.pairs).toBeLessThan(0.05);
  expect(
    leaveOneOut(
      all.filter(({ set }) => set === "x"),
      names,
    ),
  ).toEqual([]);
  expect(combinations(["a", "b", "c"], 2)).toEqual([["a"], ["b"], ["c"], ["a", "b"], ["a", "c"], ["b", "c"]]);
});
