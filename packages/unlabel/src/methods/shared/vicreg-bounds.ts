// What VICReg's loss is where nothing is known, for help and reports too: imports no LibTorch.

/** Added to variances before their root is taken, as the authors have it. */
export const EPS = 1e-4;

/** Weights of the three terms of {@link vicReg}. */
export interface VicRegWeights {
  /** λ, of the squared distance of the two views. */
  invariance: number;
  /** μ, of what deviations lack to 1. */
  variance: number;
  /** ν, of squared covariances. */
  covariance: number;
}

/**
 * The least that the loss can be on average where the two views of an image are no more alike than those of two images: independent
 * numbers of deviation s cost `2λs² + μ(1 − √(s² + 10⁻⁴))`, least at s = μ/4λ (at most 1). With 25, 25 and 1 that is 21.9, where a
 * constant costs 24.75. Null where views need not be alike or need not vary, so that 0 can be reached without learning anything.
 */
export function vicRegChance({ invariance: lambda, variance: mu }: VicRegWeights): number | null {
  if (lambda === 0 || mu === 0) return null;
  const s = Math.min(1, mu / (4 * lambda));
  return 2 * lambda * s ** 2 + mu * Math.max(0, 1 - Math.sqrt(s ** 2 + EPS));
}
