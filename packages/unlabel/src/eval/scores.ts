// From predictions to what the files hold: scores with names and intervals, the lead over a baseline, the majority class.
import type { ClassName, Item } from "../data/folder.ts";
import { nameOf } from "../data/names.ts";
import type { Lead, Predictions, Score } from "../run/evaluations.ts";
import { countParts, digestOf, encodeClasses, MOST_CLASSES } from "../run/predictions.ts";
import { judge, type Metrics } from "../score/metrics.ts";
import { leadInterval, scoreIntervals } from "../score/shares.ts";

/** What predictions on `labels` are judged in the light of. */
export interface Test {
  labels: Int32Array;
  /** The images themselves. */
  items: readonly Item[];
  classes: ClassName[];
  seed: number;
  /** The file that each is a part of, where several are of one. */
  files: Int32Array | undefined;
}

export function scoreOf({ top1, top5, f1, balanced, per_class, predicted }: Metrics, test: Test): Score {
  return {
    top1,
    top5,
    f1,
    balanced,
    per_class: per_class.map((one, c) => ({ name: test.classes[c]!.name, ...one })),
    interval: scoreIntervals(test.labels, [predicted], test.classes.length, test.seed, { files: test.files }),
  };
}

/** Always the most frequent class of train, and after it the next most frequent. */
export function majorityScore(train: Int32Array, test: Test): Score {
  const count = test.classes.length;
  const frequency = new Float32Array(count);
  for (const label of train) frequency[label]!++;
  // A class that train lacks is no guess.
  const guess = frequency.map((images) => images || Number.NEGATIVE_INFINITY);
  const scores = new Float32Array(test.labels.length * count);
  for (let n = 0; n < test.labels.length; n++) scores.set(guess, n * count);
  return scoreOf(judge(scores, test.labels, count), test);
}

/** Predictions as the files keep them; undefined where there are more classes than they can tell apart. */
export function predictionsOf(
  { labels, items, classes, files }: Test,
  predicted: { trained: Int32Array; untrained?: Int32Array; pixels?: Int32Array },
): Predictions | undefined {
  if (classes.length > MOST_CLASSES) return undefined;
  const text = (values: Int32Array) => encodeClasses(values, classes.length);
  const { trained, untrained, pixels } = predicted;
  return {
    images: digestOf(items.map((item) => ({ path: nameOf(item), class: classes[item.label]!.id }))),
    ...(files && { files: countParts(files) }),
    labels: text(labels),
    trained: text(trained),
    ...(untrained && { untrained: text(untrained) }),
    ...(pixels && { pixels: text(pixels) }),
  };
}

/** By how much `own` is right more often than `other`, image by image. */
export function leadOf(own: Int32Array, other: Int32Array, { labels, seed, files }: Test): Lead {
  const gains = Int8Array.from(labels, (label, n) => Number(own[n] === label) - Number(other[n] === label));
  const total = gains.reduce((sum, gain) => sum + gain, 0);
  return { top1: total / labels.length, interval: leadInterval(gains, seed, { files }) };
}
