// What training computes, counted from the config by each method's closed formulas, so that methods can be given the same work.
import type { Config } from "../config/common.ts";
import { edgeAt, sharesOf } from "../config/growth.ts";
import { isVit, stemOf } from "../encoders/facts.ts";
import { methodNamed } from "../methods/registry.ts";
import { localSizeOf } from "../methods/shared/local-size.ts";

/** Floating-point operations of training on one image, forward and backward, with all its views; on average where these grow. */
export function trainingFlops(config: Config): number {
  const { about } = methodNamed(config.method);
  // The encoder is made for the size that views end with, and keeps that one's stem.
  const stem = config.stem === "auto" ? { stem: stemOf({ size: config.size }) } : {};
  const vit = isVit(config.encoder);
  return sharesOf(config, vit).reduce((sum, { size, share }) => {
    const locals = "local_size" in config ? { local_size: edgeAt(localSizeOf(config), size, config, vit) } : {};
    return sum + share * about.flops({ ...config, ...stem, ...locals, size });
  }, 0);
}
