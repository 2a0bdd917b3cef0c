// The written comparison: every sentence follows from numbers in the runs, with the uncertainty that their test images
// and seeds leave. It claims a difference only where the 95 % interval of that difference leaves zero out.

import { count, list, percent, plural, points, significant } from "../page/format.ts";
import { calledOf } from "../run/called.ts";
import { labelsFileIn } from "../run/evaluations.ts";
import type { ScoredProtocol } from "../run/read/evaluation-schema.ts";
import type { Run } from "../run/read/run.ts";
import { confounders, gaps, incomparable } from "./caveats.ts";
import { costRatio, costSentence, trainedOf } from "./costs.ts";
import { type Group, gainOf, leadOf, mainProtocol, type Scored, scoredBy } from "./groups.ts";
import { type Interval, sign } from "./intervals.ts";
import { allPaired } from "./pairs.ts";

export type Comparison = {
  /** The answer in one line. */
  headline: string;
  /** What the scores say, baselines included. */
  findings: string[];
  /** What each run cost. */
  costs: string[];
  /** What may not be concluded, and what is missing. */
  caveats: string[];
  /** How the intervals were made. */
  method: string;
};

const names = (scored: readonly Scored[]) => list(scored.map(({ group }) => group.name));
export const range = ([low, high]: Interval) => `${points(low)} to ${points(high)}`;
export const size = (fraction: number) => `${(Math.abs(fraction) * 100).toFixed(1)} points`;

/** What a protocol's top-1 is called. */
const TOP1: Record<ScoredProtocol, string> = {
  linear: "linear-probe top-1",
  knn: "kNN top-1",
  "fine-tune": "top-1 after fine-tuning with all labels",
  supervised: "top-1 trained from scratch with all labels",
};

/** Where no classifier has a score: what else was measured, or that nothing was. */
function unscored(runs: readonly Run[]): string {
  const [only] = runs;
  const { fewShot, retrieval } = only?.evaluations ?? {};
  const few = fewShot?.points.at(-1);
  if (runs.length === 1 && few)
    return `${only?.name} reaches ${percent(few.trained.top1)} few-shot top-1 with ${significant(100 * few.share)}\u00a0% of the labels; it has no linear probe.`;
  const first = retrieval?.recall["1"];
  if (runs.length === 1 && first !== undefined)
    return `${only?.name} finds an image of the same class first for ${percent(first)} of the test images; it has no linear probe.`;
  if (runs.some(({ evaluations }) => evaluations.fewShot || evaluations.retrieval))
    return "No run has a linear probe or a kNN score; what else was measured is below, and none is ranked by it.";
  return runs.length === 1
    ? `${only?.name} has not been probed, so nothing is known about its features yet.`
    : "No run has been probed, so nothing is known about their features yet.";
}

function headlineOf(runs: readonly Run[], scored: readonly Scored[]): string {
  const [best, second] = scored;
  if (!best) return unscored(runs);
  const { protocol } = best.evaluation;
  const top1 = TOP1[protocol];
  const score = `${overSeeds(best)} ${top1}`;
  if (!second) {
    const { untrained } = best;
    const gain = gainOf(best, "untrained");
    if (protocol === "fine-tune" || protocol === "supervised")
      return `${best.group.name} reaches ${score}; its features as they are have not been measured.`;
    if (untrained === null || !gain) return `${best.group.name} reaches ${score}; no untrained baseline was measured.`;
    const initial = initialWords(best.group);
    const words = {
      1: `${size(best.top1 - untrained)} above ${initial}.`,
      0: `which cannot be told from ${initial}.`,
      "-1": `${size(best.top1 - untrained)} below ${initial}.`,
    };
    return `${best.group.name} reaches ${score}, ${words[`${sign(gain)}`]}`;
  }
  if (incomparable(scored))
    return `The ${plural(scored.length, "scored run")} cannot be ranked: their scores do not measure the same thing.`;
  const lost = scored.every((one) => {
    const gain = gainOf(one, "untrained");
    return gain !== null && sign(gain) < 0;
  });
  const shared = tiedWith(best, scored);
  if (lost) {
    const initial = [...new Set(scored.map(({ group }) => initialWords(group)))];
    const what = initial.length === 1 ? initial[0]! : "what it began with";
    return `${scored.length === 2 ? "Neither run" : "No run"} reaches ${what}.`;
  }
  if (shared.length > 1) {
    if (shared.some(({ std }) => std !== null))
      return `${list(shared.map((one) => `${one.group.name} with ${overSeeds(one)}`))} cannot be told apart by ${top1}.`;
    const low = shared.at(-1)?.top1 ?? best.top1;
    const scores = percent(low) === percent(best.top1) ? `${score} each` : `${percent(low)} to ${score}`;
    return `${names(shared)} cannot be told apart: ${scores}.`;
  }
  return `${best.group.name} scores highest: ${score}, ${size(best.top1 - second.top1)} above ${second.group.name}.`;
}

