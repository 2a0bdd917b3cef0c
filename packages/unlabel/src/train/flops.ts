// What a training step computes, counted from the config by closed formulas, so that methods can be given the same work. Matrix
// products and convolutions only, two operations a multiply-add; the backward pass counts twice the forward one.
import type { Config, MaeConfig } from "../config/schema.ts";
import { stemOf, VIT_SIZES } from "../encoders/index.ts";
import { visibleCount } from "../methods/shared/masking.ts";

/** Floating-point operations of training on one image, forward and backward, with all its views. */
export function trainingFlops(config: Config): number {
  return 3 * 2 * (config.method === "mae" ? mae(config) : 2 * (encoderMacs(config) + head(config)));
}

/** Multiply-adds of one image through the whole encoder. */
export function encoderMacs(config: Config): number {
  const { encoder, size, patch } = config;
  if (encoder === "vit_tiny" || encoder === "vit_small" || encoder === "vit_base") {
    const { width, depth } = VIT_SIZES[encoder];
    const patches = (size / patch) ** 2;
    return patches * 3 * patch ** 2 * width + blocks(1 + patches, width, depth);
  }
  return resnet(encoder, size, config.method === "simclr" ? stemOf(config) : "7x7");
}

/** `depth` blocks on `n` tokens: qkv, projection and MLP are 12·n·w², attention's two products 2·n²·w. */
function blocks(n: number, width: number, depth: number): number {
  return depth * (12 * n * width ** 2 + 2 * n ** 2 * width);
}

function resnet(name: "resnet18" | "resnet34" | "resnet50", size: number, stem: "7x7" | "3x3"): number {
  const counts = name === "resnet18" ? [2, 2, 2, 2] : [3, 4, 6, 3];
  const half = (edge: number) => Math.ceil(edge / 2);
  const first = stem === "7x7" ? half(size) : size;
  let macs = first ** 2 * 64 * 3 * (stem === "7x7" ? 49 : 9);
  let [edge, into] = [stem === "7x7" ? half(first) : first, 64];
  for (const [stage, count] of counts.entries()) {
    const planes = 64 * 2 ** stage;
    const out = name === "resnet50" ? 4 * planes : planes;
    for (let i = 0; i < count; i++) {
      const before = edge;
      if (i === 0 && stage > 0) edge = half(edge);
      const [wide, area] = [before ** 2, edge ** 2];
      macs +=
        name === "resnet50"
          ? wide * into * planes + area * 9 * planes ** 2 + area * planes * out
          : area * 9 * planes * (into + planes);
      if (edge !== before || into !== out) macs += area * into * out;
      into = out;
    }
  }
  return macs;
}

function head(config: Config): number {
  if (config.method !== "simclr") return 0;
  const { projection_hidden: hidden, projection_dim: out, encoder } = config;
  const dim = encoder.startsWith("vit")
    ? 2 * VIT_SIZES[encoder as keyof typeof VIT_SIZES].width
    : encoder === "resnet50"
      ? 2048
      : 512;
  return hidden * (dim + out);
}

/** The encoder on what is visible, and the decoder. */
function mae(config: MaeConfig): number {
  const { patch, size, mask_ratio, decoder, decoder_width: w, decoder_depth: depth } = config;
  const { width, depth: layers } = VIT_SIZES[config.encoder];
  const all = (size / patch) ** 2;
  const seen = visibleCount(all, mask_ratio);
  const hidden = all - seen;
  const pixels = 3 * patch ** 2;
  const encoder = seen * pixels * width + blocks(1 + seen, width, layers);
  if (decoder === "mlp") return encoder + hidden * (2 * width * w + width * pixels);
  const embed = (1 + seen) * width * w;
  if (decoder === "transformer") return encoder + embed + blocks(1 + all, w, depth) + hidden * w * pixels;
  // Queries and projection for those asked, keys and values for those seen; products between the two; MLP.
  const asked = Math.max(1, Math.round(hidden * config.predict_share));
  const cross = 2 * asked * w ** 2 + 2 * (1 + seen) * w ** 2 + 2 * asked * (1 + seen) * w + 8 * asked * w ** 2;
  return encoder + embed + depth * cross + asked * w * pixels;
}
