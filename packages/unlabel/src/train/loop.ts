// The training loop: every step is logged, every epoch saved, and Ctrl-C loses nothing.

import { performance } from "node:perf_hooks";
import { round } from "../base/numbers.ts";
import { bytesInWords } from "../base/text.ts";
import type { SettledConfig } from "../config/common.ts";
import type { Batch } from "../data/loader.ts";
import type { ViewSpec } from "../data/views.ts";
import { CHECKPOINT_SECONDS, type MetricsRow, type RunDirectory } from "../run/directory.ts";
import { Clock, withSteps } from "./budget.ts";
import { checkpointBytes, saveCheckpoint, type Trained } from "./checkpoint.ts";
import type { Listeners } from "./events.ts";
import { refuseBrokenWeights, refuseNotFinite } from "./finite.ts";
import type { Growth } from "./growth.ts";
import type { Look } from "./look.ts";
import type { Moment } from "./look-plan.ts";
import { makeSchedule, setRates } from "./optimizer.ts";
import type { Profiler } from "./profile.ts";
import type { Progress } from "./progress.ts";
import { NOBODY_ELSE, type RankGroup } from "./rank-group.ts";
import { localBatch } from "./ranks.ts";
import { NoRoom, withRoom } from "./room.ts";
import type { SkippedImages } from "./skipped-images.ts";
import { checkShapes, type StepOutcome, stepSettings, trainStep } from "./step.ts";
import { type StopRequest, turn } from "./stop.ts";
import type { TrainingLog } from "./training-log.ts";
import type { OnLook, Watch } from "./watch.ts";

export interface LoopOptions extends Trained {
  config: SettledConfig;
  precision: "fp32" | "bf16";
  run: RunDirectory;
  /** Batches from step `start` on. */
  batches: AsyncIterator<Batch>;
  /** What the batches' indices count. */
  items: readonly { path: string }[];
  stepsPerEpoch: number;
  /** Place in the global batch of the first image that this process trains on; default 0. */
  first?: number;
  /** Steps in all, and how many of them were done before. */
  total: number;
  start: number;
  /** Who trains together: rank 0 decides how long, and when to stop. By default this process by itself. */
  group?: RankGroup;
  /** The sizes of the views, step by step; by default those of the method. */
  growth?: Growth;
  progress: Progress;
  stop: StopRequest;
  /** Records a few steps; its lines go to the log. */
  profiler?: Profiler | undefined;
  /** Looks at the encoder from time to time. */
  watch?: Watch | null;
  /** Takes in what other ranks could not read. */
  skipped?: SkippedImages;
  /** Takes every step beside metrics.jsonl. */
  log?: TrainingLog | null;
  listeners?: Listeners;
}

/**
 * Trains from step `start` to step `total`, or until asked to stop; a checkpoint of the last step is then on the disk. While
 * the disk is full it waits; asked to stop then, it takes back what could not be saved.
 *
 * @returns the last step done and saved
 * @throws {UserError} where the loss is no longer a number
 */
