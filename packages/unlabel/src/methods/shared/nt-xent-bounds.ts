// Between which losses NT-Xent goes, for help and reports too: imports no LibTorch.

/** What sets a form of NT-Xent apart where its bounds are concerned. */
export interface NtXentForm {
  /** Whether the positive is left out of the denominator; default false. */
  decoupled?: boolean;
}

/**
 * The loss where all embeddings are equally similar: `ln(2N − 1)`, decoupled `ln(2N − 2)`. With local views, too.
 *
 * @param images N, at least 2 where it is decoupled
 */
export function ntXentChance(images: number, { decoupled = false }: NtXentForm = {}): number {
  return Math.log(2 * images - (decoupled ? 2 : 1));
}

/**
 * The least that the loss can be: views of an image the same, images at the corners of a simplex around the origin,
 * `ln(1 + (2N − 2)·exp(−(1 + 1/(N − 1))/τ))`, decoupled `ln(2N − 2) − (1 + 1/(N − 1))/τ`, which may be below 0. Reached where
 * D ≥ N − 1. With local views, too.
 *
 * @param images N, at least 2 where it is decoupled
 * @param temperature τ > 0
 */
export function ntXentFloor(images: number, temperature: number, { decoupled = false }: NtXentForm = {}): number {
  if (decoupled) return Math.log(2 * images - 2) - (1 + 1 / (images - 1)) / temperature;
  if (images === 1) return 0;
  return Math.log1p((2 * images - 2) * Math.exp(-(1 + 1 / (images - 1)) / temperature));
}

/**
 * How large a share of its way from chance to floor the decoupled loss has gone where the plain one has gone `share` of its own. Of
 * answers that are right with probability p the one is `ln((1 − p)/p)`, the other `−ln p`: near chance both fall alike, but the
 * decoupled loss has further to go (at N = 64 and τ = 0.1 twice as far).
 *
 * @param share of the plain loss's way, small
 * @param images N, at least 2
 * @param temperature τ > 0
 */
export function decoupledShare(share: number, images: number, temperature: number): number {
  const decoupled = { decoupled: true };
  const chance = ntXentChance(images);
  const fall = share * (chance - ntXentFloor(images, temperature));
  const [before, after] = [Math.exp(-chance), Math.exp(fall - chance)];
  const way = ntXentChance(images, decoupled) - ntXentFloor(images, temperature, decoupled);
  return (fall + Math.log((1 - before) / (1 - after))) / way;
}
