// The first directory of a TIFF or BigTIFF (TIFF 6.0; BigTIFF as libtiff has it), read from as few bytes as it takes: nothing is
// allocated by what a file merely claims.
import { type ByteSource, CUT_OFF } from "./bytes.ts";
import type { Sample } from "./samples.ts";

/** A field's place in the file. */
export interface Field {
  /** TIFF's number for a value's type. */
  type: number;
  /** How many values. */
  count: number;
  /** Where the first lies. */
  at: number;
}

/** What the first directory says. */
export interface TiffHeader {
  little: boolean;
  width: number;
  height: number;
  /** Samples a pixel. */
  bands: number;
  /** Of all samples; null where they differ from band to band or are of a kind that has no numbers. */
  sample: Sample | null;
  /** 0 white is zero, 1 black is zero, 2 RGB, 3 palette, 5 CMYK, 6 YCbCr …; −1 where it is not said. */
  photometric: number;
  compression: number;
  predictor: number;
  /** Whether each band lies by itself. */
  planar: boolean;
  /** What the samples beyond the colours are: 0 not said, 1 opacity that the colours are multiplied by, 2 opacity. */
  extra: number[];
  orientation: number;
  /** Whether a byte's lowest bit is its first pixel. */
  reversedBits: boolean;
  nodata: number | null;
  pages: boolean;
  tiled: boolean;
  /** Of a tile or strip, in pixels. */
  blockWidth: number;
  blockHeight: number;
  offsets: Field | null;
  counts: Field | null;
}

/** Bytes of a value by its type, from 1. */
const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
/** Of a directory, more than any has. */
const MOST_FIELDS = 4096;
/** More than any sensor has. */
const MOST_BANDS = 4096;
const SENSELESS = "damaged image: its header makes no sense";

/** @throws {Error} with the reason in plain words where it is damaged */
export async function readTiffHeader(bytes: ByteSource): Promise<TiffHeader> {
  const start = await bytes.read(0, Math.min(16, bytes.size));
  const little = start[0] === 0x49;
  const head = new Numbers(start, little);
  const big = head.u16(2) === 43;
  const directory = big ? head.u64(8) : head.u32(4);

  const countBytes = big ? 8 : 2;
  const counted = new Numbers(await bytes.read(directory, countBytes), little);
  const entries = big ? counted.u64(0) : counted.u16(0);
  if (entries > MOST_FIELDS || entries === 0) throw new Error(SENSELESS);
  const each = big ? 20 : 12;
  const from = directory + countBytes;
  const list = new Numbers(await bytes.read(from, entries * each), little);
  const fields = new Map<number, Field>();
  for (let i = 0; i < entries; i++) {
    const at = i * each;
    const type = list.u16(at + 2);
    const count = big ? list.u64(at + 4) : list.u32(at + 4);
    const size = (TYPE_BYTES[type] ?? 0) * count;
    // Of a type that is not known: a field of someone's own, which others need not read.
    if (size === 0) continue;
    const value = at + (big ? 12 : 8);
    const within = size <= (big ? 8 : 4);
    const place = within ? from + value : big ? list.u64(value) : list.u32(value);
    if (!fields.has(list.u16(at))) fields.set(list.u16(at), { type, count, at: place });
  }
  const tail = from + entries * each;
  const pages = tail + (big ? 8 : 4) <= bytes.size && (await hasNext(bytes, tail, big, little));

  /** Up to `most` values of a field, or none. */
  const values = async (tag: number, most: number): Promise<number[]> => {
    const field = fields.get(tag);
    return field ? fieldValues(bytes, field, 0, Math.min(field.count, most), little) : [];
  };
  const value = async (tag: number, otherwise: number) => (await values(tag, 1))[0] ?? otherwise;

  const width = await value(256, 0);
  const height = await value(257, 0);
  const bands = await value(277, 1);
  if (!isCount(width) || !isCount(height)) throw new Error(SENSELESS);
  if (!isCount(bands) || bands > MOST_BANDS) throw new Error(SENSELESS);
  const tiled = fields.has(322);
  const blockWidth = tiled ? await value(322, 0) : width;
  const blockHeight = tiled ? await value(323, 0) : Math.min(height, await value(278, height));
  if (!isCount(blockWidth) || !isCount(blockHeight)) throw new Error(SENSELESS);
  const orientation = await value(274, 1);
  return {
    little,
    width,
    height,
    bands,
    sample: sampleOf(await values(258, bands), await values(339, bands)),
    photometric: await value(262, -1),
    compression: await value(259, 1),
    predictor: await value(317, 1),
    planar: bands > 1 && (await value(284, 1)) === 2,
    extra: await values(338, bands),
    orientation: isCount(orientation) && orientation <= 8 ? orientation : 1,
    reversedBits: (await value(266, 1)) === 2,
    nodata: await nodataOf(bytes, fields.get(42_113)),
    pages,
    tiled,
    blockWidth,
    blockHeight,
    offsets: fields.get(tiled ? 324 : 273) ?? null,
    counts: fields.get(tiled ? 325 : 279) ?? null,
  };
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1;
}

