// NT-Xent, SimCLR's contrastive loss (arXiv:2002.05709, section 2.1), as one masked matrix product; decoupled and with weighted positives
// (DCL and DCLW, arXiv:2110.06848), and with local views as further queries (multi-crop, arXiv:2006.09882) where that is asked for.
import { arange, autocast, noGrad, stack, type Tensor, TorchError } from "@unlabel/torch";
import type { LossOutput } from "../method.ts";
import type { NtXentForm } from "./nt-xent-bounds.ts";

export { type NtXentForm, ntXentChance, ntXentFloor } from "./nt-xent-bounds.ts";

/** Forms of {@link ntXent}. */
export interface NtXentOptions extends NtXentForm {
  /** Local views an image, V: queries that are no one's positives or negatives; default 0. */
  localViews?: number;
  /** σ of the weights of positives where the loss is decoupled ({@link positiveWeights}); default null: all weigh the same. */
  positiveSigma?: number | null;
}

/**
 * Asks of each of 2N embeddings which of the 2N − 1 others shows the same image:
 * `mean over i of −log( exp(sim(i, j(i))/τ) / Σ_{k≠i} exp(sim(i, k)/τ) )`, with sim the cosine similarity and j(i) the
 * other view of i. Decoupled, the sum leaves out j(i) too, and with `positiveSigma` each positive's `sim/τ` has a weight, which gradients
 * do not reach. A local view l of image i is asked for each of the image's two views g against
 * the 2N − 2 views k of the others: `mean over g of −log( exp(sim(l, g)/τ) / (exp(sim(l, g)/τ) + Σ_k exp(sim(l, k)/τ)) )`, decoupled
 * without the first term of that sum; the loss is then the mean over all (2 + V)·N. Computed in float32 (or float64), also under autocast.
 *
 * @param embeddings `[(2 + V)·N, D]`, view-major: all first views, then all second views in the same order, then all first local ones …
 * @param temperature τ > 0
 * @returns the loss, and as logs `positive_similarity` (−1 to 1), `contrastive_accuracy` (how often the other view is the
 *   nearest, 0 to 1) and `embedding_std` (deviation over the batch in units of 1/√D: 1 is spread over the sphere, 0 collapsed);
 *   with local views `local_accuracy` (how often one of the own image's views is the nearest to a local one, 0 to 1)
 * @throws {TorchError} for another shape, fewer than two images where the loss is decoupled or has local views, or `positiveSigma` where
 *   it is not decoupled
 */
export function ntXent(
  embeddings: Tensor,
  temperature: number,
  { decoupled = false, localViews = 0, positiveSigma = null }: NtXentOptions = {},
): LossOutput {
  const [rows = 0] = embeddings.shape;
  const images = rows / (2 + localViews);
  const least = decoupled || localViews > 0 ? 2 : 1;
  if (embeddings.ndim !== 2 || !Number.isInteger(images) || images < least) {
    const wanted = `[${localViews > 0 ? 2 + localViews : 2}N, D]${least > 1 ? " with N of 2 or more" : ""}`;
    throw new TorchError(`Expected ${wanted} for embeddings, got [${embeddings.shape.join(", ")}]`, "ntXent");
  }
  if (positiveSigma !== null && !decoupled) {
    throw new TorchError(`Expected no positiveSigma where the loss is not decoupled, got ${positiveSigma}`, "ntXent");
  }
  // What a positive counts, of similarities by image in the last axis.
  const weighed = (positives: Tensor) =>
    positiveSigma === null ? positives : positives.mul(positiveWeights(positives.mul(temperature), positiveSigma));
  const count = 2 * images;
  return autocast({ device: embeddings.device, enabled: false }, () => {
    const all = normalize(full(embeddings));
    const unit = localViews > 0 ? all.narrow(0, 0, count) : all;
    const logits = unit.matmul(unit.t()).div(temperature).fillDiagonal_(Number.NEGATIVE_INFINITY);
    const other = arange(0, count, 1, { dtype: "int64", device: embeddings.device }).roll(count / 2);
    const own = decoupled ? decoupledLoss(logits, other, weighed) : logits.crossEntropyLoss(other);
    const logs = noGrad(() => ({
      positive_similarity: unit
        .mul(unit.roll(count / 2, 0))
        .sum(1)
        .mean(),
      contrastive_accuracy: logits.argmax(1).eq(other).to({ dtype: "float32" }).mean(),
      embedding_std: unit.var(0, { correction: 0 }).sum().sqrt(),
    }));
    if (localViews === 0) return { loss: own, logs };
    const asked = all
      .narrow(0, count, rows - count)
      .matmul(unit.t())
      .div(temperature);
    const loss = own
      .mul(2)
      .add(localLoss(asked, decoupled, weighed).mul(localViews))
      .div(2 + localViews);
    return { loss, logs: { ...logs, local_accuracy: noGrad(() => foundOwn(asked)) } };
  });
}

