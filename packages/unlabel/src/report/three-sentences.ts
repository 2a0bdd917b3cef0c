// The project's question answered in three sentences made from the numbers: which method suits these images, by how much over
// what needs no training, and what it cost. Where the numbers do not tell, the sentences say so.

import { duration, list, percent, plural, significant, spelled } from "../page/format.ts";
import type { Budget } from "../run/read/comparison.ts";
import { incomparable } from "./caveats.ts";
import { againstBaselines, overSeeds, overShelf, range, size, tiedWith } from "./comparison.ts";
import { costOf, trainedOf } from "./costs.ts";
import { type Group, intervalOf, leadOf, mainProtocol, type Scored, scoredBy } from "./groups.ts";
import { sign } from "./intervals.ts";
import { withoutLabels } from "./without-labels.ts";

/** Of fewer test images it is said how many they are. */
const FEW = 100;

/** "58.1 % (± 0.6 over 3 seeds)" or "58.1 % (95 % interval 56.5 to 59.6)". */
function scoreText(one: Scored): string {
  if (one.std !== null) return overSeeds(one);
  const [low, high] = intervalOf(one.evaluation, one.images);
  // Whoever reads of a hundred images knows what these are worth.
  const few = one.images < FEW ? `, ${plural(one.images, "test image")}` : "";
  return `${percent(one.top1)} (95\u00a0% interval ${(low * 100).toFixed(1)} to ${(high * 100).toFixed(1)}${few})`;
}

/** @param main the scores that decide: the linear probe's, or kNN's where that alone was measured */
function which(main: readonly Scored[], all: readonly Scored[]): string {
  const [best, next] = main;
  const known = best?.evaluation.protocol;
  if (!best || (known !== "linear" && known !== "knn"))
    return "No run has a linear probe or a kNN score, so nothing can be said of which features suit these images.";
  const protocol =
    known === "linear" ? "in the linear probe, top-1" : "by kNN, top-1, with no linear probe to set beside it";
  const knn = known === "linear" ? all : [];
  if (!next) {
    const own = knn.find((one) => one.group === best.group);
    return `${best.group.name} reaches ${scoreText(best)} ${protocol}${own ? `, and ${scoreText(own)} by kNN` : ""}.`;
  }
  if (incomparable(main)) return `The runs were scored on ${incomparable(main)}, so none is put before another.`;
  const tied = tiedWith(best, main);
  if (tied.length > 1) {
    const all = list(tied.map((one) => `${one.group.name} ${scoreText(one)}`));
    return `These numbers do not tell which suits these images best: ${all} lie too close together ${protocol}${decided(tied, knn)}.`;
  }
  const lead = `${size(best.top1 - next.top1)} (${range(leadOf(best, next))}) above ${next.group.name}`;
  return `${best.group.name} suits these images best so far: ${scoreText(best)} ${protocol}, ${lead}${confirmed(best, knn)}.`;
}

/** What kNN says of those that the linear probe does not tell apart. */
function decided(tied: readonly Scored[], all: readonly Scored[]): string {
  const knn = all.filter(({ group }) => tied.some((one) => one.group === group));
  const [first, next] = knn;
  if (!first || !next || incomparable(knn)) return "";
  const alike = tiedWith(first, knn);
  if (alike.length === 1) return `; kNN puts ${first.group.name} first, ${over(first, next)}`;
  return `; kNN does not tell ${alike.length < knn.length ? list(alike.map(({ group }) => group.name)) : "them"} apart either (${list(alike.map(({ top1 }) => percent(top1)))})`;
}

/** What kNN says of the one that the linear probe puts first. */
function confirmed(best: Scored, knn: readonly Scored[]): string {
  const own = knn.find((one) => one.group === best.group);
  const rival = knn.find((one) => one.group !== best.group);
  if (!own || incomparable(knn)) return "";
  if (!rival) return `, and ${scoreText(own)} by kNN`;
  const side = sign(leadOf(own, rival));
  if (side > 0) return `; kNN agrees, ${over(own, rival)}`;
  if (side < 0) return `; kNN disagrees and puts ${rival.group.name} first, ${over(rival, own)}`;
  const same = percent(own.top1) === percent(rival.top1);
  if (same) return `; by kNN it and ${rival.group.name} are level (${percent(own.top1)} each)`;
  return `; kNN does not tell it from ${rival.group.name} (${percent(own.top1)} against ${percent(rival.top1)}, a difference within the uncertainty)`;
}

