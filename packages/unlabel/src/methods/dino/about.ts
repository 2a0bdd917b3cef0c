// What help, reports and forecasts need of DINO.

import { HALF, IMAGENET } from "../../config/defaults.ts";
import { ENCODERS, encoderDim, encoderMacs } from "../../encoders/facts.ts";
import { type About, forwardOperations, trainingOperations } from "../about.ts";
import { LOCAL_VIEWS, TWO_VIEWS } from "../shared/augmentation-defaults.ts";
import { fitOutputs } from "../shared/fit-outputs.ts";
import { headMacs } from "../shared/head-macs.ts";
import { localMacs } from "../shared/local-size.ts";

/** Outputs under preset `small`. */
const OUTPUTS = 1024;

export const about = {
  name: "dino",
  title: "DINO",
  paper: "arXiv:2104.14294",
  summary:
    "all views of an image, small ones too, should be answered as a slowly following copy answers the whole ones, which is centred and sharpened",
  loss: "cross-entropy of student and teacher",
  encoders: ENCODERS,
  // The loss is a mean over images; the teacher's centre is that of the steps before.
  coupling: "image",
  defaults: {
    ...TWO_VIEWS,
    ...LOCAL_VIEWS,
    blur_p_local: 0.5,
    local_crop_max: 0.4,
    student_temp: 0.1,
    center_momentum: 0.9,
    momentum_end: 1,
    freeze_epochs: 1,
    normalise_last: true,
  },
  presets: {
    // The authors' ViT-Small with multi-crop, at one machine's batch size.
    paper: {
      ...IMAGENET,
      encoder: "vit_small",
      drop_path: 0.1,
      epochs: 100,
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
      crop_min: 0.4,
      local_views: 8,
      local_size: 96,
      teacher_temp_start: 0.04,
      teacher_temp: 0.07,
      teacher_temp_until: 0.3,
      momentum_start: 0.996,
      head_hidden: 2048,
      head_bottleneck: 256,
      outputs: 65_536,
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
      local_views: 4,
      teacher_temp_start: 0.04,
      teacher_temp: 0.07,
      teacher_temp_until: 0.3,
      // A run of minutes is short: a slower copy would stay behind.
      momentum_start: 0.99,
      head_hidden: 1024,
      head_bottleneck: 256,
      outputs: OUTPUTS,
    },
  },
  fit: fitOutputs(OUTPUTS),
  flops(config) {
    const [hidden, narrow, out] = [Number(config.head_hidden), Number(config.head_bottleneck), Number(config.outputs)];
    const head = headMacs([encoderDim(config), hidden, hidden, narrow, out]);
    const locals = Number(config.local_views);
    const whole = 2 * (encoderMacs(config) + head);
    // The teacher sees the whole views alone, without a backward pass.
    return trainingOperations(whole + (locals && locals * (localMacs(config) + head))) + forwardOperations(whole);
  },
  health: {
    learnt: 0.01,
    cures: "a lower teacher_temp, a lower lr, or a center_momentum nearer to 1",
    unlearnt: "a lower teacher_temp, or fewer outputs",
  },
  curves: [
    ["train/teacher_entropy", "Entropy of the teacher's answers"],
    ["train/outputs_in_use", "Outputs in use"],
    ["train/projection_std", "Spread of projections"],
  ],
} as const satisfies About;
