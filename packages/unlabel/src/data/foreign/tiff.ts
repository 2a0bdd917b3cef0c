// TIFF with any number of bands, integers or floats, in strips or tiles, read in windows: of a large file only the blocks that a
// window touches are read. sharp reads those that are photographs (palettes, CMYK, JPEG within), see `isPhotograph`.
//
// Not by a library: the one there is (geotiff) takes the predictor of big-endian files for little-endian ones, and unpacks as
// much as a damaged stream claims.
import type { Tile } from "../input.ts";
import { type ByteSource, CUT_OFF } from "./bytes.ts";
import { isPacking, NO_PACKING, unpack } from "./codecs.ts";
import { unpredict } from "./predictor.ts";
import type { Patch, Raster } from "./raster.ts";
import { isKnown, type Sample, sampleWords, toNumbers, unpackBits } from "./samples.ts";
import { type Field, fieldValues, type TiffHeader } from "./tiff-header.ts";

const UNPACKED = "gdal_translate -co COMPRESS=DEFLATE IN.tif OUT.tif";
/** Packings that nobody here reads; sharp would call them damaged. */
const NOT_READ: Record<number, string> = {
  33003: "JPEG 2000",
  33005: "JPEG 2000",
  34712: "JPEG 2000",
  34887: "LERC",
  34925: "LZMA",
  50001: "WebP",
  50002: "JPEG XL",
};

/** Whether sharp unpacks it: not at all, CCITT, LZW, JPEG, deflate, PackBits. */
export function isSharps(compression: number): boolean {
  return [NO_PACKING, 2, 3, 4, 5, 6, 7, 8, 32_771, 32_773, 32_946].includes(compression);
}

/**
 * Whether sharp is to read it: colours that need converting, or packings that only photographs and scans have.
 *
 * @throws {Error} where neither sharp nor {@link tiffRaster} can
 */
export function isPhotograph({ photometric, compression, sample, bands, reversedBits }: TiffHeader): boolean {
  const packing = NOT_READ[compression];
  if (packing !== undefined)
    throw new Error(`its data are packed as ${packing}, which is not read; write it anew: ${UNPACKED}`);
  const isJpeg = compression === 6 || compression === 7;
  if (isJpeg && (bands > 4 || sample?.bits !== 8))
    throw new Error(`it is packed as JPEG with ${bands} bands, which is not read; write it anew: ${UNPACKED}`);
  const isOurs = [-1, 0, 1, 2].includes(photometric) && isPacking(compression);
  const isItsPhotograph = !isOurs || (reversedBits && sample !== null && sample.bits <= 8);
  if (isItsPhotograph && !isSharps(compression))
    throw new Error(`its data are packed in a way (${compression}) that is not read; write it anew: ${UNPACKED}`);
  return isItsPhotograph;
}

/** @throws {Error} where its samples are of a type that is not read */
export function tiffRaster(bytes: ByteSource, header: TiffHeader): Raster {
  const { width, height, bands, photometric, extra, sample, planar } = header;
  if (!sample)
    throw new Error(
      "its samples are of several types, or complex, which is not read; write them as one: gdal_translate -ot Float32 IN.tif OUT.tif",
    );
  if (!isKnown(sample))
    throw new Error(
      `its samples are ${sampleWords(sample)}, which is not read; write them as floats: gdal_translate -ot Float32 IN.tif OUT.tif`,
    );
  if (header.reversedBits)
    throw new Error(
      "the order of its bits is reversed, which is not read; write it anew: tiffcp -f msb2lsb IN.tif OUT.tif",
    );
  const colour = photometric === 2 && bands >= 3 ? "rgb" : bands <= 2 && photometric !== 2 ? "gray" : "none";
  const colours = colour === "rgb" ? 3 : 1;
  const opaque = extra.findIndex((kind) => kind === 1 || kind === 2);
  // Extra samples are the last ones.
  const opacity = colour === "none" || opaque < 0 ? null : bands - extra.length + opaque;
  const nodata = nodataIn(sample, header.nodata);
  const file = new Blocks(bytes, { ...header, nodata }, sample);
  file.check();
  return {
    format: "TIFF",
    width,
    height,
    orientation: header.orientation,
    bands,
    colour,
    opacity: opacity !== null && opacity >= colours && opacity < bands ? opacity : null,
    premultiplied: extra[opaque] === 1,
    sample,
    inverted: photometric === 0,
    nodata,
    pages: header.pages,
    bytes: () => file.mostBytes,
    waste: ({ x, y, width: across, height: down }) => {
      if (file.isPlain) return 1;
      const columns = Math.ceil((x + across) / header.blockWidth) - Math.floor(x / header.blockWidth);
      const rows = Math.ceil((y + down) / header.blockHeight) - Math.floor(y / header.blockHeight);
      return (columns * rows * header.blockWidth * header.blockHeight) / (across * down);
    },
    read: async (window, wanted, put) => {
      file.checkParts(window, planar ? wanted.length : 1);
      const { blockWidth, blockHeight } = header;
      for (let row = Math.floor(window.y / blockHeight); row * blockHeight < window.y + window.height; row++)
        for (let column = Math.floor(window.x / blockWidth); column * blockWidth < window.x + window.width; column++)
          for (const group of planar
            ? wanted.map((band, channel) => [{ band, channel }])
            : [wanted.map((band, channel) => ({ band, channel }))])
            await file.read(column, row, window, group, put);
    },
  };
}

