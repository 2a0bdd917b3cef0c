// The one pass over all images: what each is, whether it can be read, and its perceptual hashes.
import { stat } from "node:fs/promises";
import { extname } from "node:path";
import { ahead } from "../data/ahead.ts";
import { sourceOf } from "../data/described.ts";
import type { Item, Split } from "../data/folder.ts";
import { factsOf } from "../data/foreign/facts.ts";
import { imagesOf } from "../data/images.ts";
import type { ImageReader, ImageSource, Size } from "../data/reader.ts";
import type { Box } from "../data/views.ts";
import { colourSpread, grayOf, HASH_SIDE, perceptualHash } from "./hash.ts";

/** What one image turned out to be. */
export interface Seen {
  /** Where it belongs. */
  split: Split;
  /** Which one it is. */
  item: Item;
  /** Why it cannot be read, or null. */
  reason: string | null;
  /** Upright; 0 where it cannot be read. */
  width: number;
  /** Upright, in pixels; 0 where it cannot be read. */
  height: number;
  /** Of the file. */
  bytes: number;
  /** Such as jpeg; what the bytes say, not the name. */
  format: string;
  /** Stored turned or mirrored, with an EXIF tag that says so. */
  turned: boolean;
  /** Of one colour, so that its hash says nothing. */
  blank: boolean;
  /** What makes it suspicious, in plain words. */
  doubts: string[];
  /** What is unusual and yet read as it should be. */
  remarks: string[];
}

export interface Looked {
  images: Seen[];
  /** The hash of image `i` in words `2i` and `2i + 1`, and that of its middle, which a cropped copy shows. */
  whole: Uint32Array;
  middle: Uint32Array;
}

const BATCH = 64;
/** Below this, in pixels of the short side, there is little to see. */
export const TINY = 32;
/** The long side over the short side beyond which a crop shows a sliver. */
export const LONGEST = 4;
/** Standard deviation of the colours, in levels of 255, below which there is nothing to see. */
const BLANK = 2;
/** How much of each edge the middle keeps. */
const MIDDLE = 0.9;
const PICTURE_BYTES = HASH_SIDE * HASH_SIDE * 3;

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
  ".pbm": "pnm",
  ".pgm": "pnm",
  ".ppm": "pnm",
  ".pnm": "pnm",
  ".npy": "npy",
};

/** Looks at every image of the splits once; `onProgress` is told how many are done. */
export async function look(
  splits: readonly Split[],
  reader: ImageReader,
  onProgress: (done: number) => void,
): Promise<Looked> {
  const total = splits.reduce((sum, { items }) => sum + items.length, 0);
  const looked: Looked = { images: [], whole: new Uint32Array(2 * total), middle: new Uint32Array(2 * total) };
  onProgress(0);
  function* tasks() {
    for (const split of splits) {
      for (let start = 0; start < split.items.length; start += BATCH)
        yield () => lookAt(split, split.items.slice(start, start + BATCH), reader);
    }
  }
  for await (const batch of ahead(tasks(), 3)) {
    for (const { seen, hashes } of batch) {
      const at = 2 * looked.images.push(seen) - 2;
      if (!hashes) continue;
      looked.whole.set(hashes.whole, at);
      looked.middle.set(hashes.middle, at);
    }
    onProgress(looked.images.length);
  }
  return looked;
}

interface LookedAt {
  seen: Seen;
  hashes: { whole: [number, number]; middle: [number, number] } | null;
}

async function lookAt(split: Split, items: readonly Item[], reader: ImageReader): Promise<LookedAt[]> {
  const images = await imagesOf(split, items);
  const { sizes, failures } = await reader.sizes(images);
  const reasons = new Map(failures.map(({ index, reason }) => [index, reason]));
  const sized = sizes.flatMap((size, index) => (size ? [{ index, size }] : []));
  const { data, failures: unread } = await reader.readPictures(
    sized.map(({ index, size }) => ({ image: images[index]!, views: [part(size, 1), part(size, MIDDLE)] })),
    { width: HASH_SIDE, height: HASH_SIDE, filter: "bilinear" },
  );
  for (const { index, reason } of unread) reasons.set(sized[index]!.index, reason);
  const places = new Map(sized.map(({ index }, place) => [index, 2 * place * PICTURE_BYTES]));
  return Promise.all(
    items.map(async (item, index): Promise<LookedAt> => {
      const reason = reasons.get(index) ?? null;
      const image = images[index]!;
      const size = reason === null ? sizes[index]! : { width: 0, height: 0 };
      const seen: Seen = {
        split,
        item,
        reason,
        ...size,
        bytes: await bytesOf(sourceOf(image)),
        format: "",
        turned: false,
        blank: false,
        doubts: [],
        remarks: [],
      };
      if (reason !== null) return { seen, hashes: null };
      await readHeader(seen, sourceOf(image));
      const at = places.get(index)!;
      seen.blank = colourSpread(data, at) < BLANK;
      judge(seen);
      const hash = (from: number) => perceptualHash(grayOf(data, from, HASH_SIDE * HASH_SIDE));
      return { seen, hashes: { whole: hash(at), middle: hash(at + PICTURE_BYTES) } };
    }),
  );
}

/** The middle of an image, `share` of each edge. */
export function part({ width, height }: Size, share: number): Box {
  const rest = (1 - share) / 2;
  return { x: rest * width, y: rest * height, width: share * width, height: share * height, flip: false };
}

async function bytesOf(image: ImageSource): Promise<number> {
  if (image instanceof Uint8Array) return image.length;
  if (typeof image !== "string") return image.data.byteLength;
  // A file that is gone by now has told so above.
  return stat(image).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Notes what the header says beyond the size. */
async function readHeader(seen: Seen, image: ImageSource): Promise<void> {
  if (typeof image !== "string" && !(image instanceof Uint8Array)) {
    seen.format = "pixels";
    return;
  }
  const extension = extname(seen.item.path).toLowerCase();
  const named = FORMATS[extension];
  const holds = (format: string) => {
    seen.format = format;
    if (named && named !== format) seen.doubts.push(`named ${extension} but holds ${format.toUpperCase()}`);
  };
  const { default: sharp } = await import("sharp");
  try {
    const {
      format: kind,
      compression,
      space,
      depth,
      pages,
      orientation,
    } = await sharp(image, { limitInputPixels: false }).metadata();
    // AVIF is AV1 in the container that HEIC has, too.
    holds(kind === "heif" && compression === "av1" ? "avif" : kind);
    seen.turned = (orientation ?? 1) > 1;
    if (space === "cmyk") seen.remarks.push("CMYK");
    if (depth !== "uchar") seen.remarks.push("more than 8 bits a channel");
    if ((pages ?? 1) > 1) seen.remarks.push("animated or of several pages: the first is read");
  } catch {
    // The reader has read it; only another decoder does not understand its header.
    const facts = await factsOf(image).catch(() => null);
    if (facts === null) seen.format = "unknown";
    else {
      holds(facts.format.toLowerCase().replace(".", ""));
      if (facts.sample.bits > 8) seen.remarks.push("more than 8 bits a channel");
      if (facts.pages) seen.remarks.push("animated or of several pages: the first is read");
    }
  }
}

function judge(seen: Seen): void {
  const { width, height, doubts } = seen;
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  if (short < TINY) doubts.push(`only ${width} × ${height} px`);
  if (long > LONGEST * short) doubts.push(`long and thin, ${width} × ${height} px`);
  if (seen.blank) doubts.push("of one colour");
}
