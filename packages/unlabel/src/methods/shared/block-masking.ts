// Blockwise masking of patches (BEiT, arXiv:2106.08254, algorithm 1, as iBOT, arXiv:2111.07832, has it): an image hides rectangles of its
// patches, so that what is hidden cannot be told from its neighbours alone.
import { fromTypedArrays, type Tensor } from "@unlabel/torch";
import type { Draws } from "../../base/draws.ts";

/** Rectangles that are tried at most; of those that hide nothing new, or too much, there are many. */
const TRIES = 24;
/** Random numbers of one try: area, aspect ratio, row and column. */
const NUMBERS = 4;
/** A rectangle's height over its width is between this and its inverse. */
const ASPECT = 0.3;
/** The least area of a rectangle, as a share of all patches: 16 of 14 × 14. */
const LEAST_BLOCK = 16 / 196;

/** Which patches views hide. */
export interface BlockMask {
  /** `[views·B, L]`, float32: 1 where a patch is hidden, view-major as the views are. */
  mask: Tensor;
  /** Where the hidden ones stand among all `views·B·L`, int64 `[M]`, in order. */
  index: Tensor;
  /** One over how many its view hides, for each hidden patch, float32 `[M]`. */
  weights: Tensor;
  /** M; may be 0. */
  hidden: number;
}

/** How {@link blockMask} masks. */
export interface BlockMaskOptions {
  /** Rows and columns of patches. */
  grid: readonly [height: number, width: number];
  /** Views an image. */
  views: number;
  /** Share of the views that hide anything, from 0 to 1; of an image's two views at one half always one. */
  masked: number;
  /** Share of its patches that such a view hides: a uniform draw from the first to the second. */
  ratio: readonly [least: number, most: number];
}

/** Masks of a step's images, each by its own numbers: by seed, step and place in the batch, so the same on every device and in every part. */
export function blockMask(
  draws: Draws,
  { grid, views, masked, ratio, device = "cpu" }: BlockMaskOptions & { device?: string },
): BlockMask {
  const { images } = draws;
  const patches = grid[0] * grid[1];
  const which = draws.numbers("masked views", 1);
  const columns = 1 + TRIES * NUMBERS;
  const numbers = draws.numbers("block mask", columns, views);
  const mask = new Float32Array(views * images * patches);
  const index: bigint[] = [];
  const weights: number[] = [];
  for (let row = 0; row < views * images; row++) {
    const view = Math.floor(row / images);
    // As many views as the share says, whichever they are: steps on a circle from a random place.
    const from = which[row % images]! + view * masked;
    if (Math.floor(from + masked) === Math.floor(from)) continue;
    const own = Array.from(numbers.subarray(row * columns, (row + 1) * columns));
    const wanted = Math.round((ratio[0] + own[0]! * (ratio[1] - ratio[0])) * patches);
    const hidden = blocks(grid, wanted, own.slice(1));
    for (const patch of hidden) {
      mask[row * patches + patch] = 1;
      index.push(BigInt(row * patches + patch));
      weights.push(1 / hidden.length);
    }
  }
  const sent = [
    { data: mask, shape: [views * images, patches] },
    { data: BigInt64Array.from(index) },
    { data: Float32Array.from(weights) },
  ];
  const [hides, places, counted] = fromTypedArrays(sent, device) as [Tensor, Tensor, Tensor];
  return { mask: hides, index: places, weights: counted, hidden: index.length };
}

/**
 * Patches of rectangles, in order, `wanted` at most: each of a random area and shape, at a random place.
 *
 * @param numbers uniform ones in [0, 1), four a try
 */
export function blocks(
  [height, width]: readonly [number, number],
  wanted: number,
  numbers: readonly number[],
): number[] {
  const hidden = new Set<number>();
  const least = Math.max(1, Math.floor(LEAST_BLOCK * height * width));
  for (let at = 0; at + NUMBERS <= numbers.length && hidden.size < wanted; at += NUMBERS) {
    const [areaAt, aspectAt, rowAt, columnAt] = numbers.slice(at, at + NUMBERS) as [number, number, number, number];
    const left = wanted - hidden.size;
    const smallest = Math.min(least, left);
    const area = smallest + areaAt * (left - smallest);
    const aspect = Math.exp((2 * aspectAt - 1) * Math.log(1 / ASPECT));
    const rows = within(Math.round(Math.sqrt(area * aspect)), height);
    const columns = within(Math.round(Math.sqrt(area / aspect)), width);
    const top = Math.floor(rowAt * (height - rows + 1));
    const first = Math.floor(columnAt * (width - columns + 1));
    const found = Array.from(
      { length: rows * columns },
      (_, i) => (top + Math.floor(i / columns)) * width + first + (i % columns),
    );
    const fresh = found.filter((patch) => !hidden.has(patch));
    // One that hides too much is left out, another may fit.
    if (fresh.length <= left) for (const patch of fresh) hidden.add(patch);
  }
  return [...hidden].sort((a, b) => a - b);
}

function within(value: number, most: number): number {
  return Math.min(most, Math.max(1, value));
}
