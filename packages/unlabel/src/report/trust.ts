// How far indicators without labels can be trusted: what labelled sets said of one combination of them (`npm run bench -- indicators`), and
// which run that combination puts first. All words of the report that lean on such rows come from here.

import { list } from "../page/format.ts";
import { INDICATORS, type IndicatorAbout, type IndicatorName, upward } from "../run/indicators.ts";
import type { Group } from "./groups.ts";
import { groupValue, lookedAt } from "./indicator-leads.ts";

/** What was measured on labelled sets, where encoders' linear probes are known. */
export interface Trust {
  /** The sets, in words. */
  sets: readonly string[];
  /** Encoders on them in all. */
  checkpoints: number;
  /** Indicators whose ranks are added, as chosen on all of the sets. */
  combination: readonly IndicatorName[];
  /** Pairs of encoders of a set that differ beyond noise, judged by a combination chosen on the other sets alone. */
  judged: {
    /** Pairs in which the better one is named; ties count one half. */
    right: number;
    pairs: number;
    /** 95 % of their share, by bootstrap over checkpoints. */
    interval: readonly [low: number, high: number];
  };
}

/** Whether it names the better one more often than chance would, beyond noise. */
export function isTrusted(trust: Trust | null): trust is Trust {
  return trust !== null && trust.judged.interval[0] > 0.5;
}

type Value = ReturnType<typeof groupValue>;

/**
 * Index of the group that the combination puts before all others; null where it does not. Each indicator orders the groups, and their places
 * are added; groups whose 95 % intervals overlap share a place, and one of which nothing is told comes last.
 */
export function namedFirst(groups: readonly Group[], { combination }: Pick<Trust, "combination">): number | null {
  const looked = groups.map(lookedAt);
  const places = looked.map(() => 0);
  for (const about of INDICATORS.filter(({ name }) => combination.includes(name))) {
    const values = looked.map((files) => groupValue(files, "trained", about.name));
    const above = (a: Value, b: Value) => isAbove(a, b, about);
    for (const [g, own] of values.entries())
      places[g]! +=
        values.filter((other) => above(own, other)).length - values.filter((other) => above(other, own)).length;
  }
  const best = Math.max(...places);
  const first = places.indexOf(best);
  return places.length < 2 || places.lastIndexOf(best) !== first ? null : first;
}

function isAbove(a: Value, b: Value, about: Pick<IndicatorAbout, "better">): boolean {
  if (!a || !b) return a !== null && b === null;
  if (upward(about, a.value) <= upward(about, b.value)) return false;
  if (!a.interval || !b.interval) return true;
  return a.interval[0] > b.interval[1] || a.interval[1] < b.interval[0];
}

/** What the sets said of the combination, as a sentence of its own. */
export function trustWords({ sets, checkpoints, combination, judged: { right, pairs, interval } }: Trust): string {
  const titles = list(combination.map((name) => INDICATORS.find((about) => about.name === name)!.title));
  const percent = (share: number) => `${Math.round(100 * share)}\u00a0%`;
  const counted = COUNTS[sets.length] ?? sets.length;
  return `On ${counted} labelled data sets (${list(sets)}; ${checkpoints} encoders) a combination of indicators chosen on all but one of them named the better of two encoders on that one in ${Math.round(right)} of ${pairs} pairs (${percent(right / pairs)}, 95\u00a0% interval ${percent(interval[0])} to ${percent(interval[1])}); chosen on all, it is ${titles}.`;
}

const COUNTS: Record<number, string> = { 2: "two", 3: "three", 4: "four", 5: "five" };
