// Learning rates as pure functions of the step, counted from 0: nothing to save, nothing to restore.
import { TorchError } from "../errors.ts";

/** A learning rate by step, counted from 0. */
export type Schedule = (step: number) => number;

/** Options of {@link constant}. */
export interface WarmupOptions {
  /** The learning rate after warmup. */
  lr: number;
  /** Steps over which it rises linearly from 0, `lr · step / warmup`; default 0. */
  warmup?: number;
}

/** Options of {@link cosine}. */
export interface CosineOptions extends WarmupOptions {
  /** Steps in all, warmup included. */
  steps: number;
  /** Where it ends; default 0. */
  min?: number;
}

/** `lr` at every step, after warmup. */
export function constant({ lr, warmup = 0 }: WarmupOptions): Schedule {
  return (step) => (step < warmup ? (lr * step) / warmup : lr);
}

/** After warmup, `min + (lr − min) · (1 + cos(π · (step − warmup) / (steps − warmup))) / 2` (arXiv:1608.03983). */
export function cosine({ lr, steps, warmup = 0, min = 0 }: CosineOptions): Schedule {
  if (!(steps >= warmup)) {
    throw new TorchError(`Expected at most ${steps} steps of warmup, got ${warmup}`, "schedule.cosine");
  }
  return (step) => {
    if (step < warmup) return (lr * step) / warmup;
    const progress = steps > warmup ? Math.min(1, (step - warmup) / (steps - warmup)) : 1;
    return min + ((lr - min) * (1 + Math.cos(Math.PI * progress))) / 2;
  };
}

/** `base · batch / 256` (arXiv:1706.02677); SimCLR's base is 0.3, MAE's 1.5e-4. */
export function linearScaling(base: number, batch: number): number {
  return (base * batch) / 256;
}

/** `base · √batch`, for batches below 1,024 or so (arXiv:2002.05709, B.1); SimCLR's base is 0.075. */
export function squareRootScaling(base: number, batch: number): number {
  return base * Math.sqrt(batch);
}
