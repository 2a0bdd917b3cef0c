// The written comparison: every sentence follows from numbers in the runs, with the uncertainty that their test images
// leave. It claims a difference only where the 95 % interval of that difference leaves zero out.
import { count, duration, list, megabytes, millions, percent, plural, points, significant, spelled } from "./format.ts";
import { difference, type Interval, sign, wilson } from "./intervals.ts";
import type { Run } from "./read-run.ts";
import type { Evaluation } from "./schema.ts";

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

type Scored = { run: Run; probe: Evaluation };

/** The linear probe of a run, where it has one. */
export function probeOf(run: Run): Evaluation | null {
  return run.evaluations.get("linear") ?? null;
}

function scoredOf(runs: readonly Run[]): Scored[] {
  return runs
    .flatMap((run) => {
      const probe = probeOf(run);
      return probe ? [{ run, probe }] : [];
    })
    .sort((a, b) => b.probe.top1 - a.probe.top1);
}

const names = (scored: readonly Scored[]) => list(scored.map(({ run }) => run.name));
const range = ([low, high]: Interval) => `${points(low)} to ${points(high)}`;
const size = (fraction: number) => `${(Math.abs(fraction) * 100).toFixed(1)} points`;

/** Why the scores of these runs may not be set against each other; null where they may. */
function incomparable(scored: readonly Scored[]): string | null {
  const distinct = (key: (one: Scored) => unknown) => new Set(scored.map((one) => JSON.stringify(key(one)))).size > 1;
  const reasons: string[] = [];
  if (distinct(({ probe }) => probe.classes.map(({ name }) => name))) reasons.push("different classes");
  else if (distinct(({ probe }) => probe.val_images)) reasons.push("a different number of test images");
  else if (distinct(({ run, probe }) => probe.fingerprint ?? run.file.data?.fingerprint ?? null))
    reasons.push("different data");
  if (distinct(({ probe }) => probe.train_images)) reasons.push("probes fitted on a different number of images");
  return reasons.length ? list(reasons) : null;
}

function headlineOf(runs: readonly Run[], scored: readonly Scored[]): string {
  const [best, second] = scored;
  if (!best) {
    return runs.length === 1
      ? `${runs[0]?.name} has not been probed, so nothing is known about its features yet.`
      : "No run has been probed, so nothing is known about their features yet.";
  }
  const score = `${percent(best.probe.top1)} linear-probe top-1`;
  if (!second) {
    const { untrained } = best.probe;
    if (!untrained) return `${best.run.name} reaches ${score}; no untrained baseline was measured.`;
    const gain = difference(best.probe.top1, untrained.top1, best.probe.val_images);
    const words = {
      1: `${size(best.probe.top1 - untrained.top1)} above its untrained encoder.`,
      0: "which cannot be told from its untrained encoder.",
      "-1": `${size(best.probe.top1 - untrained.top1)} below its untrained encoder.`,
    };
    return `${best.run.name} reaches ${score}, ${words[`${sign(gain)}`]}`;
  }
  if (incomparable(scored))
    return `The ${plural(scored.length, "probed run")} cannot be ranked: their scores do not measure the same thing.`;
  const lost = scored.every(({ probe }) => probe.untrained && probe.top1 < probe.untrained.top1);
  const shared = tiedWith(best, scored);
  if (lost) return `${scored.length === 2 ? "Neither run" : "No run"} reaches its own untrained encoder.`;
  if (shared.length > 1) {
    const [low, high] = [shared.at(-1)?.probe.top1 ?? best.probe.top1, best.probe.top1];
    const scores = low === high ? `${score} each` : `${percent(low)} to ${score}`;
    return `${names(shared)} cannot be told apart: ${scores}.`;
  }
  return `${best.run.name} scores highest: ${score}, ${size(best.probe.top1 - second.probe.top1)} above ${second.run.name}.`;
}

