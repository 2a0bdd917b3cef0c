// Dropout (arXiv:1207.0580).
import { TorchError } from "../errors.ts";
import { dropout } from "../ops.generated.ts";
import type { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";

/** In training, zeroes each value with probability `p` and scales the others by `1 / (1 − p)`. */
export class Dropout extends Module {
  /** Probability that a value becomes zero, 0 to 1. */
  readonly p: number;

  /** @param p 0 to 1; default 0.5 */
  constructor(p = 0.5) {
    super();
    if (!(p >= 0 && p <= 1)) throw new TorchError(`Expected a probability from 0 to 1 for p, got ${p}`, "Dropout");
    this.p = p;
  }

  override forward(x: Tensor): Tensor {
    return dropout(x, this.p, this.training);
  }
}
