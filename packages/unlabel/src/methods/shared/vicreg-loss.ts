// VICReg's loss (arXiv:2105.04906, section 4): two views alike, every number of the embedding varied, no two of them saying the same.
// Weights and means are those of the authors' code, for which 25, 25 and 1 were found: squared distances are a mean over numbers of
// the embedding, where the paper sums them, and the variance term is the mean of both views', where the paper adds them.
import { noGrad, type Tensor, TorchError } from "@unlabel/torch";
import type { LossOutput } from "../method.ts";
import { centred, covariance, offDiagonalSquares, variances } from "./batch-statistics.ts";
import { inFloat32 } from "./precise.ts";
import { EPS, type VicRegWeights } from "./vicreg-bounds.ts";

export { type VicRegWeights, vicRegChance } from "./vicreg-bounds.ts";

/**
 * `λ · mean (a − b)² + μ · (v(a) + v(b)) / 2 + ν · (c(a) + c(b))`, with the means of all N · D squares,
 * `v(z) = mean over d of max(0, 1 − √(Var z_d + 10⁻⁴))` and `c(z) = Σ over d ≠ e of Cov(z_d, z_e)² / D`; variances and covariances
 * are those of a sample, over N − 1. Computed in float32 (or float64), also under autocast.
 *
 * @param embeddings `[2N, D]`, view-major: all first views, then all second ones in the same order; N at least 2
 * @returns the loss, and as logs its three terms without their weights, `invariance`, `variance` and `covariance`, and
 *   `embedding_std`, the mean deviation of a number of the embedding over the batch (the loss wants 1; 0 is collapse)
 * @throws {TorchError} for another shape
 */
export function vicReg(
  embeddings: Tensor,
  { invariance: lambda, variance: mu, covariance: nu }: VicRegWeights = { invariance: 25, variance: 25, covariance: 1 },
): LossOutput {
  const [rows = 0, dim = 0] = embeddings.shape;
  if (embeddings.ndim !== 2 || rows % 2 !== 0 || rows < 4) {
    throw new TorchError(
      `Expected [2N, D] with N of 2 or more for embeddings, got [${embeddings.shape.join(", ")}]`,
      "vicReg",
    );
  }
  return inFloat32([embeddings], (all) => {
    const views = all.chunk(2, 0);
    const invariance = views[0]!.mseLoss(views[1]!);
    const each = views.map((view) => {
      const z = centred(view);
      const std = variances(z).add(EPS).sqrt();
      return { std, lack: std.neg().add(1).relu().mean(), shared: offDiagonalSquares(covariance(z)).div(dim) };
    });
    const [a, b] = each as [(typeof each)[0], (typeof each)[0]];
    const variance = a.lack.add(b.lack).div(2);
    const shared = a.shared.add(b.shared);
    const loss = invariance.mul(lambda).add(variance.mul(mu)).add(shared.mul(nu));
    const logs = noGrad(() => ({
      invariance: invariance.detach(),
      variance: variance.detach(),
      covariance: shared.detach(),
      embedding_std: a.std.mean().add(b.std.mean()).div(2),
    }));
    return { loss, logs };
  });
}
