// SIGReg (arXiv:2511.08544, section 4): whether embeddings are normal numbers, independent and of variance 1, by the Epps-Pulley test along
// random directions; and LeJEPA's loss, which asks for that and for views of an image to be alike. Of the forms in which it is found this is
// taken: weights λ and 1 − λ, a test of each view's embeddings by themselves, distances to the centre of the whole views as a mean over the
// numbers of an embedding, whole views among them.
import { fromTypedArray, noGrad, type Tensor, TorchError, toDevice } from "@unlabel/torch";
import type { LossOutput } from "../method.ts";
import { inFloat32 } from "./precise.ts";
import { knots } from "./sigreg-bounds.ts";

export { leJepaChance, unrelatedDistance, type ViewCounts } from "./sigreg-bounds.ts";

/**
 * Mean over directions of `N · ∫ |φ̂(t) − e^(−t²/2)|² e^(−t²/2) dt` over t from −3 to 3 by 17 knots of one half (which is even in t), with φ̂ the
 * characteristic function of the N projections on a direction. 0 where it is a Gaussian's at all knots; about 1.06 for N numbers drawn from
 * one, and 0.41·N for numbers that are all 0. Computed in float32 (or float64), also under autocast.
 *
 * @param embeddings `[…, N, D]`; those of each leading index are tested by themselves
 * @param directions `[D, K]`, of length 1
 * @returns a scalar, the mean over the leading indices too
 * @throws {TorchError} for other shapes
 */
export function sigReg(embeddings: Tensor, directions: Tensor): Tensor {
  const [dim = 0] = directions.shape;
  const [images = 0, own = 0] = embeddings.shape.slice(-2);
  if (embeddings.ndim < 2 || directions.ndim !== 2 || own !== dim || images < 1) {
    throw new TorchError(
      `Expected […, N, D] for embeddings and [D, K] for directions, got [${embeddings.shape.join(", ")}] and [${directions.shape.join(", ")}]`,
      "sigReg",
    );
  }
  return inFloat32([embeddings, directions], (z, along) => {
    const projected = z.matmul(along.to({ dtype: z.dtype })).unsqueeze(-1);
    const all = knots();
    const values = [...all.map(({ t }) => t), ...all.map((one) => one.gaussian), ...all.map((one) => one.weight)];
    const host = fromTypedArray(Float64Array.from(values), [3, all.length], { device: "cpu" }).to({ dtype: z.dtype });
    const [t, gaussian, weight] = toDevice(host, z.device).unbind(0) as [Tensor, Tensor, Tensor];
    const angles = projected.mul(t);
    const real = angles.cos().mean([-3]).sub(gaussian);
    const imaginary = angles.sin().mean([-3]);
    const apart = real.square().add(imaginary.square());
    return apart.mul(weight).sum([-1]).mean().mul(images);
  });
}

/**
 * Mean over views, images and numbers of `(z − centre of the image's whole views)²`.
 *
 * @param views `[V, N, D]`, the whole ones first
 * @param globals how many of them are whole, from 1 to V
 */
export function distanceToCentre(views: Tensor, globals: number): Tensor {
  return views
    .sub(views.narrow(0, 0, globals).mean([0], true))
    .square()
    .mean();
}

/**
 * `(1 − λ) · distance of views to their image's centre + λ · SIGReg`.
 *
 * @param embeddings `[V·N, D]`, view-major, views of the whole size first
 * @param views V and how many of them are whole
 * @param directions `[D, K]`, of length 1
 * @param weight λ, from 0 to 1
 * @returns the loss, and as logs its terms `invariance` and `normality` without weights, and `embedding_std`, the mean deviation of a number
 *   of the embedding over the batch (the loss wants 1; 0 is collapse)
 * @throws {TorchError} for another shape
 */
export function leJepa(
  embeddings: Tensor,
  views: { globals: number; locals: number },
  directions: Tensor,
  weight: number,
): LossOutput {
  const z = byView(embeddings, views, "leJepa");
  return inFloat32([z, directions], (each, along) => {
    const invariance = distanceToCentre(each, views.globals);
    const normality = sigReg(each, along);
    const loss = invariance.mul(1 - weight).add(normality.mul(weight));
    const logs = noGrad(() => ({
      invariance: invariance.detach(),
      normality: normality.detach(),
      embedding_std: each.var(1, { correction: 0 }).sqrt().mean(),
    }));
    return { loss, logs };
  });
}

/** View-major rows as `[V, N, D]`. @throws {TorchError} where they are not as many */
export function byView(
  embeddings: Tensor,
  { globals, locals }: { globals: number; locals: number },
  name: string,
): Tensor {
  const [rows = 0, dim = 0] = embeddings.shape;
  const views = globals + locals;
  if (embeddings.ndim !== 2 || globals < 1 || locals < 0 || rows === 0 || rows % views !== 0) {
    throw new TorchError(
      `Expected [V·N, D] for embeddings of V = ${globals} + ${locals} views, got [${embeddings.shape.join(", ")}]`,
      name,
    );
  }
  return embeddings.reshape([views, rows / views, dim]);
}
