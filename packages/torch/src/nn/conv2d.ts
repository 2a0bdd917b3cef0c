// Conv2d: cross-correlation of images with learnt kernels. Zero padding only.
import { TorchError } from "../errors.ts";
import { conv2d, empty } from "../ops.generated.ts";
import type { Tensor } from "../tensor.ts";
import { defaultInit } from "./linear.ts";
import { Module, parameter } from "./module.ts";
import { type Pair, pair, whole } from "./sizes.ts";
import { smallConvolution } from "./small-conv.ts";

/** Options of {@link Conv2d}. */
export interface Conv2dOptions {
  /** Default 1. */
  stride?: Pair;
  /** Zeros added at each edge; default 0. */
  padding?: Pair;
  /** Default 1. */
  dilation?: Pair;
  /** Channels are split into this many independent groups; default 1. */
  groups?: number;
  /** Default true. */
  bias?: boolean;
}

/**
 * `[B, inChannels, H, W]` → `[B, outChannels, H', W']`, with
 * `H' = ⌊(H + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1`.
 */
export class Conv2d extends Module {
  /** `[outChannels, inChannels / groups, kernel height, kernel width]`. */
  weight: Tensor;
  /** `[outChannels]`. */
  bias: Tensor | null;
  /** Steps in pixels, down and across. */
  readonly stride: readonly [number, number];
  /** Zeros added at each edge, above and below, left and right. */
  readonly padding: readonly [number, number];
  /** Distance in pixels between the kernel's taps, down and across. */
  readonly dilation: readonly [number, number];
  /** Independent groups of channels. */
  readonly groups: number;

  constructor(inChannels: number, outChannels: number, kernel: Pair, options: Conv2dOptions = {}) {
    super();
    const { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true } = options;
    this.stride = pair(stride, "stride", "Conv2d");
    this.padding = pair(padding, "padding", "Conv2d", 0);
    this.dilation = pair(dilation, "dilation", "Conv2d");
    this.groups = whole(groups, "groups", "Conv2d");
    whole(inChannels, "inChannels", "Conv2d");
    whole(outChannels, "outChannels", "Conv2d");
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      const found = `${groups} for ${inChannels} and ${outChannels} channels`;
      throw new TorchError(`Expected groups that divide both channel counts, got ${found}`, "Conv2d");
    }
    this.weight = parameter(empty([outChannels, inChannels / groups, ...pair(kernel, "kernel", "Conv2d")]));
    this.bias = bias ? parameter(empty([outChannels])) : null;
    defaultInit(this.weight, this.bias);
  }

  override forward(x: Tensor): Tensor {
    const small = smallConvolution(this, x);
    if (small) return small;
    return conv2d(x, this.weight, this.bias, this.stride, this.padding, this.dilation, this.groups);
  }
}
