// The distance that BYOL and SimSiam lessen: between a prediction and what another network or branch makes of another view.
import { autocast, cosineSimilarity, type Tensor } from "@unlabel/torch";

/**
 * `2 − 2 · cos(predicted, target)` of each row, which is the squared distance of the two at length one (arXiv:2006.07733, eq. 2).
 * Computed in float32, also under autocast.
 *
 * @param predicted `[B, D]`
 * @param target `[B, D]`, without gradient
 * @returns `[B]`, from 0 (same direction) to 4 (opposite)
 */
export function cosineRegression(predicted: Tensor, target: Tensor): Tensor {
  return autocast({ device: predicted.device, enabled: false }, () => {
    const [p, t] = [predicted, target.detach()].map((x) =>
      x.to({ dtype: x.dtype === "float64" ? "float64" : "float32" }),
    );
    return cosineSimilarity(p!, t!, 1).mul(-2).add(2);
  });
}
