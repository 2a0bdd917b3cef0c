// How much of an image a masked method sees. Loads no LibTorch.

/** How many of `patches` an encoder sees: `⌊patches · (1 − ratio)⌋`, 49 of 196 at 0.75. */
export function visibleCount(patches: number, ratio: number): number {
  return Math.floor(patches * (1 - ratio));
}
