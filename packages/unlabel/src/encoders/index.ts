// Encoders by name.
import type { Config, MaeConfig, SimclrConfig } from "../config/schema.ts";
import type { Encoder } from "./encoder.ts";
import { ResNet } from "./resnet.ts";
import { VIT_SIZES, VisionTransformer } from "./vit.ts";

export { Encoder } from "./encoder.ts";
export { ResNet, type ResNetOptions } from "./resnet.ts";
export { VIT_SIZES, VisionTransformer, type VitOptions } from "./vit.ts";

const RESNET_DEPTHS = { resnet18: 18, resnet34: 34, resnet50: 50 } as const;

/**
 * The encoder that a config asks for, freshly initialised from LibTorch's generator.
 *
 * @throws {UserError} where a ViT's patch does not divide the image
 */
export function createEncoder(config: Config): Encoder {
  if (config.method === "mae") return createMaeEncoder(config);
  const { encoder, size, patch } = config;
  if (isVit(encoder)) return new VisionTransformer({ ...VIT_SIZES[encoder], size, patch });
  return new ResNet(RESNET_DEPTHS[encoder], { stem: stemOf(config) });
}

/** MAE's encoder: a ViT with fixed positions, as in its paper; elsewhere positions are learnt, as in timm. */
export function createMaeEncoder({ encoder, size, patch }: MaeConfig): VisionTransformer {
  return new VisionTransformer({ ...VIT_SIZES[encoder], size, patch, positions: "sincos" });
}

/** `auto` is the 3×3 stem for images of up to 64 px: the 7×7 one would leave a last map of 2 × 2. */
export function stemOf({ stem, size }: SimclrConfig): "7x7" | "3x3" {
  if (stem !== "auto") return stem;
  return size <= 64 ? "3x3" : "7x7";
}

function isVit(encoder: SimclrConfig["encoder"]): encoder is keyof typeof VIT_SIZES {
  return encoder in VIT_SIZES;
}
