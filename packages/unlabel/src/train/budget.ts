// A limit of time. The learning rate should not depend on a clock, or no run could be repeated: so the machine's speed is
// measured first, the number of steps follows from it and is part of the config from then on. Where the speed turns out to be
// another, the steps left are planned again, which run.json notes.

import { performance } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import type { optim } from "@unlabel/torch";
import { median } from "../base/numbers.ts";
import type { Config } from "../config/common.ts";
import type { Dataset } from "../data/folder.ts";
import { type Batch, Loader } from "../data/loader.ts";
import type { ImageReader } from "../data/reader.ts";
import type { Method } from "../methods/method.ts";
import { createMethod, viewsAt } from "../methods/registry.ts";
import type { Teacher } from "../methods/shared/teacher.ts";
import type { SavedGrowth } from "../run/info.ts";
import { averageOf, type WeightsAverage } from "./average.ts";
import { averageCost, EVEN_WORK, extremeSizes, Growth, type Work } from "./growth.ts";
import { makeOptimizer } from "./optimizer.ts";
import { NOBODY_ELSE, type RankGroup } from "./rank-group.ts";
import { firstPlace, localBatch } from "./ranks.ts";
import { shareBatch } from "./shared-loss.ts";
import { stepSettings, trainStep } from "./step.ts";

/** Steps that are not counted, since buffers and kernels are made ready in them, and what is measured at most. */
const UNCOUNTED = 2;
const MEASURED = 20;
const SECONDS = 15;
/** Measuring takes no more than this share of the budget, unless two steps take longer. */
const SHARE = 0.05;
/** By how much the end may miss the budget before the steps left are planned again. */
const TOLERANCE = 0.03;
/** How often a run's plan is held against the clock, and the fewest steps between two times: the first step is slow. */
const CHECKS = 10;
const STEPS_BETWEEN = 5;

/** How many steps a run has: `steps`, where it is set, overrules `epochs`. */
export function stepsOf({ epochs, steps }: Pick<Config, "epochs" | "steps">, stepsPerEpoch: number): number {
  return steps ?? epochs * stepsPerEpoch;
}

/**
 * A config of so many steps. Warm-up takes a tenth of them at most: a preset's is meant for its own number of epochs.
 */
export function withSteps<C extends Config>(config: C, steps: number, stepsPerEpoch: number): C {
  return {
    ...config,
    steps,
    epochs: Math.ceil(steps / stepsPerEpoch),
    warmup_epochs: Math.min(config.warmup_epochs, (0.1 * steps) / stepsPerEpoch),
  };
}

/** What a run has done before: so many steps in so many seconds, of which `watching` went into looks at the encoder. */
export interface Done {
  steps: number;
  seconds: number;
  watching: number;
  stepsPerEpoch: number;
  /** How its views grow; absent where they have one size. */
  growth?: SavedGrowth | undefined;
}

export interface SpeedOptions {
  data: Dataset;
  device: string;
  precision: "fp32" | "bf16";
  reader: ImageReader;
  /** Of a run that goes on: its own speed is known, and its time counts. */
  done?: Done | null;
  /** What the method learns from, where it does. */
  teacher?: Teacher | null;
  /** Told that steps are going to be measured, which takes some seconds. */
  onMeasure?: () => void;
  /** Who trains together, and so is measured together. */
  group?: RankGroup;
}

/**
 * The config with as many steps as its budget has room for; the config itself where it has no budget, or steps already.
 * LibTorch's generator is left in whatever state.
 *
 * @returns with it, where views grow, the time of a step with the smallest ones in steps with the largest, and the seconds of one on average; null where not
 *   measured
 */
export async function withinBudget<C extends Config>(
  config: C,
  options: SpeedOptions,
): Promise<{ config: C; smallestCost: number | null; stepSeconds: number | null }> {
  const { budget, steps } = config;
  if (budget === null || steps !== null) return { config, smallestCost: null, stepSeconds: null };
  const { done } = options;
  const { group = NOBODY_ELSE } = options;
  if (done && done.steps > 0) {
    const growth = Growth.of(config, done.steps, done.growth);
    const perStep = (done.seconds - done.watching) / growth.of(done.steps);
    const total = growth.totalWithin(done.steps, (budget - done.seconds) / perStep, 0);
    return { config: withSteps(config, total, done.stepsPerEpoch), smallestCost: null, stepSeconds: perStep };
  }
  options.onMeasure?.();
  const measured = await measureSteps(config, options);
  const { seconds, stepsPerEpoch } = await group.fromFirst(() => measured);
  const [small, large = small] = seconds;
  const stepSeconds = averageCost(config, small, large);
  const total = Math.max(1, Math.round(budget / stepSeconds));
  return { config: withSteps(config, total, stepsPerEpoch), smallestCost: small / large, stepSeconds };
}

