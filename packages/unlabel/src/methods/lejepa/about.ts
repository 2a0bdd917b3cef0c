// What help, reports and forecasts need of LeJEPA.
import { IMAGENET } from "../../config/defaults.ts";
import { ENCODERS } from "../../encoders/facts.ts";
import { type About, trainingOperations } from "../about.ts";
import { MANY_VIEWS } from "../shared/augmentation-defaults.ts";
import { manyViewsMacs } from "../shared/many-views-macs.ts";
import { SMALL_RESNET } from "../shared/small-resnet.ts";

export const about = {
  name: "lejepa",
  title: "LeJEPA",
  paper: "arXiv:2511.08544",
  summary: "views of an image should get the same numbers, which over images are to be independent and normal",
  loss: "distance of views to their centre, and SIGReg, weighted",
  encoders: ENCODERS,
  coupling: "batch",
  draws: "directions",
  sharedDraws: true,
  defaults: { ...MANY_VIEWS },
  presets: {
    // At one machine's batch size.
    paper: {
      ...IMAGENET,
      encoder: "vit_large",
      epochs: 100,
      batch: 256,
      optimizer: "adamw",
      lr: 5e-4,
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
      sigreg_weight: 0.05,
      slices: 1024,
      projection_hidden: 2048,
      projection_dim: 512,
    },
    // Small images, a laptop's CPU, minutes.
    small: {
      ...SMALL_RESNET,
      weight_decay: 5e-4,
      local_views: 4,
      sigreg_weight: 0.05,
      slices: 256,
      projection_hidden: 512,
      projection_dim: 64,
    },
  },
  flops: (config) => trainingOperations(manyViewsMacs(config)),
  health: {
    learnt: 0.02,
    cures: "a larger sigreg_weight, a larger batch, or stronger augmentation (a smaller crop_min)",
    unlearnt: "a smaller sigreg_weight",
  },
  flags: [{ flag: "--sigreg-weight", value: "share", help: "share of SIGReg in the loss" }],
  curves: [
    ["train/invariance", "Squared distance to the centre"],
    ["train/normality", "SIGReg"],
    ["train/embedding_std", "Deviation of embeddings"],
  ],
} as const satisfies About;
