// What help, reports and forecasts need of BYOL.
import { IMAGENET } from "../../config/defaults.ts";
import { ENCODERS, encoderDim, encoderMacs } from "../../encoders/facts.ts";
import { type About, forwardOperations, trainingOperations } from "../about.ts";
import { LOCAL_VIEWS, TWO_VIEWS } from "../shared/augmentation-defaults.ts";
import { localMacs } from "../shared/local-size.ts";
import { SMALL_RESNET } from "../shared/small-resnet.ts";

export const about = {
  name: "byol",
  title: "BYOL",
  paper: "arXiv:2006.07733",
  summary: "what a slowly following copy of the network makes of one view is predicted from the other view",
  loss: "squared distance of predictions, both ways",
  encoders: ENCODERS,
  // The loss is a mean over images. BatchNorm, which keeps BYOL from collapsing, looks across them all the same.
  coupling: "image",
  defaults: {
    ...TWO_VIEWS,
    ...LOCAL_VIEWS,
    momentum_end: 1,
  },
  presets: {
    // At one machine's batch size; the learning rate is the authors' for 1,000 epochs, scaled.
    paper: {
      ...IMAGENET,
      encoder: "resnet50",
      epochs: 1000,
      batch: 256,
      optimizer: "lars",
      lr: 0.2,
      lr_scaling: "linear",
      weight_decay: 1.5e-6,
      exclude_norm_bias: true,
      schedule: "cosine",
      warmup_epochs: 10,
      crop_min: 0.08,
      projection_hidden: 4096,
      projection_dim: 256,
      momentum_start: 0.996,
    },
    // Small images, a laptop's CPU, minutes.
    small: {
      ...SMALL_RESNET,
      projection_hidden: 1024,
      projection_dim: 256,
      // A run of minutes is short: a slower copy would stay behind.
      momentum_start: 0.99,
    },
  },
  flops(config) {
    const [hidden, out] = [Number(config.projection_hidden), Number(config.projection_dim)];
    const heads = hidden * (encoderDim(config) + out);
    const projected = encoderMacs(config) + heads;
    const predictor = 2 * hidden * out;
    const locals = Number(config.local_views);
    const local = locals && locals * (localMacs(config) + heads + predictor);
    // Both views through both networks; only the online one has a predictor and a backward pass, and sees local views.
    return trainingOperations(2 * (projected + predictor) + local) + forwardOperations(2 * projected);
  },
  health: {
    learnt: 0.02,
    cures: "a higher momentum_start, a larger batch (BatchNorm keeps BYOL from collapsing), or a lower lr",
  },
  curves: [
    ["train/prediction_similarity", "Prediction and target, cosine"],
    ["train/projection_std", "Spread of projections"],
  ],
} as const satisfies About;
