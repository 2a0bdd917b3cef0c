// From settings to an optimizer with its parameter groups, and to the learning rate of every step.

import { optim, type Tensor } from "@unlabel/torch";
import type { Config } from "../config/common.ts";
import { layersOf } from "../encoders/layers.ts";
import type { Method, ParameterGroup, Progress } from "../methods/method.ts";

/** Parameters that are trained alike, and how they differ from the rest. */
interface Split {
  params: Tensor[];
  lrFactor: number;
  constantLr: boolean;
  weightDecay: number;
  /** Whether LARS adapts the rate to each parameter's norm. */
  adapt: boolean;
}

/**
 * The optimizer of a run. With `exclude_norm_bias`, parameters of one axis (biases, scales of norms) form a group of
 * their own without weight decay, and without LARS's adaptation; groups that the method asks for are split likewise.
 */
export function makeOptimizer(config: Config, method: Method): optim.Optimizer {
  const { betas, momentum } = config;
  const splits = splitsOf(config, method, { step: 1, total: 1, epoch: 1 });
  const lr = peakLr(config);
  const groups = splits.map(({ params, lrFactor, weightDecay }) => ({ params, lr: lr * lrFactor, weightDecay }));
  const { weight_decay: weightDecay } = config;
  switch (config.optimizer) {
    case "adam":
      return new optim.Adam(groups, { lr, weightDecay, betas });
    case "adamw":
      return new optim.AdamW(groups, { lr, weightDecay, betas });
    case "sgd":
      return new optim.SGD(groups, { lr, weightDecay, momentum });
    case "lars":
      return new optim.LARS(
        groups.map((group, i) => ({ ...group, adapt: splits[i]!.adapt })),
        { lr, weightDecay, momentum },
      );
  }
}

/** Sets every group's learning rate and weight decay for the step that comes. @param lr the schedule's */
export function setRates(
  optimizer: optim.Optimizer,
  config: Config,
  method: Method,
  lr: number,
  progress: Progress,
): void {
  if (!method.groups && !(config.layer_decay < 1)) {
    optimizer.lr = lr;
    return;
  }
  for (const [i, { lrFactor, constantLr, weightDecay }] of splitsOf(config, method, progress).entries()) {
    const group = optimizer.groups[i]!;
    group.lr = (constantLr ? peakLr(config) : lr) * lrFactor;
    group.weightDecay = weightDecay;
  }
}

/** What the learning rate of each of the encoder's parameters is multiplied by. */
const FACTORS = new WeakMap<Method, ReadonlyMap<Tensor, number>>();

function layerFactors(method: Method, decay: number): ReadonlyMap<Tensor, number> {
  const known = FACTORS.get(method);
  if (known) return known;
  const named = [...method.encoder.namedParameters()];
  const { count, of } = layersOf(named.map(([name]) => name));
  const found = new Map(named.map(([name, tensor]) => [tensor, decay ** (count - of.get(name)!)] as const));
  FACTORS.set(method, found);
  return found;
}

/** A group in parts of one factor each, the encoder's first layers first, heads last; the group itself where all layers learn alike. */
function byLayer(config: Config, method: Method, group: ParameterGroup): ParameterGroup[] {
  const { layer_decay: decay } = config;
  if (!(decay < 1)) return [group];
  const factors = layerFactors(method, decay);
  const parts = new Map<number, Tensor[]>();
  for (const tensor of group.params) {
    const factor = factors.get(tensor) ?? 1;
    parts.set(factor, [...(parts.get(factor) ?? []), tensor]);
  }
  const { lrFactor = 1 } = group;
  return [...parts]
    .sort(([a], [b]) => a - b)
    .map(([factor, params]) => ({ ...group, params, lrFactor: lrFactor * factor }));
}

/** The method's groups, and what is left, each in two where biases and norm scales are treated apart; always in the same order. */
function splitsOf(config: Config, method: Method, progress: Progress): Split[] {
  const named = method.groups?.(progress) ?? [];
  const grouped = new Set(named.flatMap(({ params }) => [...params]));
  const rest = method.parameters().filter((tensor) => !grouped.has(tensor));
  const groups: ParameterGroup[] = [{ params: rest }, ...named];
  return groups
    .flatMap((group) => byLayer(config, method, group))
    .flatMap(({ params, lrFactor = 1, constantLr = false, weightDecay = config.weight_decay }: ParameterGroup) => {
      const [matrices, vectors] = split([...params], ({ ndim }) => !config.exclude_norm_bias || ndim > 1);
      return [
        { params: matrices, lrFactor, constantLr, weightDecay, adapt: true },
        { params: vectors, lrFactor, constantLr, weightDecay: 0, adapt: false },
      ].filter((one) => one.params.length > 0);
    });
}

/** The learning rate of each step, counted from 0, in a run of `total` steps. */
export function makeSchedule(config: Config, stepsPerEpoch: number, total: number): optim.schedule.Schedule {
  const lr = peakLr(config);
  const warmup = Math.round(config.warmup_epochs * stepsPerEpoch);
  if (config.schedule === "constant") return optim.schedule.constant({ lr, warmup });
  // A run that `steps` ends within its warm-up never leaves it.
  return optim.schedule.cosine({ lr, warmup, steps: Math.max(total, warmup) });
}

/** The learning rate at the top of the schedule: `lr` scaled for the batch size as `lr_scaling` says. */
export function peakLr({ lr, lr_scaling, batch }: Pick<Config, "lr" | "lr_scaling" | "batch">): number {
  if (lr_scaling === "linear") return optim.schedule.linearScaling(lr, batch);
  return lr_scaling === "sqrt" ? optim.schedule.squareRootScaling(lr, batch) : lr;
}

function split(tensors: Tensor[], belongs: (tensor: Tensor) => boolean): [Tensor[], Tensor[]] {
  return [tensors.filter(belongs), tensors.filter((tensor) => !belongs(tensor))];
}
