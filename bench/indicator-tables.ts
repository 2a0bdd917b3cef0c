// The tables of bench `indicators`, from its kept rows, and what the report may say of them.
import { table } from "../packages/unlabel/src/base/table.ts";
import { DECIDING } from "../packages/unlabel/src/report/indicator-leads.ts";
import type { Trust } from "../packages/unlabel/src/report/trust.ts";
import { INDICATORS, type IndicatorName, upward } from "../packages/unlabel/src/run/indicators.ts";
import {
  bestCombination,
  correlation,
  judgedAll,
  leaveOneOut,
  namedRight,
  type Pairs,
  type Scope,
  type StatRow,
  wayOf,
} from "./indicator-stats.ts";

const SET_WORDS: Record<string, string> = { demo: "drawings", deep: "photographs in one channel of 16 bits" };

/** What a combination is made of: what a report's first screen shows, with an interval and a better end. */
const CANDIDATES = DECIDING.map(({ name }) => name);

/** One checkpoint, as it is kept. */
export interface IndicatorRow {
  /** What it is told apart by. */
  id: string;
  set: string;
  method: string;
  setting: string;
  /** Steps; 0 is the encoder before pretraining. */
  steps: number;
  seed: number;
  /** Of this project, that it was measured at. */
  commit: string | null;
  /** By name; null where it was refused. */
  indicators: Record<string, number | null>;
  /** Why, by name, where it was refused. */
  refused: Record<string, string>;
  /** Top-1 in [0, 1] with its 95 % interval. */
  linear: Score;
  knn: Score;
}

/** A share of right answers. */
export interface Score {
  top1: number;
  interval: [number, number];
}

/** Rows as the statistics take them: of every indicator the larger is the better. */
export function statRows(rows: readonly IndicatorRow[], by: "linear" | "knn"): StatRow[] {
  return rows.map(({ set, method, indicators, [by]: { top1, interval } }) => ({
    set,
    method,
    score: top1,
    noise: (interval[1] - interval[0]) / 2,
    signs: Object.fromEntries(
      INDICATORS.map((about) => {
        const value = indicators[about.name] ?? null;
        return [about.name, value === null ? null : upward(about, value)];
      }),
    ),
  }));
}

/** Below that, what rows say of indicators is more chance than measurement. */
const ENOUGH = { sets: 3, checkpoints: 30 };

/** What the report may say of these rows: null where there are too few sets, or too few checkpoints of one. */
export function trustOf(rows: readonly IndicatorRow[], enough = ENOUGH): Trust | null {
  const counts = new Map<string, number>();
  for (const { set } of rows) counts.set(set, (counts.get(set) ?? 0) + 1);
  if (counts.size < enough.sets || Math.min(...counts.values()) < enough.checkpoints) return null;
  const stats = statRows(rows, "linear");
  const found = leaveOneOut(stats, CANDIDATES);
  if (found.length === 0) return null;
  const { right, pairs, interval } = judgedAll(stats, found);
  const round = (share: number) => Math.round(1000 * share) / 1000;
  return {
    sets: found.map(({ set }) => SET_WORDS[set] ?? set),
    checkpoints: rows.length,
    combination: bestCombination(stats, CANDIDATES).chosen as IndicatorName[],
    judged: { right, pairs, interval: [round(interval[0]), round(interval[1])] },
  };
}

/** The tables, for people. */
export function words(rows: readonly IndicatorRow[]): string {
  const sets = [...new Set(rows.map(({ set }) => set))];
  const counts = sets.map((set) => `${set} ${rows.filter((row) => row.set === set).length}`).join(", ");
  const blocks = (["linear", "knn"] as const).flatMap((by) => {
    const stats = statRows(rows, by);
    const score = by === "knn" ? "kNN" : "linear probe";
    const one = (["within", "across"] as const).map((scope) => [
      `${score}, ${scope === "within" ? "within one method" : "across methods"}`,
      table(
        [
          ["", "Spearman", "95 %", "Kendall", "named right", "rows", "refused"],
          ...INDICATORS.map(({ name, title }) => line(stats, name, title, scope)),
        ],
        100,
      ),
    ]);
    return [...one.map(([title, body]) => `${title}\n${body}`), combined(stats, score)];
  });
  return [`${rows.length} checkpoints: ${counts}`, ...blocks].join("\n\n");
}

function line(stats: readonly StatRow[], name: string, title: string, scope: Scope): string[] {
  const { spearman, kendall, interval, rows, refused } = correlation(stats, name, scope);
  const pairs = namedRight(stats, wayOf(name), scope);
  const number = (value: number | null) => (value === null ? "–" : value.toFixed(2));
  const range = interval ? `${number(interval[0])} to ${number(interval[1])}` : "–";
  return [title, number(spearman), range, number(kendall), named(pairs), String(rows), String(refused)];
}

function named({ right, pairs }: Pairs): string {
  return pairs === 0 ? "–" : `${right} of ${pairs}`;
}

function combined(stats: readonly StatRow[], score: string): string {
  const found = leaveOneOut(stats, CANDIDATES);
  if (found.length === 0)
    return `${score}: a combination takes two sets or more to be chosen on one and judged on another`;
  return [
    `${score}: the combination chosen on the other sets, judged on the one left out`,
    table(
      [
        ["left out", "chosen", "most name right there", "on the others"],
        ...found.map(({ set, chosen, judged, seen }) => [set, chosen.join(" + "), named(judged), named(seen)]),
      ],
      100,
    ),
  ].join("\n");
}
