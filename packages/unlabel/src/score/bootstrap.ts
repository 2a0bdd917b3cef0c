// How far a score could lie elsewhere had other test images been drawn: the percentile bootstrap over test images
// (Efron, "Bootstrap methods: another look at the jackknife", 1979); over files, where several images are parts of one.
import { Rng } from "../base/rng.ts";
import type { Interval, MainMetrics } from "../run/evaluations.ts";
import { countMetrics } from "./metrics.ts";

export const RESAMPLES = 1000;

/** How images are drawn. */
export interface Resampling {
  /** Rounds; default 1,000. */
  resamples?: number;
  /**
   * The file that each image is a part of, where several are of one: then whole files are drawn, since parts of one show nearly the same
   * and are right or wrong together. Of a single file, of which nothing else can be drawn, images are, as if each were a file.
   */
  files?: ArrayLike<number> | undefined;
}

/**
 * 95 % intervals of the main metrics. Of several predictions (draws of a few-shot protocol) the mean is resampled.
 * The same seed draws the same images for all who ask.
 */
export function bootstrap(
  labels: Int32Array,
  predictions: readonly Int32Array[],
  classes: number,
  seed: number,
  resampling: Resampling = {},
): Record<keyof MainMetrics, Interval> {
  const [top1, f1, balanced]: number[][] = [[], [], []];
  resample(labels.length, seed, resampling, (times) => {
    const found = predictions.map((predicted) => countMetrics(labels, predicted, classes, times));
    top1!.push(mean(found.map((one) => one.top1)));
    f1!.push(mean(found.map((one) => one.f1)));
    balanced!.push(mean(found.map((one) => one.balanced)));
  });
  return { top1: middle(top1!), f1: middle(f1!), balanced: middle(balanced!) };
}

/** 95 % interval of the mean of one number an image: hits, or by how much one encoder is right where another is not. */
export function bootstrapMean(values: ArrayLike<number>, seed: number, resampling: Resampling = {}): Interval {
  const means: number[] = [];
  // Of a difference, most are zero.
  const counting = Uint32Array.from(values, (_, i) => i).filter((i) => values[i] !== 0);
  resample(values.length, seed, resampling, (times, drawn) => {
    let sum = 0;
    for (const i of counting) sum += times[i]! * values[i]!;
    means.push(sum / drawn);
  });
  return middle(means);
}

/** What all rounds of a bootstrap have drawn. */
export interface Rounds {
  /** How often each image is drawn in each round, `[rounds · N]`. */
  times: Uint8Array;
  /** How many rounds there are. */
  rounds: number;
}

/** 95 % interval of any number that follows from how often each image is drawn; `of` gives one a round, for all rounds at once. */
export function roundsOf(
  images: number,
  seed: number,
  resampling: Resampling,
  of: (all: Rounds) => number[],
): Interval {
  const rounds = resampling.resamples ?? RESAMPLES;
  const times = new Uint8Array(images * rounds);
  let round = 0;
  resample(images, seed, resampling, (row) => times.set(row, images * round++));
  return middle(of({ times, rounds }));
}

/** How often each image, or file, was drawn, a row of `count` a round: the last ones drawn, for as long as memory is not asked for. */
let last: { key: string; times: WeakRef<Uint8Array> } | null = null;

/** Rows of more bytes than this are drawn anew for each who asks. */
const KEPT = 1 << 26;

/** Visits how often each image is drawn in each round, and how many are in all. */
function resample(
  images: number,
  seed: number,
  { resamples = RESAMPLES, files }: Resampling,
  visit: (times: Uint8Array, drawn: number) => void,
): void {
  const numbers = new Map<number, number>();
  const own = Uint32Array.from(files ?? [], (file) => {
    const number = numbers.get(file) ?? numbers.size;
    numbers.set(file, number);
    return number;
  });
  if (numbers.size < 2) {
    rounds(images, seed, resamples, (times) => visit(times, images));
    return;
  }
  const times = new Uint8Array(images);
  rounds(numbers.size, seed, resamples, (ofFiles) => {
    let drawn = 0;
    for (let i = 0; i < images; i++) {
      times[i] = ofFiles[own[i]!]!;
      drawn += times[i]!;
    }
    visit(times, drawn);
  });
}

/** Visits how often each of `count` is drawn in each round. All scores of an evaluation ask for the same rounds, which are drawn once. */
function rounds(count: number, seed: number, resamples: number, visit: (times: Uint8Array) => void): void {
  const key = `${count} ${seed} ${resamples}`;
  const known = last?.key === key ? last.times.deref() : undefined;
  const kept = known ?? (count * resamples <= KEPT ? new Uint8Array(count * resamples) : null);
  const row = new Uint8Array(kept ? 0 : count);
  for (let round = 0; round < resamples; round++) {
    const times = kept ? kept.subarray(round * count, (round + 1) * count) : row.fill(0);
    if (!known) draw(times, seed, round);
    visit(times);
  }
  if (kept && !known) last = { key, times: new WeakRef(kept) };
}

/** Draws as many as there are. None comes up 256 times: of 256 or more, in 10⁵⁰⁰ rounds not once. */
function draw(times: Uint8Array, seed: number, round: number): void {
  const count = times.length;
  const rng = new Rng(seed, "bootstrap", round);
  for (let i = 0; i < count; i++) times[Math.floor((rng.bits() / 0x100000000) * count)]!++;
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
