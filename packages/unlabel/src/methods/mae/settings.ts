// MAE's own settings, and which of them contradict each other.
import { refusals } from "../../config/contradictions.ts";
import { above, between, flag, integer, number, oneOf } from "../../config/fields.ts";
import type { Settings } from "../../config/settings.ts";
import type { ConfigOf } from "../define.ts";
import { visibleCount } from "../shared/visible.ts";

export const schema = {
  /** Share of the patches hidden from the encoder. */
  mask_ratio: between(0, 1),
  /** transformer: the paper's; cross: CrossMAE's, which predicts a share of the hidden patches; mlp: the original report's. */
  decoder: oneOf("transformer", "cross", "mlp"),
  /** Share of the hidden patches that decoder cross predicts. */
  predict_share: above(0, 1),
  /** Width of the decoder's tokens (transformer, cross) or of its hidden layers (mlp). */
  decoder_width: integer(8, 8192),
  /** Blocks and attention heads of the decoder, if it has any. */
  decoder_depth: integer(1, 64),
  decoder_heads: integer(1, 64),
  /** Targets are normalised by each patch's own mean and variance. */
  norm_pixels: flag(),
  /** U-MAE's (arXiv:2210.08344): weight of the mean squared cosine between images' mean visible tokens, added to the loss; 0 is the paper's MAE. */
  uniformity: number(0, 1000),
};

export type MaeConfig = ConfigOf<typeof schema>;

/** A line for each contradiction. */
export function problemsOf(config: MaeConfig, given: Settings): string[] {
  const blocks = config.decoder !== "mlp";
  const problems: string[] = [];
  const refuse = refusals(given, problems);
  refuse("decoder_depth", !blocks, `decoder ${config.decoder}`);
  refuse("predict_share", config.decoder !== "cross", `decoder ${config.decoder}`);
  refuse("decoder_heads", !blocks, `decoder ${config.decoder}`);
  if (config.size_start !== null) {
    problems.push(
      `Expected no size_start with mae, whose decoder has places for images of one size, got ${config.size_start}; leave it out`,
    );
  }
  const patches = Math.floor(config.size / config.patch) ** 2;
  const visible = visibleCount(patches, config.mask_ratio);
  if (visible < 1 || visible >= patches) {
    problems.push(
      `Expected a mask_ratio that leaves some of ${patches} patches visible and hides some, got ${config.mask_ratio}`,
    );
  }
  if (blocks && config.decoder_width % config.decoder_heads !== 0) {
    problems.push(
      `Expected a decoder_width that decoder_heads ${config.decoder_heads} divides, got ${config.decoder_width}`,
    );
  }
  if (blocks && config.decoder_width % 4 !== 0) {
    problems.push(
      `Expected a multiple of 4 for decoder_width (sin-cos positions on two axes), got ${config.decoder_width}`,
    );
  }
  return problems;
}
