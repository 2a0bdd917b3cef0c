// Quantities that follow the progress of a training: momentum, temperatures, weight decay. Pure functions, so nothing is saved.
import type { Progress } from "../method.ts";

/**
 * From `from` at the beginning to `to` at the end, by half a cosine: `to − (to − from) · (cos(π · k / K) + 1) / 2`, with k steps done
 * before this one of K in all (BYOL, arXiv:2006.07733, section 3.2).
 */
export function cosineBetween(from: number, to: number, { step, total }: Pick<Progress, "step" | "total">): number {
  return to - ((to - from) * (Math.cos(Math.PI * shareOf(step, total)) + 1)) / 2;
}

/** From `from` to `to` in a straight line over the first `share` of the steps, and `to` from then on. */
export function linearBetween(
  from: number,
  to: number,
  { step, total }: Pick<Progress, "step" | "total">,
  share = 1,
): number {
  return from + (to - from) * Math.min(1, shareOf(step, total) / share);
}

function shareOf(step: number, total: number): number {
  return Math.min(1, (step - 1) / Math.max(1, total));
}