/**
 * Seconds that a step takes, loading included: the median over a few steps of a training that is thrown away; where views grow, with the
 * smallest and with the largest.
 */
async function measureSteps(
  config: Config,
  options: SpeedOptions,
): Promise<{ seconds: [number] | [number, number]; stepsPerEpoch: number }> {
  const { data, device, reader, teacher, group = NOBODY_ELSE } = options;
  const { seed } = config;
  const part = { batch: localBatch(group.ranks, config.batch), rank: group.rank, world: group.worldSize };
  const sizes = extremeSizes(config);
  const method = createMethod(config, undefined, teacher).to({ device, memoryFormat: "channels_last" }).train();
  shareBatch(method, config, group);
  const optimizer = makeOptimizer(config, method);
  const average = averageOf(config, method);
  const most = (1000 * Math.min(SECONDS, SHARE * (config.budget ?? Number.POSITIVE_INFINITY))) / sizes.length;
  try {
    const measure = async (size: number) => {
      const views = viewsAt(config, size);
      const batches = new Loader(data.train, views, { ...part, seed, device, reader }).batches();
      return await measureStep(config, { method, optimizer, average, batches, most, ...options, group });
    };
    const { stepsPerEpoch } = new Loader(data.train, method.views, { ...part, seed, device, reader });
    const [first, last] = sizes;
    const seconds: [number] | [number, number] = [await measure(first)];
    if (last !== undefined) seconds.push(await measure(last));
    return { seconds, stepsPerEpoch };
  } finally {
    average?.[Symbol.dispose]();
    optimizer.dispose();
    method.dispose();
  }
}

interface Measured extends Required<Pick<SpeedOptions, "device" | "precision" | "group">> {
  method: Method;
  optimizer: optim.Optimizer;
  average: WeightsAverage | null;
  batches: AsyncGenerator<Batch, void, void>;
  /** Milliseconds that it may take, unless a few steps take longer. */
  most: number;
}

async function measureStep(
  config: Config,
  { method, optimizer, average, batches, most, device, precision, group }: Measured,
): Promise<number> {
  const times: number[] = [];
  try {
    const began = performance.now();
    for (let step = 1; times.length < MEASURED + UNCOUNTED; step++) {
      const from = performance.now();
      const { value: batch, done } = await batches.next();
      if (done) break;
      optimizer.lr = 1e-8;
      try {
        trainStep({
          method,
          optimizer,
          average,
          views: batch.views,
          images: batch.indices,
          // As at the beginning of some long training.
          progress: { step, total: MEASURED + UNCOUNTED, epoch: 1 },
          device,
          precision,
          first: firstPlace(group.ranks, config.batch),
          ...stepSettings(config),
        });
      } finally {
        for (const view of batch.views) view.dispose();
      }
      await setImmediate();
      times.push(performance.now() - from);
      const enough = times.length > UNCOUNTED + 1 && performance.now() - began > most;
      if (await group.fromFirst(() => enough)) break;
    }
  } finally {
    await batches.return();
  }
  return median(times.slice(UNCOUNTED)) / 1000;
}

/** Watches the clock of a run with a budget. */
export class Clock {
  readonly #budget: number;
  readonly #every: number;

  /** @param budget seconds @param total steps as planned */
  constructor(budget: number, total: number) {
    this.#budget = budget;
    this.#every = Math.max(STEPS_BETWEEN, Math.floor(total / CHECKS));
  }

  /**
   * How many steps the run should have, given that `step` of `total` took `seconds`.
   *
   * @param watching of those seconds, what looks at the encoder took: it is gone, but tells nothing of the steps to come
   * @param work how much of the work steps are; by default one as much as another
   */
  plan(step: number, seconds: number, total: number, watching = 0, work: Work = EVEN_WORK): number {
    if (seconds > this.#budget * (1 + TOLERANCE)) return step;
    if (step % this.#every !== 0 || step >= total) return total;
    const perStep = (seconds - watching) / work.of(step);
    if (Math.abs(perStep * work.of(total) + watching - this.#budget) <= TOLERANCE * this.#budget) return total;
    return Math.max(step + 1, work.totalWithin(step, (this.#budget - seconds) / perStep));
  }
}
