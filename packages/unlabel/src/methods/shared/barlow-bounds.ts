// Between which losses Barlow Twins goes, for help and reports too: imports no LibTorch.

/** What Barlow Twins' bounds depend on. */
export interface BarlowShape {
  /** N, images of a batch, at least 2. */
  images: number;
  /** D, numbers of an embedding. */
  dim: number;
  /** λ, the weight of what stands off the diagonal, 0 to 1. */
  redundancy: number;
}

/**
 * The loss on average where the two views of an image are no more alike than those of two images: each correlation is then 0 with a
 * variance of 1/(N − 1), `D · (1 + 1/(N − 1)) + λ · D · (D − 1)/(N − 1)`.
 */
export function barlowChance({ images, dim, redundancy }: BarlowShape): number {
  const noise = 1 / (images - 1);
  return dim * (1 + noise) + redundancy * dim * (dim - 1) * noise;
}

/**
 * A loss that is reached by no embeddings, or just so. N standardised images span N − 1 directions, so that D > N − 1 numbers cannot
 * all be uncorrelated: with a diagonal of d the matrix holds at least `d² · D²/(N − 1)` in squares, which makes
 * `D · k/(1 + k)` with `k = λ · (D/(N − 1) − 1)` at the best d, and 0 where D < N.
 */
export function barlowFloor({ images, dim, redundancy }: BarlowShape): number {
  const k = redundancy * Math.max(0, dim / (images - 1) - 1);
  return (dim * k) / (1 + k);
}
