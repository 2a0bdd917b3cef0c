// How far a score could lie elsewhere had other test images been drawn: the percentile bootstrap over test images
// (Efron, "Bootstrap methods: another look at the jackknife", 1979).
import { Rng } from "../base/rng.ts";
import type { Interval, MainMetrics } from "../run/evaluations.ts";
import { countMetrics } from "./metrics.ts";

export const RESAMPLES = 1000;

/**
 * 95 % intervals of the main metrics. Of several predictions (draws of a few-shot protocol) the mean is resampled.
 * The same seed draws the same images for all who ask.
 */
export function bootstrap(
  labels: Int32Array,
  predictions: readonly Int32Array[],
  classes: number,
  seed: number,
  resamples = RESAMPLES,
): Record<keyof MainMetrics, Interval> {
  const [top1, f1, balanced]: number[][] = [[], [], []];
  resample(labels.length, seed, resamples, (order) => {
    const found = predictions.map((predicted) => countMetrics(labels, predicted, classes, order));
    top1!.push(mean(found.map((one) => one.top1)));
    f1!.push(mean(found.map((one) => one.f1)));
    balanced!.push(mean(found.map((one) => one.balanced)));
  });
  return { top1: middle(top1!), f1: middle(f1!), balanced: middle(balanced!) };
}

/** 95 % interval of the mean of one number an image: hits, or by how much one encoder is right where another is not. */
export function bootstrapMean(values: ArrayLike<number>, seed: number, resamples = RESAMPLES): Interval {
  const means: number[] = [];
  resample(values.length, seed, resamples, (order) => {
    let sum = 0;
    for (let i = 0; i < order.length; i++) sum += values[order[i]!]!;
    means.push(sum / order.length);
  });
  return middle(means);
}

function resample(count: number, seed: number, resamples: number, visit: (order: Uint32Array) => void): void {
  const order = new Uint32Array(count);
  for (let round = 0; round < resamples; round++) {
    const rng = new Rng(seed, "bootstrap", round);
    for (let i = 0; i < count; i++) order[i] = Math.floor((rng.bits() / 0x100000000) * count);
    visit(order);
  }
}

/** From the 2.5th to the 97.5th percentile, interpolated between neighbours. */
function middle(values: number[]): Interval {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => {
    const place = share * (sorted.length - 1);
    const low = Math.floor(place);
    return sorted[low]! + (place - low) * (sorted[Math.min(low + 1, sorted.length - 1)]! - sorted[low]!);
  };
  return [at(0.025), at(0.975)];
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
