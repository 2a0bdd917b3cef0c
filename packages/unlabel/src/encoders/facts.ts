// Every architecture by name, with what can be told of it without LibTorch: family, sizes, features, work. registry.ts makes them.
import { UserError } from "../base/errors.ts";
import { blockMacs, type Macs, resnetMacs, vitMacs } from "./macs.ts";

export { blockMacs };

/** What an encoder is made from: the keys of a run's config that concern it. */
export interface EncoderConfig {
  /** One of {@link ENCODERS}. */
  encoder: string;
  /** Edge of the square training images in pixels. */
  size: number;
  /** Edge of a ViT's patch in pixels; it must divide `size`. A ResNet has none. */
  patch: number;
  /** A ResNet's first layer; `auto` (default) is `3x3` for images of 64 px and under. A ViT has none. */
  stem?: "auto" | "7x7" | "3x3";
  /** Channels of an image; default 3, as is `auto`, where no images have been looked at. */
  channels?: number | "auto";
  /** How often the last block's branch is left out in training, 0 to below 1; the first one's never is. Default 0. */
  drop_path?: number;
}

/** What a family's architectures have in common. */
interface Facts {
  /** As the field spells it: ResNet-18. */
  title: string;
  /** Length of a feature vector. */
  dim: number;
  /** Length of a token. */
  width: number;
  /** Multiply-adds of one image; see `encoderMacs`. */
  macs: Macs;
}

/** What is known of a ResNet. */
export interface ResNetAbout extends Facts {
  /** Which kind it is. */
  family: "resnet";
  /** Blocks of three convolutions, the last four times as wide, instead of two. */
  bottleneck: boolean;
  /** Blocks of each stage. */
  counts: readonly number[];
}

/** What is known of a ViT. */
export interface VitAbout extends Facts {
  /** Which kind it is. */
  family: "vit";
  /** Number of blocks. */
  depth: number;
  /** Attention heads of a block. */
  heads: number;
}

/** What is known of an architecture without building it. */
export type EncoderAbout = ResNetAbout | VitAbout;

/** The architectures. One more of a family is one more line here; a new family has a file of its own and a line in registry.ts. */
export const ARCHITECTURES = {
  resnet18: resnet("ResNet-18", { bottleneck: false, counts: [2, 2, 2, 2] }),
  resnet34: resnet("ResNet-34", { bottleneck: false, counts: [3, 4, 6, 3] }),
  resnet50: resnet("ResNet-50", { bottleneck: true, counts: [3, 4, 6, 3] }),
  vit_tiny: vit("ViT-Tiny", { width: 192, depth: 12, heads: 3 }),
  vit_small: vit("ViT-Small", { width: 384, depth: 12, heads: 6 }),
  vit_base: vit("ViT-Base", { width: 768, depth: 12, heads: 12 }),
} as const satisfies Record<string, EncoderAbout>;

/** Names of encoders. */
export type EncoderName = keyof typeof ARCHITECTURES;

/** All encoders by name, ResNets before ViTs, small before large. */
export const ENCODERS = Object.keys(ARCHITECTURES) as [EncoderName, ...EncoderName[]];
/** The ResNets by name (arXiv:1512.03385), as torchvision has them. */
export const RESNETS = ofFamily("resnet");
/** The ViTs by name (arXiv:2010.11929), as timm has them. */
export const VITS = ofFamily("vit");

/** Whether a name is a ViT's. */
export function isVit(encoder: string): boolean {
  return (VITS as readonly string[]).includes(encoder);
}

/** @throws {UserError} for a name that is none */
export function aboutEncoder(name: string): EncoderAbout {
  if (Object.hasOwn(ARCHITECTURES, name)) return ARCHITECTURES[name as EncoderName];
  throw new UserError(`Expected one of ${ENCODERS.join(", ")} for encoder, got ${name}`);
}

/** Length of a feature vector. @throws {UserError} for a name that is none */
export function encoderDim({ encoder }: Pick<EncoderConfig, "encoder">): number {
  return aboutEncoder(encoder).dim;
}

/** Length of a token, as `Encoder.tokens` gives them. @throws {UserError} for a name that is none */
export function encoderWidth({ encoder }: Pick<EncoderConfig, "encoder">): number {
  return aboutEncoder(encoder).width;
}

/**
 * Multiply-adds of one image through an encoder, matrix products and convolutions alone.
 *
 * @param seen `patches`: how many of its patches a ViT sees; default all
 * @throws {UserError} for a name that is none, or `patches` of a ResNet
 */
export function encoderMacs(config: EncoderConfig, { patches }: { patches?: number } = {}): number {
  const about = aboutEncoder(config.encoder);
  if (about.family !== "vit" && patches !== undefined) {
    throw new UserError(`Expected a ViT for encoder where only ${patches} patches are seen, got ${config.encoder}`);
  }
  const { size, patch } = config;
  return about.macs({ size, patch, channels: channelsOf(config), stem: stemOf(config), patches });
}

/** Channels of an image. */
export function channelsOf({ channels = 3 }: Pick<EncoderConfig, "channels">): number {
  return channels === "auto" ? 3 : channels;
}

/** `auto` is the 3×3 stem for images of up to 64 px: the 7×7 one would leave a last map of 2 × 2. */
export function stemOf({ stem = "auto", size }: Pick<EncoderConfig, "stem" | "size">): "7x7" | "3x3" {
  if (stem !== "auto") return stem;
  return size <= 64 ? "3x3" : "7x7";
}

function ofFamily(family: EncoderAbout["family"]): [EncoderName, ...EncoderName[]] {
  return ENCODERS.filter((name) => ARCHITECTURES[name].family === family) as [EncoderName, ...EncoderName[]];
}

function resnet(title: string, facts: Pick<ResNetAbout, "bottleneck" | "counts">): ResNetAbout {
  const dim = facts.bottleneck ? 2048 : 512;
  return { family: "resnet", title, ...facts, dim, width: dim, macs: resnetMacs(facts) };
}

/** Features are mean and maximum of the tokens. */
function vit(title: string, facts: Pick<VitAbout, "width" | "depth" | "heads">): VitAbout {
  return { family: "vit", title, ...facts, dim: 2 * facts.width, macs: vitMacs(facts) };
}
