// What help, reports and forecasts need of NNCLR.
import { IMAGENET } from "../../config/defaults.ts";
import { ENCODERS, encoderDim, encoderMacs } from "../../encoders/facts.ts";
import { type About, forwardOperations, trainingOperations } from "../about.ts";
import { TWO_VIEWS } from "../shared/augmentation-defaults.ts";
import { headMacs } from "../shared/head-macs.ts";
import { SMALL_RESNET } from "../shared/small-resnet.ts";

/** Rows of the queue under preset `small`. */
const QUEUE = 4096;

export const about = {
  name: "nnclr",
  title: "NNCLR",
  paper: "arXiv:2104.14548",
  summary:
    "a view should lie closer to its image's nearest neighbour among images seen before than other images' views do",
  loss: "InfoNCE with nearest neighbours, mean of both ways",
  encoders: ENCODERS,
  coupling: "batch",
  defaults: { ...TWO_VIEWS },
  presets: {
    // At one machine's batch size.
    paper: {
      ...IMAGENET,
      encoder: "resnet50",
      epochs: 1000,
      batch: 256,
      optimizer: "lars",
      lr: 0.3,
      lr_scaling: "linear",
      weight_decay: 1e-6,
      exclude_norm_bias: true,
      schedule: "cosine",
      warmup_epochs: 10,
      crop_min: 0.08,
      temperature: 0.1,
      projection_hidden: 2048,
      projection_dim: 256,
      predictor_hidden: 4096,
      queue: 98_304,
    },
    // Small images, a laptop's CPU, minutes.
    small: {
      ...SMALL_RESNET,
      temperature: 0.1,
      projection_hidden: 1024,
      projection_dim: 256,
      predictor_hidden: 1024,
      queue: QUEUE,
    },
  },
  fit({ images }) {
    const half = Math.max(1, Math.floor(images / 2));
    if (half >= QUEUE) return [];
    return [{ settings: { queue: half }, why: `half of ${images} images, so that neighbours are other images` }];
  },
  flops(config) {
    const [hidden, out] = [Number(config.projection_hidden), Number(config.projection_dim)];
    const heads = headMacs([encoderDim(config), hidden, hidden, out]) + 2 * out * Number(config.predictor_hidden);
    return trainingOperations(2 * (encoderMacs(config) + heads)) + forwardOperations(2 * out * Number(config.queue));
  },
  health: {
    learnt: 0.005,
    cures: "stronger augmentation (a smaller crop_min), a larger batch or queue, or a lower temperature",
    unlearnt: "a lower temperature",
  },
  flags: [{ flag: "--temperature", value: "t", help: "temperature of the loss" }],
  curves: [
    ["train/contrastive_accuracy", "Own view nearest"],
    ["train/neighbour_similarity", "Neighbour and view, cosine"],
    ["train/embedding_std", "Spread of embeddings"],
  ],
} as const satisfies About;
