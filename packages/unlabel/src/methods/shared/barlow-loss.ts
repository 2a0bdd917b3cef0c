// Barlow Twins' loss (arXiv:2103.03230, equation 1): the two views' embeddings should correlate number by number, and no number with
// another. Standardised as by the authors' code's BatchNorm, each view by itself.
import { noGrad, type Tensor, TorchError } from "@unlabel/torch";
import type { LossOutput } from "../method.ts";
import { crossCorrelation, offDiagonalSquares, standardised } from "./batch-statistics.ts";
import { inFloat32 } from "./precise.ts";

export { type BarlowShape, barlowChance, barlowFloor } from "./barlow-bounds.ts";

/**
 * `Σ over d of (1 − C_dd)² + λ · Σ over d ≠ e of C_de²`, with C the correlation over the batch of the first views' numbers with the
 * second views'. Computed in float32 (or float64), also under autocast.
 *
 * @param embeddings `[2N, D]`, view-major: all first views, then all second ones in the same order; N at least 2
 * @param redundancy λ, 0 or more
 * @returns the loss, and as logs `view_correlation` (mean of the diagonal, −1 to 1), `redundancy` (root of the mean square off the
 *   diagonal, 0 to 1; at random about 1/√N) and `embedding_std` (mean deviation of a number of the embedding before it is
 *   standardised; 0 is collapse)
 * @throws {TorchError} for another shape
 */
export function barlowTwins(embeddings: Tensor, redundancy: number): LossOutput {
  const [rows = 0, dim = 0] = embeddings.shape;
  if (embeddings.ndim !== 2 || rows % 2 !== 0 || rows < 4) {
    throw new TorchError(
      `Expected [2N, D] with N of 2 or more for embeddings, got [${embeddings.shape.join(", ")}]`,
      "barlowTwins",
    );
  }
  return inFloat32([embeddings], (all) => {
    const views = all.chunk(2, 0);
    const correlation = crossCorrelation(standardised(views[0]!), standardised(views[1]!));
    const diagonal = correlation.diagonal();
    const off = offDiagonalSquares(correlation);
    const loss = diagonal.neg().add(1).square().sum().add(off.mul(redundancy));
    const logs = noGrad(() => ({
      view_correlation: diagonal.mean(),
      redundancy: off
        .clamp(0)
        .div(Math.max(1, dim * (dim - 1)))
        .sqrt(),
      embedding_std: views[0]!.var(0, { correction: 0 }).sqrt().mean(),
    }));
    return { loss, logs };
  });
}
