// How images are to be prepared for an encoder, and what its config says of it beyond shapes: read from the config that lies beside the
// weights, timm's or transformers'. Nothing in them is believed unchecked.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Hints } from "./found-architecture.ts";

/** As its source prepares images. */
export interface Preprocessing {
  /** Of each channel, of values in [0, 1]. */
  mean: number[];
  /** Likewise. */
  std: number[];
  /** Edge in pixels of what the encoder sees; null where it is not said. */
  size: number | null;
  /** `bicubic`, `bilinear`, …; null where it is not said. */
  interpolation: string | null;
  /** Which share of a resized image its centre crop is; null where it is not said. */
  cropShare: number | null;
}

/** What a config says. */
export interface SourceConfig {
  /** Whose folder it is. */
  program: "timm" | "transformers";
  /** What it calls the model: timm's architecture, transformers' model type. */
  model: string;
  hints: Hints;
  preprocessing: Preprocessing | null;
  /** What it is instead of what its tensors' names and shapes say, in words; absent where they say it. */
  instead?: string | null;
  /** As the folder has it, or its model card; null where neither says. */
  licence: string | null;
  /** What it says that cannot be meant, and what is taken in its place. */
  notes: string[];
}

type Json = Record<string, unknown>;

const MOST_JSON = 1 << 24;

/** Null where a folder is neither program's. */
export function readSourceConfig(folder: string): SourceConfig | null {
  const config = readJson(join(folder, "config.json"));
  if (config === null) return null;
  const licence = licenceOf(folder);
  if (typeof config.architecture === "string") return timmConfig(config, config.architecture, licence);
  if (typeof config.model_type === "string") {
    return transformersConfig(config, config.model_type, readJson(join(folder, "preprocessor_config.json")), licence);
  }
  return null;
}

const SQUEEZED = "its own processor squeezes images into squares: here their central square is seen";

/** Models of timm's whose tensors have the names and shapes of another's, and that compute something else. */
const OTHER_TIMM: readonly (readonly [sign: RegExp, what: string])[] = [
  [/^resnet(aa|blur)\d/, "a ResNet with anti-aliased strides (timm's resnetaa and resnetblur)"],
  [/^vit_\w*_rpn_/, "a ViT with norms behind its branches (timm's vit_…_rpn)"],
];

function timmConfig(config: Json, model: string, card: string | null): SourceConfig {
  // Before there was one, all stood beside the architecture.
  const pretrained = isJson(config.pretrained_cfg) ? config.pretrained_cfg : config;
  const args = isJson(config.model_args) ? config.model_args : {};
  const [, input, other] = numbers(pretrained.input_size) ?? [];
  const size = pixels(number(args.img_size) ?? input);
  const notes: string[] = [];
  if (input !== undefined && other !== undefined && input !== other) {
    notes.push(`its config has images of ${input} × ${other}: squares are taken`);
  }
  if (pretrained.crop_mode === "squash" || pretrained.crop_mode === "border") notes.push(SQUEEZED);
  const told = { mean: pretrained.mean, std: pretrained.std, size: input, cropShare: number(pretrained.crop_pct) };
  const [, instead = null] = OTHER_TIMM.find(([sign]) => sign.test(model)) ?? [];
  return {
    instead,
    program: "timm",
    model,
    hints: { size, heads: number(args.num_heads) },
    preprocessing: meant({ ...told, interpolation: text(pretrained.interpolation) }, notes),
    licence: text(pretrained.license) ?? card,
    notes,
  };
}

/** What a config says of images, before it is looked at. */
interface Told {
  mean: unknown;
  std: unknown;
  size: number | undefined;
  interpolation: string | null;
  cropShare: number | undefined;
}

/** The edge of an image that anybody encodes. */
const MOST_SIZE = 8192;
/** The middle of an image that anybody looks at alone, and beyond its edges nothing is seen. */
const CROPS = [0.05, 1] as const;
/** No value in [0, 1] has a larger one. */
const MOST_MEAN = 1000;
/** What is divided by less is no image any more. */
const LEAST_STD = 1e-4;

