// One session of training: settles the machine, builds method, optimizer and loader, restores what was saved, trains,
// and leaves run.json telling the truth whatever happens.

import { join } from "node:path";
import { engineInfo, keepHeap, manualSeed, memory, setThreads, trimHeap } from "@unlabel/torch";
import { cacheDir } from "@unlabel/torch/setup";
import { InterruptedError, UserError } from "../base/errors.ts";
import { isDiskFull } from "../base/files.ts";
import { thisCommand } from "../base/shell.ts";
import { counted } from "../base/text.ts";
import { versionOfUnlabel } from "../base/version.ts";
import type { Config } from "../config/common.ts";
import { cached, chooseCache, roomForPixels } from "../data/cache.ts";
import type { Dataset, Split } from "../data/folder.ts";
import { Loader } from "../data/loader.ts";
import { absoluteRoot } from "../data/open.ts";
import { ImageReader } from "../data/reader.ts";
import { lossWords } from "../methods/about.ts";
import type { Method } from "../methods/method.ts";
import { createMethod, methodNamed, smallestView } from "../methods/registry.ts";
import { stepOf } from "../run/checkpoint-files.ts";
import { RunDirectory, type RunInfo, type RunResult } from "../run/directory.ts";
import { lockRun } from "../run/lock.ts";
import { summarize } from "../run/summary.ts";
import { stepsOf, withinBudget } from "./budget.ts";
import { loadCheckpoint } from "./checkpoint.ts";
import { trainLoop } from "./loop.ts";
import { chooseDevice, chooseThreads, forgetMemoryPeak } from "./machine.ts";
import { explainMemory } from "./memory.ts";
import { makeOptimizer } from "./optimizer.ts";
import { writePictures } from "./pictures.ts";
import { commitOf, type Plan } from "./plan.ts";
import { choosePrecision } from "./precision.ts";
import { Profiler } from "./profile.ts";
import { Progress, type ProgressStream } from "./progress.ts";
import { ranksFromEnv } from "./ranks.ts";
import { withRoom } from "./room.ts";
import { listenForStop } from "./stop.ts";
import { startWatch } from "./watch.ts";

/** What pretraining came to. */
export interface Pretrained {
  /** The run directory. */
  run: string;
  /** What run.json holds. */
  info: RunInfo;
  /** Steps, seconds, losses. */
  result: RunResult;
  /** Whether Ctrl-C or SIGTERM ended it early; its state is saved. */
  interrupted: boolean;
}

