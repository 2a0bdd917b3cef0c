// Which values of a data set's samples become 0 and 1: percentiles of some training images, band by band, without what was not
// measured. One range for all images: none is stretched by itself.
import type { Split } from "./folder.ts";
import { bandsFor } from "./foreign/bands.ts";
import { checkSize, MAX_PIXELS } from "./foreign/budget.ts";
import { withRaster } from "./foreign/open.ts";
import type { Patch, Raster } from "./foreign/raster.ts";
import { imagesOf } from "./images.ts";
import type { Input, Tile } from "./input.ts";
import { spreadSample } from "./sample.ts";

/** Images that values are taken from. */
export const VALUE_IMAGES = 64;
/** Of an image at most. */
const PIXELS_OF_EACH = 65_536;
/** Of all images and channels together, where they are no whole numbers of 16 bits: 64 MB. */
const MOST_VALUES = 8e6;
/** Larger images are looked at in a grid of windows. */
const WHOLE_PIXELS = 4e6;
const GRID = 4;

/** The values of one channel in some images. */
export interface Values {
  /** Of all that are numbers, and not the file's nodata. */
  count: number;
  least: number;
  greatest: number;
  /** Of a share from 0 to 1, as NumPy's `percentile` between two values. */
  quantile(share: number): number;
}

/**
 * The values of each channel in up to 64 training images, as they will be read.
 *
 * @param accept which of them count
 * @returns null where none of these can be read
 */
export async function sampleValues(
  split: Split,
  input: Pick<Input, "channels" | "bands">,
  seed: number,
  accept: (raster: Raster) => boolean = () => true,
): Promise<{ channels: Values[]; images: number } | null> {
  const sample = spreadSample(split, VALUE_IMAGES, seed);
  const all = Array.from({ length: input.channels }, () => new Collected());
  const limit = Math.min(PIXELS_OF_EACH, Math.floor(MOST_VALUES / VALUE_IMAGES / input.channels));
  let images = 0;
  for (const item of sample.items) {
    const [image] = await imagesOf({ ...sample, input: undefined }, [{ ...item, tile: undefined }]);
    if (typeof image !== "string" && !(image instanceof Uint8Array)) continue;
    try {
      await withRaster(image, async (raster) => {
        if (!accept(raster)) return;
        await collect(raster, item.tile ?? null, input, limit, all);
        images++;
      });
    } catch {
      // Whoever reads it is told why.
    }
  }
  return images === 0 ? null : { channels: all, images };
}

async function collect(
  raster: Raster,
  tile: Tile | null,
  input: Pick<Input, "channels" | "bands">,
  limit: number,
  all: Collected[],
): Promise<void> {
  const { read, flatten, toGray } = bandsFor(raster, input);
  const bands = flatten ? read.slice(0, -1) : read;
  const isWhole = raster.sample.kind !== "float" && raster.sample.bits <= 16;
  const whole = tile ?? { x: 0, y: 0, width: raster.width, height: raster.height };
  for (const window of windowsOf(raster, whole, limit)) {
    // Every so many pixels of every so many rows.
    const step = Math.max(1, Math.ceil(Math.sqrt((window.width * window.height) / limit)));
    // What will not be decoded later is not decoded here: a header of a few bytes may claim gigabytes.
    checkSize(window.width, window.height, raster.bytes(window, bands));
    await raster.read(window, bands, (patch) => {
      const channel = all[toGray ? 0 : patch.channel]!;
      eachOf(patch, step, (value) => {
        if (Number.isFinite(value) && value !== raster.nodata) channel.add(value, isWhole);
      });
    });
  }
}

/** The whole image, or a grid of parts of a large one that can be read in parts. */
function windowsOf(raster: Raster, whole: Tile, limit: number): Tile[] {
  const pixels = whole.width * whole.height;
  const side = Math.max(1, Math.floor(Math.sqrt(limit) / GRID));
  const part: Tile = {
    x: whole.x,
    y: whole.y,
    width: Math.min(side, whole.width),
    height: Math.min(side, whole.height),
  };
  if (
    pixels <= WHOLE_PIXELS ||
    (raster.waste(part) * GRID * GRID * part.width * part.height >= pixels && pixels <= MAX_PIXELS)
  )
    return [whole];
  const places = (length: number, from: number, size: number) =>
    Array.from({ length: GRID }, (_, k) => from + Math.floor(((length - size) * k) / (GRID - 1)));
  return places(whole.height, whole.y, part.height).flatMap((y) =>
    places(whole.width, whole.x, part.width).map((x) => ({ ...part, x, y })),
  );
}

function eachOf(
  { x, y, width, height, samples, start, pixelStep, rowStep }: Patch,
  step: number,
  use: (value: number) => void,
): void {
  for (let row = (step - (y % step)) % step; row < height; row += step)
    for (let column = (step - (x % step)) % step; column < width; column += step)
      use(samples[start + row * rowStep + column * pixelStep]!);
}

/** Values counted where they are whole numbers of 16 bits, else kept one by one. */
class Collected implements Values {
  count = 0;
  least = Number.POSITIVE_INFINITY;
  greatest = Number.NEGATIVE_INFINITY;
  /** From −32768 to 65535. */
  readonly #counts = new Float64Array(98_304);
  #kept = new Float64Array(1024);
  #keptCount = 0;
  #sorted = false;

  add(value: number, isWhole: boolean): void {
    this.count++;
    if (value < this.least) this.least = value;
    if (value > this.greatest) this.greatest = value;
    if (isWhole) this.#counts[value + 32_768]!++;
    else {
      if (this.#keptCount === this.#kept.length) {
        const more = new Float64Array(2 * this.#kept.length);
        more.set(this.#kept);
        this.#kept = more;
      }
      this.#kept[this.#keptCount++] = value;
      this.#sorted = false;
    }
  }

  quantile(share: number): number {
    const place = share * (this.count - 1);
    const [low, high] = [this.#at(Math.floor(place)), this.#at(Math.ceil(place))];
    return low + (high - low) * (place - Math.floor(place));
  }

  /** The value of that rank. */
  #at(rank: number): number {
    // Where some files have floats and some whole numbers, all are compared one by one.
    if (this.#keptCount > 0 && this.#keptCount < this.count) this.#mix();
    if (this.#keptCount > 0) {
      if (!this.#sorted) this.#kept.subarray(0, this.#keptCount).sort();
      this.#sorted = true;
      return this.#kept[rank]!;
    }
    let before = 0;
    for (let i = 0; i < this.#counts.length; i++) {
      before += this.#counts[i]!;
      if (before > rank) return i - 32_768;
    }
    return this.greatest;
  }

  #mix(): void {
    const all = new Float64Array(this.count);
    all.set(this.#kept.subarray(0, this.#keptCount));
    let to = this.#keptCount;
    for (const [i, times] of this.#counts.entries()) {
      all.fill(i - 32_768, to, to + times);
      to += times;
    }
    this.#counts.fill(0);
    [this.#kept, this.#keptCount, this.#sorted] = [all, all.length, false];
  }
}
