// Layers and the containers that hold them.
export { GELU, Identity, ReLU } from "./activation.ts";
export { type AttentionOptions, MultiheadSelfAttention } from "./attention.ts";
export { BatchNorm1d, BatchNorm2d, type BatchNormOptions, syncBatchNorm } from "./batch-norm.ts";
export { Conv2d, type Conv2dOptions } from "./conv2d.ts";
export { Dropout } from "./dropout.ts";
export { Flatten } from "./flatten.ts";
export { fuseConvBnEval } from "./fuse.ts";
export * as init from "./init.ts";
export { LayerNorm, type LayerNormOptions } from "./layer-norm.ts";
export { Linear } from "./linear.ts";
export { buffer, Module, parameter, type StateDict } from "./module.ts";
export { AdaptiveAvgPool2d, MaxPool2d } from "./pooling.ts";
export { Sequential } from "./sequential.ts";
export type { Pair } from "./sizes.ts";
