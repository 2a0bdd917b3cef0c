// Every architecture by name, with what can be told of it without LibTorch: family, sizes, features, work. registry.ts makes them.
import { UserError } from "../base/errors.ts";
import { blockMacs, convnextMacs, type Macs, resnetMacs, vitMacs } from "./macs.ts";
import { pooledDim, prefixTokens, type Variant } from "./variants.ts";

export { blockMacs };

/** What an encoder is made from: the keys of a run's config that concern it. */
export interface EncoderConfig extends Variant {
  /** One of {@link ENCODERS}. */
  encoder: string;
  /** Edge of the square training images in pixels. */
  size: number;
  /** Edge of a ViT's patch in pixels; it must divide `size`. Others have none. */
  patch: number;
  /** A ResNet's first layer; `auto` (default) is `3x3` for images of 64 px and under. Others have none. */
  stem?: "auto" | "7x7" | "3x3";
  /** Channels of an image; default 3, as is `auto`, where no images have been looked at. */
  channels?: number | "auto";
  /** How often the last block's branch is left out in training, 0 to below 1; the first one's never is. Default 0. */
  drop_path?: number | undefined;
}

/** What a family's architectures have in common. */
interface Facts {
  /** As the field spells it: ResNet-18. */
  title: string;
  /** Length of a feature vector, of a ViT as its features usually are. */
  dim: number;
  /** Edge in pixels of the smallest images that it takes. */
  least: number;
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
  /** Channels inside a bottleneck of the first stage; default 64, in a wide one twice as many. */
  baseWidth?: number | undefined;
}

/** What is known of a ConvNeXt. */
export interface ConvNeXtAbout extends Facts {
  /** Which kind it is. */
  family: "convnext";
  /** Blocks of each stage. */
  counts: readonly number[];
  /** Channels of each stage. */
  widths: readonly number[];
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
export type EncoderAbout = ResNetAbout | VitAbout | ConvNeXtAbout;

/** The architectures. One more of a family is one more line here; a new family has a file of its own and a line in registry.ts. */
export const ARCHITECTURES = {
  resnet18: resnet("ResNet-18", { bottleneck: false, counts: [2, 2, 2, 2] }),
  resnet34: resnet("ResNet-34", { bottleneck: false, counts: [3, 4, 6, 3] }),
  resnet50: resnet("ResNet-50", { bottleneck: true, counts: [3, 4, 6, 3] }),
  resnet101: resnet("ResNet-101", { bottleneck: true, counts: [3, 4, 23, 3] }),
  resnet152: resnet("ResNet-152", { bottleneck: true, counts: [3, 8, 36, 3] }),
  wide_resnet50_2: resnet("Wide ResNet-50-2", { bottleneck: true, counts: [3, 4, 6, 3], baseWidth: 128 }),
  wide_resnet101_2: resnet("Wide ResNet-101-2", { bottleneck: true, counts: [3, 4, 23, 3], baseWidth: 128 }),
  vit_tiny: vit("ViT-Tiny", { width: 192, depth: 12, heads: 3 }),
  vit_small: vit("ViT-Small", { width: 384, depth: 12, heads: 6 }),
  vit_base: vit("ViT-Base", { width: 768, depth: 12, heads: 12 }),
  vit_large: vit("ViT-Large", { width: 1024, depth: 24, heads: 16 }),
  convnext_tiny: convnext("ConvNeXt-Tiny", { counts: [3, 3, 9, 3], widths: [96, 192, 384, 768] }),
  convnext_small: convnext("ConvNeXt-Small", { counts: [3, 3, 27, 3], widths: [96, 192, 384, 768] }),
  convnext_base: convnext("ConvNeXt-Base", { counts: [3, 3, 27, 3], widths: [128, 256, 512, 1024] }),
} as const satisfies Record<string, EncoderAbout>;

/** Names of encoders. */
export type EncoderName = keyof typeof ARCHITECTURES;

/** All encoders by name, ResNets before ViTs before ConvNeXts, small before large. */
export const ENCODERS = Object.keys(ARCHITECTURES) as [EncoderName, ...EncoderName[]];
/** The ResNets by name (arXiv:1512.03385), as torchvision has them. */
export const RESNETS = ofFamily("resnet");
/** The ViTs by name (arXiv:2010.11929), as timm has them. */
export const VITS = ofFamily("vit");
/** The ConvNeXts by name (arXiv:2201.03545), as timm has them. */
export const CONVNEXTS = ofFamily("convnext");

/** Whether a name is a ViT's. */
export function isVit(encoder: string): boolean {
  return (VITS as readonly string[]).includes(encoder);
}

/** Whether a name is a ResNet's. */
export function isResNet(encoder: string): boolean {
  return (RESNETS as readonly string[]).includes(encoder);
}

/** All names in short, for help: `resnet18|34, vit_tiny|small`. */
export function encoderWords(): string {
  const groups = new Map<string, string[]>();
  for (const name of ENCODERS) {
    const [, prefix = "", rest = name] = /^(.*?)(\d\w*|[a-z]+)$/.exec(name) ?? [];
    groups.set(prefix, [...(groups.get(prefix) ?? []), rest]);
  }
  const words = [...groups].map(([prefix, rests]) => prefix + rests.join("|"));
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/** @throws {UserError} for a name that is none */
export function aboutEncoder(name: string): EncoderAbout {
  if (Object.hasOwn(ARCHITECTURES, name)) return ARCHITECTURES[name as EncoderName];
  throw new UserError(`Expected one of ${ENCODERS.join(", ")} for encoder, got ${name}`);
}

/** Length of a feature vector. @throws {UserError} for a name that is none */
export function encoderDim({ encoder, pooling }: Pick<EncoderConfig, "encoder" | "pooling">): number {
  const about = aboutEncoder(encoder);
  return about.family === "vit" ? pooledDim(about.width, pooling) : about.dim;
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
  const own = { prefix: prefixTokens(config), mlpRatio: config.mlp_ratio };
  return about.macs({ size, patch, channels: channelsOf(config), stem: stemOf(config), patches, ...own });
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

function resnet(title: string, facts: Pick<ResNetAbout, "bottleneck" | "counts" | "baseWidth">): ResNetAbout {
  const dim = facts.bottleneck ? 2048 : 512;
  return { family: "resnet", title, ...facts, dim, width: dim, least: 1, macs: resnetMacs(facts) };
}

/** Features are mean and maximum of the tokens. */
function vit(title: string, facts: Pick<VitAbout, "width" | "depth" | "heads">): VitAbout {
  return { family: "vit", title, ...facts, dim: pooledDim(facts.width), least: 1, macs: vitMacs(facts) };
}

/** A smaller image would leave nothing for the last convolution that halves the map. */
function convnext(title: string, facts: Pick<ConvNeXtAbout, "counts" | "widths">): ConvNeXtAbout {
  const dim = facts.widths.at(-1)!;
  const least = 4 * 2 ** (facts.counts.length - 1);
  return { family: "convnext", title, ...facts, dim, width: dim, least, macs: convnextMacs(facts) };
}
