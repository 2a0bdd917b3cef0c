// What help, reports and forecasts need of SwAV.
import { IMAGENET } from "../../config/defaults.ts";
import { ENCODERS, encoderDim, encoderMacs } from "../../encoders/facts.ts";
import { type About, type Choice, forwardOperations, trainingOperations } from "../about.ts";
import { AUGMENTATION, LOCAL_VIEWS } from "../shared/augmentation-defaults.ts";
import { headMacs } from "../shared/head-macs.ts";
import { localMacs } from "../shared/local-size.ts";
import { SMALL_RESNET } from "../shared/small-resnet.ts";

/** Prototypes and rows of the queue under preset `small`. */
const [PROTOTYPES, QUEUE] = [256, 1024];

export const about = {
  name: "swav",
  title: "SwAV",
  paper: "arXiv:2006.09882",
  summary:
    "from one view of an image it should be told to which prototypes another one is assigned, of which all get equally many images",
  loss: "cross-entropy of swapped assignments",
  encoders: ENCODERS,
  coupling: "batch",
  defaults: {
    ...AUGMENTATION,
    ...LOCAL_VIEWS,
    sinkhorn_epsilon: 0.05,
    sinkhorn_iterations: 3,
    freeze_epochs: 1,
  },
  presets: {
    // The authors' settings for batches of 256.
    paper: {
      ...IMAGENET,
      encoder: "resnet50",
      epochs: 200,
      batch: 256,
      optimizer: "lars",
      lr: 0.6,
      lr_scaling: "linear",
      weight_decay: 1e-6,
      exclude_norm_bias: true,
      schedule: "cosine",
      warmup_epochs: 0,
      crop_min: 0.14,
      brightness: 0.8,
      contrast: 0.8,
      saturation: 0.8,
      hue: 0.2,
      blur_p: 0.5,
      local_views: 6,
      local_size: 96,
      local_crop_min: 0.05,
      local_crop_max: 0.14,
      temperature: 0.1,
      projection_hidden: 2048,
      projection_dim: 128,
      prototypes: 3000,
      queue: 3840,
      queue_epochs: 15,
    },
    // Small images, a laptop's CPU, minutes.
    small: {
      ...SMALL_RESNET,
      crop_min: 0.14,
      local_views: 4,
      local_crop_min: 0.05,
      local_crop_max: 0.25,
      temperature: 0.1,
      projection_hidden: 512,
      projection_dim: 128,
      prototypes: PROTOTYPES,
      queue: QUEUE,
      queue_epochs: 1,
    },
  },
  fit({ images }, given) {
    const prototypes = Math.min(PROTOTYPES, Math.max(2, Math.floor(images / 8)));
    const few = prototypes < PROTOTYPES;
    const choices: Choice[] = few
      ? [{ settings: { prototypes }, why: `${images} images, some for each prototype` }]
      : [];
    if (!("queue" in given || "queue_epochs" in given)) {
      const why =
        "while an encoder changes quickly, what it said of earlier images tells old from new and nothing else; --set queue=N for a long training";
      choices.push({ settings: { queue: 0 }, why });
    } else if (Math.floor(images / 2) < QUEUE) {
      choices.push({ settings: { queue: Math.floor(images / 2) }, why: `${images} images, none of them twice in it` });
    }
    return choices;
  },
  flops(config) {
    const [hidden, out, prototypes] = [
      Number(config.projection_hidden),
      Number(config.projection_dim),
      Number(config.prototypes),
    ];
    const head = headMacs([encoderDim(config), hidden, out, prototypes]);
    const locals = Number(config.local_views);
    const views = 2 * (encoderMacs(config) + head) + (locals && locals * (localMacs(config) + head));
    // What is queued meets the prototypes again, without gradient, for each of the two whole views: shared by the images of a batch.
    const queued = (2 * Number(config.queue) * out * prototypes) / config.batch;
    return trainingOperations(views) + forwardOperations(queued);
  },
  health: {
    learnt: 0.02,
    cures: "more prototypes, a queue or a larger batch, or a smaller sinkhorn_epsilon",
    unlearnt: "a lower temperature, or fewer prototypes",
  },
  flags: [{ flag: "--temperature", value: "t", help: "temperature of the loss" }],
  curves: [
    ["train/assignment_accuracy", "Other view's prototype found"],
    ["train/prototypes_in_use", "Prototypes in use"],
    ["train/embedding_std", "Spread of embeddings"],
  ],
} as const satisfies About;
