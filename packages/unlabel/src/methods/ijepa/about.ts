// What help, reports and forecasts need of I-JEPA.
import type { Config } from "../../config/common.ts";
import { HALF, IMAGENET } from "../../config/defaults.ts";
import { blockMacs, encoderMacs, encoderWidth, VITS } from "../../encoders/facts.ts";
import { type About, forwardOperations, trainingOperations } from "../about.ts";

export const about = {
  name: "ijepa",
  title: "I-JEPA",
  paper: "arXiv:2301.08243",
  summary: "from one part of an image, what a slowly following copy of the encoder makes of other parts is predicted",
  loss: "smooth absolute error of predicted latents, which are normalised",
  encoders: VITS,
  coupling: "image",
  draws: "blocks",
  defaults: {
    target_blocks: 4,
    target_scale_min: 0.15,
    target_scale_max: 0.2,
    target_aspect_min: 0.75,
    target_aspect_max: 1.5,
    context_scale_min: 0.85,
    context_scale_max: 1,
    momentum_end: 1,
    weight_decay_end: null,
  },
  presets: {
    // The authors' ViT-Base at one machine's batch: 1e-3 at 2,048.
    paper: {
      ...IMAGENET,
      encoder: "vit_base",
      epochs: 600,
      batch: 256,
      optimizer: "adamw",
      lr: 1.25e-4,
      lr_scaling: "linear",
      weight_decay: 0.04,
      weight_decay_end: 0.4,
      exclude_norm_bias: true,
      schedule: "cosine",
      warmup_epochs: 15,
      crop_min: 0.3,
      predictor_width: 384,
      predictor_depth: 6,
      predictor_heads: 12,
      momentum_start: 0.996,
    },
    // Small images, a laptop's CPU, minutes.
    small: {
      ...HALF,
      encoder: "vit_tiny",
      patch: 8,
      size: 64,
      epochs: 20,
      batch: 32,
      optimizer: "adamw",
      lr: 5e-4,
      weight_decay: 0.04,
      exclude_norm_bias: true,
      schedule: "cosine",
      warmup_epochs: 1,
      crop_min: 0.3,
      predictor_width: 96,
      predictor_depth: 4,
      predictor_heads: 3,
      momentum_start: 0.996,
    },
  },
  flops(config) {
    const { context, predicted } = macsOf(config);
    return trainingOperations(context + predicted) + forwardOperations(encoderMacs(config));
  },
  // A loss that is small because all has become the same looks like one that is small because much was learnt.
  health: { learnt: 0.02, cures: "a higher momentum_start, a lower lr, or larger target blocks" },
  curves: [
    ["train/target_std", "Spread of targets over images"],
    ["train/explained", "Explained of the targets' variance"],
  ],
} as const satisfies About;

/** Multiply-adds of one image, with as much context as these blocks leave on average where they lie apart. */
function macsOf(config: Config): { context: number; predicted: number } {
  const all = (config.size / config.patch) ** 2;
  const middle = (from: string, to: string) => (Number(config[from]) + Number(config[to])) / 2;
  const [target, whole] = [
    middle("target_scale_min", "target_scale_max"),
    middle("context_scale_min", "context_scale_max"),
  ];
  const blocks = Number(config.target_blocks);
  const [asked, seen] = [Math.max(1, target * all), Math.max(1, whole * all * (1 - target) ** blocks)];
  const [width, dim] = [Number(config.predictor_width), encoderWidth(config)];
  const each = blockMacs(seen + asked, width, Number(config.predictor_depth)) + asked * width * dim;
  return { context: encoderMacs(config, { patches: seen }), predicted: seen * width * dim + blocks * each };
}
