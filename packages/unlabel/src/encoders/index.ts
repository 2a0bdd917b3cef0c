// Encoders: what other rooms use of this one. What can be told of them without LibTorch stands in facts.ts.

export { withDraws } from "./draws-in-use.ts";
export { Encoder, type TokenOptions, type Tokens } from "./encoder.ts";
export {
  ARCHITECTURES,
  aboutEncoder,
  ENCODERS,
  type EncoderAbout,
  type EncoderConfig,
  type EncoderName,
  encoderDim,
  encoderMacs,
  encoderWidth,
  isVit,
  RESNETS,
  stemOf,
  VITS,
} from "./facts.ts";
export { createEncoder, type EncoderOptions } from "./registry.ts";
export { ResNet, type ResNetOptions } from "./resnet.ts";
export { VisionTransformer, type VitOptions } from "./vit.ts";