/**
 * DCLW's weights of positives, `2 − exp(s/σ) / (mean over images of exp(s/σ))`: the more alike a pair is already, the less it counts. Their
 * mean over images is 1. Without gradient: they are weights, not another way to lessen the loss.
 *
 * @param similarities s, cosines of pairs, by image in the last axis: `[…, N]`
 * @param sigma σ > 0; 0.5 in the paper
 * @returns `[…, N]`
 */
export function positiveWeights(similarities: Tensor, sigma: number): Tensor {
  return noGrad(() => {
    const images = similarities.shape.at(-1)!;
    return similarities.detach().div(sigma).softmax(-1).mul(-images).add(2);
  });
}

type Weighed = (positives: Tensor) => Tensor;

/** @param logits `[2N, 2N]`, −∞ for a view with itself @param other the column of each row's positive */
function decoupledLoss(logits: Tensor, other: Tensor, weighed: Weighed): Tensor {
  const positives = logits.gather(1, other.unsqueeze(1)).squeeze(1);
  // Each way by itself: [2, N].
  const counted = weighed(positives.reshape([2, -1])).reshape([-1]);
  return negativesOf(logits).sub(counted).mean();
}

/** @param logits `[V·N, 2N]` of local views with the others */
function localLoss(logits: Tensor, decoupled: boolean, weighed: Weighed): Tensor {
  const [rows, columns] = logits.shape as [number, number];
  const images = columns / 2;
  // [V, 2, N]: for each local view its image's two.
  const positives = logits.reshape([rows / images, images, 2, images]).diagonal(0, 1, 3);
  const negatives = negativesOf(logits)
    .reshape([rows / images, 1, images])
    .expand(positives.shape);
  const sums = decoupled ? negatives : stack([positives, negatives]).logsumexp([0]);
  return sums.sub(weighed(positives)).mean();
}

/** Logarithm of each row's sum over the views of other images: `[rows]`. */
function negativesOf(logits: Tensor): Tensor {
  return logits.maskedFill(sameImage(logits), Number.NEGATIVE_INFINITY).logsumexp([1]);
}

/** How often the nearest view is one of the own image. */
function foundOwn(logits: Tensor): Tensor {
  return sameImage(logits).gather(1, logits.argmax(1).unsqueeze(1)).to({ dtype: "float32" }).mean();
}

/** Which of the columns, 2N, show a row's image; rows are view-major as they are. */
function sameImage(logits: Tensor): Tensor {
  const [rows, columns] = logits.shape as [number, number];
  const imageOf = (count: number) =>
    arange(0, count, 1, { dtype: "int64", device: logits.device }).remainder(columns / 2);
  return imageOf(rows).unsqueeze(1).eq(imageOf(columns).unsqueeze(0));
}

function full(x: Tensor): Tensor {
  return x.dtype === "float64" ? x : x.to({ dtype: "float32" });
}

/** Rows of length 1; a row of zeros stays zero. */
function normalize(x: Tensor): Tensor {
  return x.div(x.linalgVectorNorm(2, 1, true).clamp(1e-12));
}