/** The best run and all that its lead over them does not set apart. */
function tiedWith(best: Scored, scored: readonly Scored[]): Scored[] {
  return scored.filter(
    (one) => one === best || sign(difference(best.probe.top1, one.probe.top1, best.probe.val_images)) === 0,
  );
}

function againstOthers(scored: readonly Scored[]): string[] {
  const [best, ...rest] = scored;
  if (!best || rest.length === 0 || incomparable(scored)) return [];
  const from = `${best.run.name} (${percent(best.probe.top1)})`;
  const named = (others: readonly Scored[]) =>
    list(others.map(({ run, probe }) => `${run.name} (${percent(probe.top1)})`));
  if (rest.length > 2) {
    const tied = tiedWith(best, scored).filter((one) => one !== best);
    const behind = rest.filter((one) => !tied.includes(one));
    return [
      ...(behind.length ? [`${from} is above ${named(behind)}, each beyond the uncertainty of the two.`] : []),
      ...(tied.length ? [`${from} is not shown to be better than ${named(tied)}: within the uncertainty.`] : []),
    ];
  }
  return rest.map((one) => {
    const lead = best.probe.top1 - one.probe.top1;
    const interval = difference(best.probe.top1, one.probe.top1, best.probe.val_images);
    const numbers = `(95\u00a0% interval ${range(interval)})`;
    return sign(interval) === 0
      ? `${from} against ${named([one])}: the difference of ${size(lead)} is within the uncertainty ${numbers}, so neither is shown to be better.`
      : `${from} against ${named([one])}: ${size(lead)} higher, beyond the uncertainty ${numbers}.`;
  });
}

/** "gains 17.3 points over its own untrained encoder (40.7 %; 95 % interval +15.1 to +19.5)", or that nothing is shown. */
function againstBaseline(own: number, baseline: number, n: number, what: string): string {
  const interval = difference(own, baseline, n);
  const numbers = `(${percent(baseline)}; 95\u00a0% interval ${range(interval)})`;
  const side = sign(interval);
  if (side === 0) return `cannot be told from ${what} ${numbers}`;
  return `${side > 0 ? "gains" : "loses"} ${size(own - baseline)} ${side > 0 ? "over" : "against"} ${what} ${numbers}`;
}

function againstBaselines({ run, probe }: Scored): string[] {
  const { untrained, pixels, top1, val_images } = probe;
  const parts = [
    untrained && againstBaseline(top1, untrained.top1, val_images, "its own untrained encoder"),
    pixels && againstBaseline(top1, pixels.top1, val_images, "raw pixels"),
  ].filter((part) => typeof part === "string");
  return parts.length ? [`${run.name} ${list(parts)}.`] : [];
}

/** What a run cost, from its result or, where it has none, from its last line of metrics. */
export function costOf(run: Run) {
  const { result, parameters } = run.file;
  return {
    seconds: result?.seconds ?? run.reached.seconds,
    images_per_s: result?.images_per_s ?? null,
    peak_mb: result?.peak_mb ?? null,
    encoder: parameters?.encoder ?? null,
    total: parameters?.total ?? null,
    steps: result?.steps ?? run.reached.step,
    epochs: result?.epochs ?? run.reached.epoch,
  };
}

function costSentence(run: Run): string {
  const cost = costOf(run);
  const parts = [
    cost.seconds !== null && `took ${duration(cost.seconds)} for ${plural(cost.steps, "step")}`,
    cost.images_per_s !== null && `at ${significant(cost.images_per_s)} images/s`,
    cost.encoder !== null && `with ${millions(cost.encoder)} encoder parameters`,
    cost.peak_mb !== null && `and at most ${megabytes(cost.peak_mb)} of memory`,
  ].filter((part) => part !== false);
  return parts.length ? `${run.name} ${parts.join(" ")}.` : `${run.name} recorded no cost.`;
}

