// When small pictures are drawn of what a run makes of a few images, and of how many: before its first step, and at about 1, 3, 10, 30
// and 100 % of the way. All of them together take half a percent of the run's time, which is part of what looking may take
// (look-plan.ts); a run that is too short for that has none.
import type { Moment } from "./look-plan.ts";

/** How far a run has come when pictures are drawn. */
const SHARES = [0, 0.01, 0.03, 0.1, 0.3, 1] as const;
/** Of a run's time: all of its pictures together. */
const SHARE = 0.005;
/** Images that are shown; to encode, recolour and reconstruct them is as much as to encode three times as many. */
export const SHOWN = 6;
/** Images among which neighbours are found, the most that there is time for. */
const AMONG = [128, 64, 32] as const;
/** Before a step can be told from the first ones, which are slow. */
const UNCOUNTED = 3;

export interface PicturesWork {
  /** Steps that the run will have. */
  total: number;
  /** Images a step. */
  batch: number;
  /** Views that a step makes of an image, smaller ones counted by their area. */
  views: number;
  /** Images that there are. */
  available: number;
}

/**
 * How many images pictures are made of: to read and encode one is at most as much as a step does with a view of one, whatever the
 * machine, so that it is known before the first step.
 *
 * @returns {@link SHOWN} where there is no time for neighbours; 0 where there is none for anything
 */
export function imagesFor({ total, batch, views, available }: PicturesWork): number {
  const room = SHARE * total * batch * views;
  const fits = (images: number) => SHARES.length * (images + 2 * SHOWN) <= room;
  const found = AMONG.map((most) => Math.min(most, available)).find((images) => images > 2 * SHOWN && fits(images));
  return found ?? (fits(SHOWN) ? Math.min(SHOWN, available) : 0);
}

/**
 * Whether pictures belong to a step: the first after one of the shares of the way for which there are none yet.
 *
 * @param drawn steps that there are pictures of
 */
export function isDue({ step, total }: Pick<Moment, "step" | "total">, drawn: readonly number[]): boolean {
  const targets = step === 0 ? [0] : SHARES.slice(1).map((share) => Math.ceil(share * total));
  const reached = targets.findLast((target) => target <= step);
  return reached !== undefined && !drawn.some((one) => one >= reached);
}

/**
 * Whether a run has time for what takes `cost` seconds, beside the `spent` ones that its pictures have taken before: measured by the time
 * that all of it will take at the speed it has had.
 */
export function isAffordable({ step, total, seconds }: Moment, cost: number, spent: number): boolean {
  if (step < Math.min(UNCOUNTED, total)) return false;
  return spent + cost <= SHARE * seconds * (total / step);
}