/** Whether another directory follows that is no smaller copy of this one. */
async function hasNext(bytes: ByteSource, at: number, big: boolean, little: boolean): Promise<boolean> {
  const place = new Numbers(await bytes.read(at, big ? 8 : 4), little);
  const next = big ? place.u64(0) : place.u32(0);
  const countBytes = big ? 8 : 2;
  const each = big ? 20 : 12;
  if (next === 0 || next + countBytes + each > bytes.size) return false;
  // Its first field says so: NewSubfileType, whose lowest bits are "smaller copy" and "mask".
  const first = new Numbers(await bytes.read(next + countBytes, each), little);
  const kind = first.u16(0) === 254 ? first.u32(big ? 12 : 8) : 0;
  return (kind & 5) === 0;
}

function sampleOf(bits: number[], formats: number[]): Sample | null {
  const [each = 1, format = 1] = [bits[0], formats[0]];
  if (bits.some((other) => other !== each) || formats.some((other) => other !== format)) return null;
  // 4 is "not said what", which others take for whole numbers too.
  const kind = format === 1 || format === 4 ? "uint" : format === 2 ? "int" : format === 3 ? "float" : null;
  return kind && { kind, bits: each };
}

/** GDAL's, a number as text. */
async function nodataOf(bytes: ByteSource, field: Field | undefined): Promise<number | null> {
  if (field?.type !== 2 || field.count > 64) return null;
  const text = Buffer.from(await bytes.read(field.at, field.count))
    .toString("latin1")
    .replaceAll("\0", "")
    .trim();
  if (/^[+-]?nan$/i.test(text)) return Number.NaN;
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text);
  if (infinite) return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const value = Number(text);
  return text === "" || Number.isNaN(value) ? null : value;
}

/** Values `first` … `first + count − 1` of a field of whole numbers or floats. */
export async function fieldValues(
  bytes: ByteSource,
  { type, count: total, at }: Field,
  first: number,
  count: number,
  little: boolean,
): Promise<number[]> {
  const each = TYPE_BYTES[type] ?? 0;
  if (first + count > total || each === 0) throw new Error(CUT_OFF);
  const numbers = new Numbers(await bytes.read(at + first * each, count * each), little);
  return Array.from({ length: count }, (_, i) => numbers.value(type, i * each));
}

/** Numbers in a stretch of bytes, in the file's order. */
class Numbers {
  readonly #view: DataView;
  readonly #little: boolean;

  constructor(bytes: Uint8Array, little: boolean) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#little = little;
  }

  u16(at: number): number {
    return at + 2 <= this.#view.byteLength ? this.#view.getUint16(at, this.#little) : 0;
  }

  u32(at: number): number {
    return at + 4 <= this.#view.byteLength ? this.#view.getUint32(at, this.#little) : 0;
  }

  /** Beyond what a number holds exactly no file reaches: such a place lies behind any end. */
  u64(at: number): number {
    return at + 8 <= this.#view.byteLength ? Number(this.#view.getBigUint64(at, this.#little)) : 0;
  }

  value(type: number, at: number): number {
    const view = this.#view;
    switch (type) {
      case 3:
        return this.u16(at);
      case 4:
      case 13:
        return this.u32(at);
      case 16:
      case 18:
        return this.u64(at);
      case 6:
        return view.getInt8(at);
      case 8:
        return view.getInt16(at, this.#little);
      case 9:
        return view.getInt32(at, this.#little);
      case 17:
        return Number(view.getBigInt64(at, this.#little));
      case 11:
        return view.getFloat32(at, this.#little);
      case 12:
        return view.getFloat64(at, this.#little);
      default:
        return view.getUint8(at);
    }
  }
}
