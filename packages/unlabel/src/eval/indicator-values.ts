// What indicators make of one kind of features: the trained encoder's, the initial one's or raw pixels.
import { cat, scope, type Tensor } from "@unlabel/torch";
import { type CHANGES, INDICATORS, type Indicator, type Indicators } from "../run/indicators.ts";
import { alignmentRatioWithin, alignments, uniformity } from "../score/alignment.ts";
import { bootstrapMean, mean } from "../score/bootstrap.ts";
import {
  clusterLearnability,
  neighbourRatios,
  stabilityAcrossHalves,
  stabilityAcrossSeeds,
} from "../score/clusters.ts";
import { lidar } from "../score/lidar.ts";
import { linearPrediction } from "../score/pretext.ts";
import { shareInterval } from "../score/shares.ts";
import { alphaReq, rankMe } from "../score/spectrum.ts";
import { isRefused, type Told, unusable } from "../score/told.ts";
import { viewHits } from "../score/view-retrieval.ts";
import { rowsFrom, type Seen, type SeenFeatures } from "./indicator-features.ts";
import { AUGMENTED, PLACES, placesOf, turnsOf } from "./indicator-views.ts";

/** Views of one image lie this much of the way apart that views of two do: then features do not follow the images. */
const FOLLOWS = 0.9;

/** All indicators of one kind of features. */
export function toldOf(
  { plain, views }: SeenFeatures,
  { files, viewedFiles, numbers }: Pick<Seen<string>, "files" | "viewedFiles" | "numbers">,
  seed: number,
): Indicators {
  const resampling = { files };
  const ofViewed = { files: viewedFiles };
  const shares = (told: Told<Float64Array>): Indicator =>
    isRefused(told) ? told : { value: mean(Array.from(told)), interval: shareInterval(told, seed, ofViewed) };
  const means = (told: Told<Float64Array>): Indicator =>
    isRefused(told) ? told : { value: mean(Array.from(told)), interval: bootstrapMean(told, seed, ofViewed) };
  const view = (name: string) => views[name]!;
  const [first, second] = [view("augmented-0"), view("augmented-1")];
  const alike = unusable(plain);
  if (alike) return Object.fromEntries(INDICATORS.map(({ name }) => [name, alike])) as Indicators;
  const ratio = alignmentRatioWithin(first, second, seed, ofViewed);
  // Of noise every direction is used, and every view another cluster: only of images are these good signs.
  const lost =
    !isRefused(ratio) && ratio.value >= FOLLOWS
      ? { refused: "two views of one image lie as far apart as views of two: features do not follow the images" }
      : null;
  const single = (told: Told<number>): Indicator => (isRefused(told) ? told : { value: told });
  const follows = (of: () => Indicator): Indicator => lost ?? of();
  const found = (change: (typeof CHANGES)[number]): Indicator =>
    shares(
      scope(() => {
        const turned = () =>
          rowsFrom(
            [1, 2, 3].map((turn) => view(`turned-${turn}`)),
            numbers.map((n) => turnsOf(n) - 1),
          );
        return viewHits(view("plain"), change === "rotation" ? turned() : view(change));
      }),
    );
  return {
    rank_me: follows(() => single(rankMe(plain))),
    alpha_req: follows(() => single(alphaReq(plain))),
    lidar: follows(() => {
      using all = scope(() =>
        cat(
          Array.from({ length: AUGMENTED }, (_, i) => view(`augmented-${i}`)),
          0,
        ),
      );
      return single(lidar(all, AUGMENTED));
    }),
    alignment: means(alignments(first, second)),
    alignment_ratio: ratio,
    uniformity: follows(() => uniformity(plain, seed, resampling)),
    found_crop: found("crop"),
    found_colour: found("colour"),
    found_blur: found("blur"),
    found_rotation: found("rotation"),
    rotation: shares(rotationTold(views, viewedFiles, seed)),
    place: shares(placeTold(views, viewedFiles, numbers, seed)),
    cluster_learnability: follows(() => {
      const told = clusterLearnability(plain, seed);
      if (isRefused(told)) return told;
      return { value: mean(Array.from(told.hits)), interval: shareInterval(told.hits, seed, of(told.images, files)) };
    }),
    intrinsic_dimension: follows(() => {
      const told = neighbourRatios(plain);
      if (isRefused(told)) return told;
      const [low, high] = bootstrapMean(told.logs, seed, of(told.images, files));
      return { value: 1 / mean(Array.from(told.logs)), interval: [1 / high, 1 / low] };
    }),
    cluster_halves: follows(() => single(stabilityAcrossHalves(plain, seed))),
    cluster_seeds: follows(() => single(stabilityAcrossSeeds(plain, seed))),
  };
}

function of(images: Int32Array, files: Int32Array | undefined) {
  return { files: files && images.map((n) => files[n]!) };
}

/** Share of the four turns of each image that a linear layer names, `[M]`. */
function rotationTold(views: Record<string, Tensor>, files: Int32Array, seed: number): Told<Float64Array> {
  const ways = ["plain", "turned-1", "turned-2", "turned-3"];
  const count = files.length;
  return scope(() => {
    const all = cat(
      ways.map((name) => views[name]!),
      0,
    );
    const labels = Int32Array.from({ length: ways.length * count }, (_, row) => Math.floor(row / count));
    const groups = labels.map((_, row) => files[row % count]!);
    return perImage(linearPrediction(all, labels, groups, ways.length, seed), count);
  });
}

/** Share of the two outer parts of each image whose place beside the middle a linear layer names, `[M]`. */
function placeTold(
  views: Record<string, Tensor>,
  files: Int32Array,
  numbers: readonly number[],
  seed: number,
): Told<Float64Array> {
  const count = files.length;
  return scope(() => {
    const pairs = [0, 1].map((which) => cat([views["part-middle"]!, views[`part-${which}`]!], 1));
    const labels = Int32Array.from(
      { length: 2 * count },
      (_, row) => placesOf(numbers[row % count]!)[row < count ? 0 : 1],
    );
    const groups = labels.map((_, row) => files[row % count]!);
    return perImage(linearPrediction(cat(pairs, 0), labels, groups, PLACES, seed), count);
  });
}

/** Means over an image's rows, which come `count` apart. */
function perImage(told: Told<Float64Array>, count: number): Told<Float64Array> {
  if (isRefused(told)) return told;
  const ways = told.length / count;
  const sums = new Float64Array(count);
  for (const [row, hit] of told.entries()) sums[row % count]! += hit / ways;
  return sums;
}
