// I-JEPA's own settings, and which of them contradict each other.
import { above, integer, number } from "../../config/fields.ts";
import type { ConfigOf } from "../define.ts";

export const schema = {
  /** Blocks of an image that are predicted. */
  target_blocks: integer(1, 16),
  /** Share of the image that each covers, from and to. */
  target_scale_min: above(0, 1),
  target_scale_max: above(0, 1),
  /** Height / width of each, from and to. */
  target_aspect_min: above(0, 10),
  target_aspect_max: above(0, 10),
  /** Share of the image that the context block covers before the targets are taken out of it, from and to. */
  context_scale_min: above(0, 1),
  context_scale_max: above(0, 1),
  /** Width, blocks and attention heads of the predictor. */
  predictor_width: integer(8, 8192),
  predictor_depth: integer(1, 64),
  predictor_heads: integer(1, 64),
  /** Momentum of the target encoder at the first step, from where it goes in a straight line to `momentum_end` at the last. */
  momentum_start: number(0, 1),
  momentum_end: number(0, 1),
  /** Weight decay at the last step, to where it goes from `weight_decay` by half a cosine; null: it stays. */
  weight_decay_end: number(0, 1).nullable(),
};

export type IJepaConfig = ConfigOf<typeof schema>;

/** A line for each contradiction. */
export function problemsOf(config: IJepaConfig): string[] {
  const problems: string[] = [];
  const ranges = [
    ["target_scale_min", "target_scale_max"],
    ["target_aspect_min", "target_aspect_max"],
    ["context_scale_min", "context_scale_max"],
    ["momentum_start", "momentum_end"],
  ] as const;
  for (const [least, most] of ranges) {
    if (config[least] > config[most]) {
      problems.push(`Expected at least ${least} ${config[least]} for ${most}, got ${config[most]}`);
    }
  }
  const { predictor_width: width, predictor_heads: heads, size, patch } = config;
  if (width % heads !== 0) {
    problems.push(`Expected a predictor_width that predictor_heads ${heads} divides, got ${width}`);
  }
  if (width % 4 !== 0) {
    problems.push(`Expected a multiple of 4 for predictor_width (sin-cos positions on two axes), got ${width}`);
  }
  if (size < 2 * patch) {
    problems.push(
      `Expected a size of two patches (${2 * patch} px) or more for I-JEPA, which shows some and asks for others, got ${size}`,
    );
  }
  return problems;
}
