// Every format but JPEG, through sharp: PNG, WebP, GIF (first frame), TIFF, AVIF; gray, CMYK, 16-bit and indexed colours
// become 8-bit sRGB without regard to colour profiles, and transparent pixels lie on white.
import type Sharp from "sharp";
import type { Pixels } from "./native.ts";

const MAX_PIXELS = 100_000_000;

// Pixels that may be in the making at once, in bytes. Within that, a whole batch waits in libuv's own queue, which goes on while
// the JavaScript thread is busy.
const BUDGET = 256e6;

let promised = 0;
const waiting: { bytes: number; admit: () => void }[] = [];

async function withinBudget<T>(bytes: number, work: () => Promise<T>): Promise<T> {
  if (promised > 0 && (waiting.length > 0 || promised + bytes > BUDGET)) {
    await new Promise<void>((admit) => waiting.push({ bytes, admit }));
  } else {
    promised += bytes;
  }
  try {
    return await work();
  } finally {
    promised -= bytes;
    for (let next = waiting[0]; next && (promised === 0 || promised + next.bytes <= BUDGET); next = waiting[0]) {
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

/** Upright size, from the header. @throws {Error} whose message is the reason in plain words */
export async function foreignSize(source: string | Uint8Array): Promise<{ width: number; height: number }> {
  const sharp = await loadSharp();
  try {
    const { width, height, autoOrient } = await sharp(source, OPTIONS).metadata();
    if (width * height > MAX_PIXELS) throw new Error("Input image exceeds pixel limit");
    return { width: autoOrient.width, height: autoOrient.height };
  } catch (error) {
    throw new Error(plainReason(error), { cause: error });
  }
}

/**
 * The upright image.
 *
 * @param bytes what its pixels take; by default as its header says, so that large images wait for each other
 * @throws {Error} whose message is the reason in plain words
 */
export async function decodeForeign(source: string | Uint8Array, bytes?: number): Promise<Pixels> {
  const sharp = await loadSharp();
  return withinBudget(bytes ?? (await bytesOf(source)), async () => {
    try {
      const { data, info } = await sharp(source, OPTIONS)
        .autoOrient()
        .flatten({ background: "#ffffff" })
        .toColourspace("srgb")
        .raw({ depth: "uchar" })
        .toBuffer({ resolveWithObject: true });
      const { width, height, channels } = info;
      if (channels === 3) return { data, width, height };
      return { data: replicate(data, channels), width, height };
    } catch (error) {
      throw new Error(plainReason(error), { cause: error });
    }
  });
}

async function bytesOf(source: string | Uint8Array): Promise<number> {
  const { width, height } = await foreignSize(source);
  return width * height * 3;
}

/** Gray (with anything beside it) to three equal channels. */
function replicate(data: Uint8Array, channels: number): Uint8Array {
  const rgb = new Uint8Array((data.length / channels) * 3);
  for (let from = 0, to = 0; from < data.length; from += channels, to += 3) rgb.fill(data[from]!, to, to + 3);
  return rgb;
}

/** libvips keeps one text of errors for all threads, which may tell of another file: only sharp's own words count. */
function plainReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (/unsupported image format|operation is blocked/i.test(message)) {
    return "not an image that can be read (JPEG, PNG, WebP, GIF, TIFF and AVIF can)";
  }
  if (/pixel limit/i.test(message)) return "at most 100 million pixels are read";
  if (/^Input file is missing/.test(message)) return "the file is gone";
  if (/^Input (file|buffer) has corrupt header/.test(message)) return "damaged image: its header makes no sense";
  return "damaged image: it is cut off, or its data make no sense";
}
