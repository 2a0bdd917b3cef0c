// Quantities that follow the progress of a training: momentum, temperatures, weight decay, what is frozen at first. Pure functions, so
// nothing is saved.
import type { Progress } from "../method.ts";

/**
 * From `from` at the beginning to `to` at the end, by half a cosine: `to − (to − from) · (cos(π · k / K) + 1) / 2`, with k steps done
 * before this one of K in all (BYOL, arXiv:2006.07733, section 3.2).
 */
export function cosineBetween(from: number, to: number, { step, total }: Pick<Progress, "step" | "total">): number {
  return to - ((to - from) * (Math.cos(Math.PI * shareOf(step, total)) + 1)) / 2;
}

/** From `from` to `to` in a straight line over the first `share` of the steps, and `to` from then on; at a share of 0 always `to`. */
export function linearBetween(
  from: number,
  to: number,
  { step, total }: Pick<Progress, "step" | "total">,
  share = 1,
): number {
  return share === 0 ? to : from + (to - from) * Math.min(1, shareOf(step, total) / share);
}

/**
 * Whether a step is one of the first: within the first `epochs` epochs, and within a tenth of all steps, so that short runs have a middle
 * and an end too.
 *
 * @param epochs from 0 (never)
 */
export function isBeginning(epochs: number, { step, total, epoch }: Progress): boolean {
  return epoch <= epochs && step <= total / 10;
}

function shareOf(step: number, total: number): number {
  return Math.min(1, (step - 1) / Math.max(1, total));
}
