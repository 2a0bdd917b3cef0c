// The one pass over all images: what each is, whether it can be read, and its perceptual hashes.
import { stat } from "node:fs/promises";
import { ahead } from "../data/ahead.ts";
import { sourceOf } from "../data/described.ts";
import type { Item, Split } from "../data/folder.ts";
import { imagesOf } from "../data/images.ts";
import { isOrdinary, PHOTOGRAPHS } from "../data/input.ts";
import type { ImageReader, ImageSource, Size } from "../data/reader.ts";
import type { Box } from "../data/views.ts";
import { BLANK, colourSpread, NEARLY, shareOfOthers } from "./blank.ts";
import { grayOf, HASH_SIDE, perceptualHash, pictureOf } from "./hash.ts";
import { headerOf } from "./header.ts";

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
  /** Such as jpeg; what the bytes say, not the name. Empty for all tiles of a file but the first. */
  format: string;
  /** Stored turned or mirrored, with an EXIF tag that says so. */
  turned: boolean;
  /** Such as 16-bit; null for what is no file, for all tiles of a file but the first, and where it is unknown. */
  depth: string | null;
  /** Such as RGB or 13 bands; null as `depth` is. */
  bands: string | null;
  /** Of one colour, so that its hash says nothing. */
  blank: boolean;
  /** Of one colour but for a few pixels; of tiles, and of images that are not read as photographs, alone. */
  nearlyBlank: boolean;
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
/** How much of each edge the middle keeps. */
const MIDDLE = 0.9;
const PIXELS = HASH_SIDE * HASH_SIDE;

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
      for (let start = 0; start < split.items.length; start += BATCH) yield () => lookAt(split, start, reader);
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

async function lookAt(split: Split, start: number, reader: ImageReader): Promise<LookedAt[]> {
  const items = split.items.slice(start, start + BATCH);
  const images = await imagesOf(split, items);
  const { sizes, failures } = await reader.sizes(images);
  const reasons = new Map(failures.map(({ index, reason }) => [index, reason]));
  const sized = sizes.flatMap((size, index) => (size ? [{ index, size }] : []));
  const input = split.input ?? PHOTOGRAPHS;
  const ordinary = isOrdinary(input);
  // Photographs as people see them; of all else every channel, as the network has it.
  const channels = ordinary ? 3 : input.channels;
  const views = sized.map(({ index, size }) => ({ image: images[index]!, views: [part(size, 1), part(size, MIDDLE)] }));
  const small = { width: HASH_SIDE, height: HASH_SIDE, filter: "bilinear" } as const;
  const { data, failures: unread } = await (ordinary
    ? reader.readPictures(views, small)
    : reader.read(views, { ...small, channels }));
  for (const { index, reason } of unread) reasons.set(sized[index]!.index, reason);
  const bytes = channels * PIXELS;
  const places = new Map(sized.map(({ index }, place) => [index, 2 * place * bytes]));
  return Promise.all(
    items.map(async (item, index): Promise<LookedAt> => {
      const reason = reasons.get(index) ?? null;
      const image = sourceOf(images[index]!);
      const size = reason === null ? sizes[index]! : { width: 0, height: 0 };
      const seen: Seen = {
        split,
        item,
        reason,
        ...size,
        bytes: await bytesOf(image),
        format: "",
        turned: false,
        depth: null,
        bands: null,
        blank: false,
        nearlyBlank: false,
        doubts: [],
        remarks: [],
      };
      // What concerns a file counts once, however many tiles it has.
      const isFirst = item.tile === undefined || split.items[start + index - 1]?.path !== item.path;
      const header = isFirst ? await headerOf(image, item.path) : null;
      if (reason !== null) {
        // What it is may be the reason.
        Object.assign(seen, header && { depth: header.depth, bands: header.bands });
        return { seen, hashes: null };
      }
      Object.assign(seen, header);
      const at = places.get(index)!;
      seen.blank = colourSpread(data, at, PIXELS, channels) < BLANK;
      seen.nearlyBlank =
        (item.tile !== undefined || !ordinary) && !seen.blank && shareOfOthers(data, at, PIXELS, channels) <= NEARLY;
      judge(seen);
      const hash = (from: number) => perceptualHash(grayOf(...pictureOf(data, from, PIXELS, channels), PIXELS));
      return { seen, hashes: { whole: hash(at), middle: hash(at + bytes) } };
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

function judge(seen: Seen): void {
  const { width, height, doubts } = seen;
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  if (short < TINY) doubts.push(`only ${width} × ${height} px`);
  if (long > LONGEST * short) doubts.push(`long and thin, ${width} × ${height} px`);
  if (seen.blank) doubts.push("of one colour");
  if (seen.nearlyBlank) doubts.push("nearly of one colour");
}
