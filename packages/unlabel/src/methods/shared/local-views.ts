// Local views (multi-crop, SwAV, arXiv:2006.09882): beside the whole views of `size`, small crops of a small part of the image, which cost
// little. One set of settings for every method that takes them. Images are decoded once for all of their views.
import { cat, type Tensor } from "@unlabel/torch";
import type { z } from "zod";
import { refusals } from "../../config/contradictions.ts";
import { above, integer } from "../../config/fields.ts";
import type { Settings } from "../../config/settings.ts";
import type { ViewSpec } from "../../data/views.ts";
import { isVit } from "../../encoders/facts.ts";
import type { ConfigOf } from "../define.ts";
import { type AugmentationConfig, augmentedView } from "./augmentation.ts";
import { localSizeOf } from "./local-size.ts";

/** Keys of local views; their defaults are `LOCAL_VIEWS`. */
export const localViewsSchema = {
  /** Small views an image beside the whole ones of `size`; 0: none. */
  local_views: integer(0, 16),
  /** Edge of local views in pixels, `size` at most; null: half of `size`. A ViT's patch must divide it. */
  local_size: integer(8, 1024).nullable(),
  /** The least and the largest share of the image's area that a local view shows. */
  local_crop_min: above(0, 1),
  local_crop_max: above(0, 1),
} satisfies z.ZodRawShape;

/** A config that has the keys of {@link localViewsSchema}. */
export type LocalViewsConfig = ConfigOf<typeof localViewsSchema>;

/**
 * The local views of a config, in the colours of its other views: one spec, or none.
 *
 * @param own probability of `blur`; by default the config's `blur_p`
 */
export function localViews(config: AugmentationConfig & LocalViewsConfig, own: { blur?: number } = {}): ViewSpec[] {
  const { local_views: count, local_crop_min: least, local_crop_max: most } = config;
  if (count === 0) return [];
  return [augmentedView(config, { count, size: localSizeOf(config), area: [least, most], ...own })];
}

/** A line for each contradiction among the settings of local views. */
export function localViewsProblems(config: LocalViewsConfig, given: Settings): string[] {
  const { size, patch, local_crop_min: least, local_crop_max: most } = config;
  const problems: string[] = [];
  const none = config.local_views === 0;
  const refuse = refusals(given, problems);
  for (const key of ["local_size", "local_crop_min", "local_crop_max"]) refuse(key, none, "local_views 0");
  if (none) return problems;
  const local = localSizeOf(config);
  if (local > size) {
    problems.push(
      `Expected at most size (${size} px) for local_size, got ${local}; set local_size too, or null for half of it`,
    );
  }
  if (isVit(config.encoder) && local % patch !== 0) {
    problems.push(
      `Expected a local_size that patch ${patch} divides, got ${local}; nearest: ${nearestMultiple(local, patch)}`,
    );
  }
  if (least > most) problems.push(`Expected at least local_crop_min ${least} for local_crop_max, got ${most}`);
  return problems;
}

/** The multiple of a patch that is nearest to a size, one at least. */
function nearestMultiple(size: number, patch: number): number {
  return patch * Math.max(1, Math.round(size / patch));
}

/**
 * Views through a network with one pass for each run of views of one size, as in multi-crop's code: a step takes as many passes as there are
 * sizes, and BatchNorm sees one size at a time.
 *
 * @param views one tensor a kind of view, `[count·B, C, S, S]`
 * @param network `[N, C, S, S]` → `[N, …]`
 * @returns what the network made of each run, in the order of the views
 */
export function bySize(views: readonly Tensor[], network: (images: Tensor) => Tensor): Tensor[] {
  const runs: Tensor[][] = [];
  for (const view of views) {
    const run = runs.at(-1);
    if (run && run[0]!.shape[2] === view.shape[2] && run[0]!.shape[3] === view.shape[3]) run.push(view);
    else runs.push([view]);
  }
  return runs.map((run) => network(joined(run)));
}

/** One after the other in one tensor; the tensor itself where there is but one. */
export function joined(tensors: readonly Tensor[]): Tensor {
  return tensors.length === 1 ? tensors[0]! : cat([...tensors], 0);
}
