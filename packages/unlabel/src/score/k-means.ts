// k-means on features of length 1 (Lloyd's algorithm from k-means++ starts): clusters without labels, the same for the same seed.
import { fromTypedArray, noGrad, scope, type Tensor } from "@unlabel/torch";
import { Rng } from "../base/rng.ts";

const ITERATIONS = 30;

/** Centres `[k, d]` in float64; the caller disposes of them. */
export interface Clusters {
  /** `[k, d]`. */
  centres: Tensor;
  /** The cluster of each row it was made from, `[N]`. */
  assigned: Int32Array;
}

/** How many clusters so many images are put into: the root of their number, from 2 to 64. */
export function clusterCount(images: number): number {
  return Math.max(2, Math.min(64, Math.round(Math.sqrt(images))));
}

/**
 * Puts rows into k clusters: centres begin as rows drawn by k-means++ (Arthur & Vassilvitskii, 2007), then each becomes the mean of the
 * rows nearest to it, up to 30 times or until no row moves. A centre that no row is nearest to stays where it is.
 *
 * @param unit float64 `[N, d]`, on the CPU
 * @param k from 1 to N
 * @param seed of the first centres
 */
export function kMeans(unit: Tensor, k: number, seed: number): Clusters {
  return noGrad(() => {
    let assigned: Int32Array = new Int32Array(unit.shape[0]!).fill(-1);
    const centres = scope(() => {
      let at = firstCentres(unit, k, seed);
      for (let round = 0; round < ITERATIONS; round++) {
        const now = nearestCentre(unit, at);
        const moved = now.some((one, n) => one !== assigned[n]);
        assigned = now;
        if (!moved) break;
        at = meansOf(unit, assigned, at);
      }
      return at.clone();
    });
    return { centres, assigned };
  });
}

/** The nearest centre of each row; of several the first, `[N]`. @param centres `[k, d]` */
export function nearestCentre(unit: Tensor, centres: Tensor): Int32Array {
  return noGrad(() =>
    scope(() => {
      const near = unit.mm(centres.t()).mul(2).sub(centres.square().sum(1).unsqueeze(0));
      return near.argmax(1).to({ dtype: "int32" }).toArray() as Int32Array;
    }),
  );
}

function firstCentres(unit: Tensor, k: number, seed: number): Tensor {
  const count = unit.shape[0]!;
  const rng = new Rng(seed, "k-means");
  const chosen = [rng.below(count)];
  const distances = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  while (chosen.length < k) {
    const last = chosen.at(-1)!;
    const now = scope(() =>
      unit
        .sub(unit.narrow(0, last, 1))
        .square()
        .sum(1)
        .toArray(),
    ) as Float64Array;
    let total = 0;
    for (let n = 0; n < count; n++) {
      distances[n] = Math.min(distances[n]!, now[n]!);
      total += distances[n]!;
    }
    let left = rng.uniform(0, total);
    let next = 0;
    while (next < count - 1 && left >= distances[next]!) left -= distances[next++]!;
    chosen.push(next);
  }
  return unit.indexSelect(0, fromTypedArray(Int32Array.from(chosen)));
}

function meansOf(unit: Tensor, assigned: Int32Array, before: Tensor): Tensor {
  const [count, k] = [assigned.length, before.shape[0]!];
  const members = new Float64Array(count * k);
  const sizes = new Float64Array(k);
  for (const [n, cluster] of assigned.entries()) {
    members[cluster * count + n] = 1;
    sizes[cluster]!++;
  }
  const sums = fromTypedArray(members, [k, count]).mm(unit);
  const isEmpty = fromTypedArray(
    sizes.map((size) => Number(size === 0)),
    [k, 1],
  );
  const total = fromTypedArray(
    sizes.map((size) => Math.max(1, size)),
    [k, 1],
  );
  return sums.div(total).add(before.mul(isEmpty));
}
