// Random masking of patches (MAE, arXiv:2111.06377, section 3): each image hides its own, by the order of random numbers.
import { arange, cat, type Tensor, TorchError } from "@unlabel/torch";
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

/**
 * The masking that hides the patches where `hidden` `[B, L]` is 1; their order is that of the image.
 *
 * @throws {TorchError} where images hide different numbers of patches, none or all
 */
export function givenMasking(hidden: Tensor): Masking {
  const patches = hidden.shape[1] ?? 0;
  const flags = hidden.to({ dtype: "float32" });
  const counts = new Set(flags.sum([1]).toNumbers());
  const [count = 0] = counts;
  if (hidden.ndim !== 2 || counts.size !== 1 || count < 1 || count >= patches) {
    const found = [...counts].join(" and ");
    throw new TorchError(
      `Expected [B, L] with as many patches hidden in each image, from 1 to L − 1, got [${hidden.shape.join(", ")}] with ${found}`,
      "givenMasking",
    );
  }
  // Seen ones first, each kind in its own order.
  const places = arange(0, patches, 1, { device: hidden.device }).mul(1 / patches);
  const order = flags.mul(2).add(places.unsqueeze(0)).argsort(1);
  return { keep: order.narrow(1, 0, patches - count), hidden: order.narrow(1, patches - count, count) };
}

/** Puts seen `[B, K, D]` and hidden tokens `[B, L − K, D]` back into the order of the image, `[B, L, D]`. */
export function restoreOrder(seen: Tensor, hidden: Tensor, masking: Masking): Tensor {
  const restore = cat([masking.keep, masking.hidden], 1).argsort(1);
  return gatherTokens(cat([seen, hidden], 1), restore);
}
