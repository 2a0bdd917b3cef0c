// How far indicators without labels can be trusted: what labelled sets said of one combination of them (`npm run bench -- indicators`), and
// which run that combination puts first. All words of the report that lean on such rows come from here.

import { list } from "../page/format.ts";
import { INDICATORS, type IndicatorName } from "../run/indicators.ts";
import type { Group } from "./groups.ts";
import { betterOf, type GroupTold, lookedAt, toldOf } from "./indicator-leads.ts";

/** What was measured on labelled sets, where encoders' linear probes are known. */
export interface Trust {
  /** The sets, in words. */
  sets: readonly string[];
  /** Encoders on them in all. */
  checkpoints: number;
  /** Indicators that have a voice each, as chosen on all of the sets. */
  combination: readonly IndicatorName[];
  /** Pairs of encoders of a set that differ beyond noise, judged by a combination chosen on the other sets alone. */
  judged: {
    /** Pairs in which most name the better one; ties count one half. */
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

/**
 * Index of the group that the combination puts before all others; null where it does not. In each pair of groups every indicator has a voice where
 * its 95 % intervals lie apart, or where it tells of one alone; one group is before another where more than half of the indicators say so beyond
 * those that say the contrary. On the labelled sets voices were counted without intervals, so no run is named here that would not be there.
 */
export function namedFirst(groups: readonly Group[], { combination }: Pick<Trust, "combination">): number | null {
  const looked = groups.map(lookedAt);
  const told = combination.map((name) => ({ name, of: looked.map((files) => toldOf(files, "trained", name)) }));
  const isBefore = (g: number, other: number) => {
    const voices = told.map(({ name, of }) => voiceOf(name, of[g]!, of[other]!));
    return voices.reduce((sum, voice) => sum + voice, 0) > combination.length / 2;
  };
  const all = [...groups.keys()];
  const first = all.find((g) => all.every((other) => other === g || isBefore(g, other)));
  return groups.length < 2 ? null : (first ?? null);
}

/** 1 for the first, −1 for the second, 0 for neither. */
function voiceOf(name: IndicatorName, a: GroupTold | null, b: GroupTold | null): number {
  return a && b ? betterOf(name, a, b) : (a ? 1 : 0) - (b ? 1 : 0);
}

/** What the sets said of the combination, as a sentence of its own. */
export function trustWords({ sets, checkpoints, combination, judged: { right, pairs, interval } }: Trust): string {
  const titles = list(combination.map((name) => INDICATORS.find((about) => about.name === name)!.title));
  const percent = (share: number) => `${Math.round(100 * share)}\u00a0%`;
  const counted = COUNTS[sets.length] ?? sets.length;
  return `On ${counted} labelled data sets (${list(sets)}; ${checkpoints} encoders) a combination of indicators chosen on all but one of them named the better of two encoders on that one in ${Math.round(right)} of ${pairs} pairs (${percent(right / pairs)}, 95\u00a0% interval ${percent(interval[0])} to ${percent(interval[1])}); chosen on all, it is ${titles}.`;
}

const COUNTS: Record<number, string> = { 2: "two", 3: "three", 4: "four", 5: "five" };
