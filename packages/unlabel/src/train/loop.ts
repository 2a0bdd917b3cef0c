// The training loop: every step is logged, every epoch saved, and Ctrl-C loses nothing.
import { performance } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import type { Config } from "../config/schema.ts";
import type { Batch } from "../data/loader.ts";
import { UserError } from "../errors.ts";
import { saveCheckpoint, type Trained } from "./checkpoint.ts";
import { makeSchedule } from "./optimizer.ts";
import type { Profiler } from "./profile.ts";
import type { Progress } from "./progress.ts";
import { CHECKPOINT_SECONDS, type MetricsRow, type RunDirectory, type RunResult } from "./run.ts";
import { checkShapes, type StepOutcome, trainStep } from "./step.ts";
import type { StopRequest } from "./stop.ts";

export interface LoopOptions extends Trained {
  config: Config;
  precision: "fp32" | "bf16";
  run: RunDirectory;
  /** Batches from step `start` on. */
  batches: AsyncIterator<Batch>;
  stepsPerEpoch: number;
  /** Steps in all, and how many of them were done before. */
  total: number;
  start: number;
  progress: Progress;
  stop: StopRequest;
  /** Records a few steps; its lines go to the log. */
  profiler?: Profiler | undefined;
}

/**
 * Trains from step `start` to step `total`, or until asked to stop; a checkpoint of the last step is then on the disk.
 *
 * @returns the last step done
 * @throws {UserError} where the loss is no longer a number
 */
export async function trainLoop(options: LoopOptions): Promise<number> {
  const { config, run, batches, stepsPerEpoch, total, start, progress, stop } = options;
  const rows = run.metrics();
  const secondsBefore = rows.at(-1)?.seconds ?? 0;
  const began = performance.now();
  const schedule = makeSchedule(config, stepsPerEpoch, total);
  let [step, saved, savedAt, mark] = [start, start, began, began];
  while (step < total && stop.signal === null) {
    const { value: batch, done } = await batches.next();
    if (done) throw new Error(`Expected a batch for step ${step + 1} of ${total}, got the end of the data`);
    const waited = performance.now() - mark;
    const lr = schedule(step);
    step++;
    const outcome = oneStep(options, batch, step, lr);
    refuseNotFinite(outcome, step, saved, config);
    const now = performance.now();
    const row: MetricsRow = {
      step,
      epoch: Math.ceil(step / stepsPerEpoch),
      seconds: round(secondsBefore + (now - began) / 1000),
      "train/loss": outcome.loss,
      "train/lr": lr,
      "train/grad_norm": outcome.gradNorm,
      ...Object.fromEntries(Object.entries(outcome.logs).map(([name, value]) => [`train/${name}`, value])),
      "data/images_per_s": round((1000 * config.batch) / (now - mark)),
      "data/wait_s": round(waited / 1000),
    };
    mark = now;
    run.log(row);
    options.profiler?.stepDone(waited);
    if (step === 1) {
      // What chance gives may depend on the first batch.
      run.update({ chance: options.method.chance });
      progress.log(startingLoss(outcome.loss, options.method.chance));
    }
    progress.update(step, `loss ${outcome.loss.toFixed(4)}`, `epoch ${row.epoch}/${Math.ceil(total / stepsPerEpoch)}`);
    const epochEnds = step % (stepsPerEpoch * config.checkpoint_every_epochs) === 0;
    if (epochEnds || step === total || now - savedAt > 1000 * CHECKPOINT_SECONDS) {
      saveCheckpoint(run, step, options);
      [saved, savedAt] = [step, performance.now()];
    }
    // A step is one long native call: signals and timers get their turn here.
    await setImmediate();
  }
  if (step > saved) saveCheckpoint(run, step, options);
  return step;
}

function oneStep(
  { method, optimizer, device, precision, config }: LoopOptions,
  batch: Batch,
  step: number,
  lr: number,
) {
  try {
    checkShapes(batch.views, method, config.batch);
    optimizer.lr = lr;
    const { micro_batch: microBatch, clip_grad_norm: clip } = config;
    return trainStep({ method, optimizer, views: batch.views, step, device, precision, microBatch, clip });
  } finally {
    for (const view of batch.views) view.dispose();
  }
}

function startingLoss(loss: number, chance: number | null): string {
  return `starting loss ${loss.toFixed(4)}${chance === null ? "" : ` (${chance.toFixed(4)} is chance)`}`;
}

/** Stops before anything that is not a number reaches a checkpoint. */
function refuseNotFinite(
  { loss, gradNorm }: StepOutcome,
  step: number,
  saved: number,
  { lr, precision }: Config,
): void {
  if (Number.isFinite(loss) && Number.isFinite(gradNorm)) return;
  const found = Number.isFinite(loss) ? `gradients of norm ${gradNorm}` : `a loss of ${loss}`;
  const kept = saved > 0 ? `the checkpoint of step ${saved} is whole` : "nothing was saved";
  const advice = `a lower lr than ${lr}, clip_grad_norm${precision === "fp32" ? "" : " or precision fp32"}`;
  throw new UserError(`Expected finite numbers at step ${step}, got ${found}; ${kept}. Try ${advice}.`);
}

/** What a run has come to, from its metrics. */
export function summarize(run: RunDirectory, batch: number, stepsPerEpoch: number, peakMb: number): RunResult {
  const rows = run.metrics();
  const last = rows.at(-1);
  if (!last) throw new Error(`Expected at least one step in the metrics of ${run.path}, got none`);
  const speeds = rows.filter(({ step }) => step > 2 || step === last.step).map((row) => row["data/images_per_s"]!);
  const imagesPerS = median(speeds);
  return {
    steps: last.step,
    epochs: round(last.step / stepsPerEpoch),
    seconds: last.seconds,
    images_per_s: round(imagesPerS),
    step_s: round(batch / imagesPerS),
    loss_first: rows[0]!["train/loss"]!,
    loss_last: last["train/loss"]!,
    peak_mb: Math.round(Math.max(peakMb, run.info.result?.peak_mb ?? 0)),
    skipped: new Set(run.skipped().map(({ path }) => path)).size,
  };
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const last = sorted.length - 1;
  return (sorted[Math.floor(last / 2)]! + sorted[Math.ceil(last / 2)]!) / 2;
}

/** Four digits after the point: enough for times, and lines stay short. */
function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
