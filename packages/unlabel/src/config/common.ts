// Every setting that all methods share: flat, snake_case, each with its range. A method adds its own keys (methods/define.ts).
// A resolved config is plain data that holds every key; it is written to run.json and can be fed back.
import type { z } from "zod";
import {
  above,
  bands,
  below,
  between,
  channels,
  decayRates,
  device,
  duration,
  flag,
  integer,
  licence,
  number,
  oneOf,
  path,
  perChannel,
  range,
  threads,
} from "./fields.ts";

/** The settings that every method has. */
export const commonSchema = {
  /** Channels of the images as the network sees them; `auto`: what the files have. A run keeps the number. */
  channels: channels(),
  /** A file's bands by number, from 1, one a channel; null: the first ones. */
  bands: bands(),
  /** The samples that become 0 and 1: `type` the whole range of their type, `auto` that or what the training images hold, or both values. */
  range: range(),
  /** Side in pixels of the tiles that images are cut into; null: whole images. */
  tiles: integer(16, 4096).nullable(),
  /** Patch edge in pixels of a ViT encoder; it must divide `size`. */
  patch: integer(2, 64),
  /** Edge of the square training images in pixels. */
  size: integer(16, 1024),
  /**
   * Edge in pixels of the views of the first steps; they grow to `size` by `grow_until`, in at most six sizes (config/growth.ts). null:
   * views have `size` from the beginning. A ResNet's is a multiple of 8, a ViT's of its patch; MAE has none.
   */
  size_start: integer(16, 1024).nullable(),
  /** Share of the steps after which views have `size`. */
  grow_until: number(0, 1),
  /**
   * Edge at which evaluation encodes images; null for `size`. A ResNet trained on random crops, which enlarge what they show, sees
   * better at a larger one (arXiv:1906.06423); a ViT's patch must divide it.
   */
  eval_size: integer(16, 1024).nullable(),
  /** Stochastic depth (arXiv:1603.09382): how often the last block's branches are left out in training; earlier ones less, in a line. */
  drop_path: below(0, 1),
  epochs: integer(1, 100_000),
  /** So many steps, however many epochs are asked for; the schedule ends there too. */
  steps: integer(1, 1_000_000_000).nullable(),
  /** Seconds of training: the machine's speed is measured and sets `steps`, `epochs` and, at most a tenth, the warm-up. */
  budget: duration(1, 2_592_000).nullable(),
  /** Images a step. With several ranks those of each; a run keeps the number of all. */
  batch: integer(1, 65_536),
  /** Images a step over all ranks, however many there are; null: `batch` on each. A run of several keeps what it came to. */
  global_batch: integer(1, 65_536).nullable(),
  /**
   * Whether batch normalisation sees the batches of all ranks together, as one process would; null: where the loss looks across images.
   * Without it each rank normalises its own, and running statistics are averaged.
   */
  sync_batchnorm: flag().nullable(),
  /**
   * Images in the network at once, for a batch that does not fit in memory; null for all of them. Slower, the same gradients of the
   * loss (GradCache, arXiv:2101.06983, where it looks across images), except that BatchNorm normalises each part by itself: with
   * it, heads and encoder see statistics of `micro_batch` images.
   */
  micro_batch: integer(1, 65_536).nullable(),
  /** Computes the activations of blocks again in the backward pass instead of keeping them: less memory, a third slower. */
  activation_checkpointing: flag(),
  optimizer: oneOf("adam", "adamw", "sgd", "lars"),
  /** Base learning rate; `lr_scaling` says how the batch size changes it. */
  lr: above(0, 100),
  /** none: lr; linear: lr × batch / 256; sqrt: lr × √batch (SimCLR, arXiv:2002.05709, appendix B.1). */
  lr_scaling: oneOf("none", "linear", "sqrt"),
  weight_decay: number(0, 1),
  /** Adam and AdamW. */
  betas: decayRates(),
  /** SGD and LARS. */
  momentum: below(0, 1),
  /** No weight decay and no LARS adaptation for biases and norm scales: all parameters of one axis. */
  exclude_norm_bias: flag(),
  schedule: oneOf("constant", "cosine"),
  /** Linear warm-up of the learning rate, in epochs. */
  warmup_epochs: number(0, 10_000),
  /** Largest norm of all gradients together, or null for no limit. */
  clip_grad_norm: above(0, 1e6).nullable(),
  /**
   * Evaluation sees a momentum average of the encoder's weights and running statistics: after step t
   * `a ← d·a + (1 − d)·w` with `d = min(weights_average, (1 + t) / (10 + t))`. Null: the last step's weights.
   */
  weights_average: between(0, 1).nullable(),
  seed: integer(0, 2 ** 32 - 1),
  threads: threads(),
  device: device(),
  precision: oneOf("auto", "fp32", "bf16"),
  /** Keeps decoded images for the next epoch: as pixels in memory, or as JPEGs on disk. `auto`: memory where all fit. */
  cache: oneOf("auto", "off", "memory", "disk"),
  /** Most memory that kept pixels take, in MB; null for a quarter of the machine's. */
  cache_mb: integer(1, 1_000_000_000).nullable(),
  /** Short side in pixels that larger images are shrunk to before they are kept; null keeps their size (memory alone). */
  cache_side: integer(16, 4096).nullable(),
  checkpoint_every_epochs: integer(1, 100_000),
  /** Steps between two looks at how the features are spread; null: as often as one percent of the time allows; 0: never. */
  health_every: integer(0, 1_000_000_000).nullable(),
  /** Where images have classes: a linear probe and kNN beside the training, which they do not touch. */
  online: flag(),
  /**
   * For other programs too: scalars, settings, and the pictures that the method makes. `tensorboard`: event files in the run's folder
   * `tensorboard`; `mlflow`: the server that MLFLOW_TRACKING_URI names.
   */
  log: oneOf("none", "tensorboard", "mlflow"),
  /** Random resized crop: the least share of the image's area that a view may show. */
  crop_min: above(0, 1),
  /**
   * Weights that the encoder begins with: a file, a folder of timm's or transformers', or a run directory (docs/weights.md); null: random
   * ones. A run keeps them, and never reads the source again.
   */
  init: path().nullable(),
  /** The licence of `init`, such as `cc-by-nc-4.0`; null: as the source says, else it is unknown. What is exported from the run has it too. */
  init_license: licence().nullable(),
  /** What becomes of the first layer of `init` where images have other channels: `mean` or `inflate`, as in `loadWeights`. */
  init_channels: oneOf("mean", "inflate"),
  /** Steps in which only the heads learn, and `init` stays as it came (BatchNorm's statistics follow the images). */
  freeze_encoder_steps: integer(0, 1_000_000_000),
  /**
   * Learning rate by layer: the encoder's layer k of n, counted from the images, learns at `lr · layer_decay^(n − k)`; heads at `lr`. Layers are a
   * ViT's blocks, the stages of a ResNet or ConvNeXt, what comes before them, and the last norm. 1: all alike.
   */
  layer_decay: above(0, 1),
  /** Images that have neither labels nor val: a tenth of them are not trained on, so that evaluation has some to look at. */
  hold_out: flag(),
  /** Inputs are (value − mean) / std, a number a channel, of values from 0 to 1; `auto`: as measured on some training images. */
  mean: perChannel(0, 1),
  std: perChannel(0.001, 1),
};

