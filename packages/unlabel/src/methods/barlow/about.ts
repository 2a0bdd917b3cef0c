// What help, reports and forecasts need of Barlow Twins.
import { IMAGENET } from "../../config/defaults.ts";
import { ENCODERS, encoderDim, encoderMacs } from "../../encoders/facts.ts";
import { type About, trainingOperations } from "../about.ts";
import { TWO_VIEWS } from "../shared/augmentation-defaults.ts";
import { headMacs } from "../shared/head-macs.ts";
import { SMALL_RESNET } from "../shared/small-resnet.ts";

export const about = {
  name: "barlow",
  title: "Barlow Twins",
  paper: "arXiv:2103.03230",
  summary: "each number of two views' embeddings should correlate with itself over the images, and with no other",
  loss: "distance of the views' cross-correlation from the identity",
  encoders: ENCODERS,
  coupling: "batch",
  defaults: {
    ...TWO_VIEWS,
    redundancy_weight: 0.005,
    norm_bias_lr: 1,
  },
  presets: {
    // At one machine's batch size; the learning rates are those of the authors' code.
    paper: {
      ...IMAGENET,
      encoder: "resnet50",
      epochs: 1000,
      batch: 256,
      optimizer: "lars",
      lr: 0.2,
      lr_scaling: "linear",
      weight_decay: 1e-6,
      exclude_norm_bias: true,
      schedule: "cosine",
      warmup_epochs: 10,
      crop_min: 0.08,
      projection_hidden: 8192,
      projection_dim: 8192,
      // 0.0048 beside 0.2.
      norm_bias_lr: 0.024,
    },
    // Small images, a laptop's CPU, minutes.
    small: {
      ...SMALL_RESNET,
      projection_hidden: 1024,
      projection_dim: 1024,
    },
  },
  flops(config) {
    const [hidden, out] = [Number(config.projection_hidden), Number(config.projection_dim)];
    const head = headMacs([encoderDim(config), hidden, hidden, out]);
    // An image's share of the correlations is the product of its two embeddings.
    return trainingOperations(2 * (encoderMacs(config) + head) + out * out);
  },
  health: {
    learnt: 0.02,
    cures: "another redundancy_weight, a larger batch, or stronger augmentation (a smaller crop_min)",
    unlearnt: "a smaller redundancy_weight",
  },
  curves: [
    ["train/view_correlation", "Correlation of the two views"],
    ["train/redundancy", "Correlation of different numbers"],
  ],
} as const satisfies About;
