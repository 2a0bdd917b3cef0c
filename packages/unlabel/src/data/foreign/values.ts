// Samples to the network's scale: 0 … 255 or 0 … 65535 for the two ends of a range, cut off beyond.
import type { Patch, Raster } from "./raster.ts";
import { typeRange } from "./samples.ts";

/** The two values that become 0 and 1. */
export type Range = readonly [low: number, high: number];

/** Writes a patch's samples to every `step`-th place of `out`, from that of its first pixel. */
export type Mapping = (
  patch: Patch,
  out: Uint8Array | Uint16Array,
  start: number,
  pixelStep: number,
  rowStep: number,
) => void;

/**
 * How samples of a file are mapped.
 *
 * Without measurement (NaN, the file's nodata) they become 0, as what lies at the low end.
 *
 * @param range null for all that the type can hold
 * @param most 255 or 65535, what the high end becomes
 * @throws {Error} where the range has no meaning for the file's type
 */
export function mapping(raster: Raster, range: Range | null, most: 255 | 65_535): Mapping {
  const { sample, inverted, nodata } = raster;
  const [low, high] = ends(raster, range);
  const scale = most / (high - low);
  const one = (value: number): number => {
    if (value === nodata || Number.isNaN(value)) return 0;
    const at = Math.min(most, Math.max(0, (value - low) * scale));
    return Math.round(inverted ? most - at : at);
  };
  if (sample.kind === "float" || sample.bits > 16) return byOne(one);
  const offset = sample.kind === "int" ? 2 ** (sample.bits - 1) : 0;
  const key = [sample.kind, sample.bits, low, high, most, inverted, nodata].join();
  const table = tables.get(key) ?? new (most === 255 ? Uint8Array : Uint16Array)(2 ** sample.bits);
  if (!tables.has(key)) {
    for (let i = 0; i < table.length; i++) table[i] = one(i - offset);
    if (tables.size >= MOST_TABLES) tables.delete(tables.keys().next().value!);
    tables.set(key, table);
  }
  return byTable(table, offset);
}

/** What each value of up to 16 bits becomes, by type and range: as many entries as a small image has samples. */
const tables = new Map<string, Uint8Array | Uint16Array>();
/** 32 MB of them: one a band, of as many bands as there may be channels. */
const MOST_TABLES = 256;

function byTable(table: Uint8Array | Uint16Array, offset: number): Mapping {
  return ({ width, height, samples, start, pixelStep, rowStep }, out, to, outPixel, outRow) => {
    for (let y = 0; y < height; y++) {
      let [from, at] = [start + y * rowStep, to + y * outRow];
      for (const end = from + width * pixelStep; from < end; from += pixelStep, at += outPixel)
        out[at] = table[samples[from]! + offset]!;
    }
  };
}

/** @throws {Error} */
function ends({ sample }: Raster, range: Range | null): Range {
  const type = typeRange(sample);
  if (range === null) {
    if (!type)
      throw new Error(
        "its samples are floats, which have no range of their own; say which values become black and white: --set range=0,1",
      );
    return type;
  }
  if (!type) return range;
  // All of a deeper type: then a file of fewer bits counts by all of its own.
  if (sample.kind === "uint" && range[1] > type[1] && isWhole(range)) return type;
  if (range[1] > type[1])
    throw new Error(
      `its samples end at ${type[1]}, but ${range[0]} … ${range[1]} of this data set become 0 … 1: it would be too dark; --set range=type takes each file by its own depth`,
    );
  return range;
}

/** Whether a range is all that 16 or 32 bits hold. */
function isWhole([low, high]: Range): boolean {
  return low === 0 && (high === 65_535 || high === 2 ** 32 - 1);
}

function byOne(map: (value: number) => number): Mapping {
  return ({ width, height, samples, start, pixelStep, rowStep }, out, to, outPixel, outRow) => {
    for (let y = 0; y < height; y++)
      for (
        let x = 0, from = start + y * rowStep, at = to + y * outRow;
        x < width;
        x++, from += pixelStep, at += outPixel
      )
        out[at] = map(samples[from]!);
  };
}
