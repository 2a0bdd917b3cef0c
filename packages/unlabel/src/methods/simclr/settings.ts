// SimCLR's own settings, the views that they ask for, and which of them contradict each other.
import { refusals } from "../../config/contradictions.ts";
import { above, flag, integer } from "../../config/fields.ts";
import type { Settings } from "../../config/settings.ts";
import type { ViewSpec } from "../../data/views.ts";
import { isVit } from "../../encoders/facts.ts";
import type { ConfigOf } from "../define.ts";
import { augmentationProblems, augmentationSchema, augmentedView } from "../shared/augmentation.ts";
import { localSizeOf } from "./local-size.ts";

export const schema = {
  ...augmentationSchema,
  /** τ of NT-Xent. */
  temperature: above(0, 100),
  projection_hidden: integer(1, 65_536),
  projection_dim: integer(1, 65_536),
  projection_batchnorm: flag(),
  /** NT-Xent without the positive in the denominator (DCL, arXiv:2110.06848). */
  decoupled: flag(),
  /** σ of DCLW's weights of positives, 2 − exp(s/σ) / mean exp(s/σ), where `decoupled`; 0.5 in its paper; null: all weigh the same. */
  positive_sigma: above(0, 100).nullable(),
  /** Small views an image beside the two of `size`, each of which is asked for these two (multi-crop, arXiv:2006.09882); 0: none. */
  local_views: integer(0, 16),
  /** Edge of local views in pixels, `size` at most; null: half of `size`. A ViT's patch must divide it. */
  local_size: integer(8, 1024).nullable(),
  /** The least and the largest share of the image's area that a local view shows. */
  local_crop_min: above(0, 1),
  local_crop_max: above(0, 1),
};

export type SimclrConfig = ConfigOf<typeof schema>;

/** The two views of `size`, and the local ones where there are any. */
export function viewsOf(config: SimclrConfig): ViewSpec[] {
  const { local_views: count, local_crop_min: least, local_crop_max: most } = config;
  const two = augmentedView(config, { count: 2 });
  return count === 0 ? [two] : [two, augmentedView(config, { count, size: localSizeOf(config), area: [least, most] })];
}

/** A line for each contradiction. */
export function problemsOf(config: SimclrConfig, given: Settings): string[] {
  const { batch, size, patch, local_crop_min: least, local_crop_max: most } = config;
  const problems = augmentationProblems(config, given);
  if (batch < 2) {
    problems.push("Expected at least 2 for batch, since SimCLR contrasts an image with the others of its batch, got 1");
  }
  const none = config.local_views === 0;
  const refuse = refusals(given, problems);
  if (config.positive_sigma !== null && !config.decoupled) {
    problems.push(
      `Expected no positive_sigma with decoupled false, whose positives all weigh the same, got ${config.positive_sigma}; set decoupled=true too`,
    );
  }
  for (const key of ["local_size", "local_crop_min", "local_crop_max"]) refuse(key, none, "local_views 0");
  if (none) return problems;
  const local = localSizeOf(config);
  if (local > size) problems.push(`Expected at most size (${size} px) for local_size, got ${local}`);
  if (isVit(config.encoder) && local % patch !== 0) {
    problems.push(`Expected a local_size that patch ${patch} divides, got ${local}`);
  }
  if (least > most) problems.push(`Expected at least local_crop_min ${least} for local_crop_max, got ${most}`);
  return problems;
}
