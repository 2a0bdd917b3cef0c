// Images to resized views, off the JavaScript thread: JPEG natively, other formats and described images decoded by others, all
// resized by the same native code. What a file is, its content says, not its name.
import { type ImageSource, type NativeReader, nativeReader, type Pixels } from "../base/native.ts";
import { fileOf, isDescribed, keyOf, pixelBytes } from "./described.ts";
import { decodeDescribed, describedHeader } from "./foreign/described.ts";
import { decodeForeign, foreignHeader } from "./foreign.ts";
import type { AnyImage, Described } from "./input.ts";
import {
  type AnyTarget,
  type FillItem,
  nativeTarget,
  placed,
  type ReadItem,
  type ReadOptions,
  type Target,
} from "./targets.ts";

export type { ImageSource, Pixels } from "../base/native.ts";

/** What others than the native part decode. */
type Encoded = string | Uint8Array | Described;

/** An image that could not be read, and why, in plain words. */
export interface Failure {
  /** Its place among the items asked for. */
  index: number;
  /** Empty where the image came from memory. */
  path: string;
  /** In plain words. */
  reason: string;
}

/** Width and height of an upright image. */
export interface Size {
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
}

/** Options of an {@link ImageReader}. */
export interface ReaderOptions {
  /** Bytes of decoded images other than JPEG to keep in memory; when that is full, no more are added. Default 512 MB. */
  cacheBytes?: number;
  /** See {@link ImageReader.threads}. */
  threads?: number;
}

/** Files that are known not to be JPEGs, at most: a reader lives as long as a training of any number of images. */
const MOST_FOREIGN = 1 << 20;

/** The native pool's limit. A machine may have more cores, which then still compute. */
const MOST_THREADS = 256;

/**
 * Reads images on threads of its own. Results do not depend on the number of threads.
 *
 * @example
 * const { data } = await reader.read([{ image: "cat.jpg", views: [box] }], { width: 64, height: 64, filter: "bilinear" });
 */
export class ImageReader {
  readonly #native: NativeReader;
  readonly #decoded = new Map<string, Pixels>();
  /** Files known not to be JPEGs, by {@link keyOf}, with the bytes that decoding them takes where that is known. */
  readonly #foreign = new Map<string, number | undefined>();
  #room: number;
  #decodes = 0;

  /** @throws {SetupError} where set-up has not built the native part */
  constructor({ cacheBytes = 512e6, threads }: ReaderOptions = {}) {
    this.#native = nativeReader();
    this.#room = cacheBytes;
    if (threads !== undefined) this.threads = threads;
  }

  /** Threads that decode JPEGs and resize, shared by all readers of the process; by default one a core, at most 16; never more than 256. */
  get threads(): number {
    return this.#native.threads();
  }

  set threads(count: number) {
    this.#native.threads(Math.min(count, MOST_THREADS));
  }

