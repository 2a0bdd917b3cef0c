// Encoders: what other rooms use of this one. What can be told of them without LibTorch stands in facts.ts.

export { withDraws } from "./draws-in-use.ts";
export { Encoder, type TokenOptions, type Tokens } from "./encoder.ts";
export {
  ARCHITECTURES,
  aboutEncoder,
  channelsOf,
  ENCODERS,
  type EncoderAbout,
  type EncoderConfig,
  type EncoderName,
  encoderDim,
  encoderMacs,
  encoderWidth,
  isVit,
  RESNETS,
  type ResNetAbout,
  stemOf,
  VITS,
  type VitAbout,
} from "./facts.ts";
export { createEncoder, type EncoderOptions } from "./registry.ts";
export { ResNet, type ResNetOptions } from "./resnet.ts";
export type { Block, Mlp } from "./transformer.ts";
export { type PatchEmbed, VisionTransformer, type VitOptions } from "./vit.ts";
