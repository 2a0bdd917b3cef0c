// Before anything is built: what a run computes on, where its images are kept, and how many steps a time budget has room for.
// Each `auto` is settled here once; run.json holds what came of it.
import { join } from "node:path";
import { engineInfo, keepHeap, setThreads, trimHeap } from "@unlabel/torch";
import { cacheDir } from "@unlabel/torch/setup";
import type { Config, SettledConfig } from "../config/common.ts";
import { cached, chooseCache, roomForPixels } from "../data/cache.ts";
import type { Dataset, Split } from "../data/folder.ts";
import { ImageReader } from "../data/reader.ts";
import { smallestView } from "../methods/registry.ts";
import type { Teacher } from "../methods/shared/teacher.ts";
import type { RunDirectory, RunInfo } from "../run/directory.ts";
import { type Done, withinBudget } from "./budget.ts";
import { withColorForm } from "./color-form.ts";
import { fitted } from "./fit.ts";
import { giveWayWhenShort } from "./give-way.ts";
import { chooseDevice, chooseThreads, forgetMemoryPeak } from "./machine.ts";
import { withChannelsOf } from "./normalisation.ts";
import type { Plan } from "./plan.ts";
import { choosePrecision } from "./precision.ts";
import { clock } from "./progress.ts";
import { NOBODY_ELSE, type RankGroup } from "./rank-group.ts";
import { shared } from "./shared-batch.ts";
import { loadTeacher, refuseChannels } from "./teacher.ts";

/** Device, number format and threads of a run. */
export type Machine = Pick<RunInfo, "device" | "precision" | "threads">;

/** A run of which nothing is undecided any more. */
export interface Settled {
  config: SettledConfig;
  machine: Machine;
  group: RankGroup;
  reader: ImageReader;
  /** The training images, kept between epochs where the config says so. */
  images: Split;
  /** What preset `auto` chose and why, a line each; empty for others. */
  reasons: string[];
  /** Which cache was chosen and why, where the choice was left to us. */
  cacheChoice: string | null;
  /** Time of a step with the smallest views, in steps with the largest; null where that was not measured. */
  smallestCost: number | null;
  /** Seconds of a step on average, where a budget asked for it; else null. */
  stepSeconds: number | null;
  /** What it learns from, on the device; null where its method has no teacher. */
  teacher: Teacher | null;
}

/**
 * Settles each `auto` of a planned run, and tells the engine of threads and memory.
 *
 * @param say takes a line for people where something takes its time
 * @param group who trains together; all settle on what rank 0 does
 */
export async function settle(
  asked: Plan,
  data: Dataset,
  say: (line: string) => void,
  group: RankGroup = NOBODY_ELSE,
): Promise<Settled> {
  const { ranks } = group;
  // What earlier runs in this process have left is not this one's.
  trimHeap();
  forgetMemoryPeak();
  const machine = await settleMachine(asked.config, group, asked.run?.info);
  const { plan, reasons } = await fitted(asked, data, machine.device);
  const planned = shared(
    withColorForm(await withChannelsOf(data.train, plan.config, plan.given), machine.device),
    plan,
    group,
    data.train.items.length,
  );
  // Ranks share a machine.
  const room = planned.cache_mb === null ? roomForPixels() / ranks.localWorldSize : planned.cache_mb * 1e6;
  const { cache, seed } = planned;
  const chosen = cache === "auto" ? await chooseCache(data.train, smallestView(planned), room, seed) : null;
  const settled = await group.fromFirst(() => (chosen ? { ...planned, cache: chosen.cache } : planned));
  // What the cache keeps the reader need not keep, too.
  const reader = new ImageReader({
    threads: machine.threads,
    ...(settled.cache === "memory" && { cacheBytes: 0 }),
  });
  const images = cachedAsAsked(data, settled, reader, room);
  const { device, precision } = machine;
  const teacher = await taughtBy(plan, settled, device);
  const before = plan.run;
  const done = before && (await group.fromFirst(() => doneBy(before)));
  const onMeasure = () =>
    say(`measuring the time of a step: the budget of ${clock(settled.budget ?? 0)} has as many as fit`);
  const speed = { data: { ...data, train: images }, device, precision, reader, done, teacher, onMeasure, group };
  const { config, smallestCost, stepSeconds } = await withinBudget(settled, speed);
  const cacheChoice = chosen?.text ?? null;
  return { config, machine, group, reader, images, reasons, cacheChoice, smallestCost, stepSeconds, teacher };
}

/** The plan's teacher with its weights, which see the images' channels. */
async function taughtBy({ teacher }: Plan, config: SettledConfig, device: string): Promise<Teacher | null> {
  if (teacher === null) return null;
  const { channels, teacher_bands: bands } = config;
  refuseChannels(teacher.record, channels, Array.isArray(bands) ? bands : null);
  return loadTeacher(teacher, device);
}

function doneBy(run: RunDirectory): Done {
  let [steps, seconds, watching] = [0, 0, 0];
  for (const row of run.rows()) {
    [steps, seconds] = [row.step, row.seconds];
    watching += row["watch/seconds"] ?? 0;
  }
  return { steps, seconds, watching, stepsPerEpoch: run.info.steps_per_epoch, growth: run.info.growth };
}

/** A run that goes on keeps its number format, unless the kind of device is another. */
async function settleMachine(config: Config, group: RankGroup, old?: RunInfo): Promise<Machine> {
  const { localRank, localWorldSize } = group.ranks;
  const device = chooseDevice(config.device, engineInfo(), localRank);
  const threads = chooseThreads(config.threads, process.env, localWorldSize);
  setThreads(threads);
  giveWayWhenShort(threads, localWorldSize);
  keepHeap();
  const kept = old && old.device.split(":")[0] === device.split(":")[0] && config.precision === "auto";
  const precision = await group.fromFirst(() =>
    kept ? old.precision : choosePrecision(config.precision, device, engineInfo()),
  );
  return { device, precision, threads };
}

function cachedAsAsked({ train, fingerprint }: Dataset, config: Config, reader: ImageReader, bytes: number): Split {
  const { cache, cache_side: side } = config;
  if (cache === "off") return train;
  const shared = { fingerprint, reader, side, least: smallestView(config) };
  if (cache === "disk") return cached(train, { ...shared, folder: join(cacheDir(), "images", fingerprint) });
  return cached(train, { ...shared, bytes });
}
