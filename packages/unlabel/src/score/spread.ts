// How features are spread, without labels: deviation, effective rank (RankMe, arXiv:2210.02885), alignment and uniformity
// (Wang & Isola, arXiv:2005.10242).
import { linalgSvdvals, noGrad, scope, type Tensor } from "@unlabel/torch";

/** How features lie on the sphere. */
export interface Spread {
  /** Mean over the axes of the deviation of features of length 1: 1/√d is spread over the sphere, 0 is collapsed. */
  std: number;
  /** exp(−Σ p·ln p) with p the singular values over their sum: from 1 to min(N, d). */
  rank: number;
  /** ln of the mean over pairs of exp(−2·|x − y|²): 0 is collapsed, less is better spread. */
  uniformity: number;
}

/** How features are spread, without labels. @param features `[N, d]`, N at least 2 */
export function spreadOf(features: Tensor): Spread {
  return noGrad(() =>
    scope(() => {
      const unit = unitRows(features);
      const count = unit.shape[0]!;
      const values = linalgSvdvals(features.to({ dtype: "float32", device: "cpu" })).toNumbers();
      const total = values.reduce((sum, value) => sum + value, 0);
      // |x − y|² = 2 − 2·x·y; each pair counts once, no image with itself.
      const near = unit.matmul(unit.t()).mul(4).sub(4).exp().sum().item() - count;
      return {
        std: unit.var(0, { correction: 0 }).sqrt().mean().item(),
        rank: total > 0 ? Math.exp(-values.reduce((sum, value) => sum + plogp(value / total), 0)) : 1,
        uniformity: Math.log(Math.max(near, Number.MIN_VALUE) / (count * (count - 1))),
      };
    }),
  );
}

/** Mean of |x − y|² over the two views of each image, on features of length 1: 0 to 4, less is better. @param features `[2N, d]`, view-major */
export function alignmentOf(features: Tensor): number {
  return noGrad(() =>
    scope(() => {
      const unit = unitRows(features);
      const count = unit.shape[0]! / 2;
      const [a, b] = [unit.narrow(0, 0, count), unit.narrow(0, count, count)];
      return a.sub(b).square().sum(1).mean().item();
    }),
  );
}

function unitRows(x: Tensor): Tensor {
  const full = x.to({ dtype: "float32" });
  return full.div(full.linalgVectorNorm(2, [1], true).clamp(1e-12));
}

function plogp(p: number): number {
  return p > 0 ? p * Math.log(p) : 0;
}
