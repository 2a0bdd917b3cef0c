// Codes by optimal transport (SwAV, arXiv:2006.09882, section 3.1): each image's shares of the prototypes, of which all get equally many
// images, so that not all images can have the same one.
import { noGrad, scope, type Tensor, TorchError } from "@unlabel/torch";
import { inFloat32 } from "./precise.ts";

/** Below this no sum is divided by: a prototype or an image that nothing falls to keeps zeros instead of becoming no number. */
const LEAST = 1e-30;

/** How {@link sinkhorn} works. */
export interface SinkhornOptions {
  /** ε > 0, how soft codes are: small ones are hard. Default 0.05. */
  epsilon?: number;
  /** Rounds of scaling, from 0: without any, codes are a softmax and prototypes get whatever they get. Default 3. */
  iterations?: number;
}

/**
 * Codes of images by Sinkhorn and Knopp's scaling: `Q ∝ exp(scores/ε)`, of which prototypes (columns) and images (rows) are in turn scaled to
 * the same sums. Of each image they sum to 1. Computed in float32 (or float64), without gradient.
 *
 * @param scores `[N, K]`, what N images have in common with K prototypes: cosines
 * @returns `[N, K]`
 * @throws {TorchError} for another shape, ε of 0 or below, or rounds that are no whole number from 0
 */
export function sinkhorn(scores: Tensor, { epsilon = 0.05, iterations = 3 }: SinkhornOptions = {}): Tensor {
  if (scores.ndim !== 2) throw new TorchError(`Expected scores [N, K], got [${scores.shape.join(", ")}]`, "sinkhorn");
  if (!(epsilon > 0)) throw new TorchError(`Expected a number above 0 for epsilon, got ${epsilon}`, "sinkhorn");
  if (!Number.isSafeInteger(iterations) || iterations < 0) {
    throw new TorchError(`Expected a whole number from 0 for iterations, got ${iterations}`, "sinkhorn");
  }
  return noGrad(() =>
    scope(() =>
      inFloat32([scores.detach()], (given) => {
        const [images, prototypes] = given.shape as [number, number];
        const scaled = given.div(epsilon);
        // Less the largest of all, which changes no share and keeps exp within range.
        const codes = scaled.sub(scaled.amax()).exp();
        for (let i = 0; i < iterations; i++) {
          codes.div_(codes.sum([0], true).clamp(LEAST).mul(prototypes));
          codes.div_(codes.sum([1], true).clamp(LEAST).mul(images));
        }
        return codes.div(codes.sum([1], true).clamp(LEAST));
      }),
    ),
  );
}
