// The encoders that are exported: every family, every kind of ViT that is read, three channels and five.
import type { Target } from "../packages/unlabel/src/export/options.ts";

/** One of them. */
export interface Run {
  /** Of its training. */
  settings: Readonly<Record<string, unknown>>;
  /** What sets its encoder apart from its architecture's usual form. */
  form?: Readonly<Record<string, unknown>>;
  /** Programs that have no such encoder. */
  without?: readonly Target[];
  /** Whether it is tried in float32 alone, without what other runs of its family try. */
  brief?: boolean;
}

const SIMCLR = { method: "simclr", projection_hidden: 16, projection_dim: 8 } as const;
const RESNET = { ...SIMCLR, stem: "7x7" } as const;
const VIT = { ...SIMCLR, encoder: "vit_tiny", patch: 8 } as const;

export const RUNS = {
  resnet18: { settings: { ...RESNET, encoder: "resnet18" } },
  "resnet18-3x3": {
    settings: { ...RESNET, encoder: "resnet18", stem: "3x3" },
    without: ["timm", "transformers"],
  },
  resnet50: { settings: { ...RESNET, encoder: "resnet50" } },
  resnet101: { settings: { ...RESNET, encoder: "resnet101" }, brief: true },
  wide_resnet50_2: { settings: { ...RESNET, encoder: "wide_resnet50_2" }, without: ["transformers"], brief: true },
  convnext_tiny: { settings: { ...SIMCLR, encoder: "convnext_tiny" } },
  "convnext_tiny-5": { settings: { ...SIMCLR, encoder: "convnext_tiny" }, form: { layer_scale: null }, brief: true },
  convnext_base: { settings: { ...SIMCLR, encoder: "convnext_base" }, brief: true },
  vit_tiny: { settings: { method: "mae", encoder: "vit_tiny", patch: 8, log: "tensorboard" } },
  // As DINOv2 with registers, evaluated by its class token.
  "vit-registers": {
    settings: VIT,
    form: { registers: 4, layer_scale: 0.1, pooling: "class", interpolation: "bicubic" },
    without: ["torchvision"],
  },
  // As DeiT or Hugging Face's ViT.
  "vit-scaled": {
    settings: VIT,
    form: { layer_scale: 0.1, qkv_bias: false, pooling: "class_mean", mlp_ratio: 2, norm_eps: 1e-5, heads: 12 },
    brief: true,
  },
  // As timm's with the norm behind pooling.
  "vit-bare": {
    settings: VIT,
    form: { class_token: false, pooling: "mean", pooled_norm: true },
    without: ["torchvision", "transformers"],
    brief: true,
  },
  "vit-all": {
    settings: VIT,
    form: { registers: 2, prefix_positions: "all", pooling: "mean" },
    without: ["torchvision"],
    brief: true,
  },
  "vit-none": {
    settings: VIT,
    form: { prefix_positions: "none", pooling: "class", mlp_ratio: 2.5 },
    without: ["transformers"],
    brief: true,
  },
  "resnet18-5": { settings: { ...RESNET, encoder: "resnet18" } },
  "vit_tiny-5": { settings: { method: "mae", encoder: "vit_tiny", patch: 8 } },
} as const satisfies Record<string, Run>;

/** What they are called. */
export type RunName = keyof typeof RUNS;

/** A browser takes its time: the smallest ones, in all that may differ there. */
export const IN_BROWSER: readonly string[] = ["resnet18", "vit_tiny", "vit_tiny-5", "convnext_tiny"];

/** Edge in pixels of what a run sees; a ConvNeXt's last map has two places a side. */
export function sizeOf(run: string): number {
  return run.startsWith("convnext") ? 64 : 32;
}

/** What a run's features are, where it is a ViT's. */
export function poolingOf(run: string): string {
  const { form } = RUNS[run as RunName] as Run;
  return String(form?.pooling ?? "mean_max");
}

/** Something that was tried beside the table. */
export interface Outcome {
  what: string;
  found: string;
  good: boolean;
}

/** Of what program, with which files, how alike. */
export interface Case {
  run: string;
  to: Target;
  program: string;
  file?: string;
  /** What goes in: normalised float32 pixels, or images of 8 or 16 bits. */
  takes: "pixel_values" | "images";
  least: number;
}

/** Of an ONNX export, which has one. */
export function precisionOf({ to, file = "" }: Pick<Case, "to" | "file">): "fp32" | "fp16" | "int8" | undefined {
  if (to !== "onnx") return undefined;
  return file.includes("_fp16") ? "fp16" : file.includes("_int8") ? "int8" : "fp32";
}

/** Cases of one export share it. */
export const folderOf = (one: Pick<Case, "run" | "to" | "file">) =>
  [one.run, one.to, precisionOf(one)].filter(Boolean).join("-");
