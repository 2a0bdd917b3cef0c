// What help, reports and forecasts need of MoCo v2.
import { IMAGENET } from "../../config/defaults.ts";
import { ENCODERS, encoderDim, encoderMacs } from "../../encoders/facts.ts";
import { type About, forwardOperations, trainingOperations } from "../about.ts";
import { AUGMENTATION } from "../shared/augmentation-defaults.ts";
import { headMacs } from "../shared/head-macs.ts";
import { SMALL_RESNET } from "../shared/small-resnet.ts";

/** Rows of the queue under preset `small`. */
const QUEUE = 4096;

export const about = {
  name: "mocov2",
  title: "MoCo v2",
  paper: "arXiv:2003.04297",
  summary:
    "a view should lie closer to what a slowly following copy makes of the image's other view than to what it made of images before",
  loss: "InfoNCE of queries and keys against a queue",
  encoders: ENCODERS,
  // The loss is a mean over images: what a query is set against was seen in earlier steps.
  coupling: "image",
  draws: "the groups in which keys are normalised",
  defaults: { ...AUGMENTATION },
  presets: {
    paper: {
      ...IMAGENET,
      encoder: "resnet50",
      epochs: 200,
      batch: 256,
      optimizer: "sgd",
      lr: 0.03,
      lr_scaling: "linear",
      weight_decay: 1e-4,
      schedule: "cosine",
      blur_p: 0.5,
      temperature: 0.2,
      projection_hidden: 2048,
      projection_dim: 128,
      queue: 65_536,
      batchnorm_groups: 8,
      momentum_start: 0.999,
      momentum_end: 0.999,
    },
    // Small images, a laptop's CPU, minutes.
    small: {
      ...SMALL_RESNET,
      temperature: 0.2,
      projection_hidden: 512,
      projection_dim: 128,
      queue: QUEUE,
      batchnorm_groups: 4,
      // A run of minutes is short: a slower copy would stay behind.
      momentum_start: 0.99,
      momentum_end: 0.99,
    },
  },
  fit({ images }) {
    const half = Math.max(1, Math.floor(images / 2));
    if (half >= QUEUE) return [];
    return [{ settings: { queue: half }, why: `half of ${images} images, so that keys are other images'` }];
  },
  flops(config) {
    const [hidden, out] = [Number(config.projection_hidden), Number(config.projection_dim)];
    const projected = encoderMacs(config) + headMacs([encoderDim(config), hidden, out]);
    // A query asks all of the queue; its key is made without a backward pass.
    return trainingOperations(projected + out * Number(config.queue)) + forwardOperations(projected);
  },
  health: {
    learnt: 0.005,
    cures: "stronger augmentation (a smaller crop_min), a larger queue, or a higher momentum_start",
    unlearnt: "a lower temperature",
  },
  flags: [{ flag: "--temperature", value: "t", help: "temperature of the loss" }],
  curves: [
    ["train/contrastive_accuracy", "Own key nearest"],
    ["train/positive_similarity", "Query and key, cosine"],
    ["train/embedding_std", "Spread of keys"],
  ],
} as const satisfies About;