function costRatio(runs: readonly Run[]): string[] {
  const timed = runs.flatMap((run) => {
    const { seconds } = costOf(run);
    return seconds ? [{ run, seconds }] : [];
  });
  const [a, b] = [...timed].sort((x, y) => x.seconds - y.seconds);
  if (!a || !b || timed.length !== 2) return [];
  return [`${b.run.name} took ${significant(b.seconds / a.seconds)} times as long as ${a.run.name}.`];
}

/** Settings that, where they differ, leave a difference in score open to more than one reading. */
const CONFOUNDERS = [
  ["encoder", "encoder"],
  ["size", "image size"],
  ["epochs", "epochs asked for"],
  ["batch", "batch size"],
  ["seed", "seed"],
] as const;

function confounders(runs: readonly Run[]): string[] {
  if (runs.length < 2) return [];
  const described = (read: (run: Run) => string) => {
    const values = runs.map((run) => ({ name: run.name, value: read(run) }));
    if (new Set(values.map(({ value }) => value)).size < 2) return null;
    if (runs.length > 2) return [...new Set(values.map(({ value }) => value))].join(", ");
    return list(values.map(({ name, value }) => `${name} ${value}`));
  };
  const shown = (value: unknown) => (typeof value === "string" ? spelled(value) : String(value ?? "unknown"));
  const differing = CONFOUNDERS.flatMap(([key, label]) => {
    const words = described((run) => shown(run.file.config[key]));
    return words ? [`${label} (${words})`] : [];
  });
  const epochs = described((run) => {
    const done = costOf(run).epochs;
    return done === null ? "unknown" : significant(done);
  });
  if (epochs) differing.push(`epochs trained (${epochs})`);
  const data = described((run) => run.file.data?.fingerprint?.slice(0, 12) ?? "unknown");
  if (data) differing.push(`training data (${data})`);
  const methods = new Set(runs.map((run) => run.file.method));
  const blame = methods.size > 1 ? "the method" : "any one setting";
  const sentences = differing.length
    ? [`The runs differ in ${list(differing)}; a difference in score cannot be put down to ${blame} alone.`]
    : [];
  if (methods.size > 1) {
    const found = list([...methods].map(spelled));
    sentences.push(`The losses of ${found} measure different things and are not compared.`);
  }
  return sentences;
}

function gaps(runs: readonly Run[], scored: readonly Scored[]): string[] {
  const sentences: string[] = [];
  for (const run of runs) {
    if (!probeOf(run)) {
      const data = run.file.data?.root ?? "DATA";
      sentences.push(`${run.name} has no linear probe; measure one with: unlabel probe ${run.dir} --data ${data}`);
    }
  }
  for (const { run, probe } of scored) {
    if (!probe.untrained)
      sentences.push(`${run.name} was probed without its untrained baseline, so its gain is unknown.`);
  }
  const odd = scored.length > 1 ? incomparable(scored) : null;
  if (odd) sentences.push(`The probed runs have ${odd}, so none is ranked above another.`);
  if (scored.length) {
    sentences.push("Each score comes from one seed; how much another seed would change it was not measured.");
  }
  return sentences;
}

/** Compares runs by what was measured. */
export function compare(runs: readonly Run[]): Comparison {
  const scored = scoredOf(runs);
  const n = [...new Set(scored.map(({ probe }) => probe.val_images))];
  return {
    headline: headlineOf(runs, scored),
    findings: [...againstOthers(scored), ...scored.flatMap(againstBaselines)],
    costs: [...runs.map(costSentence), ...costRatio(runs)],
    caveats: [...gaps(runs, scored), ...confounders(runs)],
    method: scored.length
      ? `Intervals are 95\u00a0%, from the ${n.map(count).join(" or ")} test images alone: Wilson's for a score, Newcombe's for a difference, ` +
        "which treats the two as independent; scored on the same images they rarely are, so it errs on the side of caution."
      : "",
  };
}

/** Wilson's 95 % interval of a run's top-1. */
export function intervalOf(probe: Evaluation): Interval {
  return wilson(probe.top1, probe.val_images);
}
