// What keeps the features of different images apart (U-MAE, arXiv:2210.08344, equation 10): their mean squared cosine.
import { type Tensor, TorchError } from "@unlabel/torch";

/**
 * Mean over ordered pairs of different images of the squared cosine of their features: 1 where all point the same or the opposite way,
 * 1/D on average for directions drawn at random in D dimensions, 0 where they are orthogonal. A row of zeros counts as orthogonal.
 *
 * Deliberate difference: the paper's mean holds each image's pair with itself too, a constant 1/N.
 *
 * @param features `[N, D]`, N at least 2
 * @returns a scalar in [0, 1], in float32, or float64 for features of it
 * @throws {TorchError} for another shape
 */
export function meanSquaredCosine(features: Tensor): Tensor {
  const [count = 0] = features.shape;
  if (features.ndim !== 2 || count < 2) {
    throw new TorchError(
      `Expected features [N, D] of two images at least, got [${features.shape.join(", ")}]`,
      "meanSquaredCosine",
    );
  }
  const all = features.dtype === "float64" ? features : features.to({ dtype: "float32" });
  const unit = all.div(all.linalgVectorNorm(2, 1, true).clamp(1e-12));
  const squares = unit.mm(unit.t()).square();
  return squares
    .sum()
    .sub(squares.diagonal().sum())
    .div(count * (count - 1));
}
