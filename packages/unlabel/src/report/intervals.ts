// 95 % intervals of proportions: Wilson (1927) for one, Newcombe's hybrid of two Wilson intervals (1998, method 10) for a difference.

export type Interval = readonly [low: number, high: number];

const Z = 1.959963984540054;

/**
 * Wilson's score interval of `share` right out of `n`:
 * (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n).
 */
export function wilson(share: number, n: number): Interval {
  const z2 = Z * Z;
  const scale = 1 + z2 / n;
  const middle = (share + z2 / (2 * n)) / scale;
  const reach = (Z * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n * n))) / scale;
  return [Math.max(0, middle - reach), Math.min(1, middle + reach)];
}

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