/** Trains as planned on `data`. */
export async function train(plan: Plan, data: Dataset, stream: ProgressStream): Promise<Pretrained> {
  const { out } = plan;
  const { rank, world } = ranksFromEnv();
  // What earlier runs in this process have left is not this one's.
  trimHeap();
  forgetMemoryPeak();
  const { device, precision, threads } = settle(plan.config, plan.run?.info);
  // Ranks share a machine.
  const room = plan.config.cache_mb === null ? roomForPixels() / world : plan.config.cache_mb * 1e6;
  const { cache, seed } = plan.config;
  const chosen = cache === "auto" ? await chooseCache(data.train, smallestView(plan.config), room, seed) : null;
  const settled = chosen ? { ...plan.config, cache: chosen.cache } : plan.config;
  // What the cache keeps the reader need not keep, too.
  const reader = new ImageReader({ threads, ...(settled.cache === "memory" && { cacheBytes: 0 }) });
  const images = cachedAsAsked(data, settled, reader, room);
  const config = await withinBudget(settled, { data: { ...data, train: images }, device, precision, reader });
  manualSeed(config.seed);
  const method = createMethod(config).to({ device, memoryFormat: "channels_last" }).train();
  const optimizer = makeOptimizer(config, method);
  let ended = false;
  const onSkip = ({ path, reason }: { path: string; reason: string }) => {
    // Once training has ended, what was read ahead is nobody's concern, and the reason for the end stays the last line.
    if (ended || skipped.has(path)) return;
    skipped.add(path);
    progress.log(`skipped ${path}: ${reason}`);
    try {
      run.skip(path, reason);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      progress.log("(not noted in skipped.jsonl: the disk is full)");
    }
  };
  const loader = new Loader(images, method.views, {
    batch: config.batch,
    seed: config.seed,
    rank,
    world,
    device,
    reader,
    onSkip,
  });
  const { stepsPerEpoch } = loader;
  const total = stepsOf(config, stepsPerEpoch);

  const info = describe(config, data, method, { device, precision, threads }, stepsPerEpoch);
  using _lock = lockRun(out);
  // Read again: another process may have trained here until the lock was free.
  const old = plan.run && RunDirectory.open(out);
  if (old) refuseOtherImages(old, info);
  // A finished run with a damaged checkpoint is not finished: the steps after the one before are done again.
  if (old?.info.status === "done" && old.info.result && old.info.result.steps >= total && !old.damage(stepOf)) {
    const { result } = old.info;
    stream.write(`${out} has already done its ${result.steps} steps; ask for more with --epochs or --steps\n`);
    optimizer.dispose();
    method.dispose();
    return { run: out, info: old.info, result, interrupted: false };
  }
  const watch = await startWatch({ config, data, method, device, precision, reader, stepsPerEpoch });
  const trained = { method, optimizer, device, probe: watch?.probe };
  const { start, notes } = old ? resume(old, info, trained) : { start: 0, notes: [] };
  const run = old ?? RunDirectory.create(out, info);
  const skipped = new Set(run.skipped().map(({ path }) => path));
  const progress = new Progress({ total, start, stream });
  if (old && watch) for (const row of run.rows()) watch.observe(row, run.info.chance);
  for (const line of introduction(info, out, total, start)) progress.log(line);
  if (chosen) progress.log(chosen.text);
  if (old && start === 0) progress.log("It stopped before anything was saved: training begins again from step 0");
  for (const note of notes) progress.log(`note: ${note}`);

  const stop = listenForStop(() => progress.log("Finishing this step, then saving. Ctrl-C again ends at once."));
  const health = () => (watch ? { health: watch.health } : {});
  const profiler = plan.profile ? new Profiler(out, (line) => progress.log(line)) : undefined;
  const batches = loader.batches({ step: start });
  try {
    const step = await trainLoop({
      ...trained,
      config,
      precision,
      run,
      batches,
      items: data.train.items,
      stepsPerEpoch,
      total,
      start,
      progress,
      stop,
      profiler,
      watch,
    });
    profiler?.end();
    progress.end();
    const planned = stepsOf(run.info.config, stepsPerEpoch);
    const interrupted = step < planned;
    if (step === 0) {
      throw new InterruptedError(
        `Interrupted before anything was saved${plan.goOn === null ? "" : `; begin again with: ${plan.goOn}`}`,
      );
    }
    if (!interrupted) watch?.record.ends(step);
    if (!interrupted) await writePictures(out, method, config, data, device);
    const result = summarize(run, config.batch, stepsPerEpoch, memory().peakRssMb);
    const end = {
      status: interrupted ? "interrupted" : "done",
      finished: new Date().toISOString(),
      result,
      ...health(),
    } as const;
    if (interrupted) tell(run, end);
    else await withRoom("run.json", () => run.update(end), { folder: out, progress, stop, kept: "all else" });
    if (interrupted)
      progress.log(`Saved step ${step} of ${planned}.${plan.goOn === null ? "" : ` Continue with: ${plan.goOn}`}`);
    return { run: out, info: run.info, result, interrupted };
  } catch (thrown) {
    ended = true;
    progress.end();
    const error = explainMemory(thrown, config);
    if (error instanceof InterruptedError) tell(run, { status: "interrupted" });
    else tell(run, { status: "failed", error: error instanceof Error ? error.message : String(error), ...health() });
    throw error;
  } finally {
    stop.release();
    await batches.return();
    watch?.dispose();
    optimizer.dispose();
    method.dispose();
  }
}

