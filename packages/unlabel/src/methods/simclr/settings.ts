// SimCLR's own settings, the views that they ask for, and which of them contradict each other.
import { above, flag, integer } from "../../config/fields.ts";
import type { Settings } from "../../config/settings.ts";
import type { ViewSpec } from "../../data/views.ts";
import type { ConfigOf } from "../define.ts";
import { augmentationProblems, augmentationSchema, augmentedView } from "../shared/augmentation.ts";
import { localViews, localViewsProblems, localViewsSchema } from "../shared/local-views.ts";

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
  /** Each local view is asked for the two whole ones of its image. */
  ...localViewsSchema,
};

export type SimclrConfig = ConfigOf<typeof schema>;

/** The two views of `size`, and the local ones where there are any. */
export function viewsOf(config: SimclrConfig): ViewSpec[] {
  return [augmentedView(config, { count: 2 }), ...localViews(config)];
}

/** A line for each contradiction. */
export function problemsOf(config: SimclrConfig, given: Settings): string[] {
  const problems = augmentationProblems(config, given);
  if (config.batch < 2) {
    problems.push("Expected at least 2 for batch, since SimCLR contrasts an image with the others of its batch, got 1");
  }
  if (config.positive_sigma !== null && !config.decoupled) {
    problems.push(
      `Expected no positive_sigma with decoupled false, whose positives all weigh the same, got ${config.positive_sigma}; set decoupled=true too`,
    );
  }
  return [...problems, ...localViewsProblems(config, given)];
}
