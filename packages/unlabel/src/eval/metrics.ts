// How good predictions are: top-k accuracy, F1, confusion. The definitions are scikit-learn's, on which the fixtures rest.

/** How one class fared. All are shares in [0, 1], 0 where there is nothing to divide by. */
export interface ClassScore {
  /** Right among those predicted to be this class. */
  precision: number;
  /** Right among those that are this class. */
  recall: number;
  /** Harmonic mean of the two: 2PR / (P + R). */
  f1: number;
  /** Images of this class. */
  support: number;
}

export interface Metrics {
  /** Share of images whose class has the highest score. */
  top1: number;
  /** Share of images whose class is among the five highest scores; 1 where there are five classes or fewer. */
  top5: number;
  /** Macro-F1: the plain mean of F1 over the classes that occur or are predicted (scikit-learn's `average="macro"`). */
  f1: number;
  per_class: ClassScore[];
  /** `confusion[t][p]`: images of class t predicted to be class p. */
  confusion: number[][];
}

/**
 * Judges scores against labels.
 *
 * @param scores row-major `[N, C]`, higher is likelier
 * @param labels `[N]`, whole numbers in [0, C)
 * @param classes C
 */
export function judge(scores: Float32Array, labels: Int32Array, classes: number): Metrics {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let n = 0; n < labels.length; n++) confusion[labels[n]!]![argmax(scores, n * classes, classes)]!++;
  const per_class = scoreClasses(confusion);
  const seen = per_class.filter((score, c) => score.support > 0 || confusion.some((row) => row[c]! > 0));
  return {
    top1: topK(scores, labels, classes, 1),
    top5: topK(scores, labels, classes, 5),
    f1: seen.reduce((sum, score) => sum + score.f1, 0) / Math.max(1, seen.length),
    per_class,
    confusion,
  };
}

/**
 * Share of rows whose label is among the `k` highest scores. Of equal scores the class of the lower number comes first,
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
    if (before < k) right++;
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
