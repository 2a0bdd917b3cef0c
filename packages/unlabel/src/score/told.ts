// What can be told of features without labels is a number, or words why there is none: a number that means nothing is never given.
import { noGrad, scope, type Tensor } from "@unlabel/torch";

/** Why something is not told, in plain words. */
export interface Refusal {
  /** A sentence without its full stop. */
  refused: string;
}

/** Something that was found out, or why not. */
export type Told<T> = T | Refusal;

/** Whether it is words instead of a number. */
export function isRefused(told: unknown): told is Refusal {
  return typeof told === "object" && told !== null && "refused" in told;
}

/** Share of their squared length in which features must differ between images: below it float32 holds little but rounding. */
const LEAST_DEVIATION = 1e-6;

/**
 * Why nothing can be told of features: fewer than two, not finite, zero, or alike for all images (their squared deviation from their
 * mean, Σ|x − μ|² / Σ|x|², is below 10⁻⁶: a collapsed encoder). Null where they can be looked at.
 *
 * @param features `[N, d]`
 */
export function unusable(features: Tensor): Refusal | null {
  const images = features.shape[0]!;
  if (images < 2) return { refused: `there ${images === 1 ? "is one image" : "are no images"}, and it takes two` };
  return noGrad(() =>
    scope(() => {
      const x = features.to({ dtype: "float64", device: "cpu" });
      const broken = images - x.isfinite().to({ dtype: "float64" }).amin([1]).sum().item();
      if (broken > 0) return { refused: `features of ${broken} of ${images} images are not finite` };
      const largest = x.abs().amax().item();
      if (largest === 0) return { refused: "all features are zero" };
      const scaled = x.div(largest);
      const total = scaled.square().sum().item();
      const deviation = scaled.sub(scaled.mean(0, true)).square().sum().item() / total;
      if (deviation >= LEAST_DEVIATION) return null;
      return { refused: "the features of all images are alike: the encoder has collapsed, or the images are the same" };
    }),
  );
}

/** Rows of length 1 in float64 on the CPU; rows of zeros stay. The caller's scope frees them. */
export function unitRows(features: Tensor): Tensor {
  const x = features.to({ dtype: "float64", device: "cpu" });
  return x.div(x.linalgVectorNorm(2, [1], true).clamp(Number.MIN_VALUE));
}
