// The presets, as data. `report`: the student report this project reproduces. `paper`: SimCLR (arXiv:2002.05709) and
// MAE (arXiv:2111.06377) at one machine's batch size. `small`: small images, a laptop's CPU, minutes.
import type { MaeConfig, MethodName, PresetName, SimclrConfig } from "./schema.ts";

const IMAGENET = {
  mean: [0.485, 0.456, 0.406] as [number, number, number],
  std: [0.229, 0.224, 0.225] as [number, number, number],
};
const HALF = { mean: [0.5, 0.5, 0.5] as [number, number, number], std: [0.5, 0.5, 0.5] as [number, number, number] };

/** What holds where neither the preset nor the user says otherwise. */
const common = {
  patch: 16,
  size: 224,
  eval_size: null,
  epochs: 100,
  steps: null,
  budget: null,
  micro_batch: null,
  activation_checkpointing: false,
  lr_scaling: "none",
  betas: [0.9, 0.999] as [number, number],
  momentum: 0.9,
  exclude_norm_bias: false,
  schedule: "constant",
  warmup_epochs: 0,
  clip_grad_norm: null,
  seed: 0,
  threads: "auto",
  device: "auto",
  precision: "auto",
  cache: "auto",
  cache_mb: null,
  cache_side: null,
  checkpoint_every_epochs: 1,
  health_every: null,
  online: true,
  crop_min: 0.2,
} as const;

const simclr = {
  ...common,
  method: "simclr",
  stem: "auto",
  projection_batchnorm: false,
  brightness: 0.4,
  contrast: 0.4,
  saturation: 0.4,
  hue: 0.1,
  jitter_p: 0.8,
  // On a CPU exact costs a few per cent more; fused is for GPUs, where its one pass counts.
  color_form: "exact",
  grayscale: 0.2,
  blur_p: 0,
} as const;

const mae = {
  ...common,
  method: "mae",
  mask_ratio: 0.75,
  // The report's MLP decoder has neither blocks nor heads; these hold once a user switches it to a transformer.
  decoder_depth: 8,
  decoder_heads: 16,
  // A third of three quarters of the patches: CrossMAE's own choice (arXiv:2401.14391).
  predict_share: 1 / 3,
} as const;

export const presets: { simclr: Record<PresetName, SimclrConfig>; mae: Record<PresetName, MaeConfig> } = {
  simclr: {
    report: {
      ...simclr,
      ...HALF,
      preset: "report",
      encoder: "resnet50",
      batch: 32,
      optimizer: "adam",
      lr: 3e-4,
      weight_decay: 1e-4,
      temperature: 0.5,
      projection_hidden: 512,
      projection_dim: 128,
    },
    paper: {
      ...simclr,
      ...IMAGENET,
      preset: "paper",
      encoder: "resnet50",
      batch: 256,
      optimizer: "lars",
      lr: 0.3,
      lr_scaling: "linear",
      weight_decay: 1e-6,
      exclude_norm_bias: true,
      schedule: "cosine",
      warmup_epochs: 10,
      temperature: 0.1,
      projection_hidden: 2048,
      projection_dim: 128,
      projection_batchnorm: true,
      crop_min: 0.08,
      brightness: 0.8,
      contrast: 0.8,
      saturation: 0.8,
      hue: 0.2,
      blur_p: 0.5,
    },
    small: {
      ...simclr,
      ...HALF,
      preset: "small",
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
      temperature: 0.1,
      projection_hidden: 512,
      projection_dim: 128,
    },
  },
  mae: {
    report: {
      ...mae,
      ...HALF,
      preset: "report",
      encoder: "vit_base",
      batch: 32,
      optimizer: "adam",
      lr: 1e-4,
      weight_decay: 0,
      decoder: "mlp",
      decoder_width: 1024,
      norm_pixels: false,
    },
    paper: {
      ...mae,
      ...IMAGENET,
      preset: "paper",
      encoder: "vit_base",
      epochs: 800,
      batch: 256,
      optimizer: "adamw",
      lr: 1.5e-4,
      lr_scaling: "linear",
      betas: [0.9, 0.95],
      weight_decay: 0.05,
      exclude_norm_bias: true,
      schedule: "cosine",
      warmup_epochs: 40,
      decoder: "transformer",
      decoder_width: 512,
      norm_pixels: true,
    },
    small: {
      ...mae,
      ...HALF,
      preset: "small",
      encoder: "vit_tiny",
      // 16 of 64 patches are seen; larger patches would leave 4, too few to tell what the image shows.
      patch: 8,
      size: 64,
      epochs: 20,
      batch: 32,
      optimizer: "adamw",
      lr: 5e-4,
      betas: [0.9, 0.95],
      weight_decay: 0.05,
      exclude_norm_bias: true,
      schedule: "cosine",
      warmup_epochs: 1,
      decoder: "transformer",
      decoder_width: 128,
      decoder_depth: 2,
      decoder_heads: 4,
      // On photographs linear probe and kNN gain by it within minutes.
      norm_pixels: true,
    },
  },
};

/** The preset's settings; every key of the method is there. */
export function presetConfig(method: MethodName, preset: PresetName): SimclrConfig | MaeConfig {
  return presets[method][preset];
}
