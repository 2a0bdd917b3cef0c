// InfoNCE (arXiv:1807.03748) within a batch: which of the keys belongs to a query. MoCo v3's and NNCLR's loss is two of them.
import { arange, noGrad, type Tensor, TorchError } from "@unlabel/torch";
import type { LossOutput } from "../method.ts";
import { inFloat32 } from "./precise.ts";

export { infoNceChance, infoNceFloor } from "./info-nce-bounds.ts";

/**
 * `mean over i of −log( exp(sim(q_i, k_i)/τ) / Σ over j of exp(sim(q_i, k_j)/τ) )`, with sim the cosine similarity. Gradients reach both
 * sides: who wants none on one hands it in detached. Computed in float32 (or float64), also under autocast.
 *
 * @param queries `[N, D]`
 * @param keys `[N, D]`, in the same order
 * @param temperature τ > 0
 * @returns the loss, and as logs `positive_similarity` (−1 to 1) and `contrastive_accuracy` (how often the own key is the nearest, 0 to 1)
 * @throws {TorchError} for other shapes
 */
export function infoNce(queries: Tensor, keys: Tensor, temperature: number): LossOutput {
  if (queries.ndim !== 2 || String(queries.shape) !== String(keys.shape)) {
    const got = [queries, keys].map(({ shape }) => `[${shape.join(", ")}]`).join(" and ");
    throw new TorchError(`Expected [N, D] for queries and keys, got ${got}`, "infoNce");
  }
  return inFloat32([queries, keys], (q, k) => {
    const similarities = unit(q).matmul(unit(k).t());
    const own = arange(0, q.shape[0]!, 1, { dtype: "int64", device: q.device });
    const logs = noGrad(() => ({
      positive_similarity: similarities.diagonal().mean(),
      contrastive_accuracy: similarities.argmax(1).eq(own).to({ dtype: "float32" }).mean(),
    }));
    return { loss: similarities.div(temperature).crossEntropyLoss(own), logs };
  });
}

/** Rows of length 1; a row of zeros stays zero. */
export function unit(x: Tensor): Tensor {
  return x.div(x.linalgVectorNorm(2, [1], true).clamp(1e-12));
}
