// Which of the encoders here an architecture that was found is, and in words what it is.
import { ARCHITECTURES, aboutEncoder, type EncoderConfig } from "../facts.ts";
import type { Variant } from "../variants.ts";
import type { FoundArchitecture, FoundResNet, FoundVit } from "./found-architecture.ts";

/** Of LayerNorm in the ViTs here, unless they are told another. */
const OUR_EPS = 1e-6;

/** A config that {@link createEncoder} makes such an encoder of, or why there is none. */
export type EncoderFor = { config: EncoderConfig } | { why: string };

/** The encoder here whose parameters have the same shapes and do the same. */
export function encoderFor(found: FoundArchitecture): EncoderFor {
  const { encoder: name } = found;
  const why = name === null ? `no encoder here has these sizes` : whyNot(found);
  if (why !== null) return { why };
  if (!Object.hasOwn(ARCHITECTURES, name!)) return { why: `${name} is not built here yet` };
  if (found.family === "vit") {
    const { size, patch, channels } = found;
    return { config: { encoder: name!, size: size!, patch, channels, ...variantOf(found) } };
  }
  // A patch is a ViT's alone.
  const config = { encoder: name!, patch: 16, channels: found.channels };
  if (found.family === "convnext") return { config: { ...config, size: found.size ?? 224 } };
  const stem = found.stem === "3x3" ? "3x3" : "7x7";
  return { config: { ...config, stem, size: found.size ?? (stem === "3x3" ? 32 : 224) } };
}

function whyNot(found: FoundArchitecture): string | null {
  if (found.family === "vit") return whyNotVit(found);
  return found.family === "resnet" ? whyNotResNet(found) : null;
}

function whyNotVit({ grid }: FoundVit): string | null {
  return grid === null ? "its positions form no square" : null;
}

/** What sets it apart from a ViT's usual form here. */
function variantOf(vit: FoundVit): Variant {
  return {
    ...(!vit.classToken && { class_token: false }),
    ...(vit.registers > 0 && { registers: vit.registers }),
    // What it begins with is written over.
    ...(vit.layerScale && { layer_scale: 1e-5 }),
    ...(vit.classToken && !vit.classPosition && { prefix_positions: "none" as const }),
    ...(vit.registerPositions && { prefix_positions: "all" as const }),
    ...(vit.hidden !== 4 * vit.width && { mlp_ratio: vit.hidden / vit.width }),
    // Such a norm was made for the mean.
    ...(vit.pooledNorm && { pooled_norm: true, pooling: "mean" as const }),
    ...(vit.interpolation !== null && vit.interpolation !== "antialias" && { interpolation: vit.interpolation }),
    ...(vit.heads !== null && vit.heads !== usualHeads(vit.encoder) && { heads: vit.heads }),
    ...(!vit.qkvBias && { qkv_bias: false }),
    ...(vit.normEps !== null && vit.normEps !== OUR_EPS && { norm_eps: vit.normEps }),
  };
}

function usualHeads(name: string | null): number | null {
  const about = name === null ? null : aboutEncoder(name);
  return about?.family === "vit" ? about.heads : null;
}

function whyNotResNet({ stem, bottleneck, strideFirst }: FoundResNet): string | null {
  if (stem === "other") return "its first convolution is neither 7 × 7 nor 3 × 3";
  return bottleneck && strideFirst === true ? "the stride of its bottlenecks is on their first convolution" : null;
}

/** `ViT-Small, patch 16, 224 px: 12 blocks, 384 wide, 6 heads; class token, 4 registers, layer scale`. */
export function described(found: FoundArchitecture): string {
  const { encoder, channels, size } = found;
  const name = encoder ?? { resnet: "ResNet", vit: "ViT", convnext: "ConvNeXt" }[found.family];
  const images = `${size === null ? "" : `${size} px, `}${channels} channel${channels === 1 ? "" : "s"}`;
  if (found.family === "resnet") {
    const { bottleneck, counts, inner, groups, stem } = found;
    const wide = `${groups > 1 ? `, ${groups} groups` : ""}${inner !== 64 ? `, ${inner} inner channels` : ""}`;
    const blocks = `${counts.join(" + ")} ${bottleneck ? "bottlenecks" : "blocks"}${wide}`;
    return `${name}, ${images}: ${blocks}, ${stem === "other" ? "another" : stem} stem`;
  }
  if (found.family === "convnext") {
    const scale = found.layerScale ? "layer scale" : "no layer scale";
    return `${name}, ${images}: ${found.depths.join(" + ")} blocks, ${found.widths.join("-")} wide, ${scale}`;
  }
  const { depth, width, heads, hidden, patch, grid } = found;
  const more = [
    found.classToken ? `class token${found.classPosition ? "" : " without position"}` : "no class token",
    ...(found.registers > 0 ? [`${found.registers} registers`] : []),
    ...(found.layerScale ? ["layer scale"] : []),
    ...(found.pooledNorm ? ["its norm after pooling"] : []),
    ...(found.qkvBias ? [] : ["no bias of q, k and v"]),
    ...(hidden === 4 * width ? [] : [`${hidden} inner`]),
    ...(grid === null ? ["positions in no square"] : [`${grid[0]} × ${grid[1]} positions`]),
    ...(found.normEps === null ? [] : [`ε ${found.normEps}`]),
  ];
  return `${name}, patch ${patch}, ${images}: ${depth} blocks, ${width} wide, ${heads ?? "?"} heads; ${more.join(", ")}`;
}