/** Changes run.json on the way out; where the disk is full it stays as it was, which resuming understands. */
function tell(run: RunDirectory, changes: Partial<RunInfo>): void {
  try {
    run.update(changes);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
}

/** The training images, kept between epochs where the config says so. */
function cachedAsAsked({ train, fingerprint }: Dataset, config: Config, reader: ImageReader, bytes: number): Split {
  const { cache, cache_side: side } = config;
  if (cache === "off") return train;
  const shared = { fingerprint, reader, side, least: smallestView(config) };
  if (cache === "disk") return cached(train, { ...shared, folder: join(cacheDir(), "images", fingerprint) });
  return cached(train, { ...shared, bytes });
}

/** Settles each `auto` and tells the engine. A run that goes on keeps its number format, unless the kind of device is another. */
function settle(config: Config, old?: RunInfo) {
  const device = chooseDevice(config.device, engineInfo());
  const threads = chooseThreads(config.threads);
  setThreads(threads);
  keepHeap();
  const kept = old && old.device.split(":")[0] === device.split(":")[0] && config.precision === "auto";
  const precision = kept ? old.precision : choosePrecision(config.precision, device, engineInfo());
  return { device, precision, threads };
}

/** run.json of a run that has not begun. */
function describe(
  config: Config,
  data: Dataset,
  method: Method,
  machine: Pick<RunInfo, "device" | "precision" | "threads">,
  stepsPerEpoch: number,
): RunInfo {
  const { about } = methodNamed(config.method);
  const count = (tensors: { numel: number }[]) => tensors.reduce((sum, { numel }) => sum + numel, 0);
  return {
    schema: 1,
    status: "running",
    method: config.method,
    about: { title: about.title, paper: about.paper, loss: lossWords(about, config) },
    draws: "by place",
    config,
    seed: config.seed,
    created: new Date().toISOString(),
    finished: null,
    versions: { unlabel: versionOfUnlabel(), libtorch: engineInfo().version, node: process.versions.node },
    ...machine,
    commit: commitOf(process.cwd()),
    command: thisCommand(),
    data: {
      // Whole, so that a run can be resumed and probed from anywhere.
      root: absoluteRoot(data.root),
      layout: data.layout,
      fingerprint: data.fingerprint,
      train: data.train.items.length,
      val: data.val?.items.length ?? 0,
      classes: data.classes,
      ...(data.order && { order: data.order }),
    },
    parameters: { encoder: count(method.encoder.parameters()), total: count(method.parameters()) },
    chance: method.chance,
    floor: method.floor,
    steps_per_epoch: stepsPerEpoch,
    result: null,
  };
}

/** @throws {UserError} where a run would go on with other images than it began with */
function refuseOtherImages({ path, info: { data } }: RunDirectory, now: RunInfo): void {
  if (data.fingerprint !== now.data.fingerprint) {
    throw new UserError(
      `Expected the images that ${path} began with (${data.train} in ${data.root}), got others in ${now.data.root}; bring them back, or start a new run`,
    );
  }
}

/** Restores a run, and returns the step to go on from and what was lost, which is also noted in run.json. */
function resume(
  run: RunDirectory,
  now: RunInfo,
  trained: Parameters<typeof loadCheckpoint>[1],
): { start: number; notes: string[] } {
  const { created, command, chance, result, notes: before } = run.info;
  const { step: start, notes } = loadCheckpoint(run, trained);
  const gaps = run.rewind(start).map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`));
  if (gaps.length > 0) notes.push(`metrics.jsonl was damaged: lines are missing of these steps: ${gaps.join(", ")}`);
  const commands = new Set([...command.split("\n"), now.command]);
  const { draws } = methodNamed(now.method).about;
  if (draws && !run.info.draws && start > 0) {
    notes.push(
      `from step ${start + 1} on, ${draws} are drawn by seed, step and place in the batch; unlabel ${run.info.versions.unlabel} drew them one after the other, so this is not the run that it would have been there`,
    );
  }
  if (now.data.order && !run.info.data.order && start > 0) {
    notes.push(
      `from step ${start + 1} on, images come in another order: large row groups are shuffled ${now.data.order}, which unlabel ${run.info.versions.unlabel} did not do, so this is not the run that it would have been there`,
    );
  }
  // Why it stopped before is no longer true of it.
  run.update({ ...now, created, command: [...commands].join("\n"), chance, result, notes: before, error: undefined });
  run.note(...notes);
  return { start, notes };
}

function introduction(
  { method, config, parameters, data, device, precision, threads, versions, steps_per_epoch }: RunInfo,
  out: string,
  total: number,
  start: number,
): string[] {
  const millions = (n: number) => `${(n / 1e6).toFixed(1)}M`;
  return [
    `${method} ${config.encoder}, ${millions(parameters.encoder)} parameters (${millions(parameters.total)} with heads), ${data.train} images at ${config.size} px`,
    `${counted(total, "step")} of ${config.batch} images, ${steps_per_epoch} an epoch${start > 0 ? `, from step ${start}` : ""}`,
    `${device}, ${precision}, ${threads} ${threads === 1 ? "thread" : "threads"}, LibTorch ${versions.libtorch} → ${out}`,
  ];
}
