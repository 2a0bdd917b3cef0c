// Which indicators put which runs first, and how runs stand to their own initial encoders: only where 95 % intervals do not overlap, and
// only by indicators that have an interval and a better end.
import { INDICATORS, type IndicatorAbout, type IndicatorName } from "../run/indicators.ts";
import type { IndicatorsFile } from "../run/read/evaluation-schema.ts";
import type { Group } from "./groups.ts";
import type { Interval } from "./intervals.ts";

/** Without intervals: a resample of images lowers a rank by itself, and clusters are compared with each other. */
const WITHOUT_INTERVAL: readonly IndicatorName[] = ["rank_me", "alpha_req", "lidar", "cluster_halves", "cluster_seeds"];

/**
 * Indicators that can put one encoder before another: those with an interval and a better end, and not alignment, which is the better the less an
 * encoder tells apart: its ratio to that of two images stands for it.
 */
export const DECIDING: readonly IndicatorAbout[] = INDICATORS.filter(
  ({ name, better }) => better !== "neither" && name !== "alignment" && !WITHOUT_INTERVAL.includes(name),
);

/** A group's number: the mean over its seeds, and all that their intervals cover. */
export type GroupTold = {
  /** Mean over the seeds, in the indicator's own unit. */
  value: number;
  /** From the lowest end of the seeds' 95 % intervals to the highest. */
  interval: Interval;
};

type Kind = "trained" | "untrained";

/** What an indicator says of groups. */
export type IndicatorLead = {
  /** The indicator's key. */
  name: IndicatorName;
  /** What people call it. */
  title: string;
  /** By group; null where it is refused for one of its runs. */
  told: (GroupTold | null)[];
  /** By group, the same of initial encoders. */
  initial: (GroupTold | null)[];
  /** Index of the group that it puts before all others of which it tells anything; null where it does not. */
  first: number | null;
  /** By group: 1 where it is better than its own initial encoder, −1 where it is worse, 0 where that is not told. */
  beside: number[];
};

/** What was found for the runs of a group; none where not all have been looked at. */
export function lookedAt({ runs }: Group): IndicatorsFile[] {
  const found = runs.flatMap(({ evaluations }) => evaluations.indicators ?? []);
  return found.length === runs.length ? found : [];
}

/** A group's number by an indicator; null where it has no interval, or is refused for one of its runs. */
export function toldOf(files: readonly IndicatorsFile[], kind: Kind, name: IndicatorName): GroupTold | null {
  const values: number[] = [];
  const interval: [number, number] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const file of files) {
    const found = file[kind]?.[name];
    if (found?.value == null || !found.interval) return null;
    values.push(found.value);
    interval[0] = Math.min(interval[0], found.interval[0]);
    interval[1] = Math.max(interval[1], found.interval[1]);
  }
  return values.length === 0
    ? null
    : { value: values.reduce((sum, value) => sum + value, 0) / values.length, interval };
}

/** 1 where `a` lies on the better side of `b` with no overlap, −1 where on the worse, else 0. */
function side(a: GroupTold | null, b: GroupTold | null, better: IndicatorAbout["better"]): number {
  if (!a || !b) return 0;
  const above = a.interval[0] > b.interval[1] ? 1 : a.interval[1] < b.interval[0] ? -1 : 0;
  return above === 0 ? 0 : better === "higher" ? above : -above;
}

/** 1 where one number is told to be better than another by an indicator, −1 where worse, else 0. */
export function betterOf(name: IndicatorName, a: GroupTold | null, b: GroupTold | null): number {
  return side(a, b, INDICATORS.find((about) => about.name === name)!.better);
}

/** What each deciding indicator says, without those that are told of no group. */
export function indicatorLeads(groups: readonly Group[]): IndicatorLead[] {
  const files = groups.map(lookedAt);
  const comparable = apart(groups) === null;
  return DECIDING.flatMap(({ name, title, better }) => {
    const told = files.map((one) => toldOf(one, "trained", name));
    const initial = files.map((one) => toldOf(one, "untrained", name));
    if (told.every((one) => one === null)) return [];
    const known = [...told.keys()].filter((g) => told[g]);
    const first =
      comparable && known.length > 1
        ? known.find((g) => known.every((other) => other === g || side(told[g]!, told[other]!, better) > 0))
        : undefined;
    const beside = told.map((own, g) => side(own, initial[g]!, better));
    return [{ name, title, told, initial, first: first ?? null, beside }];
  });
}

/** Why what was found for these groups may not be set side by side; null where it may. */
export function apart(groups: readonly Group[]): string | null {
  const found = groups.flatMap(lookedAt);
  const distinct = (key: (file: IndicatorsFile) => unknown) => new Set(found.map(key)).size > 1;
  if (distinct(({ split, val_images }) => `${split} ${val_images}`)) return "a different number or kind of images";
  if (distinct(({ settings }) => settings?.viewed ?? null)) return "a different number of images in several views";
  if (distinct(({ fingerprint }) => fingerprint ?? null)) return "different data";
  if (new Set(found.flatMap(({ neighbours }) => neighbours?.images ?? [])).size > 1) return "different images";
  return distinct(({ settings }) => settings?.seed ?? null) ? "different views of the images" : null;
}
