// Between which losses a cross-entropy over prototypes goes, for help and reports too: imports no LibTorch.

/** The loss where all prototypes are equally likely: `ln K`. @param prototypes K, from 1 */
export function prototypeChance(prototypes: number): number {
  return Math.log(prototypes);
}

/**
 * What no cross-entropy can be below, whatever the targets, where logits are cosines over τ: one cosine 1 and all others −1,
 * `ln(1 + (K − 1)·exp(−2/τ))`.
 *
 * @param prototypes K, from 1
 * @param temperature τ > 0
 */
export function prototypeFloor(prototypes: number, temperature: number): number {
  return Math.log1p((prototypes - 1) * Math.exp(-2 / temperature));
}
