// What VISReg's loss is where nothing is known, for help and reports too: imports no LibTorch.
import { unrelatedDistance, type ViewCounts } from "./sigreg-bounds.ts";

/**
 * The least that the loss can be where views of an image are no more alike than those of two images: independent numbers of deviation s cost
 * `(1 − λ)·s²·d + λ·(1 − s)²`, least at `s = λ / (λ + (1 − λ)·d)`, and nothing for their shape and centre in the best case. d is
 * {@link unrelatedDistance}.
 *
 * @param regulation λ, from 0 to 1
 * @returns null where a term is off, so that nothing need be learnt for 0
 */
export function visRegChance(regulation: number, views: ViewCounts): number | null {
  if (regulation <= 0 || regulation >= 1 || views.globals + views.locals < 2) return null;
  const distance = (1 - regulation) * unrelatedDistance(views);
  const s = regulation / (regulation + distance);
  return distance * s * s + regulation * (1 - s) ** 2;
}
