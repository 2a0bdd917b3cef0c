// Checks of the sizes that layers are built with, so that a mistake is named where it is made.
import { describe, TorchError } from "../errors.ts";

/** One number for height and width alike, or `[height, width]`. */
export type Pair = number | readonly [height: number, width: number];

/** @throws {TorchError} unless `value` is a whole number of `least` or more */
export function whole(value: number, name: string, op: string, least = 1): number {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new TorchError(`Expected a whole number of ${least} or more for ${name}, got ${describe(value)}`, op);
  }
  return value;
}

/** `[height, width]` of a {@link Pair}, checked. */
export function pair(value: Pair, name: string, op: string, least = 1): [number, number] {
  const [height, width, ...rest] = Array.isArray(value) ? value : [value, value];
  if (rest.length > 0) throw new TorchError(`Expected a number or [height, width] for ${name}`, op);
  return [whole(height, name, op, least), whole(width, name, op, least)];
}