/** As samples hold it: floats of 32 bits know no 1e20, only the number next to it, and whole numbers no NaN. */
function nodataIn({ kind, bits }: Sample, nodata: number | null): number | null {
  if (nodata === null) return null;
  if (kind === "float") return bits === 64 ? nodata : Math.fround(nodata);
  return Number.isFinite(nodata) ? nodata : null;
}

/** Places of blocks that are read at once. */
const ENTRIES = 256;
/** Blocks of an image or a tile: each is a read of its own. */
const MOST_BLOCKS = 262_144;
/** Bytes read at once of blocks that are not packed. */
const STRETCH = 4 << 20;

/** The strips or tiles of a file. */
class Blocks {
  readonly #bytes: ByteSource;
  readonly #header: TiffHeader;
  readonly #sample: Sample;
  /** Samples a pixel in one block. */
  readonly #each: number;
  readonly #rowBytes: number;
  readonly #across: number;
  readonly #down: number;
  readonly #entries = new Map<Field, { first: number; values: number[] }>();

  constructor(bytes: ByteSource, header: TiffHeader, sample: Sample) {
    this.#bytes = bytes;
    this.#header = header;
    this.#sample = sample;
    this.#each = header.planar ? 1 : header.bands;
    this.#rowBytes = Math.ceil((header.blockWidth * this.#each * sample.bits) / 8);
    this.#across = Math.ceil(header.width / header.blockWidth);
    this.#down = Math.ceil(header.height / header.blockHeight);
  }

  /** Whether rows can be read by themselves. */
  get isPlain(): boolean {
    return this.#header.compression === NO_PACKING && this.#sample.bits % 8 === 0 && this.#header.predictor === 1;
  }

