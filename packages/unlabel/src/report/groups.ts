// Runs that differ in their seed alone are one group: a mean over seeds, and how far seeds lie apart.

import { type Evaluation, SCORED, type Score, type ScoredProtocol } from "../run/read/evaluation-schema.ts";
import type { Run } from "../run/read/run.ts";
import { hull, wilson } from "../score/shares.ts";
import { difference, type Interval } from "./intervals.ts";
import { titleOf } from "./method-words.ts";
import { type Kind, paired } from "./pairs.ts";

export type Group = { name: string; runs: Run[] };

/** Groups in the order of their first runs. Runs of the same settings *and* the same seed stay apart: none stands for another. */
export function groupRuns(runs: readonly Run[]): Group[] {
  const keyed = new Map<string, Run[]>();
  for (const run of runs) {
    const key = JSON.stringify([run.file.method, run.file.data?.fingerprint, Object.entries(asked(run)).sort()]);
    keyed.set(key, [...(keyed.get(key) ?? []), run]);
  }
  const groups = [...keyed.values()].flatMap((members) => {
    const seeds = new Set(members.map((run) => seedOf(run)));
    if (members.length === 1 || seeds.size < members.length || seeds.has(null)) {
      return members.map((run) => ({ name: run.name, runs: [run] }));
    }
    return [{ name: commonName(members.map(({ name }) => name)), runs: members }];
  });
  return groups.map((group) => ({ ...group, name: byMethod(group, groups) ?? group.name }));
}

/** What makes a run the like of another: its settings, without the seed and without what a budget of time has set by itself. */
function asked({ file }: Run): Record<string, unknown> {
  const { seed: _, ...config } = file.config;
  if (config.budget == null) return config;
  const { steps: __, epochs: ___, warmup_epochs: ____, ...rest } = config;
  return rest;
}

/** "SimCLR" for runs that a comparison has named `simclr-0`, …, where no other group has that method. */
function byMethod({ runs }: Group, groups: readonly Group[]): string | null {
  const method = runs[0]?.file.method ?? "";
  const own = runs.every(({ name }) => name.replace(/-\d+$/, "") === method);
  const others = groups.filter((group) => group.runs[0]?.file.method === method).length > 1;
  return own && !others && runs[0] ? titleOf(runs[0].file) : null;
}

export function seedOf({ file }: Run): number | null {
  return file.seed ?? (typeof file.config.seed === "number" ? file.config.seed : null);
}

/** "simclr-0", "simclr-1" → "simclr". */
function commonName(names: readonly string[]): string {
  const [first = "", ...rest] = names;
  let length = first.length;
  for (const name of rest) while (!name.startsWith(first.slice(0, length))) length -= 1;
  return first.slice(0, length).replace(/[^\p{L}\p{N})]+(s|seed)?$/iu, "") || names.join(" / ");
}

/** Mean and, of several values, standard deviation (n − 1). */
export type Spread = { mean: number; std: number | null; n: number };

export function spread(values: readonly (number | null | undefined)[]): Spread | null {
  const known = values.filter((value) => value != null);
  const n = known.length;
  if (n === 0) return null;
  const mean = known.reduce((sum, value) => sum + value, 0) / n;
  const std = n > 1 ? Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1)) : null;
  return { mean, std, n };
}

/** How a group fared by one protocol. */
export type Scored = {
  group: Group;
  /** That of its first run. */
  evaluation: Evaluation;
  /** Those of all its runs. */
  evaluations: readonly Evaluation[];
  top1: number;
  std: number | null;
  seeds: number;
  images: number;
  untrained: number | null;
  pixels: number | null;
};

export function evaluationsOf(group: Group, protocol: ScoredProtocol): Evaluation[] {
  return group.runs.flatMap((run) => run.evaluations.scored.get(protocol) ?? []);
}

/** The protocol that says most of those that have scored any of these; null where none has. */
export function mainProtocol(groups: readonly Group[]): ScoredProtocol | null {
  return SCORED.find((protocol) => groups.some((group) => evaluationsOf(group, protocol).length > 0)) ?? null;
}

