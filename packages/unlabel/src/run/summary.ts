// What a run has come to, from its metrics.
import { median, round } from "../base/numbers.ts";
import type { MetricsRow, RunDirectory, RunResult } from "./directory.ts";

/** Reads the steps one after the other: of each only its speed is kept. */
export function summarize(run: RunDirectory, batch: number, stepsPerEpoch: number, peakMb: number): RunResult {
  const speeds: number[] = [];
  let watched = 0;
  let [first, last]: (MetricsRow | null)[] = [null, null];
  for (const row of run.rows()) {
    first ??= row;
    last = row;
    watched += row["watch/seconds"] ?? 0;
    if (row.step > 2) speeds.push(row["data/images_per_s"]!);
  }
  if (!first || !last) throw new Error(`Expected at least one step in the metrics of ${run.path}, got none`);
  const imagesPerS = speeds.length > 0 ? median(speeds) : last["data/images_per_s"]!;
  return {
    steps: last.step,
    epochs: round(last.step / stepsPerEpoch),
    seconds: last.seconds,
    images_per_s: round(imagesPerS),
    step_s: round(batch / imagesPerS),
    loss_first: first["train/loss"]!,
    loss_last: last["train/loss"]!,
    peak_mb: Math.round(Math.max(peakMb, run.info.result?.peak_mb ?? 0)),
    skipped: new Set(run.skipped().map(({ path }) => path)).size,
    watch_s: round(watched),
  };
}
