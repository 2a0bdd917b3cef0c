// From settings to an optimizer with its parameter groups, and to the learning rate of every step.
import { type nn, optim, type Tensor } from "@unlabel/torch";
import type { Config } from "../config/schema.ts";

/**
 * The optimizer of a run. With `exclude_norm_bias`, parameters of one axis (biases, scales of norms) form a group of
 * their own without weight decay, and without LARS's adaptation.
 */
export function makeOptimizer(config: Config, module: nn.Module<never, unknown>): optim.Optimizer {
  const { weight_decay: weightDecay, betas, momentum, exclude_norm_bias } = config;
  const lr = peakLr(config);
  const [matrices, vectors] = split(module.parameters(), ({ ndim }) => !exclude_norm_bias || ndim > 1);
  const groups = <T extends object>(plain: T) =>
    vectors.length > 0 ? [{ params: matrices }, { params: vectors, ...plain }] : [{ params: matrices }];
  switch (config.optimizer) {
    case "adam":
      return new optim.Adam(groups({ weightDecay: 0 }), { lr, weightDecay, betas });
    case "adamw":
      return new optim.AdamW(groups({ weightDecay: 0 }), { lr, weightDecay, betas });
    case "sgd":
      return new optim.SGD(groups({ weightDecay: 0 }), { lr, weightDecay, momentum });
    case "lars":
      return new optim.LARS(groups({ weightDecay: 0, adapt: false }), { lr, weightDecay, momentum });
  }
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
