// MoCo's loss (arXiv:1911.05722): a query is asked which is its key, among that one and the keys of a queue.
import { cat, noGrad, type Tensor, TorchError, zeros } from "@unlabel/torch";
import type { LossOutput } from "../method.ts";
import { unit } from "./info-nce.ts";
import { inFloat32 } from "./precise.ts";

/**
 * `mean over i of −log( exp(sim(q_i, k_i)/τ) / (exp(sim(q_i, k_i)/τ) + Σ over rows n of exp(sim(q_i, n)/τ)) )`, with sim the cosine similarity.
 * Gradients reach the queries alone. Computed in float32 (or float64), also under autocast.
 *
 * @param queries `[N, D]`
 * @param keys `[N, D]`, in the same order
 * @param rows `[Q, D]`, keys of other images
 * @param temperature τ > 0
 * @returns the loss, and as logs `positive_similarity` (−1 to 1) and `contrastive_accuracy` (how often no row is nearer than the own key, 0 to 1)
 * @throws {TorchError} for other shapes
 */
export function queueContrast(queries: Tensor, keys: Tensor, rows: Tensor, temperature: number): LossOutput {
  const fits = queries.ndim === 2 && String(queries.shape) === String(keys.shape);
  if (!fits || rows.ndim !== 2 || rows.shape[1] !== queries.shape[1]) {
    const got = [queries, keys, rows].map(({ shape }) => `[${shape.join(", ")}]`).join(", ");
    throw new TorchError(`Expected [N, D], [N, D] and [Q, D] for queries, keys and rows, got ${got}`, "queueContrast");
  }
  return inFloat32([queries, keys.detach(), rows.detach()], (q, k, n) => {
    const own = unit(q);
    const positive = own.mul(unit(k)).sum([1], true);
    const similarities = cat([positive, own.matmul(unit(n).t())], 1);
    const first = zeros([q.shape[0]!], { dtype: "int64", device: q.device });
    const logs = noGrad(() => ({
      positive_similarity: positive.mean(),
      contrastive_accuracy: similarities.argmax(1).eq(0).to({ dtype: "float32" }).mean(),
    }));
    return { loss: similarities.div(temperature).crossEntropyLoss(first), logs };
  });
}
