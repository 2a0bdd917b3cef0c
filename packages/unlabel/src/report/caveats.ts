// What may not be concluded from the numbers: what differs beside the method, and what was not measured.

import { commandLine, shellWord } from "../base/shell.ts";
import { list, plural, significant, spelled } from "../page/format.ts";
import { labelsFileIn } from "../run/evaluations.ts";
import type { Run } from "../run/read/run.ts";
import { costOf, trainedOf } from "./costs.ts";
import { type Group, type Scored, seedOf } from "./groups.ts";
import { titleOf } from "./method-words.ts";

/** Settings that, where they differ, leave a difference in score open to more than one reading. */
const CONFOUNDERS = [
  ["encoder", "encoder"],
  ["size", "image size"],
  ["epochs", "epochs asked for"],
  ["batch", "batch size"],
  ["seed", "seed"],
] as const;

export function confounders(groups: readonly Group[]): string[] {
  // Seeds of one group differ by design, and so does what comes off the shelf.
  const runs = trainedOf(groups.flatMap(({ name, runs: [run] }) => (run ? [{ ...run, name }] : [])));
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
  const methods = new Set(runs.map((run) => titleOf(run.file)));
  const scored = runs.some(({ evaluations }) => evaluations.scored.size > 0 || evaluations.indicators === null);
  const blame = methods.size > 1 ? "the method" : "any one setting";
  const sentences = differing.length
    ? [
        `The runs differ in ${list(differing)}; a difference ${scored ? "in score" : "between them"} cannot be put down to ${blame} alone.`,
      ]
    : [];
  if (methods.size > 1) {
    const found = list([...methods]);
    sentences.push(`The losses of ${found} measure different things and are not compared.`);
  }
  return sentences;
}

/** Why the scores of these runs may not be set against each other; null where they may. */
export function incomparable(scored: readonly Scored[]): string | null {
  const distinct = (key: (one: Scored) => unknown) => new Set(scored.map((one) => JSON.stringify(key(one)))).size > 1;
  const reasons: string[] = [];
  if (distinct(({ evaluation }) => evaluation.classes.map(({ name }) => name))) reasons.push("different classes");
  else if (distinct(({ evaluation }) => evaluation.val_images)) reasons.push("a different number of test images");
  else if (new Set(scored.flatMap(({ evaluation }) => evaluation.predicted?.images ?? [])).size > 1)
    reasons.push("different test images");
  else if (distinct(({ group, evaluation }) => evaluation.fingerprint ?? group.runs[0]?.file.data?.fingerprint ?? null))
    reasons.push("different data");
  if (distinct(({ evaluation }) => evaluation.train_images))
    reasons.push("probes fitted on a different number of images");
  return reasons.length ? list(reasons) : null;
}

export function gaps(runs: readonly Run[], groups: readonly Group[], scored: readonly Scored[]): string[] {
  const sentences: string[] = [];
  for (const run of runs) {
    // Of images without labels there is none to measure.
    const isUnlabelled = run.evaluations.indicators !== null && (run.file.data?.classes?.length ?? 0) < 2;
    if (!run.evaluations.scored.has("linear") && !isUnlabelled) {
      // As the others were scored, or it could not be set beside them.
      const { data, notes, split_seed: split } = scored[0]?.evaluation ?? {};
      const labels = labelsFileIn(notes);
      const root = data ?? run.file.data?.root ?? "DATA";
      const probe = commandLine(
        ...["probe", shellWord(run.shelf?.source.path ?? run.dir), "--data", shellWord(root)],
        ...(labels ? ["--labels", shellWord(labels)] : []),
        ...(split != null && split !== seedOf(run) ? ["--split-seed", String(split)] : []),
      );
      sentences.push(`${run.name} has no linear probe; measure one with: ${probe}`);
    }
  }
  for (const { group, untrained } of scored) {
    if (untrained === null)
      sentences.push(`${group.name} was scored without its untrained baseline, so its gain is unknown.`);
  }
  const odd = scored.length > 1 ? incomparable(scored) : null;
  if (odd) sentences.push(`The scored runs have ${odd}, so none is ranked above another.`);
  if (scored.length) {
    const trained = groups.filter(({ runs }) => trainedOf(runs).length > 0);
    const seeds = Math.max(0, ...trained.map((group) => group.runs.length));
    if (seeds === 0) return sentences;
    sentences.push(
      seeds > 1
        ? `At most ${plural(seeds, "seed")} stand behind a score; so few say little of how far seeds lie apart.`
        : "Each score comes from one seed; how much another seed would change it was not measured.",
    );
  }
  return sentences;
}
