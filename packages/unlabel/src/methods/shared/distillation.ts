// Settings and views of self-distillation (DINO, arXiv:2104.14294), which iBOT shares: two unlike whole views and local ones, a teacher that
// follows, temperatures, and the head.
import type { z } from "zod";
import { above, flag, integer, number } from "../../config/fields.ts";
import type { Settings } from "../../config/settings.ts";
import type { ViewSpec } from "../../data/views.ts";
import type { ConfigOf } from "../define.ts";
import type { Progress } from "../method.ts";
import { augmentationProblems } from "./augmentation.ts";
import type { DinoHeadOptions } from "./dino-head.ts";
import { localViews, localViewsProblems, localViewsSchema } from "./local-views.ts";
import { linearBetween } from "./schedules.ts";
import { twoViews, twoViewsSchema } from "./two-views.ts";

/** Whole views an image, and as many specs, for the two are unlike. */
export const WHOLE = 2;

/** Keys of self-distillation. */
export const distillationSchema = {
  ...twoViewsSchema,
  ...localViewsSchema,
  /** Probability of blur in local views. */
  blur_p_local: number(0, 1),
  /** Temperature of the student's answers. */
  student_temp: above(0, 10),
  /** Temperature of the teacher's answers: from the first in a straight line to the second, which it has after this share of the steps. */
  teacher_temp_start: above(0, 10),
  teacher_temp: above(0, 10),
  teacher_temp_until: number(0, 1),
  /** Momentum of the running mean that is taken off the teacher's outputs. */
  center_momentum: number(0, 1),
  /** Momentum of the teacher at the first step, from where it goes by half a cosine to `momentum_end` at the last. */
  momentum_start: number(0, 1),
  momentum_end: number(0, 1),
  /** Weight decay at the last step, to which it goes by half a cosine from `weight_decay`; null: it stays. */
  weight_decay_end: number(0, 1).nullable(),
  /** Width of the head's two hidden layers, of its narrow layer, and of its output. */
  head_hidden: integer(1, 65_536),
  head_bottleneck: integer(2, 65_536),
  outputs: integer(2, 1_000_000),
  /** Whether the rows of the head's last layer keep length 1; false: lengths are trained, which may be better and less stable. */
  normalise_last: flag(),
  /** Epochs in which the head's last layer stays as it was drawn; a tenth of the steps at most. */
  freeze_epochs: number(0, 10_000),
} satisfies z.ZodRawShape;

/** A config that has the keys of {@link distillationSchema}. */
export type DistillationConfig = ConfigOf<typeof distillationSchema>;

/** A line for each contradiction. */
export function distillationProblems(config: DistillationConfig, given: Settings): string[] {
  const { momentum_start: start, momentum_end: end, teacher_temp: temp, student_temp: most } = config;
  const problems = [...augmentationProblems(config, given), ...localViewsProblems(config, given)];
  if (config.local_views === 0 && "blur_p_local" in given) {
    problems.push("Expected no blur_p_local with local_views 0, where it would change nothing");
  }
  if (start > end) problems.push(`Expected at least momentum_start ${start} for momentum_end, got ${end}`);
  for (const [key, value] of [
    ["teacher_temp", temp] as const,
    ["teacher_temp_start", config.teacher_temp_start] as const,
  ]) {
    if (value > most) {
      problems.push(
        `Expected at most student_temp ${most} for ${key}, since a teacher that is less sure than its student makes all answers alike, got ${value}`,
      );
    }
  }
  return problems;
}

/** Two specs of one whole view each, unlike each other as BYOL's, and one of the local views where there are any. */
export function distillationViews(config: DistillationConfig): ViewSpec[] {
  return [...twoViews(config), ...localViews(config, { blur: config.blur_p_local })];
}

/** The teacher's temperature in a step. */
export function teacherTemp(config: DistillationConfig, progress: Progress): number {
  return linearBetween(config.teacher_temp_start, config.teacher_temp, progress, config.teacher_temp_until);
}

/** The head that a config asks for. */
export function headOptions(config: DistillationConfig): DinoHeadOptions {
  const { head_hidden: hidden, head_bottleneck: bottleneck, outputs: out, normalise_last: fixed } = config;
  return { hidden, bottleneck, out, lengths: !fixed };
}
