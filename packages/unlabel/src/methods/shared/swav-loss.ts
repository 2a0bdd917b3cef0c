// SwAV's loss (arXiv:2006.09882): from each view of an image the codes of its whole views are predicted, but a view's own ones.
import { cat, noGrad, scope, type Tensor, TorchError } from "@unlabel/torch";
import type { LossOutput } from "../method.ts";
import { inFloat32 } from "./precise.ts";
import { type SinkhornOptions, sinkhorn } from "./sinkhorn.ts";
import { inUse } from "./spread.ts";

/** How {@link swav} works. */
export interface SwavOptions extends SinkhornOptions {
  /** τ > 0 of what is predicted; default 0.1. */
  temperature?: number;
  /** Whole views an image, the first ones, which get codes; default 2. */
  whole?: number;
  /** For each whole view the scores `[Q, K]` of images seen before, among which those of the batch get their codes; default none. */
  queued?: readonly Tensor[];
}

/**
 * `mean over whole views a, and over views v other than a, of −Σₖ q_a·log softmax(s_v/τ)` with codes `q_a` = {@link sinkhorn} of `s_a` (and
 * of what is queued), averaged over images. No gradient reaches codes. Computed in float32 (or float64), also under autocast.
 *
 * @param scores `[V·N, K]`, view-major, whole views first: cosines of embeddings and prototypes
 * @param views V, views an image; at least 2
 * @returns the loss, and as logs `assignment_accuracy` (how often a whole view's likeliest prototype is that of the other's code, 0 to 1) and
 *   `prototypes_in_use` (1 to K: the exponential of the entropy of the mean prediction)
 * @throws {TorchError} for other shapes
 */
export function swav(scores: Tensor, views: number, options: SwavOptions = {}): LossOutput {
  const { temperature = 0.1, whole = 2, queued = [] } = options;
  const [rows = 0, prototypes = 0] = scores.shape;
  if (scores.ndim !== 2 || views < 2 || whole < 1 || whole > views || rows % views !== 0) {
    throw new TorchError(
      `Expected scores [V·N, K] of V = ${views} views, 2 or more, got [${scores.shape.join(", ")}]`,
      "swav",
    );
  }
  if (queued.length > 0 && (queued.length !== whole || queued.some(({ shape }) => shape[1] !== prototypes))) {
    throw new TorchError(`Expected queued scores [Q, ${prototypes}] for each of ${whole} whole views`, "swav");
  }
  const images = rows / views;
  return inFloat32([scores, ...queued], (given, ...before) => {
    const predicted = given.div(temperature).logSoftmax(1).reshape([views, images, prototypes]);
    const codes = Array.from({ length: whole }, (_, a) =>
      scope(() => {
        const own = given.detach().narrow(0, a * images, images);
        const all = before.length > 0 ? cat([own, before[a]!], 0) : own;
        return sinkhorn(all, options).narrow(0, 0, images);
      }),
    );
    const together = predicted.sum([0]);
    const losses = codes.map((code, a) => code.mul(together.sub(predicted.select(0, a))).sum());
    const loss = losses.reduce((sum, one) => sum.add(one)).div(-whole * (views - 1) * images);
    const logs = noGrad(() => ({
      assignment_accuracy: accuracy(codes, predicted.detach()),
      prototypes_in_use: inUse(predicted.detach().narrow(0, 0, whole).exp().mean([0, 1])),
    }));
    return { loss, logs };
  });
}

/** How often the likeliest prototype of a whole view (or, where there is but one, of the next view) is that of another's code. */
function accuracy(codes: readonly Tensor[], predicted: Tensor): Tensor {
  const found = codes.map((code, a) => {
    const other = (a + 1) % Math.max(2, codes.length);
    return code.argmax(1).eq(predicted.select(0, other).argmax(1)).to({ dtype: "float32" }).mean();
  });
  return found.reduce((sum, one) => sum.add(one)).div(codes.length);
}
