// An encoder in plain data: family, sizes and options, whether it has a name here or not. Needs no LibTorch; registry.ts builds it.
import { UserError } from "../base/errors.ts";
import type { ConvNeXtOptions } from "./convnext.ts";
import {
  ARCHITECTURES,
  aboutEncoder,
  type ConvNeXtAbout,
  channelsOf,
  ENCODERS,
  type EncoderAbout,
  type EncoderConfig,
  type EncoderName,
  type ResNetAbout,
  stemOf,
} from "./facts.ts";
import type { ResNetOptions } from "./resnet.ts";
import type { Variant } from "./variants.ts";
import type { VitOptions } from "./vit.ts";

/** An encoder in plain data. */
export type EncoderDescription = ResNetDescription | VitDescription | ConvNeXtDescription;

/** A ResNet in plain data. */
export interface ResNetDescription
  extends Pick<ResNetAbout, "family" | "bottleneck" | "counts" | "baseWidth">,
    ResNetOptions {}

/** A ViT in plain data. */
export interface VitDescription extends VitOptions {
  /** Which kind it is. */
  family: "vit";
}

/** A ConvNeXt in plain data. */
export interface ConvNeXtDescription extends Pick<ConvNeXtAbout, "family" | "counts" | "widths">, ConvNeXtOptions {}

/** The options of a ViT's description by their keys in a config. */
const VIT_KEYS = {
  pooling: "pooling",
  class_token: "classToken",
  registers: "registers",
  layer_scale: "layerScale",
  norm_eps: "normEps",
  prefix_positions: "prefixPositions",
  interpolation: "interpolation",
  pooled_norm: "pooledNorm",
  mlp_ratio: "mlpRatio",
  heads: "heads",
  qkv_bias: "qkvBias",
} as const satisfies Record<keyof Variant, keyof VitOptions>;

/** Those of a ConvNeXt. */
const CONVNEXT_KEYS = { layer_scale: "layerScale", norm_eps: "normEps" } as const satisfies Partial<typeof VIT_KEYS>;

const KEYS: Record<EncoderAbout["family"], Partial<typeof VIT_KEYS>> = {
  resnet: {},
  vit: VIT_KEYS,
  convnext: CONVNEXT_KEYS,
};

/**
 * The encoder that a config asks for, in plain data.
 *
 * @param positions a ViT's: `learned` (default) or `sincos`
 * @throws {UserError} for a name that is none, or options that its family does not have
 */
export function describeEncoder(
  config: EncoderConfig,
  { positions }: { positions?: VitOptions["positions"] } = {},
): EncoderDescription {
  const about = aboutEncoder(config.encoder);
  const { encoder, size, patch, drop_path: dropPath } = config;
  const refuse = (what: string, value: unknown) => {
    throw new UserError(`Expected a ViT for encoder, whose ${what} ${value}, got ${encoder}`);
  };
  const options: Partial<Pick<VitOptions, (typeof VIT_KEYS)[keyof Variant]>> = {};
  for (const key of Object.keys(VIT_KEYS) as (keyof Variant)[]) {
    const name = KEYS[about.family][key];
    if (config[key] === undefined) continue;
    if (name === undefined) refuse(`${key} is`, config[key]);
    else Object.assign(options, { [name]: config[key] });
  }
  if (positions && about.family !== "vit") refuse("positions are", positions);
  const channels = channelsOf(config);
  if (about.family === "resnet") {
    const { family, bottleneck, counts, baseWidth } = about;
    return { family, bottleneck, counts, ...(baseWidth && { baseWidth }), stem: stemOf(config), channels, dropPath };
  }
  if (about.family === "convnext") {
    const { family, counts, widths } = about;
    return { family, counts, widths, channels, dropPath, ...options };
  }
  const { family, width, depth, heads } = about;
  return { family, width, depth, heads, size, patch, channels, dropPath, positions, ...options };
}

/**
 * The config that a description is of, with the keys that are not as usual: the other way of {@link describeEncoder}.
 *
 * @param edge of the training images of a ResNet or a ConvNeXt in pixels, which their descriptions do not tell; default 224
 * @returns null where no architecture has its sizes
 */
export function configOf(description: EncoderDescription, edge = 224): EncoderConfig | null {
  const encoder = nameOf(description);
  if (encoder === null) return null;
  const { channels = 3, dropPath } = description;
  const config: EncoderConfig = { encoder, size: edge, patch: 16, channels };
  if (dropPath !== undefined) config.drop_path = dropPath;
  if (description.family === "resnet") return { ...config, stem: description.stem ?? "7x7" };
  const options: Record<string, unknown> = {};
  for (const [key, name] of Object.entries(KEYS[description.family])) {
    const value = (description as unknown as Record<string, unknown>)[name];
    if (value !== undefined) options[key] = value;
  }
  if (description.family === "convnext") return { ...config, ...options };
  const about = aboutEncoder(encoder);
  if (about.family === "vit" && options.heads === about.heads) delete options.heads;
  return { ...config, size: description.size, patch: description.patch, ...options };
}

/** The architecture that has a description's sizes, whatever its options; null where none has. */
export function nameOf(description: EncoderDescription): EncoderName | null {
  const wanted = sizesOf(description);
  return ENCODERS.find((name) => sizesOf(ARCHITECTURES[name]) === wanted) ?? null;
}

function sizesOf(of: EncoderDescription | EncoderAbout): string {
  // Heads are an option.
  if (of.family === "vit") return JSON.stringify([of.width, of.depth]);
  if (of.family === "convnext") return JSON.stringify([of.counts, of.widths]);
  return JSON.stringify([of.bottleneck, of.counts, of.baseWidth ?? 64]);
}
