// How many images indicators look at, and how many of these in several views: as many as a fifth of the training's time allows. What that
// takes is foretold from what the run itself has taken and from what is worked out, and measured by no clock: who looks again sees the same.
import type { IndicatorSize } from "../run/evaluations.ts";
import { MOST_IMAGES, MOST_VIEWED } from "./indicator-images.ts";

/** Of training's time, in which all indicators should be told. */
export const SHARE = 0.2;

/** Images and those of them in views, from all to the fewest. Views are dearer than images, and RankMe asks for many images. */
export const SIZES: readonly IndicatorSize[] = [
  { images: MOST_IMAGES, viewed: MOST_VIEWED },
  { images: 2048, viewed: 256 },
  { images: 2048, viewed: 128 },
  { images: 1024, viewed: 256 },
  { images: 1024, viewed: 128 },
  { images: 1024, viewed: 64 },
  { images: 512, viewed: 128 },
  { images: 512, viewed: 64 },
  { images: 256, viewed: 64 },
  { images: 128, viewed: 64 },
  { images: 64, viewed: 64 },
  { images: 64, viewed: 32 },
];

/** What a run's training has taken, and what an encoder does beside it. */
export interface TrainingCost {
  /** Seconds of training in all. */
  seconds: number;
  /** Seconds that training took for an image with all its views, reading included. */
  perImage: number;
  /** Of the arithmetic of training on an image: what one encoder does with one view. */
  viewShare: number;
}

/** What the look at an image is made of. */
export interface LookKind {
  /** Views and turns of an image that is seen in several. */
  ways: number;
  /** Kinds of features that are worked out, raw pixels among them. */
  kinds: number;
  /** Dimensions of the encoder's features. */
  dims: number;
}

/** How many are looked at, and what was foretold of it. */
export interface IndicatorPlan extends IndicatorSize {
  /** Whether these are fewer than there could be. */
  isCut: boolean;
  /** Seconds that a fifth of the training is; null where nobody knows what it took, or it was not to count. */
  allowed: number | null;
  /** Seconds that it should take; null likewise. */
  expected: number | null;
}

/**
 * The most that fits into a fifth of the training's time; where not even the fewest do, the fewest.
 *
 * @param available images that there are
 * @param training null where that is not known: all are looked at
 */
export function planIndicators(available: number, training: TrainingCost | null, kind: LookKind): IndicatorPlan {
  if (training === null) return planAsked(available, SIZES[0]!);
  const allowed = SHARE * training.seconds;
  const expected = (size: IndicatorSize) => expectedSeconds(within(size, available), training, kind);
  const size = SIZES.find((one) => expected(one) <= allowed) ?? SIZES.at(-1)!;
  const plan = planAsked(available, size);
  // Where there are no more images than that, nothing was left out.
  const kept = plan.isCut ? plan : planAsked(available, SIZES[0]!);
  return { ...kept, allowed, expected: expected(size) };
}

/** So many, whatever that takes. */
export function planAsked(available: number, { images, viewed }: IndicatorSize): IndicatorPlan {
  const size = { images, viewed: Math.min(images, viewed, MOST_VIEWED) };
  const [own, all] = [within(size, available), within(SIZES[0]!, available)];
  const isCut = own.images < all.images || own.viewed < all.viewed;
  return { ...size, isCut, allowed: null, expected: null };
}

function within({ images, viewed }: IndicatorSize, available: number): IndicatorSize {
  const all = Math.min(images, available);
  return { images: all, viewed: Math.min(viewed, all) };
}

/**
 * Seconds that a look should take. Each image is read once, and once more for its views, which costs at most what an image costs in training; two
 * encoders see each view; then indicators are worked out.
 */
export function expectedSeconds(
  { images, viewed }: IndicatorSize,
  { perImage, viewShare }: TrainingCost,
  { ways, kinds, dims }: LookKind,
): number {
  const reading = images + viewed;
  const encoding = 2 * viewShare * (images + viewed * ways);
  return perImage * (reading + encoding) + kinds * workedOut(images, dims);
}

/**
 * Seconds that one core takes for all indicators of one kind of features, at most: measured from 64 to 2,048 images of 192 to 2,048 dimensions. Clusters
 * and bootstraps, which grow with the images, are most of it.
 */
function workedOut(images: number, dims: number): number {
  return 0.5 + images * (0.0045 + 1.5e-6 * dims) + 2e-10 * dims ** 3;
}
