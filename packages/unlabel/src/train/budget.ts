// A limit of time. The learning rate should not depend on a clock, or no run could be repeated: so the machine's speed is
// measured first, the number of steps follows from it and is part of the config from then on. Where the speed turns out to be
// another, the steps left are planned again, which run.json notes.

import { performance } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import { median } from "../base/numbers.ts";
import type { Config } from "../config/common.ts";
import type { Dataset } from "../data/folder.ts";
import { Loader } from "../data/loader.ts";
import type { ImageReader } from "../data/reader.ts";
import { createMethod } from "../methods/registry.ts";
import { averageOf } from "./average.ts";
import { makeOptimizer } from "./optimizer.ts";
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
}

export interface SpeedOptions {
  data: Dataset;
  device: string;
  precision: "fp32" | "bf16";
  reader: ImageReader;
  /** Of a run that goes on: its own speed is known, and its time counts. */
  done?: Done | null;
}

/**
 * The config with as many steps as its budget has room for; the config itself where it has no budget, or steps already.
 * LibTorch's generator is left in whatever state.
 */
export async function withinBudget<C extends Config>(config: C, options: SpeedOptions): Promise<C> {
  const { budget, steps } = config;
  if (budget === null || steps !== null) return config;
  const { done } = options;
  if (done && done.steps > 0) {
    const perStep = (done.seconds - done.watching) / done.steps;
    const left = Math.max(0, Math.round((budget - done.seconds) / perStep));
    return withSteps(config, done.steps + left, done.stepsPerEpoch);
  }
  const { seconds, stepsPerEpoch } = await measureStep(config, options);
  return withSteps(config, Math.max(1, Math.round(budget / seconds)), stepsPerEpoch);
}

/**
 * Seconds that a step takes, loading included: the median over a few steps of a training that is thrown away.
 */
async function measureStep(
  config: Config,
  { data, device, precision, reader }: SpeedOptions,
): Promise<{ seconds: number; stepsPerEpoch: number }> {
  const method = createMethod(config).to({ device, memoryFormat: "channels_last" }).train();
  const optimizer = makeOptimizer(config, method);
  const average = averageOf(config, method);
  const loader = new Loader(data.train, method.views, { batch: config.batch, seed: config.seed, device, reader });
  const batches = loader.batches();
  const times: number[] = [];
  const most = 1000 * Math.min(SECONDS, SHARE * (config.budget ?? Number.POSITIVE_INFINITY));
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
          // As at the beginning of some long training.
          progress: { step, total: MEASURED + UNCOUNTED, epoch: 1 },
          device,
          precision,
          ...stepSettings(config),
        });
      } finally {
        for (const view of batch.views) view.dispose();
      }
      await setImmediate();
      times.push(performance.now() - from);
      if (times.length > UNCOUNTED + 1 && performance.now() - began > most) break;
    }
  } finally {
    await batches.return();
    average?.[Symbol.dispose]();
    optimizer.dispose();
    method.dispose();
  }
  return { seconds: median(times.slice(UNCOUNTED)) / 1000, stepsPerEpoch: loader.stepsPerEpoch };
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
   */
  plan(step: number, seconds: number, total: number, watching = 0): number {
    if (seconds > this.#budget * (1 + TOLERANCE)) return step;
    if (step % this.#every !== 0 || step >= total) return total;
    const perStep = (seconds - watching) / step;
    if (Math.abs(perStep * total + watching - this.#budget) <= TOLERANCE * this.#budget) return total;
    return step + Math.max(1, Math.round((this.#budget - seconds) / perStep));
  }
}
