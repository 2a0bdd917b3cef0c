// What runs cost, in words.
import { duration, megabytes, millions, plural, significant } from "../page/format.ts";
import type { Run } from "../run/read/run.ts";

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

export function costSentence(run: Run): string {
  const cost = costOf(run);
  const parts = [
    cost.seconds !== null && `took ${duration(cost.seconds)} for ${plural(cost.steps, "step")}`,
    cost.images_per_s !== null && `at ${significant(cost.images_per_s)} images/s`,
    cost.encoder !== null && `with ${millions(cost.encoder)} encoder parameters`,
    cost.peak_mb !== null && `and at most ${megabytes(cost.peak_mb)} of memory`,
  ].filter((part) => part !== false);
  return parts.length ? `${run.name} ${parts.join(" ")}.` : `${run.name} recorded no cost.`;
}

/** Those that were trained here. */
export function trainedOf<R extends Pick<Run, "shelf">>(runs: readonly R[]): R[] {
  return runs.filter(({ shelf }) => shelf === null);
}

export function costRatio(runs: readonly Run[]): string[] {
  const timed = runs.flatMap((run) => {
    const { seconds } = costOf(run);
    return seconds ? [{ run, seconds }] : [];
  });
  const [a, b] = [...timed].sort((x, y) => x.seconds - y.seconds);
  if (!a || !b || timed.length !== 2) return [];
  return [`${b.run.name} took ${significant(b.seconds / a.seconds)} times as long as ${a.run.name}.`];
}
