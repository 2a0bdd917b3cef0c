// What a file's header says beyond the size: its format, how deep its samples are, which bands it has, and what is odd about it.
import { extname } from "node:path";
import type { Metadata } from "sharp";
import { withRaster } from "../data/foreign/open.ts";
import type { Raster } from "../data/foreign/raster.ts";
import { sampleWords } from "../data/foreign/samples.ts";
import type { ImageSource } from "../data/reader.ts";

/** See the head of this file. */
export interface Header {
  /** Such as jpeg; what the bytes say, not the name. */
  format: string;
  /** Stored turned or mirrored, with an EXIF tag that says so. */
  turned: boolean;
  /** Such as 16-bit; null for what is no file, or unknown. */
  depth: string | null;
  /** Such as RGB or 13 bands; null for what is no file, or unknown. */
  bands: string | null;
  /** What makes it suspicious, in plain words. */
  doubts: string[];
  /** What is unusual and yet read as it should be. */
  remarks: string[];
}

const FORMATS: Record<string, string> = {
  ".jpg": "jpeg",
  ".jpeg": "jpeg",
  ".jpe": "jpeg",
  ".jfif": "jpeg",
  ".png": "png",
  ".webp": "webp",
  ".gif": "gif",
  ".tif": "tiff",
  ".tiff": "tiff",
  ".avif": "avif",
  ".bmp": "bmp",
  ".ppm": "pnm",
  ".pgm": "pnm",
  ".pnm": "pnm",
  ".pbm": "pnm",
  ".npy": "npy",
};

/** Those of which sharp's header tells all; of others it may take bands for opacity, or knows nothing. */
const BY_SHARP = new Set(["jpeg", "png", "webp", "gif", "avif"]);

/** A header; of a file that no decoder understands, its format is unknown. */
export async function headerOf(image: ImageSource, path: string): Promise<Header> {
  const header: Header = { format: "pixels", turned: false, depth: null, bands: null, doubts: [], remarks: [] };
  if (typeof image !== "string" && !(image instanceof Uint8Array)) return header;
  const { default: sharp } = await import("sharp");
  const metadata = await sharp(image, { limitInputPixels: false })
    .metadata()
    .catch(() => null);
  // AVIF is AV1 in the container that HEIC has, too.
  const kind = metadata?.format === "heif" && metadata.compression === "av1" ? "avif" : (metadata?.format ?? "unknown");
  Object.assign(
    header,
    { format: kind },
    metadata && BY_SHARP.has(kind) ? told(metadata) : await read(image, metadata).catch(() => null),
  );
  if (metadata?.space === "cmyk") {
    header.bands = "CMYK";
    header.remarks.push("CMYK");
  }
  if (header.format !== "tiff" && (metadata?.pages ?? 1) > 1) header.remarks.push(PAGES);
  const extension = extname(path).toLowerCase();
  const named = FORMATS[extension];
  if (named && header.format !== "unknown" && named !== header.format)
    header.doubts.push(`named ${extension} but holds ${header.format.toUpperCase()}`);
  return header;
}

const PAGES = "animated or of several pages: the first is read";

function told({ depth, bitsPerSample, channels, hasAlpha = false, orientation = 1 }: Metadata): Partial<Header> {
  const colours = channels - Number(hasAlpha) === 1 ? "gray" : "RGB";
  return {
    turned: orientation > 1,
    depth: depth === "uchar" ? "8-bit" : `${bitsPerSample ?? 16}-bit`,
    bands: hasAlpha ? `${colours} and alpha` : colours,
  };
}

function read(image: string | Uint8Array, metadata: Metadata | null): Promise<Partial<Header>> {
  return withRaster(image, async (raster) => {
    const pages = raster.pages || (metadata?.format === "tiff" && (metadata.pages ?? 1) > 1);
    return {
      format: raster.format.toLowerCase().replace(".", ""),
      turned: raster.orientation > 1,
      depth: sampleWords(raster.sample),
      bands: bandWords(raster),
      remarks: pages ? [PAGES] : [],
    };
  });
}

function bandWords({ colour, bands, opacity }: Raster): string {
  const colours = colour === "rgb" ? 3 : 1;
  const name = colour === "rgb" ? "RGB" : "gray";
  if (colour !== "none" && bands === colours) return name;
  if (colour !== "none" && bands === colours + 1)
    return opacity === null ? `${name} and one band` : `${name} and alpha`;
  return bands === 1 ? "one band" : `${bands} bands`;
}
