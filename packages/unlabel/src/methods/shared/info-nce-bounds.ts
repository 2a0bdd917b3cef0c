// Between which losses InfoNCE goes, for help and reports too: imports no LibTorch.

/** The loss where all keys are equally similar: `ln N`. @param keys N, from 1 */
export function infoNceChance(keys: number): number {
  return Math.log(keys);
}

/**
 * The least that the loss can be on average: queries their own keys, keys at the corners of a simplex around the origin,
 * `ln(1 + (N − 1)·exp(−(1 + 1/(N − 1))/τ))`. Reached where D ≥ N − 1.
 *
 * @param keys N, from 1
 * @param temperature τ > 0
 */
export function infoNceFloor(keys: number, temperature: number): number {
  if (keys === 1) return 0;
  return Math.log1p((keys - 1) * Math.exp(-(1 + 1 / (keys - 1)) / temperature));
}
