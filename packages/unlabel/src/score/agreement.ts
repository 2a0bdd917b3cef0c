// Whether two encoders, or one trained with two seeds, see the same images side by side.
import type { Neighbours } from "./knn.ts";

/** The nearest of each image among the others: {@link Neighbours} of images among themselves, without each itself. */
export function withoutSelf({ k, indices, similarities }: Neighbours): Neighbours {
  const count = indices.length / k;
  const kept = { k: k - 1, indices: new Int32Array(count * (k - 1)), similarities: new Float32Array(count * (k - 1)) };
  for (let n = 0; n < count; n++) {
    // Where others have the very same features, it may stand further down, or not among its nearest at all.
    let self = k - 1;
    for (let j = 0; j < k; j++) if (indices[n * k + j] === n) self = j;
    for (let j = 0, to = n * (k - 1); j < k; j++) {
      if (j === self) continue;
      kept.indices[to] = indices[n * k + j]!;
      kept.similarities[to++] = similarities[n * k + j]!;
    }
  }
  return kept;
}

/**
 * Share of the k nearest that two encoders have in common, image by image, from 0 to 1; by chance k / (N − 1).
 *
 * @param first indices of the k nearest of each of N images, `[N · k]`
 * @param second likewise, of the same images in the same order
 * @throws {RangeError} where these are not as many
 */
export function sharedNeighbours(first: Int32Array, second: Int32Array, k: number): Float64Array {
  if (first.length !== second.length || first.length % k !== 0)
    throw new RangeError(`Expected ${k} neighbours each of the same images, got ${first.length} and ${second.length}`);
  return Float64Array.from({ length: first.length / k }, (_, n) => {
    const own = new Set(first.subarray(n * k, (n + 1) * k));
    return second.subarray(n * k, (n + 1) * k).filter((one) => own.has(one)).length / k;
  });
}
