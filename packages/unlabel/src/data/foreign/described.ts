// Images that are read in another way than photographs are: chosen bands, a range of values, a part of a file.
import { setImmediate } from "node:timers/promises";
import type { Pixels } from "../../base/native.ts";
import type { Described, Input, Tile } from "../input.ts";
import { bandsFor } from "./bands.ts";
import { checkSize, reserve, withinBudget } from "./budget.ts";
import { grayOf, onWhite } from "./colours.ts";
import { withRaster } from "./open.ts";
import type { Raster } from "./raster.ts";
import { upright, uprightSize } from "./upright.ts";
import { mapping } from "./values.ts";

/** What a header says of an image or of a tile. */
export interface DescribedHeader {
  /** Upright, in pixels. */
  width: number;
  /** Upright, in pixels. */
  height: number;
  /** The most bytes that decoding it takes. */
  bytes: number;
}

/**
 * The size of an image or its tile, upright, and what decoding it takes; reads the header alone.
 *
 * @throws {Error} whose message is the reason in plain words, also where it cannot be read as described
 */
export function describedHeader({ file, input, tile }: Described): Promise<DescribedHeader> {
  return withRaster(file, async (raster) => {
    const { width, height, bytes } = reading(raster, input, tile);
    return { ...uprightSize(width, height, raster.orientation), bytes };
  });
}

/**
 * Decodes an image as described and gives it, upright, to `use`: `input.channels` channels of 8 bits where that is what the file
 * has and no range is given, else of 16. Until that is done, its bytes count as in the making.
 *
 * @throws {Error} whose message is the reason in plain words
 */
export async function decodeDescribed<T>(
  { file, input, tile }: Described,
  use: (pixels: Pixels) => Promise<T>,
): Promise<T> {
  const used = async (pixels: Pixels) => {
    try {
      return await use(pixels);
    } finally {
      // Node frees released memory in the next turn of its loop: only then may another image take its place.
      await setImmediate();
    }
  };
  const first = await withRaster(file, async (raster) => {
    const how = reading(raster, input, tile);
    const release = reserve(how.bytes);
    // A file that waits for memory is not held open meanwhile, and opened again.
    if (release === null) return how.bytes;
    try {
      return { pixels: await decode(raster, how), release };
    } catch (error) {
      release();
      throw error;
    }
  });
  if (typeof first === "number")
    return withinBudget(first, async () =>
      used(await withRaster(file, (raster) => decode(raster, reading(raster, input, tile)))),
    );
  try {
    return await used(first.pixels);
  } finally {
    first.release();
  }
}

/** How a file's bands become channels. */
interface Reading {
  window: Tile;
  width: number;
  height: number;
  /** Bands from 0, opacity last where it counts. */
  bands: number[];
  channels: number;
  ranges: readonly (readonly [number, number] | null)[];
  /** Whether the last band says how much white shines through. */
  flatten: boolean;
  /** Whether red, green and blue become gray. */
  toGray: boolean;
  most: 255 | 65_535;
  bytes: number;
}

/** @throws {Error} where the file has not the bands, or is too large */
function reading(raster: Raster, { channels, bands, range }: Input, tile: Tile | null): Reading {
  const { width, height, sample } = raster;
  const window = tile ?? { x: 0, y: 0, width, height };
  if (window.x + window.width > width || window.y + window.height > height)
    throw new Error(`it has ${width} × ${height} pixels, fewer than when it was cut into tiles; start a new run`);
  const { read: all, flatten, toGray } = bandsFor(raster, { channels, bands });
  const most = sample.kind === "uint" && sample.bits <= 8 && range === null ? 255 : 65_535;
  // What is held at once: all bands, those without opacity, gray, and what is turned.
  const samples =
    all.length + (flatten ? all.length - 1 : 0) + (toGray ? channels : 0) + (raster.orientation > 1 ? channels : 0);
  const bytes = window.width * window.height * samples * (most === 255 ? 1 : 2) + raster.bytes(window, all);
  checkSize(window.width, window.height, bytes);
  const ranges = all.map((_, k) => (flatten && k === all.length - 1 ? null : (range?.[toGray ? 0 : k] ?? null)));
  return {
    window,
    width: window.width,
    height: window.height,
    bands: all,
    channels,
    ranges,
    flatten,
    toGray,
    most,
    bytes,
  };
}

async function decode(
  raster: Raster,
  { window, width, height, bands, channels, ranges, flatten, toGray, most }: Reading,
): Promise<Pixels> {
  const made = (length: number) => (most === 255 ? new Uint8Array(length) : new Uint16Array(length));
  const count = bands.length;
  // Opacity is neither white where it is 0 nor without measurement, whatever the colours are.
  const opacity = { ...raster, nodata: null, inverted: false };
  const maps = ranges.map((range, k) => mapping(flatten && k === count - 1 ? opacity : raster, range, most));
  let data: Pixels["data"] = made(width * height * count);
  await raster.read(window, bands, (patch) =>
    maps[patch.channel]!(patch, data, (patch.y * width + patch.x) * count + patch.channel, count, width * count),
  );
  if (flatten) data = onWhite(data, count, most, raster.premultiplied);
  if (toGray) data = grayOf(data);
  data = upright(data, width, height, channels, raster.orientation);
  return { ...uprightSize(width, height, raster.orientation), data, channels };
}