/** "58.1 %", with the standard deviation where there is one: "58.1 % (± 0.6 over 3 seeds)". */
export function overSeeds({ top1, std, seeds }: Scored): string {
  return std === null ? percent(top1) : `${percent(top1)} (± ${(std * 100).toFixed(1)} over ${plural(seeds, "seed")})`;
}

/** The best run and all that its lead over them does not set apart. */
export function tiedWith(best: Scored, scored: readonly Scored[]): Scored[] {
  return scored.filter((one) => one === best || sign(leadOf(best, one)) === 0);
}

function againstOthers(scored: readonly Scored[]): string[] {
  const [best, ...rest] = scored;
  if (!best || rest.length === 0 || incomparable(scored)) return [];
  const from = `${best.group.name} (${percent(best.top1)})`;
  const named = (others: readonly Scored[]) =>
    list(others.map(({ group, top1 }) => `${group.name} (${percent(top1)})`));
  if (rest.length > 2) {
    const tied = tiedWith(best, scored).filter((one) => one !== best);
    const behind = rest.filter((one) => !tied.includes(one));
    return [
      ...(behind.length ? [`${from} is above ${named(behind)}, each beyond the uncertainty of the two.`] : []),
      ...(tied.length ? [`${from} is not shown to be better than ${named(tied)}: within the uncertainty.`] : []),
    ];
  }
  return rest.map((one) => {
    const lead = best.top1 - one.top1;
    const interval = leadOf(best, one);
    const numbers = `(95\u00a0% interval ${range(interval)})`;
    return sign(interval) === 0
      ? `${from} against ${named([one])}: the difference of ${size(lead)} is within the uncertainty ${numbers}, so neither is shown to be better.`
      : `${from} against ${named([one])}: ${size(lead)} higher, beyond the uncertainty ${numbers}.`;
  });
}

/** "gains 17.3 points over its own untrained encoder (40.7 %; 95 % interval +15.1 to +19.5)", or that nothing is shown. */
function againstBaseline(scored: Scored, key: "untrained" | "pixels", what: string): string | null {
  const baseline = scored[key];
  const interval = gainOf(scored, key);
  if (baseline === null || !interval) return null;
  const numbers = `(${percent(baseline)}; 95\u00a0% interval ${range(interval)})`;
  const side = sign(interval);
  if (side === 0) return `cannot be told from ${what} ${numbers}`;
  return `${side > 0 ? "gains" : "loses"} ${size(scored.top1 - baseline)} ${side > 0 ? "over" : "against"} ${what} ${numbers}`;
}

/** What a group's untrained encoder is. */
function initialWords({ runs: [run] }: Group): string {
  const earlier = run?.shelf?.source.run;
  if (earlier)
    return earlier.began
      ? `${calledOf(earlier.began.replace(/ \(.*\)$/, ""))} as it comes, with which it began`
      : "its own untrained encoder";
  if (run?.shelf) return "the same encoder with random weights";
  const begun = run ? begunWith(run) : null;
  return begun === null ? "its own untrained encoder" : `${begun}, with which it began`;
}

/** The weights that a run began with, in a few words; null where these were random. */
export function begunWith({ file: { init } }: Pick<Run, "file">): string | null {
  return init ? `${calledOf(init.source)} as it comes` : null;
}

/** "Training on these images brought SimCLR +4.1 points over dinov2-small as it comes (58.1 %; 95 % interval …)." */
export function broughtOver(
  name: string,
  gain: number,
  interval: Interval,
  { title, top1 }: { title: string; top1: number },
): string {
  const numbers = `(${percent(top1)}; 95\u00a0% interval ${range(interval)})`;
  const side = sign(interval);
  if (side === 0)
    return `Training on these images is not shown to bring ${name} anything over ${title}: ${points(gain)} points ${numbers}`;
  return side > 0
    ? `Training on these images brought ${name} ${points(gain)} points over ${title} ${numbers}`
    : `Training on these images left ${name} ${size(gain)} below ${title} ${numbers}`;
}

/** As {@link broughtOver}, over what was trained on these images itself. */
function standsTo(
  name: string,
  gain: number,
  interval: Interval,
  { title, top1 }: { title: string; top1: number },
): string {
  const numbers = `(${percent(top1)}; 95\u00a0% interval ${range(interval)})`;
  const side = sign(interval);
  const other = `${title}, which was trained on these images too ${numbers}`;
  if (side === 0) return `${name} is not shown to be better or worse than ${other}`;
  return `${name} is ${size(gain)} ${side > 0 ? "above" : "below"} ${other}`;
}

/**
 * What training on these images brought over encoders off the shelf, a sentence each without its stop: over what runs began with, and over
 * those that stand beside them; each by its best group.
 */
