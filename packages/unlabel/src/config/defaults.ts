// What holds where neither a method, its preset nor the user says otherwise. Loads neither zod nor LibTorch.

/** ImageNet's mean and deviation by channel, as torchvision's and timm's models expect. */
export const IMAGENET = {
  mean: [0.485, 0.456, 0.406] as [number, number, number],
  std: [0.229, 0.224, 0.225] as [number, number, number],
};

/** Pixels in [−1, 1]. */
export const HALF = {
  mean: [0.5, 0.5, 0.5] as [number, number, number],
  std: [0.5, 0.5, 0.5] as [number, number, number],
};

/** What versions did that had no such settings: photographs, their samples in eight bits. */
export const BEFORE_CHANNELS = { channels: 3, bands: null, range: "type", tiles: null } as const;

/** What versions did that kept no average of the weights, whatever a preset says now. */
export const BEFORE_AVERAGE = { weights_average: null } as const;

/** What versions did that trained on all images, whatever came of them. */
export const BEFORE_HOLD_OUT = { hold_out: false } as const;

export const DEFAULTS = {
  channels: "auto",
  bands: null,
  range: "auto",
  tiles: null,
  patch: 16,
  size: 224,
  size_start: null,
  grow_until: 0.7,
  eval_size: null,
  drop_path: 0,
  epochs: 100,
  steps: null,
  budget: null,
  global_batch: null,
  sync_batchnorm: null,
  micro_batch: null,
  activation_checkpointing: false,
  lr_scaling: "none",
  betas: [0.9, 0.999] as [number, number],
  momentum: 0.9,
  exclude_norm_bias: false,
  schedule: "constant",
  warmup_epochs: 0,
  clip_grad_norm: null,
  weights_average: null,
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
  log: "none",
  crop_min: 0.2,
  hold_out: true,
  init: null,
  init_license: null,
  freeze_encoder_steps: 0,
  layer_decay: 1,
  init_channels: "mean",
} as const;

/** The most channels that an image may have as the network sees it, which the native reader takes. */
export const MOST_CHANNELS = 256;