export async function trainLoop(options: LoopOptions): Promise<number> {
  const { config, run, batches, stepsPerEpoch, start, progress, stop, watch, growth, log, listeners = {} } = options;
  const { group = NOBODY_ELSE, skipped } = options;
  const secondsBefore = run.lastRow()?.seconds ?? 0;
  const began = performance.now();
  const seconds = () => secondsBefore + (performance.now() - began) / 1000;
  let total = options.total;
  let schedule = makeSchedule(config, stepsPerEpoch, total);
  const clock = config.budget === null || !group.first ? null : new Clock(config.budget, total);
  let replanned = false;
  let [step, saved, savedAt, stepBegan, stepSeconds] = [start, start, began, began, 0];
  const write = (what: string, action: () => void) => {
    const kept = saved > 0 ? `the checkpoint of step ${saved}` : "nothing is saved yet, and that";
    return withRoom(what, action, { folder: run.path, progress, stop, kept });
  };
  const save = async () => {
    refuseBrokenWeights(options.method, step, saved);
    const what = `the checkpoint of step ${step} (${bytesInWords(checkpointBytes(options))})`;
    await write(what, () => saveCheckpoint(run, step, options));
    [saved, savedAt] = [step, performance.now()];
    listeners.onEvent?.({ type: "checkpoint", step });
  };
  const moment = (): Moment => {
    return { step, total, stepsPerEpoch, seconds: seconds(), stepSeconds };
  };
  const label = () => `epoch ${Math.ceil(step / stepsPerEpoch)}/${Math.ceil(total / stepsPerEpoch)}`;
  const onLook: OnLook = (images, expected) => {
    listeners.onEvent?.({ type: "look", step, images, seconds: expected });
    progress.update(step, `looking at ${images} images`, label(), expected >= 1);
  };
  const tellPlan = async (before: number) => {
    const note = `${before} steps became ${total} at step ${step}, to keep the budget of ${config.budget} s`;
    progress.expect(total);
    listeners.onEvent?.({ type: "plan", step, total });
    // Once is enough to say so; all of them stand in run.json.
    if (!replanned) progress.log(note);
    replanned = true;
    const { steps, epochs } = withSteps(config, total, stepsPerEpoch);
    await write("run.json", () => {
      run.update({ config: { ...config, steps, epochs }, ...growth?.recorded });
      run.note(note);
    });
  };
  const keepPictures = async () => {
    const complaint = watch?.takeComplaint();
    if (complaint) progress.log(complaint);
    for (const { moment: shown, sheet } of watch?.takePictures() ?? []) {
      await write(`the pictures of step ${shown.step}`, () => run.picture(shown, sheet));
    }
  };
  // Several stop after the same step, which rank 0 says.
  const asked = () => !group.several && stop.signal !== null;
  let [stopped, within] = [false, false];
  try {
    if (step === 0 && stop.signal === null && group.first) await watch?.begin(moment());
    // What that took is no part of the first step, in which the others wait for it.
    stepBegan = performance.now();
    while (step < total && !stopped && !asked()) {
      const planBefore = total;
      const { value: batch, done } = await batches.next();
      if (done) throw new Error(`Expected a batch for step ${step + 1} of ${total}, got the end of the data`);
      try {
        // Asked to stop while the batch was read: this step is not begun.
        if (asked()) break;
        within = true;
        const waited = performance.now() - stepBegan;
        const lr = schedule(step);
        const views = growth?.viewsAt(step) ?? options.method.views;
        const size = growth?.grows ? growth.sizeAt(step) : null;
        if (step === config.freeze_encoder_steps && step > start) progress.log("the encoder learns from now on");
        if (growth?.stages.some(({ from }) => from === step && from > 0)) {
          progress.log(`views of ${size} px from now on`);
        }
        step++;
        const due = watch?.due(moment()) === true;
        const outcome = oneStep({ ...options, total }, batch, views, step, lr, due);
        stepSeconds = (performance.now() - stepBegan) / 1000;
        const finite = Number.isFinite(outcome.loss + outcome.gradNorm);
        if (!finite) watch?.record.notFinite(step);
        const indices = finite ? batch.indices : Int32Array.from((await group.all([...batch.indices])).flat());
        const place = { folder: run.path, items: options.items, writes: group.first };
        refuseNotFinite(outcome, { batch: { indices }, step, saved, lr, config, ...place });
        const planned = clock?.plan(step, seconds(), total, watch?.seconds, growth) ?? total;
        if (planned !== total) {
          [total, schedule] = [planned, makeSchedule(config, stepsPerEpoch, planned)];
          growth?.plan(step, total);
        }
        const look: Look = (await watch?.look(moment(), due, batch.views, onLook)) ?? {};
        if (due && look["health/std"] !== undefined) look["health/grad_norm"] = outcome.encoderNorm!;
        if (look["watch/seconds"] !== undefined) progress.leaveOut(look["watch/seconds"]);
        const row: MetricsRow = {
          step,
          epoch: Math.ceil(step / stepsPerEpoch),
          seconds: round(seconds()),
          ...learnt(outcome, lr),
          ...look,
          "data/images_per_s": round(config.batch / stepSeconds),
          "data/wait_s": round(waited / 1000),
          ...(size !== null && { "data/size": size }),
        };
        stepBegan = performance.now();
        if (group.several) skipped?.gather();
        await write(`the metrics of step ${step}`, () => run.log(row));
        if (log) await write(`the log's events of step ${step}`, () => log.step(row));
        await keepPictures();
        listeners.onStep?.(row);
        if (watch?.observe(row, run.info.chance ?? options.method.chance)) {
          const { health } = watch;
          progress.log(health.text);
          listeners.onEvent?.({ type: "health", step, health });
          await write("run.json", () => run.update({ health }));
        }
        const missing = step === total ? watch?.leftOut(moment()) : null;
        if (missing) progress.log(missing);
        options.profiler?.stepDone(waited);
        if (step === 1) {
          // What chance gives may depend on the first batch.
          await write("run.json", () => run.update({ chance: options.method.chance }));
          progress.log(startingLoss(outcome.loss, options.method.chance));
        }
        progress.update(step, `loss ${outcome.loss.toFixed(4)}`, label());
      } finally {
        for (const view of batch.views) view.dispose();
      }
      const epochEnds = step % (stepsPerEpoch * config.checkpoint_every_epochs) === 0;
      const isPlannedAnew = total !== planBefore;
      if (epochEnds || step === total || isPlannedAnew || performance.now() - savedAt > 1000 * CHECKPOINT_SECONDS) {
        await save();
      }
      // After the checkpoint: a run that is killed goes on from a step of which run.json has the plan that it was trained under.
      if (isPlannedAnew) await tellPlan(planBefore);
      // A step is one long native call, and saving another: what came meanwhile is heard before the next one begins.
      await turn();
      if (group.several) {
        if (stop.signal !== null && !group.first) group.askToStop();
        within = false;
        const word = await group.afterStep(() => ({ total, stop: stop.signal !== null || group.askedToStop }));
        stopped = word.stop;
        if (word.total !== total) {
          [total, schedule] = [word.total, makeSchedule(config, stepsPerEpoch, word.total)];
          growth?.plan(step, total);
        }
      }
    }
    if (step > 0 && step < total) await watch?.flush();
    await keepPictures();
    if (step > saved) await save();
  } catch (error) {
    if (!(error instanceof NoRoom)) throw error;
    // The others wait to hear how it goes on.
    if (group.several && within) await group.afterStep(() => ({ total, stop: true }));
    run.rewind(saved);
  }
  return saved;
}