/** The groups that a protocol has scored, best first. */
export function scoredBy(groups: readonly Group[], protocol: ScoredProtocol): Scored[] {
  return groups
    .flatMap((group) => {
      const found = evaluationsOf(group, protocol);
      const [evaluation] = found;
      const top1 = spread(found.map((one) => one.top1));
      if (!evaluation || !top1) return [];
      const baseline = (key: "untrained" | "pixels") => spread(found.map((one) => one[key]?.top1))?.mean ?? null;
      const images = Math.min(...found.map((one) => one.val_images));
      return [
        {
          group,
          evaluation,
          evaluations: found,
          top1: top1.mean,
          std: top1.std,
          seeds: top1.n,
          images,
          untrained: baseline("untrained"),
          pixels: baseline("pixels"),
        },
      ];
    })
    .sort((a, b) => b.top1 - a.top1);
}

/** 95 % interval of a score over test images: what evaluation made, but no narrower than Wilson's, as earlier versions made it of few images. */
export function intervalOf(score: Score, images: number): Interval {
  const made = score.interval?.top1;
  const least = wilson(score.top1, images);
  return made ? hull(made, least) : least;
}

/** Student's t at 97.5 %, by degrees of freedom from 1; beyond them two terms of the Cornish–Fisher expansion. */
const T = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

function student(degrees: number): number {
  // Rounding leaves 3.9999… of four.
  const df = Math.max(1, Math.floor(degrees + 1e-9));
  const z = 1.959963984540054;
  return T[df - 1] ?? z + (z ** 3 + z) / (4 * df) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * df * df);
}

/**
 * 95 % interval of `a − b`. From the test images: the paired bootstrap where both were scored on the same ones and keep what they
 * predicted, else Newcombe's, which takes the two as independent. Where either has several seeds, Welch's from the seeds comes on top,
 * both half-widths added in squares, since seeds and test images are drawn independently. A single run is taken as it is: an encoder
 * off the shelf has no seeds, and of one seed nothing says how far others lie.
 */
export function leadOf(a: Scored, b: Scored): Interval {
  const parts = [a, b].map(({ std, seeds }) => ({ variance: (std ?? 0) ** 2 / seeds, freedom: seeds - 1 }));
  const variance = parts.reduce((sum, one) => sum + one.variance, 0);
  const shares = parts.map((one) => (one.variance === 0 ? 0 : one.variance ** 2 / one.freedom));
  const degrees = variance ** 2 / shares.reduce((sum, one) => sum + one, 0);
  return withSeeds(fromImages(a, b, "trained"), a.top1 - b.top1, variance, degrees);
}

/**
 * 95 % interval of a group's lead over its own baseline: paired over test images where evaluation measured that, and over seeds, of
 * which each has a baseline of its own.
 */
export function gainOf(scored: Scored, baseline: "untrained" | "pixels"): Interval | null {
  const other = scored[baseline];
  if (other === null) return null;
  const measured = scored.seeds === 1 ? scored.evaluation.lead?.[baseline]?.interval : null;
  if (measured) return measured;
  const images = fromImages(scored, { ...scored, top1: other }, baseline);
  const gains = spread(
    scored.evaluations.map((one) => {
      const beside = one[baseline]?.top1;
      return beside === undefined ? null : one.top1 - beside;
    }),
  );
  if (!gains) return images;
  return withSeeds(images, scored.top1 - other, (gains.std ?? 0) ** 2 / gains.n, gains.n - 1);
}

/** From the test images alone. @param other what of `b` is meant: its trained encoder, or a baseline whose score `b.top1` then is */
function fromImages(a: Scored, b: Scored, other: Kind): Interval {
  return paired(a, b, other) ?? difference(a.top1, b.top1, Math.min(a.images, b.images));
}

/** What the images leave open of a difference `d`, and what seeds do on top. @param variance of the difference of means over seeds */
function withSeeds(images: Interval, d: number, variance: number, degrees: number): Interval {
  if (variance === 0) return images;
  const half = student(degrees) * Math.sqrt(variance);
  return [d - Math.hypot(d - images[0], half), d + Math.hypot(images[1] - d, half)];
}
