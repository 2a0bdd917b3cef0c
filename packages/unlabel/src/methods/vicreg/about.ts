// What help, reports and forecasts need of VICReg.
import { IMAGENET } from "../../config/defaults.ts";
import { ENCODERS, encoderDim, encoderMacs } from "../../encoders/facts.ts";
import { type About, trainingOperations } from "../about.ts";
import { TWO_VIEWS } from "../shared/augmentation-defaults.ts";
import { headMacs } from "../shared/head-macs.ts";
import { SMALL_RESNET } from "../shared/small-resnet.ts";

export const about = {
  name: "vicreg",
  title: "VICReg",
  paper: "arXiv:2105.04906",
  summary: "two views of an image should get the same numbers, each of which varies and says what no other says",
  loss: "invariance, variance and covariance, weighted",
  encoders: ENCODERS,
  coupling: "batch",
  defaults: {
    ...TWO_VIEWS,
    invariance_weight: 25,
    variance_weight: 25,
    covariance_weight: 1,
  },
  presets: {
    // At one machine's batch size.
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
    // A view's share of the covariances is one product of its embedding with itself.
    return trainingOperations(2 * (encoderMacs(config) + head + out * out));
  },
  health: {
    learnt: 0.02,
    cures: "a larger variance_weight, a larger batch, or stronger augmentation (a smaller crop_min)",
    unlearnt: "a larger invariance_weight",
  },
  curves: [
    ["train/invariance", "Squared distance of the two views"],
    ["train/embedding_std", "Deviation of embeddings"],
    ["train/covariance", "Squared covariances"],
  ],
} as const satisfies About;
