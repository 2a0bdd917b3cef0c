// What help, reports and forecasts need of VISReg.
import { IMAGENET } from "../../config/defaults.ts";
import { ENCODERS } from "../../encoders/facts.ts";
import { type About, trainingOperations } from "../about.ts";
import { MANY_VIEWS } from "../shared/augmentation-defaults.ts";
import { manyViewsMacs } from "../shared/many-views-macs.ts";
import { SMALL_RESNET } from "../shared/small-resnet.ts";

export const about = {
  name: "visreg",
  title: "VISReg",
  paper: "arXiv:2606.02572",
  summary:
    "views of an image should get the same numbers, whose scale, shape and centre over images are a normal distribution's",
  loss: "distance of views to their centre, and scale, shape and centre of embeddings, weighted",
  encoders: ENCODERS,
  coupling: "batch",
  draws: "directions",
  sharedDraws: true,
  defaults: {
    ...MANY_VIEWS,
    scale_weight: 1,
    shape_weight: 1,
    centre_weight: 1,
  },
  presets: {
    paper: {
      ...IMAGENET,
      encoder: "vit_small",
      epochs: 100,
      batch: 64,
      optimizer: "adamw",
      lr: 1e-3,
      weight_decay: 5e-2,
      schedule: "cosine",
      warmup_epochs: 10,
      crop_min: 0.3,
      brightness: 0.8,
      contrast: 0.8,
      saturation: 0.8,
      hue: 0.2,
      blur_p: 0.5,
      solarize_p: 0.2,
      local_views: 6,
      local_size: 96,
      local_crop_max: 0.3,
      regulation_weight: 0.9,
      deviations: "stopped",
      slices: 4096,
      projection_hidden: 2048,
      projection_dim: 512,
    },
    // Small images, a laptop's CPU, minutes.
    small: {
      ...SMALL_RESNET,
      weight_decay: 5e-4,
      local_views: 4,
      regulation_weight: 0.6,
      // As constants they let shape pull the scale in, the more the smaller a batch is: visreg-loss.ts.
      deviations: "through",
      slices: 256,
      projection_hidden: 512,
      projection_dim: 64,
    },
  },
  flops: (config) => trainingOperations(manyViewsMacs(config)),
  health: {
    learnt: 0.02,
    cures:
      "deviations through, a larger regulation_weight, a larger batch, or stronger augmentation (a smaller crop_min)",
    unlearnt: "a smaller regulation_weight",
  },
  flags: [{ flag: "--regulation-weight", value: "share", help: "share of scale, shape and centre in the loss" }],
  curves: [
    ["train/invariance", "Squared distance to the centre"],
    ["train/shape", "Distance from a normal shape"],
    ["train/embedding_std", "Deviation of embeddings"],
  ],
} as const satisfies About;
