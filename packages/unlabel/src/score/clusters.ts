// Clusters without labels: whether clusters of features can be learnt from a few of their images, in how many dimensions features lie
// (CLID: Lu et al., arXiv:2206.01251), and whether other images and other seeds come to the same clusters.
import { fromTypedArray, noGrad, scope, type Tensor } from "@unlabel/torch";
import { Rng } from "../base/rng.ts";
import { clusterCount, kMeans, nearestCentre } from "./k-means.ts";
import { drawHalf } from "./pretext.ts";
import { type Refusal, type Told, unitRows, unusable } from "./told.ts";

/** Share of the images in one cluster, above which there are none to speak of. */
const MOST_IN_ONE = 0.9;
/** Pairs of runs of k-means that stability is the mean of. */
const PAIRS = 4;

/**
 * Cluster learnability, image by image: k-means puts the images into √N clusters, then they come one after the other, each predicted by
 * the nearest (cosine) of those before it, and 1 where that is of its cluster. The mean is from 0 to 1, more is better.
 *
 * Differences from the paper: its number of clusters is set by hand, and its sum with the intrinsic dimension needs the other encoders'
 * numbers to scale by; here they stand side by side.
 *
 * @param features `[N, d]`
 * @param seed of the clusters and the order
 * @returns of all but the first in their order, `[N − 1]`, and which image each is; words where {@link unusable}, for fewer than 16
 *   images, and where nine tenths of them fall into one cluster
 */
export function clusterLearnability(features: Tensor, seed: number): Told<{ hits: Float64Array; images: Int32Array }> {
  const bad = unusable(features) ?? few(features);
  if (bad) return bad;
  const count = features.shape[0]!;
  return scope(() => {
    const unit = noGrad(() => unitRows(features));
    const { assigned } = kMeans(unit, clusterCount(count), seed);
    const refused = oneCluster(assigned);
    if (refused) return refused;
    const similar = noGrad(() => unit.mm(unit.t()).toArray()) as Float64Array;
    const order = shuffled(count, seed);
    const hits = Float64Array.from({ length: count - 1 }, (_, i) => {
      const asks = order[i + 1]!;
      let [nearest, best] = [order[0]!, Number.NEGATIVE_INFINITY];
      for (let j = 0; j <= i; j++) {
        const one = similar[asks * count + order[j]!]!;
        if (one > best) [nearest, best] = [order[j]!, one];
      }
      return Number(assigned[nearest] === assigned[asks]);
    });
    return { hits, images: order.slice(1) };
  });
}

/**
 * ln(r₂ / r₁) of each image, the distances (of features of length 1) of its second and first neighbour: TwoNN (Facco et al., 2017). The
 * intrinsic dimension is 1 over their mean (the maximum-likelihood form; CLID fits a line instead). Images that have an equal are left out.
 *
 * @param features `[N, d]`
 * @returns of those that have a first neighbour at a distance, and which image each is; words where {@link unusable}, for fewer than
 *   16 images, and where half of them have an equal
 */
export function neighbourRatios(features: Tensor): Told<{ logs: Float64Array; images: Int32Array }> {
  const bad = unusable(features) ?? few(features);
  if (bad) return bad;
  const count = features.shape[0]!;
  return noGrad(() =>
    scope(() => {
      const unit = unitRows(features);
      const squares = unit.square().sum(1);
      const distances = unit.mm(unit.t()).mul(-2).add(squares.unsqueeze(0)).add(squares.unsqueeze(1)).clamp(0);
      const [near] = distances.fillDiagonal_(Number.POSITIVE_INFINITY).topk(2, 1, false);
      const values = near.toArray() as Float64Array;
      const kept = Array.from({ length: count }, (_, n) => n).filter((n) => values[2 * n]! > 1e-12);
      if (kept.length < count / 2) return { refused: "half of the images or more have another with the same features" };
      // Of squares, half the logarithm.
      const logs = Float64Array.from(kept, (n) => 0.5 * Math.log(values[2 * n + 1]! / values[2 * n]!));
      return { logs, images: Int32Array.from(kept) };
    }),
  );
}

/**
 * Stability of clusters across halves: k-means on each of two halves of the images, all images put to either's centres, and the adjusted
 * Rand index of the two; the mean over four ways to halve. 1: halves find the same clusters; 0: no more alike than by chance.
 *
 * @param features `[N, d]`
 * @returns words where {@link unusable}, for fewer than 16 images, and where nine tenths of them fall into one cluster
 */
export function stabilityAcrossHalves(features: Tensor, seed: number): Told<number> {
  return stability(features, (unit, k, turn) => {
    const all = Array.from({ length: unit.shape[0]! }, (_, n) => n);
    const first = new Set(drawHalf(all, seed + turn));
    return [true, false].map((half) => {
      const rows = all.filter((n) => first.has(n) === half);
      const part = unit.indexSelect(0, fromTypedArray(Int32Array.from(rows)));
      return nearestCentre(unit, kMeans(part, Math.min(k, rows.length), seed).centres);
    }) as [Int32Array, Int32Array];
  });
}

