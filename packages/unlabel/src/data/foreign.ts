// Every format but JPEG, through sharp: PNG, WebP, GIF (first frame), TIFF, AVIF; gray, CMYK, 16-bit and indexed colours
// become 8-bit sRGB without regard to colour profiles, and transparent pixels lie on white.
import { setImmediate } from "node:timers/promises";
import type Sharp from "sharp";
import type { Metadata } from "sharp";
import { nativeReader, type Pixels } from "../base/native.ts";

const MAX_PIXELS = 100_000_000;
/** Along one side, as JPEG has it and the native resize takes it. */
const MAX_SIDE = 65_500;
const TOO_MANY_PIXELS = "at most 100 million pixels are read";

/**
 * Bytes that images in the making take together at most, from the first decoded row until their views are made; the next wait,
 * and an image that takes more by itself is refused. Within that, a whole batch waits in libuv's own queue, which goes on while
 * the JavaScript thread is busy.
 */
export const DECODE_BYTES = 640e6;

let promised = 0;
const waiting: { bytes: number; admit: () => void }[] = [];

async function withinBudget<T>(bytes: number, work: () => Promise<T>): Promise<T> {
  if (waiting.length > 0 || promised + bytes > DECODE_BYTES) {
    await new Promise<void>((admit) => waiting.push({ bytes, admit }));
  } else {
    promised += bytes;
  }
  try {
    return await work();
  } finally {
    promised -= bytes;
    for (let next = waiting[0]; next && promised + next.bytes <= DECODE_BYTES; next = waiting[0]) {
      waiting.shift();
      promised += next.bytes;
      next.admit();
    }
  }
}

let loading: Promise<typeof Sharp> | undefined;

/** sharp takes some 50 ms to load, which a folder of JPEGs need not pay. */
function loadSharp(): Promise<typeof Sharp> {
  loading ??= import("sharp").then(({ default: sharp }) => {
    sharp.cache(false);
    sharp.concurrency(1);
    // A drawing is no photograph, and may refer to files elsewhere.
    sharp.block({ operation: ["VipsForeignLoadSvg"] });
    return sharp;
  });
  return loading;
}

const OPTIONS = { failOn: "truncated", limitInputPixels: MAX_PIXELS, ignoreIcc: true } as const;

/** What a header says: the upright size, and the most bytes that decoding takes, see {@link bytesAPixel}. */
export interface ForeignHeader {
  width: number;
  height: number;
  bytes: number;
}

/** @throws {Error} whose message is the reason in plain words, also where decoding would take more than {@link DECODE_BYTES} */
export async function foreignHeader(source: string | Uint8Array): Promise<ForeignHeader> {
  const sharp = await loadSharp();
  const metadata = await inPlainWords(() => sharp(source, OPTIONS).metadata());
  const { width, height, autoOrient } = metadata;
  if (width * height > MAX_PIXELS) throw new Error(TOO_MANY_PIXELS);
  if (Math.max(width, height) > MAX_SIDE)
    throw new Error(`it has ${width} × ${height} pixels; at most 65,500 a side are read`);
  const bytes = width * height * bytesAPixel(metadata);
  if (bytes > DECODE_BYTES) {
    throw new Error(`decoding it takes ${Math.ceil(bytes / 1e6)} MB; at most ${DECODE_BYTES / 1e6} MB are used`);
  }
  return { width: autoOrient.width, height: autoOrient.height, bytes };
}

/**
 * The most bytes a pixel that are held at once: the result, and what the decoder keeps of the whole image rather than of some
 * rows. Peaks measured on 16 and 25 megapixels, the result included: PNG and TIFF 3.2 to 4.2 (16-bit with alpha: interlaced PNG
 * 11.2, turned TIFF 10.1), GIF 7.5, WebP 10.4 to 11.5, AVIF 18.8 (10-bit 25.1, with alpha 25.6, turned too 30.2).
 */
function bytesAPixel({ format, channels, depth, isProgressive, orientation = 1 }: Metadata): number {
  const decoded = channels * (SAMPLE_BYTES[depth] ?? 16);
  // Three bytes; a gray one is held beside them.
  const result = 4;
  const turned = orientation > 1 ? decoded : 0;
  switch (format) {
    case "png":
      return result + turned + (isProgressive ? decoded : 0);
    case "tiff":
      // A row of tiles may be the whole image.
      return result + turned + decoded;
    case "gif":
      return result + turned + 4;
    case "webp":
      // The frame and the canvas that it is laid on.
      return result + turned + 8;
    default:
      // AV1 decodes to 16-bit planes, several frames of them, which are copied to samples side by side.
      return result + turned + decoded + (depth === "uchar" ? 16 : 20);
  }
}

const SAMPLE_BYTES: Record<string, number> = {
  uchar: 1,
  char: 1,
  ushort: 2,
  short: 2,
  uint: 4,
  int: 4,
  float: 4,
  double: 8,
  complex: 8,
};

/**
 * Decodes an image and gives it, upright, to `use`; until that is done, its bytes count as in the making.
 *
 * @param bytes what decoding takes, of {@link foreignHeader}; by default its header is read first
 * @throws {Error} whose message is the reason in plain words
 */
export async function decodeForeign<T>(
  source: string | Uint8Array,
  bytes: number | undefined,
  use: (pixels: Pixels) => Promise<T>,
): Promise<T> {
  const sharp = await loadSharp();
  const most = bytes ?? (await foreignHeader(source)).bytes;
  return withinBudget(most, async () => {
    const { data, info } = await inPlainWords(() =>
      sharp(source, OPTIONS)
        .autoOrient()
        .flatten({ background: "#ffffff" })
        .toColourspace("srgb")
        .raw({ depth: "uchar" })
        .toBuffer({ resolveWithObject: true }),
    );
    const { width, height, channels } = info;
    const rgb = channels === 3 ? data : replicate(data, channels);
    if (rgb !== data) nativeReader().release(data);
    try {
      return await use({ data: rgb, width, height });
    } finally {
      // Node frees released memory in the next turn of its loop: only then may another image take its place.
      await setImmediate();
    }
  });
}

/** Gray (with anything beside it) to three equal channels. */
function replicate(data: Uint8Array, channels: number): Uint8Array {
  const rgb = new Uint8Array((data.length / channels) * 3);
  for (let from = 0, to = 0; from < data.length; from += channels, to += 3) rgb.fill(data[from]!, to, to + 3);
  return rgb;
}

async function inPlainWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Error(plainReason(error), { cause: error });
  }
}

/** libvips keeps one text of errors for all threads, which may tell of another file: only sharp's own words count. */
function plainReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (/unsupported image format|operation is blocked/i.test(message)) {
    return "not an image that can be read (JPEG, PNG, WebP, GIF, TIFF and AVIF can)";
  }
  if (/pixel limit/i.test(message)) return TOO_MANY_PIXELS;
  if (/^Input file is missing/.test(message)) return "the file is gone";
  if (/^Input (file|buffer) has corrupt header/.test(message)) return "damaged image: its header makes no sense";
  return "damaged image: it is cut off, or its data make no sense";
}
