// What help, reports and forecasts need of SimSiam.
import { IMAGENET } from "../../config/defaults.ts";
import { ENCODERS, encoderDim, encoderMacs } from "../../encoders/facts.ts";
import { type About, trainingOperations } from "../about.ts";
import { AUGMENTATION } from "../shared/augmentation-defaults.ts";
import { headMacs } from "../shared/head-macs.ts";
import { SMALL_RESNET } from "../shared/small-resnet.ts";

export const about = {
  name: "simsiam",
  title: "SimSiam",
  paper: "arXiv:2011.10566",
  summary:
    "what the network makes of one view is predicted from the other view, with no gradient for what is predicted",
  loss: "negative cosine of predictions, both ways",
  encoders: ENCODERS,
  // The loss is a mean over images. BatchNorm in the heads looks across them all the same.
  coupling: "image",
  defaults: {
    ...AUGMENTATION,
    blur_p: 0.5,
    predictor_lr_constant: true,
  },
  presets: {
    // At one machine's batch size.
    paper: {
      ...IMAGENET,
      encoder: "resnet50",
      epochs: 100,
      batch: 256,
      optimizer: "sgd",
      lr: 0.05,
      lr_scaling: "linear",
      weight_decay: 1e-4,
      schedule: "cosine",
      projection_hidden: 2048,
      projection_dim: 2048,
      predictor_hidden: 512,
    },
    // Small images, a laptop's CPU, minutes.
    small: {
      ...SMALL_RESNET,
      projection_hidden: 1024,
      projection_dim: 1024,
      predictor_hidden: 256,
    },
  },
  flops(config) {
    const [hidden, out] = [Number(config.projection_hidden), Number(config.projection_dim)];
    const heads = headMacs([encoderDim(config), hidden, hidden, out]) + 2 * out * Number(config.predictor_hidden);
    return trainingOperations(2 * (encoderMacs(config) + heads));
  },
  health: {
    learnt: 0.02,
    cures: "a lower lr, a larger batch (BatchNorm keeps SimSiam from collapsing), or another predictor_hidden",
  },
  curves: [
    ["train/prediction_similarity", "Prediction and target, cosine"],
    ["train/projection_std", "Spread of projections"],
  ],
} as const satisfies About;
