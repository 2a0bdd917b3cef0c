// One session of training, from a plan to a run directory: settle, build, resume, train, finish, each in a file of its own.

import { engineInfo } from "@unlabel/torch";
import { codeDigest } from "../base/code-digest.ts";
import { InterruptedError } from "../base/errors.ts";
import { counted } from "../base/text.ts";
import { versionOfUnlabel } from "../base/version.ts";
import type { SettledConfig } from "../config/common.ts";
import type { Dataset } from "../data/folder.ts";
import type { Encoder } from "../encoders/index.ts";
import { loadWeights } from "../encoders/weights/index.ts";
import { RunDirectory, type RunInit } from "../run/directory.ts";
import { startValues } from "../run/health.ts";
import { lockRun } from "../run/lock.ts";
import { stepsOf } from "./budget.ts";
import { build } from "./build.ts";
import { describe, introduction } from "./describe.ts";
import type { Listeners } from "./events.ts";
import { fail, finish, type Pretrained } from "./finish.ts";
import { initLines, recordOf } from "./init.ts";
import { loadInitial, saveInitial } from "./initial.ts";
import { trainLoop } from "./loop.ts";
import type { Plan } from "./plan.ts";
import { Profiler } from "./profile.ts";
import { Progress, type ProgressStream } from "./progress.ts";
import { NOBODY_ELSE, type RankGroup } from "./rank-group.ts";
import { firstPlace } from "./ranks.ts";
import { finished, reopen, restore } from "./resume.ts";
import { sameStart } from "./same-start.ts";
import { settle } from "./settle.ts";
import { SkippedImages } from "./skipped-images.ts";
import { listen, type StopSources } from "./stop.ts";
import { teacherLines } from "./teacher.ts";
import { openLog } from "./tensorboard.ts";
import type { TrainingLog } from "./training-log.ts";
import { startWatch, type Watch } from "./watch.ts";

export interface SessionOptions extends StopSources {
  stream: ProgressStream;
  listeners: Listeners;
  /** Who trains together; by default this process by itself. */
  group?: RankGroup;
}

/** Trains as planned on `data`. */
export async function train(plan: Plan, data: Dataset, options: SessionOptions): Promise<Pretrained> {
  const { out, goOn } = plan;
  const { stream, listeners, group = NOBODY_ELSE } = options;
  if (group.several) await group.same(facts(data));
  const settled = await settle(plan, data, (line) => void stream.write(`${line}\n`), group);
  const { config, machine, reader } = settled;
  using _teacher = settled.teacher;
  const skipped = new SkippedImages(listeners, group);
  const begun = beginning(plan, config, group);
  using built = build(settled, skipped, plan.run?.info.growth, begun?.begin);
  // All of it is copied.
  plan.init?.[Symbol.dispose]();
  plan.teacher?.[Symbol.dispose]();
  const { method, optimizer, average, loader, stepsPerEpoch, total, growth } = built;
  const { device, precision } = machine;
  const info = { ...describe(plan, settled, data, built), ...(begun?.record && { init: begun.record }) };
  // Nothing is there yet that could be resumed.
  if (options.signal?.aborted) throw new InterruptedError("Interrupted before training began");

  using lock = group.first ? lockRun(out) : NO_LOCK;
  const old = plan.run && (group.first ? reopen(out, info) : plan.run);
  const already = await group.fromFirst(() => old && finished(old, total));
  if (old && already) {
    const more = "ask for more with --epochs, --steps or --budget";
    stream.write(`${out} has already done its ${counted(already.steps, "step")}; ${more}\n`);
    return { run: out, info: old.info, result: already, interrupted: false };
  }
  const begins = info.init !== undefined || old?.info.init !== undefined;
  const looking = { config, data, method, average, device, precision, reader, stepsPerEpoch, start: begins, group };
  using watch = startWatch(looking);
  const trained = { method, optimizer, average, device, probe: watch?.probe ?? null };
  const create = () => RunDirectory.create(out, info, info.init && ((file) => saveInitial(file, method.encoder)));
  const run = old ?? (group.first ? create() : RunDirectory.following(out, info));
  run.guard(lock.check);
  try {
    const found = { trained, total, extension: plan.extension, growth };
    const { start, notes, anew } = await group.fromFirst(() => (old ? restore(old, info, found) : NEW));
    if (anew && !group.first) growth.plan(start, total, 0);
    await sameStart(group, trained);
    const onLog = listeners.onEvent && ((text: string) => listeners.onEvent?.({ type: "log", text }));
    const progress = new Progress({ total, start, stream, onLog, work: (steps) => growth.of(steps) });
    skipped.open(run, progress);
    listeners.onEvent?.({ type: "begin", run: out, step: start, total, info: run.info });
    watch?.open(out, start);
    for (const line of [...settled.reasons, ...introduction(info, { out, total, start, through: group.through })])
      progress.log(line);
    if (!old && info.init) for (const line of initLines(info.init, config, plan.given)) progress.log(line);
    if (!old && info.teacher) for (const line of teacherLines(info.teacher)) progress.log(line);
    if (settled.cacheChoice !== null) progress.log(settled.cacheChoice);
    if (old && start === 0) progress.log("It stopped before anything was saved: training begins again from step 0");
    for (const note of notes) progress.log(`note: ${note}`);
    if (begins && start === 0 && watch && !run.info.start)
      await group.fromFirst(() => lookAtStart(watch, run, progress));
    if (run.info.start) watch?.record.beganWith(run.info.start);
    if (old && watch) for (const row of run.rows()) watch.observe(row, run.info.chance);

    const finishing = "Finishing this step, then saving.";
    const stop = listen(options, (process) =>
      progress.log(process ? `${finishing} Ctrl-C again ends at once.` : finishing),
    );
    const profiler = plan.profile && group.first ? new Profiler(out, (line) => progress.log(line)) : undefined;
    const batches = loader.batches({ step: start });
    let log: TrainingLog | null = null;
    try {
      const first = firstPlace(group.ranks, config.batch);
      const { items } = data.train;
      log = group.first ? openLog({ run, config, start, say: (line) => progress.log(line) }) : null;
      if (run.info.start && start === 0) log?.step({ step: 0, epoch: 0, seconds: 0, ...startValues(run.info.start) });
      const loop = {
        ...trained,
        log,
        config,
        precision,
        run,
        batches,
        items,
        stepsPerEpoch,
        first,
        total,
        start,
        growth,
        group,
        skipped,
      };
      const step = await trainLoop({ ...loop, progress, stop, profiler, watch, listeners });
      profiler?.end();
      progress.end();
      const end = { run, method, config, data, stepsPerEpoch, watch, log, progress, stop, goOn };
      const ended = await group.fromFirst(() => finish(step, end));
      await log?.end?.(ended.interrupted ? "KILLED" : "FINISHED");
      if (ended.interrupted) progress.log(saved(step, stepsOf(run.info.config, stepsPerEpoch), goOn));
      listeners.onEvent?.({ type: "end", step, status: ended.interrupted ? "interrupted" : "done" });
      return ended;
    } catch (error) {
      await log?.end?.("FAILED");
      throw error;
    } finally {
      skipped.close();
      progress.end();
      stop.release();
      await batches.return();
    }
  } catch (error) {
    throw fail(group.explained(error), { run, config, watch });
  }
}