  /** Upright sizes from the headers, those of tiles where images are described so; null for those in `failures`. */
  async sizes(images: readonly AnyImage[]): Promise<{ sizes: (Size | null)[]; failures: Failure[] }> {
    const known = images.map((image) => this.#known(image));
    const direct = indicesOf(images, (i) => known[i] !== "foreign");
    const native = await this.#native.sizes(direct.map((i) => decodedOr(images[i]!, known[i])));
    const sizes = new Array<Size | null>(images.length).fill(null);
    direct.forEach((index, k) => {
      const width = native.sizes[2 * k]!;
      if (width > 0) sizes[index] = { width, height: native.sizes[2 * k + 1]! };
    });

    const failures: Failure[] = [];
    const foreign = indicesOf(images, (i) => known[i] === "foreign");
    for (const { item, reason, foreign: other } of native.failures) {
      const index = direct[item]!;
      if (other) foreign.push(this.#markForeign(images[index]!, index));
      else failures.push(failure(images, index, reason));
    }
    await Promise.all(
      foreign.map(async (index) => {
        try {
          sizes[index] = await this.#foreignSize(encoded(images[index]!));
        } catch (error) {
          failures.push(failure(images, index, messageOf(error)));
        }
      }),
    );
    return { sizes, failures: inOrder(failures) };
  }

  /**
   * A JPEG or a described image as pixels from which views of `least` pixels a side and larger come out as from the file itself; null
   * for what is neither or cannot be read. See {@link unpackedBytes}.
   */
  async unpack(image: AnyImage, least: number): Promise<Pixels | null> {
    if (!isDescribed(image)) return (await this.#native.unpack([image], least)).images[0] ?? null;
    const known = this.#known(image);
    if (typeof known === "object") return known;
    try {
      this.#decodes++;
      return await decodeDescribed(image, async (pixels) => ({ ...pixels, channels: pixels.channels ?? 3 }));
    } catch {
      return null; // whoever reads it is told why
    }
  }

  /**
   * How often an image has been decoded for views: once for each level of a JPEG's decoder that its views need, which mostly is
   * one, and once for an image of another format that is not kept.
   */
  get decodes(): number {
    return this.#decodes;
  }

  /**
   * All views of all items as interleaved `[Σ views, height, width, channels]`, by default RGB; the views of a failed item are black.
   * A box must lie in its image (see {@link sizes}); otherwise the item fails. So does one of other channels than are asked for.
   */
  async read(items: readonly ReadItem[], options: ReadOptions): Promise<{ data: Uint8Array; failures: Failure[] }> {
    const data = options.out ?? new Uint8Array(samplesOf(items, options));
    const failures = await this.#each(placed(items), [{ ...options, memory: () => data }]);
    return { data, failures };
  }

  /** The same in 16 bits: 0 … 65535 stands for 0 … 255. */
  async readWide(
    items: readonly ReadItem[],
    options: Omit<ReadOptions, "out">,
  ): Promise<{ data: Uint16Array; failures: Failure[] }> {
    const data = new Uint16Array(samplesOf(items, options));
    const failures = await this.#each(placed(items), [{ ...options, memory: () => data }]);
    return { data, failures };
  }

  /** The same as {@link read} for people to look at: RGB of whatever has other channels, its first three or its first as gray. */
  async readPictures(
    items: readonly ReadItem[],
    options: Omit<ReadOptions, "channels">,
  ): Promise<{ data: Uint8Array; failures: Failure[] }> {
    const data = options.out ?? new Uint8Array(samplesOf(items, options));
    const failures = await this.#each(placed(items), [{ ...options, memory: () => data, picture: true }]);
    return { data, failures };
  }

  /**
   * Reads all views of all items into tensors' memory, those of each size into a target of their own, and decodes an image once for
   * all of its views. A target gets the same as if it were alone, bit by bit.
   *
   * A target with a `finish` is a float32 tensor: its views are coloured, blurred and normalised on the reader's threads, which is
   * what {@link augment} does with tensor operators. Another is a uint8 tensor; both hold `[Σ views, height, width, channels]`.
   */
  async fill(items: readonly FillItem[], targets: readonly Target[]): Promise<Failure[]> {
    return this.#each(items, targets);
  }

  /** Renders all items, those of other formats after decoding them. */
  async #each(items: readonly FillItem[], targets: readonly AnyTarget[]): Promise<Failure[]> {
    const render = async (some: readonly FillItem[]) => {
      // Described images have been decoded by now.
      const sources = some.map(({ image }) => image as ImageSource);
      const { failures, decodes } = await this.#native.read(
        sources,
        targets.map((target, t) =>
          nativeTarget(
            target,
            some.map(({ parts }) => parts[t]!),
          ),
        ),
      );
      this.#decodes += decodes;
      return failures;
    };
    const images = items.map((item) => item.image);
    const known = images.map((image) => this.#known(image));
    const direct = indicesOf(images, (i) => known[i] !== "foreign");
    const foreign = indicesOf(images, (i) => known[i] === "foreign");

    const failures: Failure[] = [];
    const readForeign = async (index: number) => {
      try {
        const item = items[index]!;
        await this.#decode(encoded(item.image), async (image) => {
          for (const { reason } of await render([{ ...item, image }])) throw new Error(reason);
        });
      } catch (error) {
        failures.push(failure(images, index, messageOf(error)));
      }
    };
    const readDirect = async () => {
      const sources = direct.map((i) => ({ ...items[i]!, image: decodedOr(images[i]!, known[i]) }));
      const others: number[] = [];
      for (const { item, reason, foreign: other } of await render(sources)) {
        const index = direct[item]!;
        if (other) others.push(this.#markForeign(images[index]!, index));
        else failures.push(failure(images, index, reason));
      }
      await Promise.all(others.map(readForeign));
    };
    await Promise.all([readDirect(), ...foreign.map(readForeign)]);
    return inOrder(failures);
  }

  #known(image: AnyImage): Pixels | "foreign" | undefined {
    const key = keyOf(image);
    const pixels = key === null ? undefined : this.#decoded.get(key);
    return pixels ?? (isDescribed(image) || (key !== null && this.#foreign.has(key)) ? "foreign" : undefined);
  }

  #markForeign(image: AnyImage, index: number): number {
    const key = keyOf(image);
    if (key !== null) this.#keepForeign(key, undefined);
    return index;
  }

  /** Those that are forgotten are found out again. */
  #keepForeign(key: string, bytes: number | undefined): void {
    if (this.#foreign.size >= MOST_FOREIGN) this.#foreign.clear();
    this.#foreign.set(key, bytes);
  }

  async #foreignSize(source: Encoded): Promise<Size> {
    const described = isDescribed(source);
    const { width, height, bytes } = await (described ? describedHeader(source) : foreignHeader(source));
    const key = keyOf(source);
    if (key !== null) {
      if (!described) this.#keepForeign(key, bytes);
      // What will be read next may as well be decoded now, if it can be kept.
      if (width * height * pixelBytes(source) <= this.#room) await this.#decode(source, async () => {});
    }
    return { width, height };
  }

  /** Decodes an image, keeps it if it can, and otherwise gives its memory back after its use. */
  #decode(source: Encoded, use: (pixels: Pixels) => Promise<void>): Promise<void> {
    const key = keyOf(source);
    this.#decodes++;
    const decoded = async (pixels: Pixels) => {
      const keep = key !== null && pixels.data.byteLength <= this.#room && !this.#decoded.has(key);
      if (keep) {
        this.#decoded.set(key, pixels);
        this.#room -= pixels.data.byteLength;
      }
      try {
        await use(pixels);
      } finally {
        // Left to the garbage collector, some images of hundreds of megabytes would lie about beside the next.
        if (!keep) this.#native.release(pixels.data);
      }
    };
    if (isDescribed(source)) return decodeDescribed(source, decoded);
    return decodeForeign(source, key === null ? undefined : this.#foreign.get(key), decoded);
  }
}

/** What {@link ImageReader.unpack} takes in memory for a JPEG, and at most for another photograph. */
export function unpackedBytes({ width, height }: Size, least: number): number {
  const levels = [1, 2, 4, 8].filter((by) => by === 1 || Math.min(width, height) >= by * least);
  return levels.reduce((sum, by) => sum + 3 * Math.ceil(width / by) * Math.ceil(height / by), 0);
}

function indicesOf(list: readonly unknown[], keep: (index: number) => boolean): number[] {
  return Array.from(list.keys()).filter(keep);
}

function samplesOf(items: readonly ReadItem[], { width, height, channels = 3 }: ReadOptions): number {
  return items.reduce((sum, { views }) => sum + views.length, 0) * width * height * channels;
}

/** Described images are never read directly unless they are decoded. */
function decodedOr(image: AnyImage, known: Pixels | "foreign" | undefined): ImageSource {
  return typeof known === "object" ? known : (image as ImageSource);
}

/** Only encoded images are ever called foreign. */
function encoded(image: AnyImage): Encoded {
  if (typeof image === "string" || image instanceof Uint8Array || isDescribed(image)) return image;
  throw new TypeError("Expected a path or bytes for image, got pixels");
}

function failure(images: readonly AnyImage[], index: number, reason: string): Failure {
  return { index, path: fileOf(images[index]!), reason };
}

function inOrder(failures: Failure[]): Failure[] {
  return failures.sort((a, b) => a.index - b.index);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
