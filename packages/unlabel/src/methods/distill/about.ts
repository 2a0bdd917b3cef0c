// What help, reports and forecasts need of distillation.
import type { Config } from "../../config/common.ts";
import { IMAGENET } from "../../config/defaults.ts";
import { ENCODERS, encoderDim, encoderMacs, encoderWidth, isVit } from "../../encoders/facts.ts";
import type { Pooling } from "../../encoders/variants.ts";
import { type About, type Choice, forwardOperations, trainingOperations } from "../about.ts";
import { AUGMENTATION } from "../shared/augmentation-defaults.ts";
import { SMALL_RESNET } from "../shared/small-resnet.ts";

/** A teacher that costs so many times what the student's step does leaves it no time to learn. */
const COSTLY = 4;

export const about = {
  name: "distill",
  title: "Distillation",
  paper: "arXiv:2312.06709",
  summary: "features of a frozen encoder that is good already are predicted from a smaller or another one's",
  loss: ({ distance, pooled_weight, patch_weight }) => {
    const what = distance === "smooth_l1" ? "smooth L1" : "1 − cosine";
    const parts = [...(Number(pooled_weight) > 0 ? ["pooled"] : []), ...(Number(patch_weight) > 0 ? ["patch"] : [])];
    return `${what} of the teacher's ${parts.join(" and ")} features`;
  },
  encoders: ENCODERS,
  coupling: "image",
  teacher: true,
  defaults: {
    ...AUGMENTATION,
    teacher: null,
    teacher_encoder: null,
    teacher_patch: null,
    teacher_stem: null,
    teacher_size: null,
    teacher_pooling: null,
    teacher_bands: null,
    teacher_license: null,
    teacher_view: "same",
    distance: "cosine",
    pooled_weight: 1,
    patch_weight: 1,
  },
  presets: {
    // Views and losses are those of the paper (pooled and patch features, by cosine); rates and epochs for one machine are chosen here.
    paper: {
      ...IMAGENET,
      encoder: "vit_small",
      epochs: 300,
      batch: 256,
      optimizer: "adamw",
      lr: 1e-3,
      lr_scaling: "linear",
      weight_decay: 0.05,
      exclude_norm_bias: true,
      schedule: "cosine",
      warmup_epochs: 10,
      crop_min: 0.08,
    },
    // Small images, a laptop's CPU, minutes.
    small: { ...SMALL_RESNET },
  },
  fit({ device }, given): Choice[] {
    if (device !== "cpu" || "teacher_view" in given || "patch_weight" in given) return [];
    // Neither goes with what a whole view would bring.
    if (given.pooled_weight === 0 || given.size_start != null) return [];
    const student = { ...SMALL_RESNET, patch: 16, ...given } as unknown as Config;
    const cost = teacherMacs(student) / (3 * encoderMacs(student));
    if (!(cost > COSTLY)) return [];
    return [
      {
        settings: { teacher_view: "whole", patch_weight: 0 },
        why: `the teacher costs ${cost.toFixed(0)} times what a step of the student does: it sees each image once, whole, and what it says is kept`,
      },
    ];
  },
  flops(config) {
    const { teacher_encoder: encoder, teacher_view: view } = config;
    // Of a teacher that is not known yet, lengths are taken to be the student's.
    const taught = typeof encoder === "string" ? { encoder, pooling: config.teacher_pooling as Pooling } : config;
    const [dim, width] = [encoderDim(taught), encoderWidth(taught)];
    const places = (isVit(config.encoder) ? config.size / config.patch : Math.max(1, config.size / 32)) ** 2;
    const heads =
      (Number(config.pooled_weight) > 0 ? encoderDim(config) * dim : 0) +
      (Number(config.patch_weight) > 0 ? places * encoderWidth(config) * width : 0);
    // What a teacher says of whole images is kept.
    const times = view === "whole" ? Math.max(1, config.epochs) : 1;
    return trainingOperations(encoderMacs(config) + heads) + forwardOperations(teacherMacs(config) / times);
  },
  health: {
    learnt: 0.02,
    cures: "a higher lr, more epochs, or another teacher",
    unlearnt: "another distance, or a teacher whose images were more like these",
  },
  flags: [
    {
      flag: "--teacher",
      value: "source",
      help: "what it learns from: a file, a folder of timm's or transformers', a run, hub:ORG/NAME",
    },
  ],
  curves: [
    ["train/pooled_similarity", "Pooled features and the teacher's, cosine"],
    ["train/patch_similarity", "Patch features and the teacher's, cosine"],
  ],
} as const satisfies About;

/** Multiply-adds of the teacher on one image; 0 where it is not known. */
function teacherMacs(config: Config): number {
  const { teacher_encoder: encoder, teacher_size: size, teacher_patch: patch, teacher_stem: stem } = config;
  if (typeof encoder !== "string") return 0;
  const edges = { size: Number(size ?? config.size), patch: Number(patch ?? 16) };
  return encoderMacs({ encoder, ...edges, ...(stem != null && { stem: stem as "7x7" | "3x3" }) });
}
