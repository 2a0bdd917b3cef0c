// What makes an encoder: of a description, or of a config that names an architecture of facts.ts.

import { ConvNeXt } from "./convnext.ts";
import { describeEncoder, type EncoderDescription } from "./description.ts";
import type { Encoder } from "./encoder.ts";
import type { EncoderConfig } from "./facts.ts";
import { ResNet } from "./resnet.ts";
import { VisionTransformer, type VitOptions } from "./vit.ts";

/** Options of {@link createEncoder}. */
export interface EncoderOptions {
  /** A ViT's positions: `learned` (default, as in timm), or `sincos`: fixed, as in MAE. */
  positions?: VitOptions["positions"];
}

/**
 * The encoder of a description, of whatever sizes, freshly initialised from LibTorch's generator.
 *
 * @throws {UserError} for sizes and options that do not go together, such as a patch that does not divide the image
 */
export function buildEncoder(description: EncoderDescription): Encoder {
  if (description.family === "vit") return new VisionTransformer(description);
  if (description.family === "resnet") return new ResNet(description, description);
  return new ConvNeXt(description, description);
}

/**
 * The encoder that a config asks for, freshly initialised from LibTorch's generator.
 *
 * @throws {UserError} for a name that is none, a ViT's patch that does not divide the image, or a ViT's options for another family
 */
export function createEncoder(config: EncoderConfig, options: EncoderOptions = {}): Encoder {
  return buildEncoder(describeEncoder(config, options));
}
