// Settings and views of the methods that learn from two differently coloured crops of an image.
import type { z } from "zod";
import { refusals } from "../../config/contradictions.ts";
import { number, oneOf } from "../../config/fields.ts";
import type { Settings } from "../../config/settings.ts";
import type { ViewSpec } from "../../data/views.ts";
import { isResNet } from "../../encoders/facts.ts";
import type { ConfigOf } from "../define.ts";

/** Keys of colour jitter, grayscale and blur, and of the ResNets that such methods train. */
export const augmentationSchema = {
  /** ResNet's first layer. 3x3: stride 1 and no max-pool; auto: 3x3 for images of 64 px and under. */
  stem: oneOf("auto", "7x7", "3x3"),
  /** Colour jitter: the most by which each may change, and how often it is applied. */
  brightness: number(0, 1),
  contrast: number(0, 1),
  saturation: number(0, 1),
  hue: number(0, 0.5),
  jitter_p: number(0, 1),
  /**
   * exact: torchvision's steps in shuffled order; fused: one colour matrix a view, faster on a GPU. auto: fused where a GPU makes the views, exact
   * on a CPU; run.json holds which.
   */
  color_form: oneOf("auto", "fused", "exact"),
  /** Probability of grayscale. */
  grayscale: number(0, 1),
  /** Probability of Gaussian blur. */
  blur_p: number(0, 1),
} satisfies z.ZodRawShape;

/** A config that has the keys of {@link augmentationSchema}. */
export type AugmentationConfig = ConfigOf<typeof augmentationSchema>;

/** A line where a setting of these would change nothing. */
export function augmentationProblems({ encoder }: AugmentationConfig, given: Settings): string[] {
  const problems: string[] = [];
  refusals(given, problems)("stem", !isResNet(encoder), `encoder ${encoder}`);
  return problems;
}

/**
 * Random crops in changed colours.
 *
 * @param own `count`, and what sets one kind of view apart: probabilities of `blur` and `solarize`, its `size` in pixels, and the least and
 *   the largest share of the image's `area` that it shows
 */
export function augmentedView(
  config: AugmentationConfig,
  own: { count: number; blur?: number; solarize?: number; size?: number; area?: readonly [number, number] },
): ViewSpec {
  const { brightness, contrast, saturation, hue, jitter_p: p } = config;
  const { count, blur = config.blur_p, solarize = 0, size = config.size, area = [config.crop_min, 1] } = own;
  const jitters = p > 0 && brightness + contrast + saturation + hue > 0;
  return {
    count,
    size,
    crop: { scale: area, ratio: [3 / 4, 4 / 3] },
    filter: "bilinear",
    flip: 0.5,
    // Where no device is known yet, as in a preview, this machine's processor paints.
    colorForm: config.color_form === "fused" ? "fused" : "exact",
    color: jitters ? { brightness, contrast, saturation, hue, p } : null,
    grayscale: config.grayscale,
    // An odd kernel of about a tenth of the edge: 23 taps at 224 px, as in SimCLR's paper.
    blur: blur > 0 ? { p: blur, sigma: [0.1, 2], kernel: 2 * Math.floor(size / 20) + 1 } : null,
    solarize,
    mean: config.mean,
    std: config.std,
  };
}
