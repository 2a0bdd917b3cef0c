// What help, reports and forecasts need of SimCLR.
import { HALF, IMAGENET } from "../../config/defaults.ts";
import { ENCODERS, encoderDim, encoderMacs } from "../../encoders/facts.ts";
import { type About, trainingOperations } from "../about.ts";
import { AUGMENTATION, LOCAL_VIEWS } from "../shared/augmentation-defaults.ts";
import { localMacs } from "../shared/local-size.ts";
import { decoupledShare } from "../shared/nt-xent-bounds.ts";
import { SMALL_RESNET } from "../shared/small-resnet.ts";

/** Of plain NT-Xent's way. */
const LEARNT = 0.005;

export const about = {
  name: "simclr",
  title: "SimCLR",
  paper: "arXiv:2002.05709",
  summary: "two views of an image should lie closer together than views of different images",
  loss: ({ decoupled, positive_sigma: sigma }) =>
    decoupled === true
      ? `NT-Xent without the positive in the denominator${typeof sigma === "number" ? ", positives weighted" : ""}`
      : "NT-Xent",
  encoders: ENCODERS,
  coupling: "batch",
  defaults: {
    ...AUGMENTATION,
    ...LOCAL_VIEWS,
    projection_batchnorm: false,
    decoupled: false,
    positive_sigma: null,
  },
  presets: {
    // The student report that this project began with, to the letter: docs/original-report.md.
    report: {
      ...HALF,
      encoder: "resnet50",
      batch: 32,
      optimizer: "adam",
      lr: 3e-4,
      weight_decay: 1e-4,
      temperature: 0.5,
      projection_hidden: 512,
      projection_dim: 128,
    },
    // At one machine's batch size.
    paper: {
      ...IMAGENET,
      encoder: "resnet50",
      batch: 256,
      optimizer: "lars",
      lr: 0.3,
      lr_scaling: "linear",
      weight_decay: 1e-6,
      exclude_norm_bias: true,
      schedule: "cosine",
      warmup_epochs: 10,
      temperature: 0.1,
      projection_hidden: 2048,
      projection_dim: 128,
      projection_batchnorm: true,
      crop_min: 0.08,
      brightness: 0.8,
      contrast: 0.8,
      saturation: 0.8,
      hue: 0.2,
      blur_p: 0.5,
    },
    // Small images, a laptop's CPU, minutes.
    small: {
      ...SMALL_RESNET,
      temperature: 0.1,
      projection_hidden: 512,
      projection_dim: 128,
    },
  },
  flops(config) {
    const [hidden, out] = [Number(config.projection_hidden), Number(config.projection_dim)];
    const head = hidden * (encoderDim(config) + out);
    const locals = Number(config.local_views);
    return trainingOperations(2 * (encoderMacs(config) + head) + (locals && locals * (localMacs(config) + head)));
  },
  health: {
    learnt: ({ decoupled, batch, temperature }) =>
      decoupled === true ? decoupledShare(LEARNT, batch, Number(temperature)) : LEARNT,
    cures: "stronger augmentation (a smaller crop_min), a larger batch or a lower temperature",
    unlearnt: "a lower temperature",
  },
  flags: [{ flag: "--temperature", value: "t", help: "temperature of the loss" }],
  curves: [
    ["train/contrastive_accuracy", "Other view nearest"],
    ["train/embedding_std", "Spread of embeddings"],
  ],
} as const satisfies About;
