// 95 % intervals of a difference of two proportions: Newcombe's hybrid of two Wilson intervals (1998, method 10).
import { wilson } from "../score/shares.ts";

export type Interval = readonly [low: number, high: number];

/**
 * Newcombe's interval of the difference `a − b`, each a share of `n` images, taken as independent samples.
 * Two encoders scored on the same images are rarely that different, so it errs on the side of caution: pairs.ts where it can be.
 */
export function difference(a: number, b: number, n: number): Interval {
  const [lowA, highA] = wilson(a, n);
  const [lowB, highB] = wilson(b, n);
  const d = a - b;
  return [d - Math.hypot(a - lowA, highB - b), d + Math.hypot(highA - a, b - lowB)];
}

/** Whether an interval of a difference leaves zero out, and on which side: 1 above, −1 below, 0 it holds zero. */
export function sign([low, high]: Interval): -1 | 0 | 1 {
  if (low > 0) return 1;
  return high < 0 ? -1 : 0;
}
