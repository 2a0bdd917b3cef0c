// sharp, which decodes the common formats: loaded when it is needed, held to what a stranger's file may do, and its errors in
// plain words.
import type Sharp from "sharp";
import { MAX_PIXELS, TOO_MANY_PIXELS } from "./budget.ts";
import { CUT_OFF } from "./bytes.ts";

let loading: Promise<typeof Sharp> | undefined;

/** sharp takes some 50 ms to load, which a folder of JPEGs need not pay. */
export function loadSharp(): Promise<typeof Sharp> {
  loading ??= import("sharp").then(({ default: sharp }) => {
    sharp.cache(false);
    sharp.concurrency(1);
    // A drawing is no photograph, and may refer to files elsewhere.
    sharp.block({ operation: ["VipsForeignLoadSvg"] });
    return sharp;
  });
  return loading;
}

/** How every file is opened. */
export const SHARP_OPTIONS = { failOn: "truncated", limitInputPixels: MAX_PIXELS, ignoreIcc: true } as const;

/** How a TIFF is: blocks that libtiff makes nothing of would be black otherwise, without a word. */
export const TIFF_OPTIONS = { ...SHARP_OPTIONS, failOn: "error" } as const;

/** Does `work` and says in plain words what went wrong. */
export async function inPlainWords<T>(work: () => Promise<T>): Promise<T> {
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
    return "not an image that can be read (JPEG, PNG, WebP, GIF, TIFF, AVIF, BMP, PNM and NumPy's .npy can)";
  }
  if (/pixel limit/i.test(message)) return TOO_MANY_PIXELS;
  if (/^Input file is missing/.test(message)) return "the file is gone";
  if (/^Input (file|buffer) has corrupt header/.test(message)) return "damaged image: its header makes no sense";
  return CUT_OFF;
}

/** Bytes of a sample as sharp names its type. */
export const SAMPLE_BYTES: Record<string, number> = {
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
