// What losses across a batch ask of it: means, variances and products over its images. They stand here alone, so that where several
// processes share a batch there is one place in which their sums meet.
import type { Tensor } from "@unlabel/torch";

/** Each column less its mean over the batch: `[N, D]` → `[N, D]`. */
export function centred(x: Tensor): Tensor {
  return x.sub(x.mean([0], true));
}

/** Sample variance of each column of centred values, `Σ x² / (N − 1)`: `[N, D]` → `[D]`. */
export function variances(x: Tensor): Tensor {
  return x
    .square()
    .sum([0])
    .div(x.shape[0]! - 1);
}

/** Sample covariance of the columns of centred values, `xᵀx / (N − 1)`: `[N, D]` → `[D, D]`. */
export function covariance(x: Tensor): Tensor {
  return x
    .t()
    .matmul(x)
    .div(x.shape[0]! - 1);
}

/** Each column at mean 0 and variance 1 over the batch, as BatchNorm has it (variance over N, 1e-5 added): `[N, D]` → `[N, D]`. */
export function standardised(x: Tensor): Tensor {
  const c = centred(x);
  return c.mul(c.square().mean([0], true).add(1e-5).rsqrt());
}

/** Correlation of the columns of one with those of the other, both standardised, `aᵀb / N`: `[N, D]` twice → `[D, D]`. */
export function crossCorrelation(a: Tensor, b: Tensor): Tensor {
  return a.t().matmul(b).div(a.shape[0]!);
}

/** Sum of the squares of what stands off the diagonal of a square matrix: a scalar. */
export function offDiagonalSquares(matrix: Tensor): Tensor {
  return matrix.square().sum().sub(matrix.diagonal().square().sum());
}
