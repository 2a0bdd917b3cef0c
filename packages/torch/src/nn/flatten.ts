// Flatten: from feature maps to vectors.
import type { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";

/** Joins all dimensions after the first: `[B, …]` → `[B, N]`. */
export class Flatten extends Module {
  override forward(x: Tensor): Tensor {
    return x.flatten(1);
  }
}
