// Every format but JPEG as photographs are read, 8-bit red, green and blue: PNG, WebP, GIF (first frame), TIFF and AVIF by sharp,
// BMP, PNM and .npy by foreign/. Gray, CMYK, 16-bit and indexed colours become 8-bit sRGB without regard to colour profiles, and
// transparent pixels lie on white. What is no photograph (many bands, floats) is refused with how to have it read.
import { setImmediate } from "node:timers/promises";
import { nativeReader, type Pixels } from "../base/native.ts";
import { checkSize, withinBudget } from "./foreign/budget.ts";
import { headOf, withBytes } from "./foreign/bytes.ts";
import { decodeDescribed, describedHeader } from "./foreign/described.ts";
import { KIND_BYTES, kindOf, NOT_READ } from "./foreign/kind.ts";
import { photographWay, type Way } from "./foreign/photograph.ts";
import { inPlainWords, loadSharp, SHARP_OPTIONS, TIFF_OPTIONS } from "./foreign/sharp.ts";
import { bytesAPixel } from "./foreign/sharp-raster.ts";
import { PHOTOGRAPHS } from "./input.ts";

export { DECODE_BYTES } from "./foreign/budget.ts";

/** What a header says: the upright size, and the most bytes that decoding takes. */
export interface ForeignHeader {
  width: number;
  height: number;
  bytes: number;
}

/** Which decoder reads a file; by its content, and of a TIFF by its header. */
function wayOf(source: string | Uint8Array): Promise<Way> {
  return withBytes(source, async (bytes) => {
    const kind = kindOf(await headOf(bytes, KIND_BYTES));
    const notRead = NOT_READ[kind];
    if (notRead !== undefined) throw new Error(notRead);
    if (kind === "tiff") return photographWay(bytes);
    return kind === "bmp" || kind === "pnm" || kind === "npy" ? "own" : "sharp";
  });
}

/** @throws {Error} whose message is the reason in plain words, also where decoding would take more than {@link DECODE_BYTES} */
export async function foreignHeader(source: string | Uint8Array): Promise<ForeignHeader> {
  if ((await wayOf(source)) === "own") return describedHeader({ file: source, input: PHOTOGRAPHS, tile: null });
  const sharp = await loadSharp();
  const metadata = await inPlainWords(() => sharp(source, SHARP_OPTIONS).metadata());
  const { width, height, autoOrient } = metadata;
  const bytes = width * height * bytesAPixel(metadata);
  checkSize(width, height, bytes);
  return { width: autoOrient.width, height: autoOrient.height, bytes };
}

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
  const way = await wayOf(source);
  if (way === "own")
    return decodeDescribed({ file: source, input: PHOTOGRAPHS, tile: null }, (pixels) => {
      const bytes = eightBit(pixels);
      if (bytes !== pixels) nativeReader().release(pixels.data);
      return use(bytes);
    });
  const sharp = await loadSharp();
  const most = bytes ?? (await foreignHeader(source)).bytes;
  return withinBudget(most, async () => {
    const { data, info } = await inPlainWords(() => {
      const image = sharp(source, way === "sharp" ? SHARP_OPTIONS : TIFF_OPTIONS).autoOrient();
      // A fourth sample that nothing says to be opacity is none.
      const opaque = way === "colours alone" ? image.removeAlpha() : image.flatten({ background: "#ffffff" });
      return opaque.toColourspace("srgb").raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
    });
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

/** The higher bytes of 16-bit pixels, as sharp has them. */
function eightBit(pixels: Pixels): Pixels {
  const { data, width, height } = pixels;
  if (data instanceof Uint8Array) return pixels;
  const bytes = new Uint8Array(data.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = data[i]! >> 8;
  return { data: bytes, width, height };
}
