// LayerNorm (arXiv:1607.06450): normalises the last dimensions of each sample.
import { layerNorm, ones, zeros } from "../ops.generated.ts";
import type { Tensor } from "../tensor.ts";
import { Module, parameter } from "./module.ts";
import { whole } from "./sizes.ts";

/** Options of {@link LayerNorm}. */
export interface LayerNormOptions {
  /** Added to the variance; default 1e-5. ViT uses 1e-6. */
  eps?: number;
  /** Learn a scale and a shift; default true. */
  affine?: boolean;
  /** Learn a shift beside the scale; default true. */
  bias?: boolean;
}

/** `y = (x − mean) / √(var + eps) · weight + bias` over the last dimensions: `[…, ...shape]` → the same. */
export class LayerNorm extends Module {
  /** Scale, of the normalised shape; null without `affine`. */
  weight: Tensor | null;
  /** Shift, of the normalised shape; null without `affine` or `bias`. */
  bias: Tensor | null;
  /** Sizes of the last dimensions, those that are normalised. */
  readonly normalizedShape: readonly number[];
  /** Added to the variance. */
  readonly eps: number;

  constructor(shape: number | readonly number[], options: LayerNormOptions = {}) {
    super();
    const { eps = 1e-5, affine = true, bias = true } = options;
    this.normalizedShape = typeof shape === "number" ? [shape] : [...shape];
    for (const size of this.normalizedShape) whole(size, "shape", "LayerNorm");
    this.eps = eps;
    this.weight = affine ? parameter(ones(this.normalizedShape)) : null;
    this.bias = affine && bias ? parameter(zeros(this.normalizedShape)) : null;
  }

  override forward(x: Tensor): Tensor {
    return layerNorm(x, this.normalizedShape, this.weight, this.bias, this.eps);
  }
}
