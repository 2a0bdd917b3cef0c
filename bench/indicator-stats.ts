// How far indicators without labels can be trusted, from rows of checkpoints whose scores with labels are known: rank correlation, pairs
// in which an indicator names the better of two, and the choice of a combination that is judged on a set it was not chosen on.
import { Rng } from "../packages/unlabel/src/base/rng.ts";

/** A checkpoint: what indicators say, and what labels say. */
export interface StatRow {
  set: string;
  method: string;
  /** By name, the larger the better; null where it was refused. */
  signs: Record<string, number | null>;
  /** Accuracy with labels, and half the width of its 95 % interval. */
  score: number;
  noise: number;
}

export type Scope = "within" | "across";

/** Ranks from 1, of equal values their mean. */
export function ranks(values: readonly number[]): number[] {
  const order = Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  const found = new Array<number>(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end + 1 < order.length && values[order[end + 1]!] === values[order[start]!]) end++;
    for (let i = start; i <= end; i++) found[order[i]!] = (start + end) / 2 + 1;
    start = end + 1;
  }
  return found;
}

/** Spearman's ρ: the correlation of ranks, from −1 to 1; null for fewer than three, or where either has one value alone. */
export function spearman(x: readonly number[], y: readonly number[]): number | null {
  if (x.length < 3) return null;
  const [a, b] = [ranks(x), ranks(y)];
  const middle = (x.length + 1) / 2;
  let [ab, aa, bb] = [0, 0, 0];
  for (const [i, one] of a.entries()) {
    ab += (one - middle) * (b[i]! - middle);
    aa += (one - middle) ** 2;
    bb += (b[i]! - middle) ** 2;
  }
  return aa === 0 || bb === 0 ? null : ab / Math.sqrt(aa * bb);
}

/** Kendall's τ_b, which takes ties into account, from −1 to 1; null as {@link spearman}. */
export function kendall(x: readonly number[], y: readonly number[]): number | null {
  if (x.length < 3) return null;
  let [agree, inX, inY] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [Math.sign(x[i]! - x[j]!), Math.sign(y[i]! - y[j]!)];
      agree += a * b;
      inX += Math.abs(a);
      inY += Math.abs(b);
    }
  }
  return inX === 0 || inY === 0 ? null : agree / Math.sqrt(inX * inY);
}

export interface Correlation {
  /** Mean over the groups. */
  spearman: number | null;
  kendall: number | null;
  /** 95 % of Spearman's: bootstrap over checkpoints, within each group; null of fewer than ten, or where most draws have none. */
  interval: [number, number] | null;
  /** Checkpoints for which the indicator was told. */
  rows: number;
  /** Those for which it was refused. */
  refused: number;
}

const RESAMPLES = 1000;
/** Checkpoints without which draws of them say nothing. */
const LEAST_ROWS = 10;

/**
 * Rank correlation of an indicator with the score: within a set, since scores of others do not compare; `within` one method of it, or
 * `across` all. The mean over these groups, each weighed by its checkpoints.
 */
export function correlation(rows: readonly StatRow[], name: string, scope: Scope, seed = 0): Correlation {
  const told = rows.filter(({ signs }) => typeof signs[name] === "number");
  const groups = groupsOf(told, scope);
  const over = (of: typeof spearman, pick: (group: readonly StatRow[], g: number) => readonly StatRow[]) => {
    let [sum, weight] = [0, 0];
    for (const [g, group] of groups.entries()) {
      const chosen = pick(group, g);
      const found = of(
        chosen.map(({ signs }) => signs[name]!),
        chosen.map(({ score }) => score),
      );
      if (found === null) continue;
      sum += found * group.length;
      weight += group.length;
    }
    return weight === 0 ? null : sum / weight;
  };
  const all = (group: readonly StatRow[]) => group;
  const drawn = Array.from({ length: RESAMPLES }, (_, round) =>
    over(spearman, (group, g) => {
      const rng = new Rng(seed, "checkpoints", round, g);
      return group.map(() => group[rng.below(group.length)]!);
    }),
  ).filter((value) => value !== null);
  return {
    spearman: over(spearman, all),
    kendall: over(kendall, all),
    interval: told.length < LEAST_ROWS || drawn.length < RESAMPLES / 2 ? null : middle(drawn),
    rows: told.length,
    refused: rows.length - told.length,
  };
}

/** Pairs of checkpoints that differ beyond noise, and in how many the better one is named. */
export interface Pairs {
  /** Ties count one half. */
  right: number;
  pairs: number;
  /** Pairs that differ beyond noise, of one or both of which the indicator was refused. */
  untold: number;
}

/** @param way above 0 where the first is named, below where the second, 0 where neither; null where nothing is told */
export function namedRight(
  rows: readonly StatRow[],
  way: (a: StatRow, b: StatRow) => number | null,
  scope: Scope | "all",
): Pairs {
  const found: Pairs = { right: 0, pairs: 0, untold: 0 };
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [rows[i]!, rows[j]!];
      if (a.set !== b.set) continue;
      if (scope !== "all" && (a.method === b.method) !== (scope === "within")) continue;
      // Half widths of two intervals, as of independent errors.
      if (Math.abs(a.score - b.score) <= Math.hypot(a.noise, b.noise)) continue;
      const named = way(a, b);
      if (named === null) {
        found.untold++;
        continue;
      }
      found.pairs++;
      const agrees = Math.sign(named) * Math.sign(a.score - b.score);
      found.right += agrees > 0 ? 1 : agrees === 0 ? 0.5 : 0;
    }
  }
  return found;
}

