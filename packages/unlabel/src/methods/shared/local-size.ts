// How large local views (multi-crop) are and what they cost, for forecasts too: imports neither zod nor LibTorch.
import type { Config } from "../../config/common.ts";
import { encoderMacs, isVit, stemOf } from "../../encoders/facts.ts";

/** Edge of local views in pixels: `local_size`, or half of `size`, for a ViT the next smaller multiple of its patch. */
export function localSizeOf(config: Config): number {
  const { local_size: given, size, patch, encoder } = config;
  if (typeof given === "number") return given;
  const half = Math.floor(size / 2);
  return isVit(encoder) ? Math.max(patch, half - (half % patch)) : half;
}

/** Multiply-adds of one local view through the encoder, whose stem is that of the whole views. */
export function localMacs(config: Config): number {
  return encoderMacs({ ...config, size: localSizeOf(config), stem: stemOf(config) });
}
