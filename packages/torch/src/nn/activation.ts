// Activations, elementwise: any shape in, the same out.
import type { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";

/** `max(x, 0)`. */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return x.relu();
  }
}

/** `x · Φ(x)` with the normal distribution's exact Φ, or its tanh approximation (arXiv:1606.08415). */
export class GELU extends Module {
  /** Which form: `none` is exact. */
  readonly approximate: "none" | "tanh";

  constructor(options: { approximate?: "none" | "tanh" } = {}) {
    super();
    this.approximate = options.approximate ?? "none";
  }

  override forward(x: Tensor): Tensor {
    return x.gelu({ approximate: this.approximate });
  }
}

/** Its input, unchanged: takes a layer's place. */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x;
  }
}
