// Every format but JPEG, through sharp: PNG, WebP, GIF (first frame), TIFF, AVIF; gray, CMYK, 16-bit and indexed colours
// become 8-bit sRGB without regard to colour profiles, and transparent pixels lie on white.
import type Sharp from "sharp";
import type { Pixels } from "./native.ts";

const MAX_PIXELS = 100_000_000;

// Decodes that may be under way at once: as many as libuv has threads, so that the memory of large images stays bounded.
const MAX_RUNNING = 4;

let running = 0;
const waiting: (() => void)[] = [];

async function limited<T>(work: () => Promise<T>): Promise<T> {
  if (running >= MAX_RUNNING) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running--;
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
export function foreignSize(source: string | Uint8Array): Promise<{ width: number; height: number }> {
  return limited(async () => {
    const sharp = await loadSharp();
    try {
      const { width, height, autoOrient } = await sharp(source, OPTIONS).metadata();
      if (width * height > MAX_PIXELS) throw new Error("Input image exceeds pixel limit");
      return { width: autoOrient.width, height: autoOrient.height };
    } catch (error) {
      throw new Error(plainReason(error), { cause: error });
    }
  });
}

/** The upright image. @throws {Error} whose message is the reason in plain words */
export function decodeForeign(source: string | Uint8Array): Promise<Pixels> {
  return limited(async () => {
    const sharp = await loadSharp();
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

/** Gray (with anything beside it) to three equal channels. */
function replicate(data: Uint8Array, channels: number): Uint8Array {
  const rgb = new Uint8Array((data.length / channels) * 3);
  for (let from = 0, to = 0; from < data.length; from += channels, to += 3) rgb.fill(data[from]!, to, to + 3);
  return rgb;
}

function plainReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (/unsupported image format|operation is blocked/i.test(message)) {
    return "not an image that can be read (JPEG, PNG, WebP, GIF, TIFF and AVIF can)";
  }
  if (/pixel limit/i.test(message)) return "at most 100 million pixels are read";
  if (/missing/i.test(message)) return "the file is gone";
  return `damaged image: ${(message.split("\n")[0] ?? "").trim()}`;
}
