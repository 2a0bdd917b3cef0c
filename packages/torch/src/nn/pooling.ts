// Pooling of images.
import type { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";
import { type Pair, pair } from "./sizes.ts";

/** The largest value of each window: `[B, C, H, W]` → `[B, C, H', W']`, `H' = ⌊(H + 2·padding − kernel) / stride⌋ + 1`. */
export class MaxPool2d extends Module {
  /** Height and width of a window in pixels. */
  readonly kernel: readonly [number, number];
  /** Steps in pixels, down and across. */
  readonly stride: readonly [number, number];
  /** Minus infinities added at each edge, above and below, left and right. */
  readonly padding: readonly [number, number];

  /** @param options `stride` is by default the kernel's size, `padding` (with −∞) 0 */
  constructor(kernel: Pair, options: { stride?: Pair; padding?: Pair } = {}) {
    super();
    this.kernel = pair(kernel, "kernel", "MaxPool2d");
    this.stride = pair(options.stride ?? kernel, "stride", "MaxPool2d");
    this.padding = pair(options.padding ?? 0, "padding", "MaxPool2d", 0);
  }

  override forward(x: Tensor): Tensor {
    return x.maxPool2d(this.kernel, this.stride, this.padding);
  }
}

/** Means over windows sized to give `output`: `[B, C, H, W]` → `[B, C, ...output]`. */
export class AdaptiveAvgPool2d extends Module {
  /** Height and width of the result. */
  readonly output: readonly [number, number];

  constructor(output: Pair) {
    super();
    this.output = pair(output, "output", "AdaptiveAvgPool2d");
  }

  override forward(x: Tensor): Tensor {
    return x.adaptiveAvgPool2d(this.output);
  }
}
