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

/**
 * Over how many of K answers a distribution spreads: the exponential of its entropy, from 1 (all on one) to K (all alike).
 *
 * @param shares `[K]`, which sum to 1
 * @returns a scalar, without gradient
 */
export function inUse(shares: Tensor): Tensor {
  const given = shares.detach().to({ dtype: "float32" });
  return given.mul(given.clamp(1e-12).log()).sum().neg().exp();
}
