// Images decoded once for all epochs: in memory as pixels, or on disk as smaller JPEGs.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { allowedMemory } from "../base/allowed-memory.ts";
import { UsageError } from "../base/errors.ts";
import { isDiskFull, makeFolder, writeAtomically } from "../base/files.ts";
import type { Pixels } from "../base/native.ts";
import { bytesInWords } from "../base/text.ts";
import { channelsOf, fileOf, isDescribed, isWide, keyOf, pixelBytes, tileKey } from "./described.ts";
import type { Item, Split } from "./folder.ts";
import { imagesOf } from "./images.ts";
import { type AnyImage, isOrdinary, PHOTOGRAPHS } from "./input.ts";
import { ImageReader, type Size, unpackedBytes } from "./reader.ts";
import { spreadSample } from "./sample.ts";

export interface CacheOptions {
  /** What the split's images are known by; see {@link Dataset}. */
  fingerprint: string;
  reader: ImageReader;
  /** Side of the smallest views that will be asked for. */
  least: number;
  /** Short side in pixels that larger images are shrunk to; null keeps their size. */
  side: number | null;
  /** Where JPEGs are kept, if not pixels in memory; needs a `side`. */
  folder?: string;
  /** Most bytes of pixels to keep in memory. By default {@link roomForPixels}. */
  bytes?: number;
}

/** A quarter of the memory that there is. */
export function roomForPixels(): number {
  return allowedMemory() / 4;
}

/** Images whose headers tell how large all of them are. */
const SAMPLE = 500;

/** Whether images are kept that were not asked to be: all of them have to fit in `room` bytes. */
export async function chooseCache(
  split: Split,
  least: number,
  room: number,
  seed: number,
): Promise<{ cache: "memory" | "off"; text: string }> {
  const bytes = await estimateBytes(split, least, seed);
  const cache = bytes > 0 && bytes <= room ? "memory" : "off";
  const does = cache === "memory" ? "are kept in memory" : "are decoded anew each epoch";
  return {
    cache,
    text: `images ${does} (cache ${cache}: ${bytesInWords(bytes)} decoded, room for ${bytesInWords(room)})`,
  };
}

/** Bytes that all images of a split take once they are kept in memory, by the sizes of some. */
async function estimateBytes(split: Split, least: number, seed: number): Promise<number> {
  const some = spreadSample(split, SAMPLE, seed);
  const images = await imagesOf(some, some.items);
  const { sizes } = await new ImageReader({ cacheBytes: 0 }).sizes(images);
  const bytes = sizes.flatMap((size, i) => (size ? [keptBytes(images[i]!, size, least)] : []));
  return bytes.length === 0 ? 0 : (split.items.length * bytes.reduce((sum, one) => sum + one, 0)) / bytes.length;
}

/** Bytes that an image of this size takes in memory. */
function keptBytes(image: AnyImage, size: Size, least: number): number {
  const { width, height } = size;
  if (isDescribed(image)) return width * height * pixelBytes(image);
  if (typeof image === "string" || image instanceof Uint8Array) return unpackedBytes(size, least);
  return image.data.byteLength;
}

// The most that the reader writes in one go.
const MOST_SIDE = 4096;
// Further from the original than that no view could tell.
const QUALITY = 95;

/**
 * The split with its images kept once they have been read. A file that is replaced is read again.
 *
 * Batches are the same as without, bit by bit, where no `side` is given.
 *
 * @throws {UsageError} where images are to be kept as JPEGs that are not read as photographs are
 */
export function cached(split: Split, options: CacheOptions): Split {
  const input = split.input ?? PHOTOGRAPHS;
  if (options.folder !== undefined && !isOrdinary(input)) {
    const [channels, depth] = [input.channels, input.range === null ? "chosen bands" : "a range of values of its own"];
    throw new UsageError(
      `Expected photographs for cache=disk, which keeps JPEGs of 8-bit colour, got images of ${channels} ` +
        `channel${channels === 1 ? "" : "s"} with ${depth}; set cache=memory or cache=off`,
    );
  }
  const cache = new ImageCache(options);
  // A part of a file may be a file of its own by now.
  const asWhole = (image: AnyImage, { tile }: Item): AnyImage =>
    tile && (typeof image === "string" || image instanceof Uint8Array) ? { file: image, input, tile: null } : image;
  const load = async (items: readonly Item[]) => {
    // A source may have to fetch what it is asked for, and more with it: it is asked for what is not kept.
    const kept = await Promise.all(items.map((item) => (split.load ? cache.kept(item) : null)));
    const missing = items.filter((_, i) => kept[i] === null);
    const images = missing.length > 0 ? await imagesOf(split, missing) : [];
    const read = await Promise.all(missing.map((item, i) => cache.get(item, images[i]!)));
    let next = 0;
    return kept.map((image, i) => asWhole(image ?? read[next++]!, items[i]!));
  };
  // What is handed out says how it is to be read, or has been; imagesOf leaves it as it is.
  return { ...split, load: load as Split["load"] };
}

/** What to read, and whether it is to be kept under its key. */
interface Made {
  source: AnyImage;
  keep: boolean;
}

/** The size in which an image is kept, and its own. */
interface Target extends Size {
  whole: Size;
}

class ImageCache {
  readonly #options: CacheOptions;
  readonly #made = new Map<string, Promise<Made>>();
  #room: number;

