// What help, reports and forecasts need of SimMIM.
import { HALF, IMAGENET } from "../../config/defaults.ts";
import { channelsOf, encoderMacs, encoderWidth, VITS } from "../../encoders/facts.ts";
import { type About, trainingOperations } from "../about.ts";

export const about = {
  name: "simmim",
  title: "SimMIM",
  paper: "arXiv:2111.09886",
  summary: "parts of an image are replaced by one token, and their pixels predicted by a single linear layer",
  loss: "absolute error of hidden pixels",
  encoders: VITS,
  coupling: "image",
  draws: "masks",
  defaults: { mask_ratio: 0.6 },
  presets: {
    // The authors' ViT-Base at one machine's batch: 8e-4 at 2,048.
    paper: {
      ...IMAGENET,
      encoder: "vit_base",
      epochs: 800,
      batch: 256,
      optimizer: "adamw",
      lr: 1e-4,
      lr_scaling: "linear",
      weight_decay: 0.05,
      exclude_norm_bias: true,
      schedule: "cosine",
      warmup_epochs: 20,
      crop_min: 0.67,
      mask_unit: 32,
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
      weight_decay: 0.05,
      exclude_norm_bias: true,
      schedule: "cosine",
      warmup_epochs: 1,
      mask_unit: 16,
    },
  },
  flops(config) {
    const { patch, size } = config;
    const head = (size / patch) ** 2 * encoderWidth(config) * channelsOf(config) * patch ** 2;
    return trainingOperations(encoderMacs(config) + head);
  },
  // As MAE's: its chance is that of one batch, and how bright each place is is soon told.
  health: { learnt: 0.02, cures: "another mask_ratio or mask_unit" },
  flags: [
    { flag: "--mask-ratio", value: "share", help: "share of the image that is hidden" },
    { flag: "--mask-unit", value: "px", help: "edge of the squares that are hidden" },
  ],
  curves: [
    ["train/explained", "Explained of the absolute deviation"],
    ["train/feature_std", "Spread of features"],
  ],
} as const satisfies About;
