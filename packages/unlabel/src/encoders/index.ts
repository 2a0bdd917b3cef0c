// Encoders: what other rooms use of this one. What can be told of them without LibTorch stands in about.ts.
export {
  aboutEncoder,
  ENCODER_NAMES,
  ENCODERS,
  type EncoderAbout,
  type EncoderConfig,
  type EncoderName,
  encoderDim,
  encoderMacs,
  encoderWidth,
} from "./about.ts";
export { withDraws } from "./draws-in-use.ts";
export { Encoder, type TokenOptions, type Tokens } from "./encoder.ts";
export { createEncoder, type EncoderOptions } from "./registry.ts";
export { ResNet, type ResNetOptions } from "./resnet.ts";
export { VisionTransformer, type VitOptions } from "./vit.ts";
