// 95 % intervals of shares of images, and of by how much one share lies above another: the bootstrap's, and never narrower than what holds of few
// images. Where all are right, or the few on which two encoders differ all speak for one of them, a bootstrap has nothing else to draw.
import type { Interval, MainMetrics } from "../run/evaluations.ts";
import { bootstrap, bootstrapMean, mean, type Resampling } from "./bootstrap.ts";

const Z = 1.959963984540054;

/**
 * Wilson's score interval (1927) of `share` right out of `n`:
 * (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n).
 */
export function wilson(share: number, n: number): Interval {
  const z2 = Z * Z;
  const scale = 1 + z2 / n;
  const middle = (share + z2 / (2 * n)) / scale;
  const reach = (Z * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n * n))) / scale;
  return [share === 0 ? 0 : Math.max(0, middle - reach), share === 1 ? 1 : Math.min(1, middle + reach)];
}

/**
 * Bonett and Price's adjusted interval (2012) of a mean difference between paired shares: one pair more for either side,
 * (Σd ± z·√(Σd² + 2 − (Σd)²/(n + 2))) / (n + 2).
 *
 * @param sum of d, which is 1, 0 or −1 a pair, or a mean of such
 * @param squares sum of d²
 * @param n pairs
 */
export function pairedDifference(sum: number, squares: number, n: number): Interval {
  const pairs = n + 2;
  const reach = Z * Math.sqrt(squares + 2 - sum ** 2 / pairs);
  return [Math.max(-1, (sum - reach) / pairs), Math.min(1, (sum + reach) / pairs)];
}

/**
 * What the pairs that differ say of the difference: Wilson's interval with continuity correction (Newcombe 1998, method 4) of the share of them that
 * speak for the first, which leaves one half out where a sign test does: of six that all speak for one, not of five.
 *
 * @param sum of d, as {@link pairedDifference} has it
 * @param sizes sum of |d|
 * @param squares sum of d²
 * @param n pairs
 */
export function differingPairs(sum: number, sizes: number, squares: number, n: number): Interval {
  if (sizes === 0) return [0, 0];
  // Means over several tries count for more than one; a few of very many tiles for less, where the formula ends.
  const m = Math.max(1, sizes ** 2 / squares);
  const p = (1 + sum / sizes) / 2;
  const z2 = Z * Z;
  const [below, above] = [z2 - 2 - 1 / m + 4 * p * (m * (1 - p) + 1), z2 + 2 - 1 / m + 4 * p * (m * (1 - p) - 1)];
  const low = p === 0 ? 0 : Math.max(0, (2 * m * p + z2 - 1 - Z * Math.sqrt(below)) / (2 * (m + z2)));
  const high = p === 1 ? 1 : Math.min(1, (2 * m * p + z2 + 1 + Z * Math.sqrt(above)) / (2 * (m + z2)));
  return [((2 * low - 1) * sizes) / n, ((2 * high - 1) * sizes) / n];
}

/** The smallest interval that holds both. */
export function hull([a, b]: Interval, [c, d]: Interval): Interval {
  return [Math.min(a, c), Math.max(b, d)];
}

/**
 * As many independent tries as leave a mean as uncertain as it is: fewer than there are where images are parts of files that are right or
 * wrong as a whole, and at least as many as there are files.
 *
 * @param values one an image
 * @param spread variance of one try
 * @param tries that there are
 */
function effective(values: readonly number[], spread: number, tries: number, { files }: Resampling): number {
  const middle = mean(values);
  const off = new Map<number, number>();
  for (const [i, value] of files ? values.entries() : [])
    off.set(files![i]!, (off.get(files![i]!) ?? 0) + value - middle);
  if (off.size < 2) return tries;
  const squares = [...off.values()].reduce((sum, one) => sum + one * one, 0);
  const variance = (squares / values.length ** 2) * (off.size / (off.size - 1));
  return variance > 0 ? Math.min(tries, Math.max(off.size, spread / variance)) : off.size;
}

/** 95 % interval of the mean of numbers in [0, 1], one an image: hits. */
export function shareInterval(hits: ArrayLike<number>, seed: number, resampling: Resampling = {}): Interval {
  return widened(Array.from(hits), bootstrapMean(hits, seed, resampling), resampling);
}

function widened(hits: readonly number[], made: Interval, resampling: Resampling): Interval {
  const share = mean(hits);
  const binomial = share * (1 - share);
  const variance = mean(hits.map((hit) => hit * hit)) - share ** 2;
  // Where each is itself a share of some tries, it counts for more than one.
  const tries = hits.length * (variance > 0 ? Math.max(1, binomial / variance) : 1);
  return hull(made, wilson(share, effective(hits, binomial, tries, resampling)));
}

/** 95 % interval of the mean of numbers in [−1, 1], one an image: by how much one encoder is right where another is not. */
export function leadInterval(gains: ArrayLike<number>, seed: number, resampling: Resampling = {}): Interval {
  const made = bootstrapMean(gains, seed, resampling);
  const values = Array.from(gains);
  const [average, size] = [mean(values), mean(values.map(Math.abs))];
  const square = mean(values.map((gain) => gain * gain));
  const n = effective(values, square - average ** 2, values.length, resampling);
  const [sum, sizes, squares] = [average * n, size * n, square * n];
  return hull(made, hull(pairedDifference(sum, squares, n), differingPairs(sum, sizes, squares, n)));
}

/**
 * {@link bootstrap} of the main metrics; top-1 is a share, and the ends of macro-F1 and balanced accuracy, for which there is no closed form,
 * lie out by as much as its do.
 */
export function scoreIntervals(
  labels: Int32Array,
  predictions: readonly Int32Array[],
  classes: number,
  seed: number,
  resampling: Resampling = {},
): Record<keyof MainMetrics, Interval> {
  const made = bootstrap(labels, predictions, classes, seed, resampling);
  const right = Array.from(labels, (label, n) => mean(predictions.map((said) => Number(said[n] === label))));
  const top1 = widened(right, made.top1, resampling);
  const [below, above] = [made.top1[0] - top1[0], top1[1] - made.top1[1]];
  const moved = ([low, high]: Interval): Interval => [Math.max(0, low - below), Math.min(1, high + above)];
  return { top1, f1: moved(made.f1), balanced: moved(made.balanced) };
}
