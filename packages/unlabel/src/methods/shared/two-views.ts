// Settings and views of the methods that learn from two unlike views of an image, as BYOL's authors made them (arXiv:2006.07733, table 6).
import type { z } from "zod";
import { number } from "../../config/fields.ts";
import type { ViewSpec } from "../../data/views.ts";
import type { ConfigOf } from "../define.ts";
import { augmentationSchema, augmentedView } from "./augmentation.ts";

/** Keys of {@link augmentationSchema}, which are the first view's, and how the second one differs. */
export const twoViewsSchema = {
  ...augmentationSchema,
  /** Probability of blur in the second view; `blur_p` is the first one's. */
  blur_p_second: number(0, 1),
  /** Probability that the second view is solarised. */
  solarize_second: number(0, 1),
} satisfies z.ZodRawShape;

/** A config that has the keys of {@link twoViewsSchema}. */
export type TwoViewsConfig = ConfigOf<typeof twoViewsSchema>;

/** Two specs of one view each, so that each goes through the network by itself and BatchNorm sees one kind of view at a time. */
export function twoViews(config: TwoViewsConfig): ViewSpec[] {
  return [
    augmentedView(config, { count: 1 }),
    augmentedView(config, { count: 1, blur: config.blur_p_second, solarize: config.solarize_second }),
  ];
}
