// What preset `small` of every method for ResNets begins with: small images, a laptop's CPU, minutes. Loads no zod.
import { HALF } from "../../config/defaults.ts";

/** Settings of preset `small`; a method adds its own. */
export const SMALL_RESNET = {
  ...HALF,
  encoder: "resnet18",
  // The 3×3 stem costs 16 times the activations at the same size; on a CPU more images seen are worth more.
  stem: "7x7",
  // Small crops cost a fraction and show whole things enlarged; whole images are then seen at twice the size.
  size: 64,
  eval_size: 128,
  epochs: 20,
  batch: 64,
  optimizer: "adamw",
  lr: 1e-3,
  weight_decay: 1e-4,
  exclude_norm_bias: true,
  schedule: "cosine",
  warmup_epochs: 1,
} as const;