/** As {@link stabilityAcrossHalves}, of k-means on all images from two seeds' first centres. */
export function stabilityAcrossSeeds(features: Tensor, seed: number): Told<number> {
  return stability(features, (unit, k, turn) => [
    kMeans(unit, k, seed + 2 * turn).assigned,
    kMeans(unit, k, seed + 2 * turn + 1).assigned,
  ]);
}

function stability(
  features: Tensor,
  pair: (unit: Tensor, k: number, turn: number) => [Int32Array, Int32Array],
): Told<number> {
  const bad = unusable(features) ?? few(features);
  if (bad) return bad;
  return scope(() => {
    const unit = noGrad(() => unitRows(features));
    let sum = 0;
    for (let turn = 0; turn < PAIRS; turn++) {
      const [a, b] = pair(unit, clusterCount(unit.shape[0]!), turn);
      const refused = oneCluster(a) ?? oneCluster(b);
      if (refused) return refused;
      sum += adjustedRand(a, b);
    }
    return sum / PAIRS;
  });
}

/**
 * The adjusted Rand index of two ways to put the same images into clusters (Hubert & Arabie, 1985): 1 for the same clusters, 0 on
 * average for unrelated ones, at least −0.5. Two ways of one cluster each are the same: 1.
 *
 * @throws {RangeError} where these are not as many images
 */
export function adjustedRand(first: ArrayLike<number>, second: ArrayLike<number>): number {
  const count = first.length;
  if (count !== second.length) throw new RangeError(`Expected clusters of ${count} images, got ${second.length}`);
  const pairs = (n: number) => (n * (n - 1)) / 2;
  const tally = (keys: Iterable<string | number>) => {
    const found = new Map<string | number, number>();
    for (const key of keys) found.set(key, (found.get(key) ?? 0) + 1);
    return [...found.values()].reduce((sum, n) => sum + pairs(n), 0);
  };
  const [a, b] = [tally(Array.from(first)), tally(Array.from(second))];
  const both = tally(Array.from({ length: count }, (_, n) => `${first[n]} ${second[n]}`));
  const expected = (a * b) / pairs(count);
  const most = (a + b) / 2;
  return most === expected ? 1 : (both - expected) / (most - expected);
}

/** One cluster for people to look at: how many images it has, and those nearest to its centre. */
export interface ClusterSheet {
  /** Images in it. */
  size: number;
  /** Rows of the features, the nearest to the centre first. */
  nearest: number[];
}

/**
 * Clusters for a contact sheet each: k-means on features of length 1, the largest cluster first.
 *
 * @param features `[N, d]`
 * @param most clusters, at most; fewer where N is small
 * @param shown images of each, at most
 * @returns words where {@link unusable}, for fewer than 16 images, and where nine tenths of them fall into one cluster
 */
export function clusterSheets(features: Tensor, most: number, shown: number, seed: number): Told<ClusterSheet[]> {
  const bad = unusable(features) ?? few(features);
  if (bad) return bad;
  return scope(() => {
    const unit = noGrad(() => unitRows(features));
    const k = Math.min(most, clusterCount(unit.shape[0]!));
    const { centres, assigned } = kMeans(unit, k, seed);
    const refused = oneCluster(assigned);
    if (refused) return refused;
    const far = unit
      .sub(centres.indexSelect(0, fromTypedArray(assigned)))
      .square()
      .sum(1);
    const near = noGrad(() => far.toArray()) as Float64Array;
    const found = Array.from({ length: k }, (_, cluster) =>
      Array.from(assigned.keys())
        .filter((n) => assigned[n] === cluster)
        .sort((a, b) => near[a]! - near[b]! || a - b),
    );
    return found
      .filter((rows) => rows.length > 0)
      .map((rows) => ({ size: rows.length, nearest: rows.slice(0, shown) }))
      .sort((a, b) => b.size - a.size || a.nearest[0]! - b.nearest[0]!);
  });
}

function few(features: Tensor): Refusal | null {
  const count = features.shape[0]!;
  return count >= 16 ? null : { refused: `${count} images are too few for clusters` };
}

function oneCluster(assigned: Int32Array): Refusal | null {
  const sizes = new Map<number, number>();
  for (const cluster of assigned) sizes.set(cluster, (sizes.get(cluster) ?? 0) + 1);
  const largest = Math.max(...sizes.values());
  return largest <= MOST_IN_ONE * assigned.length ? null : { refused: "nearly all images fall into one cluster" };
}

function shuffled(count: number, seed: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, n) => n);
  const rng = new Rng(seed, "cluster order");
  for (let i = count - 1; i > 0; i--) {
    const j = rng.below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