/** What one indicator says of two. */
export function wayOf(name: string): (a: StatRow, b: StatRow) => number | null {
  return (a, b) => {
    const [x, y] = [a.signs[name] ?? null, b.signs[name] ?? null];
    return x === null || y === null ? null : Math.sign(x - y);
  };
}

/** What most of several say of two, each with a voice of its own; of whom nothing is told comes last. */
function votesOf(names: readonly string[]): (a: StatRow, b: StatRow) => number {
  const told = (row: StatRow, name: string) => row.signs[name] ?? Number.NEGATIVE_INFINITY;
  return (a, b) =>
    names.reduce((sum, name) => {
      const [x, y] = [told(a, name), told(b, name)];
      return sum + (x > y ? 1 : x < y ? -1 : 0);
    }, 0);
}

/** What was chosen with one set left out, and what it came to there. */
export interface LeftOut {
  set: string;
  /** Names of the indicators that have a voice. */
  chosen: string[];
  /** On the sets it was chosen on. */
  seen: Pairs;
  /** On the set that was left out. */
  judged: Pairs;
}

/** Indicators that a combination has at most. */
const MOST = 3;

/**
 * For each set in turn: the combination of up to three indicators, each with a voice in every pair of encoders, that names the better one most
 * often on the other sets, judged on that one. Of equals the smaller and earlier wins.
 */
export function leaveOneOut(rows: readonly StatRow[], names: readonly string[]): LeftOut[] {
  const sets = [...new Set(rows.map(({ set }) => set))];
  if (sets.length < 2) return [];
  return sets.map((set) => {
    const [others, own] = [rows.filter((row) => row.set !== set), rows.filter((row) => row.set === set)];
    const { chosen, seen } = bestCombination(others, names);
    return { set, chosen, seen, judged: judge(own, chosen) };
  });
}

/** The combination that names the better one most often on these rows. */
export function bestCombination(rows: readonly StatRow[], names: readonly string[]): { chosen: string[]; seen: Pairs } {
  let best: { chosen: string[]; seen: Pairs; share: number } | null = null;
  for (const chosen of combinations(names, MOST)) {
    const seen = judge(rows, chosen);
    const share = seen.pairs === 0 ? 0 : seen.right / seen.pairs;
    if (best === null || share > best.share) best = { chosen, seen, share };
  }
  return { chosen: best!.chosen, seen: best!.seen };
}

/** In how many pairs most of these indicators name the better one. */
function judge(rows: readonly StatRow[], chosen: readonly string[]): Pairs {
  return namedRight(rows, votesOf(chosen), "all");
}

/**
 * All that was judged on sets left out, added, with 95 % of the share of pairs named right: bootstrap over the checkpoints of each set, since
 * pairs share them. The choice stays as it is.
 */
export function judgedAll(
  rows: readonly StatRow[],
  found: readonly LeftOut[],
  seed = 0,
): { right: number; pairs: number; interval: [number, number] } {
  const total = (of: readonly Pairs[]) => ({
    right: of.reduce((sum, { right }) => sum + right, 0),
    pairs: of.reduce((sum, { pairs }) => sum + pairs, 0),
  });
  const shares = Array.from({ length: RESAMPLES }, (_, round) => {
    const { right, pairs } = total(
      found.map(({ set, chosen }, s) => {
        const own = rows.filter((row) => row.set === set);
        const rng = new Rng(seed, "judged", round, s);
        return judge(
          own.map(() => own[rng.below(own.length)]!),
          chosen,
        );
      }),
    );
    return pairs === 0 ? Number.NaN : right / pairs;
  }).filter((share) => !Number.isNaN(share));
  return { ...total(found.map(({ judged }) => judged)), interval: middle(shares) };
}

/** Of one name to `most` names, the smaller ones first. */
export function combinations(names: readonly string[], most: number): string[][] {
  let last: string[][] = [[]];
  const all: string[][] = [];
  for (let size = 1; size <= most; size++) {
    last = last.flatMap((chosen) => {
      const after = chosen.length === 0 ? 0 : names.indexOf(chosen.at(-1)!) + 1;
      return names.slice(after).map((name) => [...chosen, name]);
    });
    all.push(...last);
  }
  return all;
}

function groupsOf(rows: readonly StatRow[], scope: Scope): StatRow[][] {
  const groups = new Map<string, StatRow[]>();
  for (const row of rows) {
    const key = scope === "within" ? `${row.set} ${row.method}` : row.set;
    const found = groups.get(key);
    if (found) found.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()];
}

function middle(values: readonly number[]): [number, number] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
  return [at(0.025), at(0.975)];
}
