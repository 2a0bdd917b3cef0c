// Random masking of patches (MAE, arXiv:2111.06377, section 3): each image hides its own, by the order of random numbers.
import { cat, type Tensor } from "@unlabel/torch";
import type { Draws } from "../../base/draws.ts";
import { gatherTokens } from "../../encoders/patches.ts";
import { visibleCount } from "./visible.ts";

/** Which of an image's L patches are seen (K) and which hidden (L − K): int64 indices, a random order. */
export interface Masking {
  /** `[B, K]` */
  keep: Tensor;
  /** `[B, L − K]` */
  hidden: Tensor;
}

/** A masking of each image by its own numbers: by seed, step and place in the batch, so the same on every device and in every part. */
export function randomMasking(draws: Draws, patches: number, ratio: number): Masking {
  return maskingOf(draws.uniform("mask", patches), ratio);
}

/** A masking that keeps the patches with the smallest of the numbers `noise` `[B, L]`. */
export function maskingOf(noise: Tensor, ratio: number): Masking {
  const patches = noise.shape[1]!;
  const visible = visibleCount(patches, ratio);
  const order = noise.argsort(1);
  return { keep: order.narrow(1, 0, visible), hidden: order.narrow(1, visible, patches - visible) };
}

/** Puts seen `[B, K, D]` and hidden tokens `[B, L − K, D]` back into the order of the image, `[B, L, D]`. */
export function restoreOrder(seen: Tensor, hidden: Tensor, masking: Masking): Tensor {
  const restore = cat([masking.keep, masking.hidden], 1).argsort(1);
  return gatherTokens(cat([seen, hidden], 1), restore);
}
