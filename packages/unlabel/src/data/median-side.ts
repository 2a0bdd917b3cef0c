// How large a split's images are, from the headers of some of them: what settings that should fit the images are chosen by.

import type { Split } from "./folder.ts";
import { imagesOf } from "./images.ts";
import { ImageReader } from "./reader.ts";
import { spreadSample } from "./sample.ts";

/** Images whose headers are read. */
const SAMPLE = 128;

/**
 * The short side in pixels of the image in the middle, of up to 128 from all over the split, upright and as the network is given them
 * (of tiles, the tile's); null where none of them can be read.
 *
 * @param seed of which images are looked at, where a source is read in blocks
 */
export async function medianSide(split: Split, seed: number): Promise<number | null> {
  const sample = spreadSample(split, SAMPLE, seed);
  const { sizes } = await new ImageReader({ cacheBytes: 0 }).sizes(await imagesOf(sample, sample.items));
  const sides = sizes.flatMap((size) => (size ? [Math.min(size.width, size.height)] : [])).sort((a, b) => a - b);
  return sides[sides.length >> 1] ?? null;
}