  constructor(options: CacheOptions) {
    this.#options = options;
    this.#room = options.bytes ?? roomForPixels();
    if (options.folder !== undefined) makeFolder(options.folder);
  }

  /** What is kept of an item whose image is no file; null where nothing is yet. */
  async kept(item: Item): Promise<AnyImage | null> {
    const key = this.#sourceKey(item);
    const known = this.#made.get(key);
    // What fails fails whoever asked for it first; whoever asks next tries anew.
    const made = known && (await known.catch(() => null));
    if (made) return made.source;
    const { folder } = this.#options;
    if (folder === undefined) return null;
    const path = this.#fileOf(folder, key);
    return existsSync(path) ? path : null;
  }

  /** What to read in place of `image`: the image itself where it cannot be read or nothing is gained. */
  async get(item: Item, image: AnyImage): Promise<AnyImage> {
    const key = await this.#keyOf(item, image);
    if (key === null) return image;
    const known = this.#made.get(key);
    if (known) return (await known).source;
    const making = this.#options.folder === undefined ? this.#pixels(image) : this.#file(image, key);
    this.#made.set(key, making);
    let keep = false;
    try {
      const made = await making;
      keep = made.keep;
      return made.source;
    } finally {
      if (!keep) this.#made.delete(key);
    }
  }

  /** Changes whenever the image may have; null for a file that is gone. */
  async #keyOf(item: Item, image: AnyImage): Promise<string | null> {
    const key = keyOf(image);
    if (key === null) return this.#sourceKey(item);
    try {
      const { size, mtimeNs, ino } = await stat(fileOf(image), { bigint: true });
      return [key, size, mtimeNs, ino].join("\0");
    } catch {
      return null;
    }
  }

  /** Of an image that a source hands out itself, which nobody replaces. */
  #sourceKey({ path, at, tile }: Item): string {
    const part = tile ? [tileKey(tile)] : [];
    return [this.#options.fingerprint, path, at, ...part].join("\0");
  }

  #fileOf(folder: string, key: string): string {
    const name = createHash("sha256").update(`${this.#options.side}\0${key}`).digest("hex").slice(0, 32);
    return join(folder, `${name}.jpg`);
  }

  async #pixels(image: AnyImage): Promise<Made> {
    const target = await this.#target(image);
    if (target === null) return { source: image, keep: false };
    const { side, least, reader } = this.#options;
    const bytes = side === null ? keptBytes(image, target, least) : target.width * target.height * pixelBytes(image);
    const keep = bytes <= this.#room;
    // What is not kept is made anew each time: shrunk images are shrunk always, whatever else is in memory.
    if (!keep && side === null) return { source: image, keep: false };
    if (keep) this.#room -= bytes;
    const unpacked = side === null ? await reader.unpack(image, least) : null;
    const pixels = unpacked ?? (await this.#decode(image, target));
    // A described image may turn out to have 8 bits, and so half of that.
    if (keep) this.#room += bytes - (pixels === null ? 0 : isDescribed(image) ? pixels.data.byteLength : bytes);
    return { source: pixels ?? image, keep: keep && pixels !== null };
  }

  async #file(image: AnyImage, key: string): Promise<Made> {
    const { folder = "" } = this.#options;
    const path = this.#fileOf(folder, key);
    if (existsSync(path)) return { source: path, keep: true };
    const target = await this.#target(image);
    const pixels = target && (await this.#decode(image, target, 8));
    if (!pixels) return { source: image, keep: false };
    const { data, width, height } = pixels;
    const { default: sharp } = await import("sharp");
    const options = { quality: QUALITY, chromaSubsampling: "4:4:4" };
    const jpeg = await sharp(data, { raw: { width, height, channels: 3 } })
      .jpeg(options)
      .toBuffer();
    try {
      writeAtomically(path, jpeg);
      return { source: path, keep: true };
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      // The same bytes as the file's, so that a full disk changes no batch.
      return { source: new Uint8Array(jpeg), keep: false };
    }
  }

  /** The size in which an image is kept; null where it cannot be read, is too large, or is small enough to stay a file. */
  async #target(image: AnyImage): Promise<Target | null> {
    const { side, folder, reader } = this.#options;
    const size = (await reader.sizes([image])).sizes[0];
    if (!size) return null;
    const scale = side === null ? 1 : Math.min(1, side / Math.min(size.width, size.height));
    if (scale === 1 && folder !== undefined) return null;
    const width = Math.max(1, Math.round(size.width * scale));
    const height = Math.max(1, Math.round(size.height * scale));
    return Math.max(width, height) > MOST_SIDE ? null : { whole: size, width, height };
  }

  /** All of an image, shrunk: a described one in its own channels and 16 bits, unless 8 bits of colour are asked for. */
  async #decode(image: AnyImage, { whole, width, height }: Target, depth?: 8): Promise<Pixels | null> {
    const items = [{ image, views: [{ x: 0, y: 0, ...whole, flip: false }] }];
    const channels = depth === undefined ? channelsOf(image) : 3;
    const options = { width, height, filter: "bicubic", channels } as const;
    const { reader } = this.#options;
    const { data, failures } = await (depth === undefined && isWide(image)
      ? reader.readWide(items, options)
      : reader.read(items, options));
    return failures.length > 0 ? null : { data, width, height, channels };
  }
}