export function overShelf(scored: readonly Scored[]): string[] {
  const trained = scored.filter(({ group }) => trainedOf(group.runs).length > 0);
  const [best] = trained;
  if (!best || incomparable(scored)) return [];
  const own = trained.flatMap((one) => {
    const begun = one.group.runs[0] ? begunWith(one.group.runs[0]) : null;
    const interval = gainOf(one, "untrained");
    if (begun === null || one.untrained === null || !interval) return [];
    return [broughtOver(one.group.name, one.top1 - one.untrained, interval, { title: begun, top1: one.untrained })];
  });
  const begun = new Set(trained.flatMap(({ group }) => group.runs[0]?.file.init?.source ?? []));
  const beside = scored.filter(({ group: { runs } }) => {
    const source = runs[0]?.shelf?.source.path;
    return source !== undefined && !begun.has(source);
  });
  return [
    ...own,
    ...beside.map((one) => {
      const gain = best.top1 - one.top1;
      const told = one.group.runs[0]?.shelf?.source.run?.same_images ? standsTo : broughtOver;
      return told(best.group.name, gain, leadOf(best, one), { title: one.group.name, top1: one.top1 });
    }),
  ];
}

export function againstBaselines(scored: Scored): string[] {
  const parts = [
    againstBaseline(scored, "untrained", initialWords(scored.group)),
    againstBaseline(scored, "pixels", "raw pixels"),
  ].filter((part) => part !== null);
  return parts.length ? [`${scored.group.name} ${list(parts)}.`] : [];
}

/** The groups that two protocols put first, where each does so beyond the uncertainty and they are not the same. */
export function disagreement(groups: readonly Group[]): { linear: Scored; knn: Scored } | null {
  const [linear, knn] = [scoredBy(groups, "linear"), scoredBy(groups, "knn")];
  const [a, b] = [linear[0], knn[0]];
  if (!a || !b || a.group === b.group || incomparable(linear) || incomparable(knn)) return null;
  return tiedWith(a, linear).length === 1 && tiedWith(b, knn).length === 1 ? { linear: a, knn: b } : null;
}

/** How the intervals were made. */
function madeOf(scored: readonly Scored[]): string {
  const bootstrapped = scored.some(({ evaluation }) => evaluation.interval);
  const files = scored.some(({ evaluation }) => evaluation.predicted?.files) ? " (whole files of tiles are drawn)" : "";
  const narrow = "no narrower than few images allow";
  if (bootstrapped && allPaired(scored)) {
    const between = scored.length > 1 ? " and for a difference between runs" : "";
    return `the percentile bootstrap${files}, ${narrow}, paired image by image for a gain over a baseline${between}.`;
  }
  const made = bootstrapped
    ? `the percentile bootstrap${files} for a score, paired for a gain over a baseline, both ${narrow}; Newcombe's for a difference between runs`
    : "Wilson's for a score, Newcombe's for a difference";
  const same = new Set(scored.map(({ evaluation }) => evaluation.predicted?.images ?? null));
  const why = same.has(null)
    ? "some of these scores were measured by an older version, which kept no predictions to pair; evaluate the runs again for narrower ones"
    : "the runs of a group were scored on other images than one another";
  return (
    `${made}, which treats the two as independent; scored on the same images they rarely are, so it errs on the side of caution` +
    `${bootstrapped ? ` (${why})` : ""}.`
  );
}

/** Compares groups of runs by what was measured. */
export function compare(runs: readonly Run[], groups: readonly Group[]): Comparison {
  const protocol = mainProtocol(groups);
  const scored = protocol ? scoredBy(groups, protocol) : [];
  const n = [...new Set(scored.map(({ images }) => images))];
  const split = disagreement(groups);
  const seeds = scored.some((one) => one.std !== null);
  const labels = scored.flatMap(({ evaluations }) => evaluations.flatMap(({ notes }) => labelsFileIn(notes) ?? []));
  const judged = labels.length > 0 ? ` Labels are those of ${list([...new Set(labels)])}.` : "";
  return {
    headline: split
      ? `The protocols disagree: the linear probe puts ${split.linear.group.name} first, kNN puts ${split.knn.group.name} first.`
      : headlineOf(runs, scored),
    findings: [...againstOthers(scored), ...scored.flatMap(againstBaselines)],
    costs: [...trainedOf(runs).map(costSentence), ...costRatio(trainedOf(runs))],
    caveats: [...gaps(runs, groups, scored), ...confounders(groups)],
    method: scored.length
      ? `Intervals are 95\u00a0%, from the ${n.map(count).join(" or ")} test images${seeds ? "" : " alone"}: ${madeOf(scored)}` +
        (seeds
          ? " Where there are several seeds, Welch's interval from these comes on top, and of a gain Student's from each seed's own."
          : "") +
        judged
      : "",
  };
}
