// How far embeddings spread over the sphere: the curve in which a collapse shows first.
import type { Tensor } from "@unlabel/torch";

/**
 * Deviation over the batch of rows at length 1, in units of 1/√D: 1 where they are spread over the sphere, 0 where all are the same.
 * Computed in float32.
 *
 * @param embeddings `[B, D]`
 * @returns a scalar, without gradient
 */
export function sphereSpread(embeddings: Tensor): Tensor {
  const rows = embeddings.detach().to({ dtype: "float32" });
  const length = rows.linalgVectorNorm(2, [1], true).clamp(1e-12);
  return rows.div(length).var(0, { correction: 0 }).sum().sqrt();
}