/** "52.0 % against 40.0 % (+9.8 to +14.2)" */
function over(a: Scored, b: Scored): string {
  return `${percent(a.top1)} against ${percent(b.top1)} (${range(leadOf(a, b))})`;
}

function budgetText(budget: Budget | null): string {
  if (!budget) return "";
  const { kind, value } = budget;
  if (kind === "steps") return "Under a set number of steps for each method, ";
  const given = {
    time: duration(value),
    epochs: plural(value, "epoch"),
    flops: `${significant(value / 1e12)}\u00a0TFLOP`,
  };
  return `Under a budget of ${given[kind]} a run, `;
}

function cost(groups: readonly Group[], budget: Budget | null): string {
  const parts = groups.map(({ name, runs }) => {
    const costs = runs.map(costOf);
    const seconds = costs.flatMap((one) => one.seconds ?? []);
    const steps = costs.map((one) => one.steps);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    if (seconds.length === 0) return `${name} recorded no time`;
    return `${name} took ${duration(mean(seconds))} for ${plural(Math.round(mean(steps)), "step")}`;
  });
  const machines = new Set(groups.flatMap(({ runs }) => runs.map(({ file }) => `${file.device}, ${file.threads}`)));
  const [file] = groups.flatMap(({ runs }) => runs.map((run) => run.file));
  const where =
    machines.size === 1 && file?.device
      ? ` on ${file.device === "cpu" ? "CPU" : file.device}${file.threads && file.device === "cpu" ? ` (${plural(file.threads, "thread")})` : ""}`
      : "";
  const means = groups.some(({ runs }) => runs.length > 1) ? ", each the mean over its seeds" : "";
  return `${budgetText(budget)}${list(parts)}${where}${means}.`;
}

const FINE = ["healthy", "too-early"];

/** Groups with a run that is not well, in a few words for the first screen. */
function unwell(groups: readonly Group[]): string {
  const sick = groups.flatMap(({ runs }) =>
    runs.flatMap(({ name, file }) =>
      file.health && !FINE.includes(file.health.verdict)
        ? [`${name} (${spelled(file.health.verdict).replaceAll("-", " ")})`]
        : [],
    ),
  );
  return sick.length ? ` Read this with care: ${list(sick)} did not train soundly, see Health.` : "";
}

/** Three sentences, fewer where nothing is known. */
export function threeSentences(groups: readonly Group[], budget: Budget | null): string[] {
  const trained = groups.filter(({ runs }) => trainedOf(runs).length > 0);
  const unlabelled = withoutLabels(groups);
  if (unlabelled) {
    const [which = "", ...rest] = unlabelled.sentences;
    const found = [which + unwell(groups), ...rest].join(" ");
    const { verdict, likely } = unlabelled;
    // What stood the test goes first; what did not is told as it was found, and then how far that goes.
    const told = likely === null ? [found, verdict] : [verdict, found];
    return [...told, ...(trained.length > 0 ? [cost(trained, budget)] : [])];
  }
  const protocol = mainProtocol(groups);
  const main = protocol ? scoredBy(groups, protocol) : [];
  // What comes off the shelf is the rival where there is any: random weights are a lower one.
  const over = overShelf(main);
  const gains = over.length > 0 ? over : main.flatMap(againstBaselines).map((sentence) => sentence.replace(/\.$/, ""));
  const said = over.length > 0 ? 3 : 2;
  const gained = gains.length > said ? `${gains.slice(0, said).join(". ")}.` : `${gains.join("; ")}.`;
  return [
    which(main, scoredBy(groups, "knn")) + unwell(groups),
    ...(gains.length ? [gained] : []),
    ...(trained.length > 0 ? [cost(trained, budget)] : []),
  ];
}
