// Random masking of patches (MAE, arXiv:2111.06377, section 3): each image hides its own, by the order of random numbers.
import { cat, rand, type Tensor } from "@unlabel/torch";
import { gatherTokens } from "../../encoders/patches.ts";

/** Which of an image's L patches are seen (K) and which hidden (L − K): int64 indices, a random order. */
export interface Masking {
  /** `[B, K]` */
  keep: Tensor;
  /** `[B, L − K]` */
  hidden: Tensor;
}

/** How many of `patches` an encoder sees: `⌊patches · (1 − ratio)⌋`, 49 of 196 at 0.75. */
export function visibleCount(patches: number, ratio: number): number {
  return Math.floor(patches * (1 - ratio));
}

/** A masking from LibTorch's generator. The CPU's on every device, so that a seed gives the same masks on all. */
export function randomMasking(batch: number, patches: number, ratio: number, device: string): Masking {
  return maskingOf(rand([batch, patches]).to({ device }), ratio);
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
