// NT-Xent, SimCLR's contrastive loss (arXiv:2002.05709, section 2.1), as one masked matrix product.
import { arange, autocast, noGrad, type Tensor, TorchError } from "@unlabel/torch";
import type { LossOutput } from "../method.ts";

/**
 * Asks of each of 2N embeddings which of the 2N − 1 others shows the same image:
 * `mean over i of −log( exp(sim(i, j(i))/τ) / Σ_{k≠i} exp(sim(i, k)/τ) )`, with sim the cosine similarity and j(i) the
 * other view of i. Computed in float32 (or float64), also under autocast.
 *
 * @param embeddings `[2N, D]`, all first views, then all second views in the same order
 * @param temperature τ > 0
 * @returns the loss, and as logs `positive_similarity` (−1 to 1), `contrastive_accuracy` (how often the other view is the
 *   nearest, 0 to 1) and `embedding_std` (deviation over the batch in units of 1/√D: 1 is spread over the sphere, 0 collapsed)
 */
export function ntXent(embeddings: Tensor, temperature: number): LossOutput {
  const [count = 0] = embeddings.shape;
  if (embeddings.ndim !== 2 || count === 0 || count % 2 !== 0) {
    throw new TorchError(`Expected [2N, D] for embeddings, got [${embeddings.shape.join(", ")}]`, "ntXent");
  }
  return autocast({ device: embeddings.device, enabled: false }, () => {
    const unit = normalize(full(embeddings));
    const logits = unit.matmul(unit.t()).div(temperature).fillDiagonal_(Number.NEGATIVE_INFINITY);
    const other = arange(0, count, 1, { dtype: "int64", device: embeddings.device }).roll(count / 2);
    const loss = logits.crossEntropyLoss(other);
    const logs = noGrad(() => ({
      positive_similarity: unit
        .mul(unit.roll(count / 2, 0))
        .sum(1)
        .mean(),
      contrastive_accuracy: logits.argmax(1).eq(other).to({ dtype: "float32" }).mean(),
      embedding_std: unit.var(0, { correction: 0 }).sum().sqrt(),
    }));
    return { loss, logs };
  });
}

/** The loss where all embeddings are equally similar: `ln(2N − 1)`. @param images N */
export function ntXentChance(images: number): number {
  return Math.log(2 * images - 1);
}

/**
 * The least that the loss can be: views of an image the same, images at the corners of a simplex around the origin,
 * `ln(1 + (2N − 2)·exp(−(1 + 1/(N − 1))/τ))`. Reached where D ≥ N − 1.
 *
 * @param images N
 */
export function ntXentFloor(images: number, temperature: number): number {
  if (images === 1) return 0;
  return Math.log1p((2 * images - 2) * Math.exp(-(1 + 1 / (images - 1)) / temperature));
}

function full(x: Tensor): Tensor {
  return x.dtype === "float64" ? x : x.to({ dtype: "float32" });
}

/** Rows of length 1; a row of zeros stays zero. */
function normalize(x: Tensor): Tensor {
  return x.div(x.linalgVectorNorm(2, 1, true).clamp(1e-12));
}
