// PNG, JPEG, WebP, GIF, AVIF and TIFF that is a photograph, as bands of 8 or 16 bits: what sharp decodes.
import type { Metadata } from "sharp";
import type { Tile } from "../input.ts";
import { keptOf } from "./kept.ts";
import type { Raster } from "./raster.ts";
import { HOST_IS_LITTLE, toNumbers } from "./samples.ts";
import { inPlainWords, loadSharp, SAMPLE_BYTES, SHARP_OPTIONS, TIFF_OPTIONS } from "./sharp.ts";

/** What libvips holds of a tiled file's rows. */
const TILE_ROWS_BYTES = 64e6;

const NAMES: Record<string, string> = {
  jpeg: "JPEG",
  png: "PNG",
  webp: "WebP",
  gif: "GIF",
  tiff: "TIFF",
  heif: "AVIF",
};

/** What a TIFF's header says of it. What cutting windows out of a file costs: sharp reads those of a tiled TIFF by themselves, of others all rows above. */
interface Layout {
  tiled: boolean;
  /** Whether a TIFF holds further images; libvips counts smaller copies of the first, too. */
  pages: boolean;
}

/** @throws {Error} with the reason in plain words where it cannot be read */
export async function sharpRaster(file: string | Uint8Array, layout: Layout | null = null): Promise<Raster> {
  const sharp = await loadSharp();
  const { tiled, pages } = layout ?? { tiled: false, pages: false };
  // A tiled file may be larger than what is read whole.
  const own = layout === null ? SHARP_OPTIONS : TIFF_OPTIONS;
  const options = tiled ? { ...own, limitInputPixels: false, sequentialRead: false } : own;
  const metadata = await inPlainWords(() => sharp(file, options).metadata());
  const { width, height, channels, hasAlpha = false, orientation = 1, depth, space, format } = metadata;
  const colours = channels - Number(hasAlpha);
  const isDeep = depth === "ushort" && (space === "rgb16" || space === "grey16");
  const isGray = colours === 1;
  // CMYK and the like become red, green and blue.
  const bands = isGray ? channels : 3 + Number(hasAlpha);
  return {
    format: NAMES[format ?? ""] ?? String(format),
    width,
    height,
    orientation: orientation >= 1 && orientation <= 8 ? orientation : 1,
    bands,
    colour: isGray ? "gray" : "rgb",
    opacity: hasAlpha ? bands - 1 : null,
    premultiplied: false,
    sample: { kind: "uint", bits: isDeep ? 16 : 8 },
    inverted: false,
    nodata: null,
    pages,
    bytes: (window) => {
      const each = bytesAPixel(metadata) + (isDeep ? 2 * channels : 0);
      // Of a tiled file the tiles of some rows are held, and what is cut out.
      return tiled ? TILE_ROWS_BYTES + window.width * window.height * each : width * height * each;
    },
    waste: (window) => (tiled ? 1 : (width * height) / (window.width * window.height)),
    read: async (window, wanted, put) => {
      const samplesOf = async (part: Tile | null) => {
        let image = sharp(file, options);
        if (part) image = image.extract({ left: part.x, top: part.y, width: part.width, height: part.height });
        const space = isDeep ? (isGray ? "grey16" : "rgb16") : isGray ? "b-w" : "srgb";
        return inPlainWords(() =>
          image
            .toColourspace(space)
            .raw({ depth: isDeep ? "ushort" : "uchar" })
            .toBuffer(),
        );
      };
      const isPart = window.width < width || window.height < height;
      const cut = isPart && !tiled;
      const bytes = width * height * bands * (isDeep ? 2 : 1);
      const data = cut ? await keptOf(file, bytes, () => samplesOf(null)) : await samplesOf(isPart ? window : null);
      const samples = toNumbers(data, { kind: "uint", bits: isDeep ? 16 : 8 }, HOST_IS_LITTLE);
      const [rowPixels, rows] = cut ? [width, height] : [window.width, window.height];
      const held = samples.length / (rowPixels * rows);
      const start = cut ? (window.y * width + window.x) * held : 0;
      for (const [channel, band] of wanted.entries()) {
        if (band >= held) throw new Error(`it has ${held} bands, not ${band + 1}`);
        put({
          channel,
          x: 0,
          y: 0,
          width: window.width,
          height: window.height,
          samples,
          start: start + band,
          pixelStep: held,
          rowStep: held * rowPixels,
        });
      }
    },
  };
}

/**
 * The most bytes a pixel that are held at once: the result, and what the decoder keeps of the whole image rather than of some
 * rows. Peaks measured on 16 and 25 megapixels, the result included: PNG and TIFF 3.2 to 4.2 (16-bit with alpha: interlaced PNG
 * 11.2, turned TIFF 10.1), GIF 7.5, WebP 10.4 to 11.5, AVIF 18.8 (10-bit 25.1, with alpha 25.6, turned too 30.2).
 */
export function bytesAPixel({ format, channels, depth, isProgressive, orientation = 1 }: Metadata): number {
  const decoded = channels * (SAMPLE_BYTES[depth] ?? 16);
  // Three bytes; a gray one is held beside them.
  const result = 4;
  const turned = orientation > 1 ? decoded : 0;
  switch (format) {
    case "jpeg":
      // Of several scans, all coefficients.
      return result + turned + (isProgressive ? 6 : 0);
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
