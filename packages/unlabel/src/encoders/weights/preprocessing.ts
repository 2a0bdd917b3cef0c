// How images are to be prepared for an encoder, and what its config says of it beyond shapes: read from the config that lies beside the
// weights, timm's or transformers'. Nothing in them is believed unchecked.
import { existsSync, readFileSync, statSync } from "node:fs";
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
  /** As the folder has it, or its model card; null where neither says. */
  licence: string | null;
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

function timmConfig(config: Json, model: string, card: string | null): SourceConfig {
  const pretrained = isJson(config.pretrained_cfg) ? config.pretrained_cfg : {};
  const args = isJson(config.model_args) ? config.model_args : {};
  const [mean, std] = [numbers(pretrained.mean), numbers(pretrained.std)];
  const input = numbers(pretrained.input_size);
  const size = number(args.img_size) ?? input?.[1];
  return {
    program: "timm",
    model,
    hints: { size, heads: number(args.num_heads) },
    preprocessing:
      mean && std
        ? {
            ...{ mean, std, size: input?.[1] ?? null, interpolation: text(pretrained.interpolation) },
            cropShare: number(pretrained.crop_pct) ?? null,
          }
        : null,
    licence: text(pretrained.license) ?? card,
  };
}

/** Pillow's filters, by which transformers names them. */
const FILTERS = ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"];

function transformersConfig(config: Json, model: string, images: Json | null, licence: string | null): SourceConfig {
  const size = number(config.image_size);
  const hints = {
    size,
    heads: number(config.num_attention_heads),
    normEps: number(config.layer_norm_eps),
    strideFirst: typeof config.downsample_in_bottleneck === "boolean" ? config.downsample_in_bottleneck : undefined,
  };
  const [mean, std] = [numbers(images?.image_mean), numbers(images?.image_std)];
  if (!images || !mean || !std) return { program: "transformers", model, hints, preprocessing: null, licence };
  const edge = (value: unknown) =>
    number(value) ?? (isJson(value) ? (number(value.height) ?? number(value.shortest_edge)) : undefined);
  const resized = edge(images.size);
  const cropped = images.do_center_crop === true ? edge(images.crop_size) : resized;
  const cropShare = number(images.crop_pct) ?? (resized && cropped ? cropped / resized : null);
  const interpolation = typeof images.resample === "number" ? (FILTERS[images.resample] ?? null) : null;
  return {
    ...{ program: "transformers", model, hints, licence },
    preprocessing: { mean, std, size: cropped ?? null, interpolation, cropShare },
  };
}

/** `license:` of the block that a model card begins with. */
export function licenceOf(folder: string): string | null {
  const path = join(folder, "README.md");
  if (!existsSync(path) || statSync(path).size > MOST_JSON) return null;
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
    if (!existsSync(path) || statSync(path).size > MOST_JSON) return null;
    const json: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isJson(json) ? json : null;
  } catch {
    return null;
  }
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined;
}

function numbers(value: unknown): number[] | undefined {
  return Array.isArray(value) && value.length > 0 && value.every((one) => Number.isFinite(one)) ? value : undefined;
}

function text(value: unknown): string | null {
  return typeof value === "string" && value.length < 200 ? value : null;
}
