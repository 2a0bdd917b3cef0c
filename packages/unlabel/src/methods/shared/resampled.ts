// Maps and images for another grid, as a teacher and a student have different ones.
import type { Tensor } from "@unlabel/torch";

/**
 * A map `[B, C, h, w]` of another size: the mean over what a place covers where it shrinks, bilinear where it grows (half-pixel centres).
 *
 * @param size height and width
 */
export function resampled(map: Tensor, size: readonly [height: number, width: number]): Tensor {
  const [, , height = 0, width = 0] = map.shape;
  const [toHeight, toWidth] = size;
  if (height === toHeight && width === toWidth) return map;
  const larger: [number, number] = [Math.max(height, toHeight), Math.max(width, toWidth)];
  const grown = larger[0] > height || larger[1] > width ? map.upsampleBilinear2d(larger, false) : map;
  return larger[0] > toHeight || larger[1] > toWidth ? grown.adaptiveAvgPool2d(size) : grown;
}

/** Tokens `[B, h·w, D]` of one grid for another: `[B, h′·w′, D]`, as {@link resampled}. */
export function resampledTokens(
  tokens: Tensor,
  from: readonly [height: number, width: number],
  to: readonly [height: number, width: number],
): Tensor {
  if (from[0] === to[0] && from[1] === to[1]) return tokens;
  const [batch = 0, , width = 0] = tokens.shape;
  const map = tokens.transpose(1, 2).reshape([batch, width, from[0], from[1]]);
  return resampled(map, to).flatten(2).transpose(1, 2);
}
