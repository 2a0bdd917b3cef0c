// What a training step computes, counted from the config by closed formulas, so that methods can be given the same work. Matrix
// products and convolutions only, two operations a multiply-add; the backward pass counts twice the forward one.
import type { Config, MaeConfig } from "../config/schema.ts";
import { encoderDim, encoderMacs, encoderWidth } from "../encoders/about.ts";
import { transformerMacs } from "../encoders/macs.ts";
import { visibleCount } from "../methods/shared/masking.ts";

export { encoderMacs } from "../encoders/about.ts";

/** Floating-point operations of training on one image, forward and backward, with all its views. */
export function trainingFlops(config: Config): number {
  return 3 * 2 * (config.method === "mae" ? mae(config) : 2 * (encoderMacs(config) + head(config)));
}

function head(config: Config): number {
  if (config.method !== "simclr") return 0;
  const { projection_hidden: hidden, projection_dim: out } = config;
  return hidden * (encoderDim(config) + out);
}

/** The encoder on what is visible, and the decoder. */
function mae(config: MaeConfig): number {
  const { patch, size, mask_ratio, decoder, decoder_width: w, decoder_depth: depth } = config;
  const width = encoderWidth(config);
  const all = (size / patch) ** 2;
  const seen = visibleCount(all, mask_ratio);
  const hidden = all - seen;
  const pixels = 3 * patch ** 2;
  const encoder = encoderMacs(config, { patches: seen });
  if (decoder === "mlp") return encoder + hidden * (2 * width * w + width * pixels);
  const embed = (1 + seen) * width * w;
  if (decoder === "transformer") return encoder + embed + transformerMacs(1 + all, w, depth) + hidden * w * pixels;
  // Queries and projection for those asked, keys and values for those seen; products between the two; MLP.
  const asked = Math.max(1, Math.round(hidden * config.predict_share));
  const cross = 2 * asked * w ** 2 + 2 * (1 + seen) * w ** 2 + 2 * asked * (1 + seen) * w + 8 * asked * w ** 2;
  return encoder + embed + depth * cross + asked * w * pixels;
}
