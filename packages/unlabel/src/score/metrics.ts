// How good predictions are: top-k accuracy, F1, confusion. The definitions are scikit-learn's, on which the fixtures rest.
import type { ClassScore, MainMetrics } from "../run/evaluations.ts";

/** How predictions compare with labels. */
export interface Metrics extends MainMetrics {
  /** Share of images whose class is among the five highest scores (those that are guesses at all); null where there are five classes or fewer. */
  top5: number | null;
  /** How each class fared, in the order of the labels. */
  per_class: ClassScore[];
  /** `confusion[t][p]`: images of class t predicted to be class p. */
  confusion: number[][];
  /** The class of the highest score of each image, `[N]`. */
  predicted: Int32Array;
}

/**
 * Judges scores against labels.
 *
 * @param scores row-major `[N, C]`, higher is likelier; −∞ for a class that is no guess
 * @param labels `[N]`, whole numbers in [0, C)
 * @param classes C
 */
export function judge(scores: Float32Array, labels: Int32Array, classes: number): Metrics {
  const top1 = topK(scores, labels, classes, 1);
  const predicted = Int32Array.from(labels, (_, n) => argmax(scores, n * classes, classes));
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let n = 0; n < labels.length; n++) confusion[labels[n]!]![predicted[n]!]!++;
  return {
    ...countMetrics(labels, predicted, classes),
    top1,
    top5: classes > 5 ? topK(scores, labels, classes, 5) : null,
    per_class: scoreClasses(confusion),
    confusion,
    predicted,
  };
}

/**
 * Top-1 accuracy; macro-F1, the plain mean of F1 over the classes that occur or are predicted (scikit-learn's
 * `average="macro"`); balanced accuracy, the plain mean of recall over the classes that occur.
 *
 * @param times how often each image counts, whole numbers; by default once
 */
export function countMetrics(
  labels: Int32Array,
  predicted: Int32Array,
  classes: number,
  times?: ArrayLike<number>,
): MainMetrics {
  const [right, support, said] = [new Int32Array(classes), new Int32Array(classes), new Int32Array(classes)];
  let [count, hits] = [0, 0];
  for (let n = 0; n < labels.length; n++) {
    const weight = times ? times[n]! : 1;
    if (weight === 0) continue;
    const [truth, taken] = [labels[n]!, predicted[n]!];
    support[truth]! += weight;
    said[taken]! += weight;
    count += weight;
    if (truth === taken) {
      right[truth]! += weight;
      hits += weight;
    }
  }
  let [f1, recall, seen, occurring] = [0, 0, 0, 0];
  for (let c = 0; c < classes; c++) {
    const whole = support[c]! + said[c]!;
    if (whole === 0) continue;
    seen++;
    f1 += (2 * right[c]!) / whole;
    if (support[c]! === 0) continue;
    occurring++;
    recall += right[c]! / support[c]!;
  }
  return { top1: ratio(hits, count), f1: ratio(f1, seen), balanced: ratio(recall, occurring) };
}

/**
 * Share of rows whose label is among the `k` highest scores, −∞ left out: that is a class for which nothing speaks. Of equal scores the class of the lower number comes first,
 * as `argmax` has it, so that a constant prediction is right by chance and no oftener.
 *
 * @throws {RangeError} where sizes disagree, or a score is not a number
 */
export function topK(scores: Float32Array, labels: Int32Array, classes: number, k: number): number {
  if (scores.length !== labels.length * classes)
    throw new RangeError(`Expected ${labels.length} × ${classes} scores, got ${scores.length}`);
  let right = 0;
  for (let n = 0; n < labels.length; n++) {
    const at = n * classes;
    const own = scores[at + labels[n]!];
    if (own === undefined || labels[n]! >= classes)
      throw new RangeError(`Expected labels from 0 to ${classes - 1}, got ${labels[n]}`);
    let before = 0;
    for (let c = 0; c < classes; c++) {
      const score = scores[at + c]!;
      if (Number.isNaN(score)) throw new RangeError(`Expected numbers for scores, got NaN in row ${n}`);
      if (score > own || (score === own && c < labels[n]!)) before++;
    }
    if (before < k && own > Number.NEGATIVE_INFINITY) right++;
  }
  return labels.length === 0 ? 0 : right / labels.length;
}

/** Precision, recall, F1 and support of each class from a confusion matrix (row = true class). */
export function scoreClasses(confusion: number[][]): ClassScore[] {
  return confusion.map((row, c) => {
    const right = row[c]!;
    const support = row.reduce((a, b) => a + b, 0);
    const predicted = confusion.reduce((sum, other) => sum + other[c]!, 0);
    return {
      precision: ratio(right, predicted),
      recall: ratio(right, support),
      f1: ratio(2 * right, predicted + support),
      support,
    };
  });
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function argmax(scores: Float32Array, start: number, count: number): number {
  let best = 0;
  for (let c = 1; c < count; c++) if (scores[start + c]! > scores[start + best]!) best = c;
  return best;
}
