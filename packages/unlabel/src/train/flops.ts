// What training computes, counted from the config by each method's closed formulas, so that methods can be given the same work.
import type { Config } from "../config/common.ts";
import { methodNamed } from "../methods/registry.ts";

/** Floating-point operations of training on one image, forward and backward, with all its views. */
export function trainingFlops(config: Config): number {
  return methodNamed(config.method).about.flops(config);
}
