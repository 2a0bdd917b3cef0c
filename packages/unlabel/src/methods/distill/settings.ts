// Distillation's own settings, and which of them contradict each other.
import { refusals } from "../../config/contradictions.ts";
import { bands, integer, licence, number, oneOf, path } from "../../config/fields.ts";
import type { Settings } from "../../config/settings.ts";
import { ENCODERS, isVit } from "../../encoders/facts.ts";
import { POOLINGS } from "../../encoders/variants.ts";
import type { ConfigOf } from "../define.ts";
import { augmentationProblems, augmentationSchema } from "../shared/augmentation.ts";

export const schema = {
  ...augmentationSchema,
  /** Where the teacher lies: a file of weights, a folder of timm's or transformers', or a run directory (docs/weights.md). A run asks for one. */
  teacher: path().nullable(),
  /** The teacher's architecture, which follows from its weights. */
  teacher_encoder: oneOf(...ENCODERS).nullable(),
  /** Likewise, of a ViT. */
  teacher_patch: integer(1, 64).nullable(),
  /** Likewise, of a ResNet. */
  teacher_stem: oneOf("7x7", "3x3").nullable(),
  /** Edge in pixels of what the teacher sees; null: as its own config says, or its positions. A ViT's patch must divide it. */
  teacher_size: integer(16, 1024).nullable(),
  /** What a ViT's features are that are taught; null: as its own run or form has them, else mean and maximum of the patch tokens. */
  teacher_pooling: oneOf(...POOLINGS).nullable(),
  /** Which channels of the images the teacher sees, from 1, one for each of its own (`4,3,2`, or `1,1,1` of gray images); null: all. */
  teacher_bands: bands(),
  /** Under which licence the teacher is, where its source does not say, or says it wrongly; null: as that says. */
  teacher_license: licence().nullable(),
  /**
   * `same`: the teacher sees the very view that the student sees (arXiv:2106.05237). `whole`: it sees the central square of the whole image,
   * the same in every epoch, so that what it says is kept; only pooled features can be taught so.
   */
  teacher_view: oneOf("same", "whole"),
  /** cosine: 1 − cos; smooth_l1: of the teacher's numbers at mean 0 and deviation 1 in each vector. */
  distance: oneOf("cosine", "smooth_l1"),
  /** Weight of the distance between pooled features. */
  pooled_weight: number(0, 1000),
  /** Weight of the distance between patch features, place by place; the teacher's are resampled to the student's grid. */
  patch_weight: number(0, 1000),
};

export type DistillConfig = ConfigOf<typeof schema>;

/** A line for each contradiction. */
export function problemsOf(config: DistillConfig, given: Settings): string[] {
  const { teacher_encoder: teacher, teacher_view: view, pooled_weight: pooled, patch_weight: patches } = config;
  const problems = augmentationProblems(config, given);
  const vit = teacher === null || isVit(teacher);
  const refuse = refusals(given, problems);
  refuse("teacher_pooling", !vit, `teacher ${teacher}`);
  if (pooled + patches === 0) problems.push("Expected a pooled_weight or a patch_weight above 0, got neither");
  if (view === "whole" && patches > 0) {
    problems.push(
      `Expected patch_weight 0 with teacher_view whole, whose places are not the student's, got ${patches}; add --set patch_weight=0, or --set teacher_view=same`,
    );
  }
  if (view === "whole" && config.size_start !== null) {
    problems.push(
      `Expected no size_start with teacher_view whole, whose views have the teacher's size, got ${config.size_start}; leave it out`,
    );
  }
  const { teacher_size: size, teacher_patch: patch } = config;
  if (size !== null && patch !== null && size % patch !== 0) {
    const nearest = patch * Math.max(1, Math.round(size / patch));
    problems.push(
      `Expected a teacher_size that the teacher's patch ${patch} divides, got ${size}; nearest: ${nearest}`,
    );
  }
  const { teacher_bands: seen, channels } = config;
  if (seen !== null && typeof channels === "number" && seen.some((band) => band > channels)) {
    problems.push(`Expected teacher_bands from 1 to ${channels}, the channels of the images, got ${seen.join(",")}`);
  }
  return problems;
}
