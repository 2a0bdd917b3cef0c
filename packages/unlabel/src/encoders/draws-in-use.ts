// The random numbers of the training step under way, for layers that draw: whoever runs a step says which they are, so that
// an encoder's signature need not carry them through every method.
import type { Tensor } from "@unlabel/torch";
import type { Draws } from "../base/draws.ts";

let inUse: { draws: Draws; calls: Map<string, number> } | null = null;

/**
 * Runs `body`, whose layers draw from `draws`: those of the images in its views, in their order. The same body with the same
 * draws draws the same: an image's n-th call gets its own numbers, in whatever micro-batch or pass it comes.
 *
 * @param body synchronous
 */
export function withDraws<T>(draws: Draws, body: () => T): T {
  const outer = inUse;
  inUse = { draws, calls: new Map() };
  try {
    return body();
  } finally {
    inUse = outer;
  }
}

/**
 * Uniform numbers for one call of one layer, `[rows, columns]`, float32; no two calls within a {@link withDraws} share any.
 *
 * @param stream what they are for
 * @param rows view-major, a whole number of views of the images in use
 * @param made what is made of the numbers, row by row, on the host; by default they are handed on as they are
 * @throws {Error} outside {@link withDraws}, or for rows of other images: a defect of whoever runs the step
 */
export function drawInUse(
  stream: string,
  rows: number,
  columns: number,
  made: (numbers: Float32Array) => Float32Array = (numbers) => numbers,
): Tensor {
  if (!inUse)
    throw new Error(`Expected withDraws(…) around a forward pass in training that draws for ${stream}, got none`);
  const { draws, calls } = inUse;
  if (rows % draws.images !== 0) {
    throw new Error(
      `Expected whole views of the ${draws.images} images of withDraws(…) for ${stream}, got ${rows} rows`,
    );
  }
  const call = calls.get(stream) ?? 0;
  calls.set(stream, call + 1);
  return draws.placed(made(draws.numbers(`${stream} ${call}`, columns, rows / draws.images)), [rows, columns]);
}