/** What gives the encoder the weights that it is to begin with; of a run that goes on, those that it keeps. Null where they are random. */
function beginning({ init, run }: Plan, config: SettledConfig, { first }: RankGroup) {
  if (init) {
    const begun: { begin: (encoder: Encoder) => void; record: RunInit | null } = {
      record: null,
      begin: (encoder) => {
        const loaded = loadWeights(encoder, init.source, { channels: config.init_channels });
        begun.record = recordOf(init, loaded, config);
      },
    };
    return begun;
  }
  // A checkpoint has all of it; the file is only asked for where there is none.
  // Ranks other than the first are given all of it.
  if (!first || !run?.info.init || run.hasWeights) return null;
  return { begin: (encoder: Encoder) => loadInitial(run, encoder), record: null };
}

/** Keeps what the encoder was before the first step, which later looks are held against. */
async function lookAtStart(watch: Watch, run: RunDirectory, progress: Progress): Promise<void> {
  const found = await watch.lookAtStart((images) => progress.log(`looking at ${images} images before the first step`));
  if (found === null) return;
  run.update({ start: found });
  const knn = found.votes[0];
  const rank = found.health?.values["health/rank"];
  const words = [
    ...(knn ? [`kNN ${(100 * knn.top1).toFixed(1)} % among ${knn.images} images`] : []),
    ...(rank !== undefined ? [`features vary in ${rank.toFixed(0)} directions`] : []),
  ];
  if (words.length > 0) progress.log(`at step 0: ${words.join(", ")}`);
}

function saved(step: number, planned: number, goOn: string | null): string {
  return `Saved step ${step} of ${planned}.${goOn === null ? "" : ` Continue with: ${goOn}`}`;
}

const NEW = { start: 0, notes: [] as string[], anew: false };

/** Rank 0 holds it for all. */
const NO_LOCK = { check: () => {}, [Symbol.dispose]: () => {} };

/** What ranks may differ in that have found each other: their images, and what runs. */
function facts({ fingerprint, train, val }: Dataset): Record<string, unknown> {
  const { version } = engineInfo();
  return {
    "version of unlabel": versionOfUnlabel(),
    "code of unlabel": codeDigest(),
    "version of LibTorch": version,
    "number of training images": train.items.length,
    images: { fingerprint, val: val?.items.length ?? 0 },
  };
}
