// What training computes, counted from the config by each method's closed formulas, so that methods can be given the same work.
import type { Config } from "../config/common.ts";
import { sharesOf } from "../config/growth.ts";
import { isVit, stemOf } from "../encoders/facts.ts";
import { methodNamed } from "../methods/registry.ts";

/** Floating-point operations of training on one image, forward and backward, with all its views; on average where these grow. */
export function trainingFlops(config: Config): number {
  const { about } = methodNamed(config.method);
  // The encoder is made for the size that views end with, and keeps that one's stem.
  const stem = config.stem === "auto" ? { stem: stemOf({ size: config.size }) } : {};
  return sharesOf(config, isVit(config.encoder)).reduce(
    (sum, { size, share }) => sum + share * about.flops({ ...config, ...stem, size }),
    0,
  );
}
