// What help, reports and forecasts need of iBOT.

import { HALF, IMAGENET } from "../../config/defaults.ts";
import { encoderDim, encoderMacs, VITS } from "../../encoders/facts.ts";
import { type About, forwardOperations, trainingOperations } from "../about.ts";
import { LOCAL_VIEWS, TWO_VIEWS } from "../shared/augmentation-defaults.ts";
import { fitOutputs } from "../shared/fit-outputs.ts";
import { headMacs } from "../shared/head-macs.ts";
import { localMacs } from "../shared/local-size.ts";

/** Outputs under preset `small`. */
const OUTPUTS = 1024;

export const about = {
  name: "ibot",
  title: "iBOT",
  paper: "arXiv:2111.07832",
  summary:
    "views of an image, and patches that it does not show, should be answered as a slowly following copy answers them that sees all",
  loss: "cross-entropy of student and teacher, of views and of hidden patches",
  encoders: VITS,
  // The loss is a mean over images; the teacher's centres are those of the steps before.
  coupling: "image",
  draws: "masks",
  defaults: {
    ...TWO_VIEWS,
    ...LOCAL_VIEWS,
    // One head answers for images and patches, so that both are as wide.
    pooling: "class",
    blur_p_local: 0.5,
    student_temp: 0.1,
    center_momentum: 0.9,
    momentum_end: 1,
    freeze_epochs: 1,
    masked_views: 0.5,
    mask_min: 0.1,
    mask_max: 0.5,
    patch_weight: 1,
  },
  presets: {
    // The authors' ViT-Small, at one machine's batch size.
    paper: {
      ...IMAGENET,
      encoder: "vit_small",
      drop_path: 0.1,
      epochs: 800,
      batch: 256,
      optimizer: "adamw",
      lr: 5e-4,
      lr_scaling: "linear",
      weight_decay: 0.04,
      weight_decay_end: 0.4,
      exclude_norm_bias: true,
      schedule: "cosine",
      warmup_epochs: 10,
      clip_grad_norm: 3,
      crop_min: 0.25,
      local_views: 10,
      local_size: 96,
      teacher_temp_start: 0.04,
      teacher_temp: 0.07,
      // 30 epochs.
      teacher_temp_until: 0.0375,
      momentum_start: 0.996,
      head_hidden: 2048,
      head_bottleneck: 256,
      outputs: 8192,
      normalise_last: false,
    },
    // Small images, a laptop's CPU, minutes.
    small: {
      ...HALF,
      encoder: "vit_tiny",
      patch: 8,
      size: 64,
      epochs: 20,
      batch: 64,
      optimizer: "adamw",
      lr: 5e-4,
      weight_decay: 0.04,
      weight_decay_end: 0.4,
      exclude_norm_bias: true,
      schedule: "cosine",
      warmup_epochs: 1,
      clip_grad_norm: 3,
      crop_min: 0.4,
      local_views: 2,
      teacher_temp_start: 0.04,
      teacher_temp: 0.07,
      teacher_temp_until: 0.3,
      // A run of minutes is short: a slower copy would stay behind.
      momentum_start: 0.99,
      head_hidden: 1024,
      head_bottleneck: 256,
      outputs: OUTPUTS,
      normalise_last: true,
    },
  },
  fit: fitOutputs(OUTPUTS),
  flops(config) {
    const [hidden, narrow, out] = [Number(config.head_hidden), Number(config.head_bottleneck), Number(config.outputs)];
    const answer = narrow * out;
    const head = headMacs([encoderDim(config), hidden, hidden, narrow]);
    const locals = Number(config.local_views);
    const patches = (config.size / config.patch) ** 2;
    // Of the hidden patches, of one whole view on average.
    const hiddenPatches =
      2 * Number(config.masked_views) * patches * ((Number(config.mask_min) + Number(config.mask_max)) / 2);
    const whole = 2 * (encoderMacs(config) + head + answer);
    const student = whole + (locals && locals * (localMacs(config) + head + answer)) + hiddenPatches * (head + answer);
    // The teacher's head sees all patches, of which it is asked for the hidden ones alone.
    return trainingOperations(student) + forwardOperations(whole + 2 * patches * head + hiddenPatches * answer);
  },
  health: {
    learnt: 0.01,
    cures: "a lower teacher_temp, a lower lr, or a center_momentum nearer to 1",
    unlearnt: "a lower teacher_temp, fewer outputs, or a smaller mask_max",
  },
  curves: [
    ["train/patch_loss", "Cross-entropy of hidden patches"],
    ["train/teacher_entropy", "Entropy of the teacher's answers"],
    ["train/outputs_in_use", "Outputs in use"],
    ["train/projection_std", "Spread of projections"],
  ],
} as const satisfies About;