/** What of it can be meant; the rest is noted. Null where it does not say how values are normalised. */
function meant(told: Told, notes: string[]): Preprocessing | null {
  const leave = (what: string, instead: string) => {
    notes.push(`its config's ${what} cannot be meant: ${instead}`);
    return null;
  };
  const size =
    pixels(told.size) ?? (told.size === undefined ? null : leave(`size ${told.size}`, "its weights' own is taken"));
  const [least, most] = CROPS;
  const { cropShare: crop } = told;
  const isCrop = crop === undefined || (crop >= least && crop <= most);
  const cropShare = isCrop ? (crop ?? null) : leave(`crop of ${crop}`, "all of the short side is seen");
  if (told.mean == null && told.std == null) return null;
  const [mean, std] = [numbers(told.mean), numbers(told.std)];
  const words = (value: unknown) => (JSON.stringify(value) ?? "absent").slice(0, 60);
  const arePlausible =
    mean?.length === std?.length &&
    mean?.every((one) => Math.abs(one) <= MOST_MEAN) &&
    std?.every((one) => one >= LEAST_STD && one <= MOST_MEAN);
  if (!mean || !std || !arePlausible) {
    return leave(`mean ${words(told.mean)} and std ${words(told.std)}`, "they are left aside");
  }
  return { mean, std, size, interpolation: told.interpolation, cropShare };
}

/** Pillow's filters, by which transformers names them. */
const FILTERS = ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"];

function transformersConfig(config: Json, model: string, images: Json | null, licence: string | null): SourceConfig {
  const size = pixels(number(config.image_size));
  const hints = {
    size,
    heads: number(config.num_attention_heads),
    normEps: number(config.layer_norm_eps),
    strideFirst: typeof config.downsample_in_bottleneck === "boolean" ? config.downsample_in_bottleneck : undefined,
  };
  const notes: string[] = [];
  if (!images) return { program: "transformers", model, hints, preprocessing: null, licence, notes };
  const edge = (value: unknown) =>
    number(value) ?? (isJson(value) ? (number(value.height) ?? number(value.shortest_edge)) : undefined);
  const resized = edge(images.size);
  const cropped = images.do_center_crop === true ? edge(images.crop_size) : resized;
  const share = number(images.crop_pct);
  // ConvNeXt's processor cuts below 384 px alone.
  const squeezes = share !== undefined && resized !== undefined && resized >= 384;
  const cropShare = squeezes ? 1 : (share ?? (resized && cropped ? cropped / resized : undefined));
  const interpolation = typeof images.resample === "number" ? (FILTERS[images.resample] ?? null) : null;
  if (squeezes || (isJson(images.size) && number(images.size.height) && images.do_center_crop !== true))
    notes.push(SQUEEZED);
  const told = { ...normalisedBy(images), size: cropped, interpolation, cropShare };
  return { ...{ program: "transformers", model, hints, licence }, preprocessing: meant(told, notes), notes };
}

/** Mean and deviation of values in [0, 1], whatever values a processor normalises. */
function normalisedBy(images: Json): Pick<Told, "mean" | "std"> {
  if (images.do_normalize === false) return { mean: [0, 0, 0], std: [1, 1, 1] };
  const { image_mean: mean, image_std: std } = images;
  const most = images.do_rescale === false ? 255 : 255 * (number(images.rescale_factor) ?? 1 / 255);
  if (Math.abs(most - 1) < 1e-3) return { mean, std };
  const scaled = (value: unknown) => numbers(value)?.map((one) => one / most) ?? value;
  return { mean: scaled(mean), std: scaled(std) };
}

/** `license:` of the block that a model card begins with. */
export function licenceOf(folder: string): string | null {
  const path = join(folder, "README.md");
  if (!isReadable(path)) return null;
  const block = /^---\r?\n([\s\S]*?)\r?\n---/.exec(readFileSync(path, "utf8").slice(0, 1 << 16))?.[1];
  // One, or the first of several.
  const value = (key: string) =>
    new RegExp(`^${key}:[ \\t]*(?:\\r?\\n[ \\t]*-[ \\t]*)?["'[]*([\\w.+-]+)`, "m").exec(block ?? "")?.[1] ?? null;
  const licence = value("license");
  // What the hub has no name for is named beside it.
  return licence === "other" ? (value("license_name") ?? licence) : licence;
}

function readJson(path: string): Json | null {
  try {
    if (!isReadable(path)) return null;
    const json: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isJson(json) ? json : null;
  } catch {
    return null;
  }
}

/** Whether it is a file, and no larger than anybody's: a pipe would wait for somebody to write into it. */
function isReadable(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size <= MOST_JSON;
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined;
}

/** An edge of images in pixels. */
function pixels(value: number | undefined): number | undefined {
  return value !== undefined && Number.isInteger(value) && value <= MOST_SIZE ? value : undefined;
}

function numbers(value: unknown): number[] | undefined {
  return Array.isArray(value) && value.length > 0 && value.every((one) => Number.isFinite(one)) ? value : undefined;
}

function text(value: unknown): string | null {
  return typeof value === "string" && value.length < 200 ? value : null;
}
