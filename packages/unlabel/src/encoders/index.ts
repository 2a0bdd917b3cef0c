// Encoders: what other rooms use of this one. What can be told of them without LibTorch stands in facts.ts, description.ts and shapes.ts.

export {
  ConvNeXt,
  type ConvNeXtBlock,
  type ConvNeXtHead,
  type ConvNeXtOptions,
  type ConvNeXtStage,
} from "./convnext.ts";
export {
  type ConvNeXtDescription,
  configOf,
  describeEncoder,
  type EncoderDescription,
  nameOf,
  type ResNetDescription,
  type VitDescription,
} from "./description.ts";
export { withDraws } from "./draws-in-use.ts";
export { Encoder, type TokenOptions, type Tokens } from "./encoder.ts";
export {
  ARCHITECTURES,
  aboutEncoder,
  CONVNEXTS,
  type ConvNeXtAbout,
  channelsOf,
  ENCODERS,
  type EncoderAbout,
  type EncoderConfig,
  type EncoderName,
  encoderDim,
  encoderMacs,
  encoderWidth,
  encoderWords,
  isResNet,
  isVit,
  RESNETS,
  type ResNetAbout,
  stemOf,
  VITS,
  type VitAbout,
} from "./facts.ts";
export type { PatchEmbed } from "./patch-embed.ts";
export { buildEncoder, createEncoder, type EncoderOptions } from "./registry.ts";
export { ResNet, type ResNetOptions } from "./resnet.ts";
export { encoderParameters, encoderShapes } from "./shapes.ts";
export type { Block, BlockOptions, LayerScale, Mlp } from "./transformer.ts";
export { type Interpolation, POOLINGS, type Pooling, type PrefixPositions, type Variant } from "./variants.ts";
export { VisionTransformer, type VitOptions } from "./vit.ts";
