// What help, reports and forecasts need of MoCo v3.
import { HALF, IMAGENET } from "../../config/defaults.ts";
import { ENCODERS, encoderDim, encoderMacs } from "../../encoders/facts.ts";
import { type About, forwardOperations, trainingOperations } from "../about.ts";
import { TWO_VIEWS } from "../shared/augmentation-defaults.ts";
import { headMacs } from "../shared/head-macs.ts";

export const about = {
  name: "mocov3",
  title: "MoCo v3",
  paper: "arXiv:2104.02057",
  summary:
    "a prediction from one view should lie closest to what a slowly following copy makes of the same image's other view",
  loss: "InfoNCE of predictions and the copy's keys, both ways, times 2τ",
  encoders: ENCODERS,
  coupling: "batch",
  defaults: {
    ...TWO_VIEWS,
    frozen_patches: true,
    momentum_end: 1,
  },
  presets: {
    // The authors' ViT-Small, at one machine's batch size.
    paper: {
      ...IMAGENET,
      encoder: "vit_small",
      epochs: 300,
      batch: 256,
      optimizer: "adamw",
      lr: 1.5e-4,
      lr_scaling: "linear",
      weight_decay: 0.1,
      schedule: "cosine",
      warmup_epochs: 40,
      crop_min: 0.08,
      temperature: 0.2,
      projection_layers: 3,
      projection_hidden: 4096,
      projection_dim: 256,
      momentum_start: 0.99,
    },
    // Small images, a laptop's CPU, minutes.
    small: {
      ...HALF,
      encoder: "vit_tiny",
      patch: 8,
      size: 64,
      epochs: 20,
      batch: 64,
      optimizer: "adamw",
      lr: 5e-4,
      weight_decay: 0.1,
      exclude_norm_bias: true,
      schedule: "cosine",
      warmup_epochs: 1,
      temperature: 0.2,
      projection_layers: 3,
      projection_hidden: 1024,
      projection_dim: 256,
      momentum_start: 0.99,
    },
  },
  flops(config) {
    const [hidden, out] = [Number(config.projection_hidden), Number(config.projection_dim)];
    const between = Array.from({ length: Number(config.projection_layers) - 1 }, () => hidden);
    const projected = encoderMacs(config) + headMacs([encoderDim(config), ...between, out]);
    // Both views through both networks; only the online one has a predictor and a backward pass.
    return trainingOperations(2 * (projected + 2 * hidden * out)) + forwardOperations(2 * projected);
  },
  health: {
    learnt: 0.005,
    cures: "stronger augmentation (a smaller crop_min), a larger batch, or a higher momentum_start",
    unlearnt: "a lower temperature",
  },
  flags: [{ flag: "--temperature", value: "t", help: "temperature of the loss" }],
  curves: [
    ["train/contrastive_accuracy", "Own key nearest"],
    ["train/positive_similarity", "Prediction and key, cosine"],
    ["train/embedding_std", "Spread of keys"],
  ],
} as const satisfies About;
