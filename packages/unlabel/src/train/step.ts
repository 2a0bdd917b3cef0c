// One training step: loss, gradients, update. Everything made on the way is freed, and the host waits for the device once.

import { cat, optim, recordFunction, scope, type Tensor } from "@unlabel/torch";
import { Draws } from "../base/draws.ts";
import { readFromDevice } from "../base/host-reads.ts";
import type { Config } from "../config/common.ts";
import type { ViewSpec } from "../data/views.ts";
import type { Method, Progress, Reading } from "../methods/method.ts";
import type { WeightsAverage } from "./average.ts";
import { averageOverRanks, meanOverRanks } from "./average-gradients.ts";
import { gradients } from "./micro-batches.ts";

export interface StepOptions {
  method: Method;
  optimizer: optim.Optimizer;
  /** Follows the encoder's weights once they have moved. */
  average?: WeightsAverage | null;
  views: readonly Tensor[];
  progress: Progress;
  /** The run's, from which the step's random numbers follow. */
  seed: number;
  /** Place of the first image in the global batch; default 0. */
  first?: number;
  /** Which of the training images these are, by their numbers; for methods that keep something of each. */
  images?: Int32Array | undefined;
  device: string;
  precision: "fp32" | "bf16";
  /** Images in the network at once; null for the whole batch. */
  microBatch?: number | null;
  /** Whether activations of blocks are computed again instead of being kept. */
  recompute?: boolean;
  /** Largest norm of all gradients together; null for no limit. */
  clip: number | null;
  /** Called once the encoder has moved, with the features that the loss was computed from; its scalars are read with the loss. */
  onFeatures?: ((features: Tensor) => Record<string, Tensor>) | undefined;
  /** Whether only what is not the encoder learns. */
  headsAlone?: boolean;
  /** Whether the norm of the encoder's own gradient is wanted, before clipping. */
  encoderNorm?: boolean;
}

export interface StepOutcome {
  loss: number;
  /** Norm of all gradients together, before clipping. */
  gradNorm: number;
  /** The method's own scalars. */
  logs: Record<string, number>;
  /** Norm of the encoder's own gradient, where it was wanted. */
  encoderNorm?: number;
  /** What `onFeatures` gave. */
  watched: Record<string, number>;
}

/** What a config says of a step. */
export function stepSettings(config: Config): Pick<StepOptions, "seed" | "microBatch" | "recompute" | "clip"> {
  const { seed, micro_batch: microBatch, activation_checkpointing: recompute, clip_grad_norm: clip } = config;
  return { seed, microBatch, recompute, clip };
}

/** Trains on one batch. */
export function trainStep(options: StepOptions): StepOutcome {
  const {
    method,
    optimizer,
    average,
    views,
    progress,
    device,
    precision,
    clip,
    microBatch = null,
    recompute,
    onFeatures,
  } = options;
  return scope(() => {
    const here = views.map((view) => view.to({ device, nonBlocking: true }));
    const {
      loss,
      logs,
      features,
      readings = [],
    } = gradients({
      method,
      views: here,
      progress: { ...progress, draws: drawsOf(options), images: options.images },
      microBatch,
      recompute: recompute === true,
      device,
      precision,
    });
    averageOverRanks(method);
    const own = options.encoderNorm ? [optim.gradNorm(method.encoder.parameters())] : [];
    // What has no gradient is left as it is, by the optimizer's moments too.
    if (options.headsAlone) for (const tensor of method.encoder.parameters()) tensor.grad = null;
    const norm = recordFunction("optimizer", () => {
      const found = clip === null ? optim.gradNorm(method.parameters()) : optim.clipGradNorm(method.parameters(), clip);
      optimizer.step();
      method.afterStep(progress);
      average?.follow(progress.step);
      method.zeroGrad();
      return found;
    });
    const watched = (features && onFeatures?.(features)) ?? {};
    const [lossNow, gradNorm, ...rest] = numbers(
      [loss, ...Object.values(logs), ...Object.values(watched)],
      [norm, ...own],
      readings,
    );
    const take = (from: Record<string, Tensor>) =>
      Object.fromEntries(Object.keys(from).map((name) => [name, rest.shift()!]));
    const outcome = { loss: lossNow!, gradNorm: gradNorm!, logs: take(logs), watched: take(watched) };
    return options.encoderNorm ? { ...outcome, encoderNorm: rest.shift()! } : outcome;
  });
}

/** The random numbers of the step's images. */
function drawsOf({ method, views, progress, seed, first = 0, device }: StepOptions): Draws {
  const images = views[0]!.shape[0]! / method.views[0]!.count;
  return new Draws(
    seed,
    progress.step,
    Int32Array.from({ length: images }, (_, i) => first + i),
    device,
  );
}

/**
 * The values of several scalars, read from the device at once: the first, the second list's first, and the rest in order. With them go the
 * readings, which are handed to whoever asked for them.
 *
 * @param means of which ranks have each their own, and means over ranks are wanted
 * @param same on all ranks
 * @param readings of this rank alone
 */
function numbers(means: Tensor[], same: Tensor[], readings: readonly Reading[]): number[] {
  const flat = (tensors: readonly Tensor[]) =>
    cat(tensors.map((one) => one.detach().to({ dtype: "float32" }).reshape([-1])));
  const asked = readings.map(({ values }) => values);
  const all = cat([meanOverRanks(flat(means)), flat(same), ...(asked.length > 0 ? [flat(asked)] : [])]);
  const read = readFromDevice("step", all);
  let at = means.length + same.length;
  const found = Array.from(read.subarray(0, at));
  for (const { values, take } of readings) {
    take(read.slice(at, at + values.numel));
    at += values.numel;
  }
  const [norm, ...own] = found.slice(means.length);
  return [found[0]!, norm!, ...found.slice(1, means.length), ...own];
}

/**
 * Checks a batch against what the method asked for.
 *
 * @param asked the method, or the views of the step
 * @throws {Error} where the loader gives anything else: a defect, not the user's doing
 */
export function checkShapes(
  views: readonly Tensor[],
  { views: asked }: { views: readonly ViewSpec[] },
  batch: number,
): void {
  const expected = asked
    .map(({ count, size, mean }) => `[${count * batch}, ${mean.length}, ${size}, ${size}]`)
    .join(", ");
  const found = views.map((view) => `[${view.shape.join(", ")}]`).join(", ");
  if (found !== expected) throw new Error(`Expected views of shape ${expected} from the loader, got ${found}`);
}
