// LiDAR (Thilak et al., arXiv:2312.04000): in how many directions images differ by more than views of one image do. The rank of linear
// discriminant analysis with every image a class of its own.
import { noGrad, scope, type Tensor } from "@unlabel/torch";
import { effectiveRank } from "./spectrum.ts";
import { type Told, unusable } from "./told.ts";

/** Added to Σ_w's diagonal, in means of it. */
const DELTA = 1e-4;

/**
 * LiDAR: `exp(−Σ p·ln p)` with `p = λ / Σλ + 10⁻⁷` and λ the eigenvalues of `Σ_w^−½ Σ_b Σ_w^−½`, where Σ_b is the covariance of the
 * images' means over their views and Σ_w that of views around their image's mean; from 1 to d.
 *
 * Differences from the paper: δ = 10⁻⁴ is added to Σ_w in units of its mean diagonal, not as it is, so that the scale of features does
 * not count; and the caller chooses images and views, of which the paper takes 1,000 and 50.
 *
 * @param features of `views` views of each of n images, `[views · n, d]`, view-major
 * @param views of each image, 2 or more
 * @returns words where n < d, where views of an image do not differ at all, and where {@link unusable}
 */
export function lidar(features: Tensor, views: number): Told<number> {
  const bad = unusable(features);
  if (bad) return bad;
  const [rows, dim] = features.shape as [number, number];
  const images = rows / views;
  if (images < dim) return { refused: `${images} images are fewer than the ${dim} dimensions` };
  return noGrad(() =>
    scope(() => {
      const flat = features.to({ dtype: "float64", device: "cpu" });
      const x = flat.div(flat.abs().amax()).view([views, images, dim]);
      const means = x.mean(0);
      const between = means.sub(means.mean(0, true));
      const within = x.sub(means).reshape([rows, dim]);
      const [b, w] = [between.t().mm(between).div(images), within.t().mm(within).div(rows)];
      const mean = w.diagonal().sum().item() / dim;
      if (mean === 0) return { refused: "views of one image have the same features" };
      const [values, vectors] = w.linalgEigh();
      const whiten = vectors.mul(
        values
          .clamp(0)
          .add(DELTA * mean)
          .rsqrt(),
      );
      const [eigenvalues] = whiten.t().mm(b).mm(whiten).linalgEigh();
      const found = eigenvalues.toNumbers().map((value) => Math.max(0, value));
      return found.some((value) => value > 0) ? effectiveRank(found) : { refused: "all images have the same mean" };
    }),
  );
}
