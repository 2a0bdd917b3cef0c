// Encoders by name.
import type { Encoder } from "./encoder.ts";
import { type EncoderConfig, isVit, stemOf, VIT_SIZES } from "./facts.ts";
import { ResNet } from "./resnet.ts";
import { VisionTransformer } from "./vit.ts";

export { Encoder } from "./encoder.ts";
export { ENCODERS, type EncoderConfig, encoderDim, encoderMacs, RESNETS, stemOf, VIT_SIZES, VITS } from "./facts.ts";
export { ResNet, type ResNetOptions } from "./resnet.ts";
export { VisionTransformer, type VitOptions } from "./vit.ts";

const RESNET_DEPTHS = { resnet18: 18, resnet34: 34, resnet50: 50 } as const;

/**
 * The encoder that a config asks for, freshly initialised from LibTorch's generator.
 *
 * @param options `positions` of a ViT: learnt as in timm (default), or fixed as in MAE
 * @throws {UserError} where a ViT's patch does not divide the image
 */
export function createEncoder(config: EncoderConfig, options: { positions?: "learned" | "sincos" } = {}): Encoder {
  const { encoder, size, patch } = config;
  if (isVit(encoder)) return new VisionTransformer({ ...VIT_SIZES[encoder], ...options, size, patch });
  return new ResNet(RESNET_DEPTHS[encoder as keyof typeof RESNET_DEPTHS], { stem: stemOf(config) });
}