  /** Packed, unpacked, in this machine's order, as numbers of up to eight times the bytes where a byte holds several. */
  get mostBytes(): number {
    const block = this.#rowBytes * this.#header.blockHeight;
    const read = this.isPlain ? Math.min(block, STRETCH + this.#rowBytes) : block;
    const numbers = Math.max(1, 8 / this.#sample.bits);
    return read * (3 + numbers) + 65_536;
  }

  /** @throws {Error} where the file has fewer blocks than the image */
  check(): void {
    const { offsets, counts, planar, bands } = this.#header;
    const blocks = this.#across * this.#down * (planar ? bands : 1);
    if (!offsets || offsets.count < blocks || (counts ? counts.count < blocks : !this.isPlain))
      throw new Error(CUT_OFF);
    // What is not packed is there, or left out block by block.
    const least = this.isPlain ? this.#rowBytes * this.#header.height * (planar ? bands : 1) : 0;
    if (blocks === 1 && least > this.#bytes.size) throw new Error(CUT_OFF);
  }

  /** @throws {Error} where a window is stored in so many blocks that reading them takes minutes */
  checkParts(window: Tile, planes: number): void {
    const { blockWidth, blockHeight } = this.#header;
    const parts = (Math.ceil(window.width / blockWidth) + 1) * (Math.ceil(window.height / blockHeight) + 1) * planes;
    if (parts > MOST_BLOCKS)
      throw new Error(
        `it is stored in ${parts} parts, too many to be read one by one; write it in tiles: vips tiffsave IN.tif OUT.tif --tile`,
      );
  }

  /** Reads what a window has of a block, in bands that lie in it. */
  async read(
    column: number,
    row: number,
    window: Tile,
    group: { band: number; channel: number }[],
    put: (patch: Patch) => void,
  ) {
    const { blockWidth, blockHeight, height, tiled, planar, little, nodata, compression } = this.#header;
    const index = (planar ? group[0]!.band * this.#across * this.#down : 0) + row * this.#across + column;
    const left = column * blockWidth;
    const top = row * blockHeight;
    const x0 = Math.max(0, window.x - left);
    const x1 = Math.min(blockWidth, window.x + window.width - left);
    const y0 = Math.max(0, window.y - top);
    const rows = tiled ? blockHeight : Math.min(blockHeight, height - top);
    const y1 = Math.min(rows, window.y + window.height - top);
    const rowSamples = blockWidth * this.#each;

    const [offset, size] = await this.#place(index, rows);
    /** Hands on rows `from` … `to` of the block, whose samples begin at column `first`. */
    const give = (samples: Patch["samples"], from: number, to: number, first: number, stride: number) => {
      for (const { band, channel } of group)
        put({
          ...placed(channel, from, to),
          samples,
          start: (x0 - first) * this.#each + (planar ? 0 : band),
          pixelStep: this.#each,
          rowStep: stride,
        });
    };
    const placed = (channel: number, from: number, to: number) => {
      const [x, y] = [left + x0 - window.x, top + from - window.y];
      return { channel, x, y, width: x1 - x0, height: to - from };
    };
    if (size === 0 || offset === 0) {
      // Left out by GDAL where nothing was measured.
      const samples = new Float64Array(x1 - x0).fill(nodata ?? 0);
      for (const { channel } of group) put({ ...placed(channel, y0, y1), samples, start: 0, pixelStep: 1, rowStep: 0 });
      return;
    }
    if (this.isPlain) return this.#readPlain(offset, x0, x1, y0, y1, give);
    const full = this.#rowBytes * blockHeight;
    if (size > 2 * full + 65_536) throw new Error(CUT_OFF);
    const packed = await this.#bytes.read(offset, size);
    const unpacked = await unpack(compression, packed, this.#rowBytes * rows, full);
    if (this.#sample.bits % 8 !== 0)
      give(unpackBits(unpacked, this.#sample.bits, rowSamples, rows).subarray(y0 * rowSamples), y0, y1, 0, rowSamples);
    else {
      const samples = unpredict(unpacked, this.#header.predictor, this.#sample, rowSamples, this.#each, little);
      give(samples.subarray(y0 * rowSamples), y0, y1, 0, rowSamples);
    }
  }

  async #readPlain(
    offset: number,
    x0: number,
    x1: number,
    y0: number,
    y1: number,
    give: (samples: Patch["samples"], from: number, to: number, first: number, stride: number) => void,
  ) {
    const pixel = (this.#each * this.#sample.bits) / 8;
    // Of long rows only the columns, of short ones several at once.
    const wanted = (x1 - x0) * pixel;
    const isLong = this.#rowBytes > 65_536 && wanted * 2 < this.#rowBytes;
    const step = isLong ? 1 : Math.max(1, Math.floor(STRETCH / this.#rowBytes));
    for (let y = y0; y < y1; y += step) {
      const end = Math.min(y1, y + step);
      const bytes = isLong
        ? await this.#bytes.read(offset + y * this.#rowBytes + x0 * pixel, wanted)
        : await this.#bytes.read(offset + y * this.#rowBytes, (end - y) * this.#rowBytes);
      const samples = toNumbers(bytes, this.#sample, this.#header.little);
      give(samples, y, end, isLong ? x0 : 0, this.#header.blockWidth * this.#each);
    }
  }

  async #place(index: number, rows: number): Promise<[offset: number, size: number]> {
    const { offsets, counts } = this.#header;
    const offset = await this.#entry(offsets!, index);
    return [offset, counts ? await this.#entry(counts, index) : this.#rowBytes * rows];
  }

  /** One value of a list of the blocks, of which a stretch is read at once. */
  async #entry(field: Field, index: number): Promise<number> {
    const first = index - (index % ENTRIES);
    let stretch = this.#entries.get(field);
    if (stretch?.first !== first) {
      const count = Math.min(ENTRIES, field.count - first);
      stretch = { first, values: await fieldValues(this.#bytes, field, first, count, this.#header.little) };
      this.#entries.set(field, stretch);
    }
    return stretch.values[index - first]!;
  }
}
