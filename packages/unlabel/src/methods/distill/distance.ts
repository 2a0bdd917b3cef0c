// How far a prediction is from a teacher's features, and how far one that tells nothing apart would be.
import { cosineSimilarity, type Tensor } from "@unlabel/torch";

/** The distances there are. */
export type Distance = "cosine" | "smooth_l1";

/** Vectors in float32, one a row. */
function rows(x: Tensor): Tensor {
  const exact = x.dtype === "float64" ? x : x.to({ dtype: "float32" });
  return exact.reshape([-1, x.shape.at(-1)!]);
}

/** Each vector at mean 0 and deviation 1. */
function standardised(target: Tensor): Tensor {
  return target.sub(target.mean(1, true)).div(target.var([1], { correction: 0, keepdim: true }).add(1e-6).sqrt());
}

/**
 * The mean distance between vectors: `1 − cos`, or smooth L1 (β = 1) of the prediction and the target at mean 0 and deviation 1.
 *
 * @param target `[…, D]`, without gradient
 * @param predicted `[…, D]`
 * @returns scalars: the distance, from 0, and the mean cosine of the vectors that it compares, without gradient
 */
export function distanceTo(
  target: Tensor,
  predicted: Tensor,
  kind: Distance,
): { distance: Tensor; similarity: Tensor } {
  const [wanted, found] = [rows(target.detach()), rows(predicted)];
  if (kind === "cosine") {
    const cosine = cosineSimilarity(found, wanted, 1).mean();
    return { distance: cosine.neg().add(1), similarity: cosine.detach() };
  }
  const level = standardised(wanted);
  return {
    distance: found.smoothL1Loss(level),
    similarity: cosineSimilarity(found.detach(), level, 1).mean(),
  };
}

/**
 * What tells the mean distance of the one prediction that is nearest to all targets ({@link chanceOf}): for cosine the length of their mean
 * direction, for smooth L1 the distance itself, of what is about their mean. A scalar on their device, without gradient.
 */
export function nearestToAll(target: Tensor, kind: Distance): Tensor {
  const wanted = rows(target.detach());
  if (kind === "smooth_l1") {
    const level = standardised(wanted);
    return level.mean(0, true).expand(level.shape).smoothL1Loss(level);
  }
  const length = wanted.linalgVectorNorm(2, [1], true).clamp(1e-12);
  return wanted.div(length).mean(0).linalgVectorNorm();
}

/** The mean distance of the one prediction that is nearest to all targets. @param nearest as {@link nearestToAll} has it */
export function chanceOf(nearest: number, kind: Distance): number {
  return kind === "smooth_l1" ? nearest : 1 - nearest;
}
