// Linear: y = x·Wᵀ + b.
import { empty, linear } from "../ops.generated.ts";
import type { Tensor } from "../tensor.ts";
import { fans, kaimingUniform, uniform } from "./init.ts";
import { Module, parameter } from "./module.ts";
import { whole } from "./sizes.ts";

/** Fills a layer's weight and bias as PyTorch does: uniform on (−1/√fan_in, 1/√fan_in). */
export function defaultInit(weight: Tensor, bias: Tensor | null): void {
  kaimingUniform(weight, { a: Math.sqrt(5) });
  if (!bias) return;
  const bound = 1 / Math.sqrt(fans(weight).fanIn);
  uniform(bias, -bound, bound);
}

/** `y = x·Wᵀ + b` over the last dimension: `[…, inFeatures]` → `[…, outFeatures]`. */
export class Linear extends Module {
  /** `[outFeatures, inFeatures]`. */
  weight: Tensor;
  /** `[outFeatures]`. */
  bias: Tensor | null;

  constructor(inFeatures: number, outFeatures: number, options: { bias?: boolean } = {}) {
    super();
    whole(inFeatures, "inFeatures", "Linear");
    whole(outFeatures, "outFeatures", "Linear");
    this.weight = parameter(empty([outFeatures, inFeatures]));
    this.bias = (options.bias ?? true) ? parameter(empty([outFeatures])) : null;
    defaultInit(this.weight, this.bias);
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
}