function oneStep(
  { method, optimizer, average, device, precision, config, watch, stepsPerEpoch, first = 0, total, group }: LoopOptions,
  batch: Batch,
  views: readonly ViewSpec[],
  step: number,
  lr: number,
  encoderNorm: boolean,
): StepOutcome {
  checkShapes(batch.views, { views }, localBatch((group ?? NOBODY_ELSE).ranks, config.batch));
  const progress = { step, total, epoch: Math.ceil(step / stepsPerEpoch) };
  setRates(optimizer, config, method, lr, progress);
  return trainStep({
    method,
    optimizer,
    average,
    views: batch.views,
    progress,
    first,
    images: batch.indices,
    device,
    precision,
    ...stepSettings(config),
    encoderNorm,
    headsAlone: step <= config.freeze_encoder_steps,
    onFeatures: watch?.learner(batch.indices),
  });
}

/** What a step says of the training itself. */
function learnt({ loss, gradNorm, logs, watched }: StepOutcome, lr: number) {
  const own = Object.fromEntries(Object.entries(logs).map(([name, value]) => [`train/${name}`, value]));
  return { "train/loss": loss, "train/lr": lr, "train/grad_norm": gradNorm, ...own, ...watched };
}

function startingLoss(loss: number, chance: number | null): string {
  return `starting loss ${loss.toFixed(4)}${chance === null ? "" : ` (${chance.toFixed(4)} is chance)`}`;
}
