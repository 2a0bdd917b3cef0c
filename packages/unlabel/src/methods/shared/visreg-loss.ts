// VISReg's loss (arXiv:2606.02572): views of an image alike, and the embeddings of a batch normal numbers, which is asked for in three parts, so
// that each can be had where the others are off: their scale, their shape along random directions, and their centre.
import { noGrad, type Tensor, TorchError, toDevice } from "@unlabel/torch";
import type { LossOutput } from "../method.ts";
import { inFloat32 } from "./precise.ts";
import { byView, distanceToCentre } from "./sigreg.ts";
import { gaussianQuantiles } from "./slices.ts";

export { visRegChance } from "./visreg-bounds.ts";

/** Added to deviations before they divide, as lightly has it. */
const EPS = 1e-4;

/** Weights of the parts of {@link visReg}; all of them matter alike where not given. */
export interface VisRegWeights {
  /** λ, from 0 to 1: of all that regulates; the rest is that of invariance. */
  regulation: number;
  /** Of the scale, 0 or more; default 1. */
  scale?: number;
  /** Of the shape, 0 or more; default 1. */
  shape?: number;
  /** Of the centre, 0 or more; default 1. */
  centre?: number;
  /**
   * How deviations stand in the shape. `stopped` (default), as the paper has it: as constants. Then shape pulls the scale in, since a batch's
   * quantiles vary by less than 1: by `2·(1 − √v)` of a number's logarithm, v their variance (0.67 of 8 images, 0.92 of 64), where scale
   * pulls out by `2·σ·(1 − σ)`: what begins below a threshold collapses (σ 0.24 of 8 images, 0.04 of 64). `through`: with their
   * gradient, so that shape does not move scale at all.
   */
  deviations?: "stopped" | "through";
}

/**
 * `(1 − λ) · distance of views to their image's centre + λ · (scale + shape + centre)`, of each view's batch by itself, means over views:
 * `scale = mean over d of (1 − σ_d)²`, `centre = mean over d of μ_d²`, and `shape` the mean over directions and i of
 * `(i-th smallest projection of (z − μ) / σ − Φ⁻¹(i / (N + 1)))²`. Deviations are over N. Computed in float32 (or float64), also under autocast.
 *
 * @param embeddings `[V·N, D]`, view-major, views of the whole size first; N at least 2
 * @param views how many of each kind
 * @param directions `[D, K]`, of length 1
 * @returns the loss, and as logs its terms without weights, `invariance`, `scale`, `shape`, `centre`, and `embedding_std`, the mean deviation
 *   of a number of the embedding over the batch (the loss wants 1; 0 is collapse)
 * @throws {TorchError} for another shape
 */
export function visReg(
  embeddings: Tensor,
  views: { globals: number; locals: number },
  directions: Tensor,
  weights: VisRegWeights,
): LossOutput {
  const { regulation, scale: scaleWeight = 1, shape: shapeWeight = 1, centre: centreWeight = 1 } = weights;
  const z = byView(embeddings, views, "visReg");
  const images = z.shape[1]!;
  if (images < 2)
    throw new TorchError(
      `Expected two images or more in the embeddings, got [${embeddings.shape.join(", ")}]`,
      "visReg",
    );
  return inFloat32([z, directions], (each, along) => {
    const invariance = distanceToCentre(each, views.globals);
    const mean = each.mean([1], true);
    const apart = each.sub(mean);
    // The root's gradient has no bound at 0, where a collapsed embedding is.
    const deviation = apart.square().mean([1], true).add(1e-12).sqrt();
    const scale = deviation.neg().add(1).square().mean();
    const centre = mean.square().mean();
    const divisor = weights.deviations === "through" ? deviation : deviation.detach();
    const projected = apart.div(divisor.add(EPS)).matmul(along.to({ dtype: each.dtype }));
    const wanted = toDevice(gaussianQuantiles(images).to({ dtype: each.dtype }), each.device).unsqueeze(-1);
    const [sorted] = projected.sort(1);
    const shape = sorted.sub(wanted).square().mean();
    const regulated = scale.mul(scaleWeight).add(shape.mul(shapeWeight)).add(centre.mul(centreWeight));
    const loss = invariance.mul(1 - regulation).add(regulated.mul(regulation));
    const logs = noGrad(() => ({
      invariance: invariance.detach(),
      scale: scale.detach(),
      shape: shape.detach(),
      centre: centre.detach(),
      embedding_std: deviation.detach().mean(),
    }));
    return { loss, logs };
  });
}