/**
 * What sets the encoder that a run begins with apart from its architecture's usual form (`Variant` in encoders/variants.ts). No settings:
 * nobody types them, `run.json` keeps those that there are.
 */
export const variantSchema = {
  pooling: oneOf("mean_max", "class", "mean", "class_mean").optional(),
  class_token: flag().optional(),
  registers: integer(0, 1024).optional(),
  layer_scale: number(0, 100).nullable().optional(),
  norm_eps: above(0, 1).optional(),
  prefix_positions: oneOf("none", "class", "all").optional(),
  interpolation: oneOf("antialias", "bicubic", "offset").optional(),
  pooled_norm: flag().optional(),
  mlp_ratio: above(0, 64).optional(),
  heads: integer(1, 256).optional(),
  qkv_bias: flag().optional(),
};

/** The settings that every method has, beside its name, its preset and its encoder. */
export type CommonConfig = z.infer<z.ZodObject<typeof commonSchema & typeof variantSchema>> & {
  method: string;
  preset: string;
  encoder: string;
};

/** A resolved config, whatever the method: what is common, and the method's own keys. */
export type Config = CommonConfig & { readonly [key: string]: unknown };

/** What is settled of a config once images have been looked at: how many channels, and what each is normalised by. */
export type SettledChannels = {
  /** Channels of the images as the network sees them, from 1. */
  channels: number;
  /** Mean of each channel, of values from 0 to 1. */
  mean: number[];
  /** Standard deviation of each channel, of values from 0 to 1. */
  std: number[];
};

/** A config of which nothing about channels is left `auto`: what methods are made from, and what run.json holds. */
export type SettledConfig = Config & SettledChannels;
