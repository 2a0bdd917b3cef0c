// Images to resized RGB views, off the JavaScript thread: JPEG natively, other formats decoded by sharp, both resized by the
// same native code. What a file is, its content says, not its name.
import type { TensorMemory } from "@unlabel/torch";
import { type ImageSource, type NativeFailure, type NativeReader, nativeReader, type Pixels } from "../base/native.ts";
import { decodeForeign, foreignHeader } from "./foreign.ts";
import type { Box, Filter } from "./views.ts";

export type { ImageSource, Pixels } from "../base/native.ts";

/** An image that could not be read, and why, in plain words. */
export interface Failure {
  /** Its place among the items asked for. */
  index: number;
  /** Empty where the image came from memory. */
  path: string;
  reason: string;
}

export interface Size {
  width: number;
  height: number;
}

export interface ReadItem {
  /** A path, the bytes of an encoded image, or decoded pixels. */
  image: ImageSource;
  views: readonly Box[];
  /** The views' places in the result, counted in views; by default one after the other, item by item. */
  slots?: readonly number[];
}

export interface ReadOptions {
  width: number;
  height: number;
  filter: Filter;
  /** Where the views are written; by default a new array with room for all of them. */
  out?: Uint8Array;
}

export interface PaintItem extends ReadItem {
  /** How each view is painted, of {@link paintValuesOf}. */
  paintValues: Float32Array;
}

export interface FillOptions extends Omit<ReadOptions, "out"> {
  /** Lends the memory of the tensor that the views are written to, once for each call of it. */
  memory: () => TensorMemory;
}

export interface PaintOptions extends FillOptions {
  /** What all views share, of {@link finishOf}. */
  finish: Float32Array;
}

export interface ReaderOptions {
  /** Bytes of decoded images other than JPEG to keep in memory; when that is full, no more are added. Default 512 MB. */
  cacheBytes?: number;
  /** See {@link ImageReader.threads}. */
  threads?: number;
}

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
  /** Paths known not to be JPEGs, with the bytes that decoding them takes where that is known. */
  readonly #foreign = new Map<string, number | undefined>();
  #room: number;

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

  /** Upright sizes from the headers; null for those in `failures`. */
  async sizes(images: readonly ImageSource[]): Promise<{ sizes: (Size | null)[]; failures: Failure[] }> {
    const known = images.map((image) => this.#known(image));
    const direct = indicesOf(images, (i) => known[i] !== "foreign");
    const native = await this.#native.sizes(direct.map((i) => sourceOf(images[i]!, known[i])));
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
   * A JPEG as pixels from which views of `least` pixels a side and larger come out as from the file itself; null for what is no
   * JPEG or cannot be read. See {@link unpackedBytes}.
   */
  async unpack(image: ImageSource, least: number): Promise<Pixels | null> {
    return (await this.#native.unpack([image], least)).images[0] ?? null;
  }

  /**
   * All views of all items as interleaved RGB `[Σ views, height, width, 3]`; the views of a failed item are black.
   * A box must lie in its image (see {@link sizes}); otherwise the item fails.
   */
  async read(items: readonly ReadItem[], options: ReadOptions): Promise<{ data: Uint8Array; failures: Failure[] }> {
    const { width, height, filter } = options;
    const placed = place(items);
    const total = items.reduce((sum, { views }) => sum + views.length, 0);
    const data = options.out ?? new Uint8Array(total * width * height * 3);
    const failures = await this.#each(placed, (some) =>
      this.#native.read(data, ...argumentsOf(some), width, height, filter === "bicubic"),
    );
    return { data, failures };
  }

  /** {@link read} into the memory of a uint8 tensor of as many values. */
  async fill(items: readonly ReadItem[], { width, height, filter, memory }: FillOptions): Promise<Failure[]> {
    return this.#each(place(items), (some) =>
      this.#native.read(memory(), ...argumentsOf(some), width, height, filter === "bicubic"),
    );
  }

  /**
   * Reads all views of all items, colours, blurs and normalises them on the reader's threads, and writes them as float32
   * `[Σ views, height, width, 3]` to a tensor's memory: what {@link augment} does with tensor operators.
   */
  async paint(items: readonly PaintItem[], options: PaintOptions): Promise<Failure[]> {
    const { width, height, filter, memory, finish } = options;
    return this.#each(place(items), (some) => {
      const paintValues = new Float32Array(some.reduce((sum, item) => sum + item.paintValues.length, 0));
      let at = 0;
      for (const item of some) {
        paintValues.set(item.paintValues, at);
        at += item.paintValues.length;
      }
      return this.#native.read(
        memory(),
        ...argumentsOf(some),
        width,
        height,
        filter === "bicubic",
        paintValues,
        finish,
      );
    });
  }

  /** Renders all items, those of other formats after decoding them. */
  async #each<T extends Required<ReadItem>>(
    items: readonly T[],
    render: (some: readonly T[]) => Promise<NativeFailure[]>,
  ): Promise<Failure[]> {
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
      const sources = direct.map((i) => ({ ...items[i]!, image: sourceOf(images[i]!, known[i]) }));
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

  #known(image: ImageSource): Pixels | "foreign" | undefined {
    if (typeof image !== "string") return undefined;
    return this.#decoded.get(image) ?? (this.#foreign.has(image) ? "foreign" : undefined);
  }

  #markForeign(image: ImageSource, index: number): number {
    if (typeof image === "string") this.#foreign.set(image, undefined);
    return index;
  }

  async #foreignSize(source: string | Uint8Array): Promise<Size> {
    const { width, height, bytes } = await foreignHeader(source);
    if (typeof source === "string") {
      this.#foreign.set(source, bytes);
      // What will be read next may as well be decoded now, if it can be kept.
      if (width * height * 3 <= this.#room) await this.#decode(source, async () => {});
    }
    return { width, height };
  }

  /** Decodes an image, keeps it if it can, and otherwise gives its memory back after its use. */
  #decode(source: string | Uint8Array, use: (pixels: Pixels) => Promise<void>): Promise<void> {
    const path = typeof source === "string" ? source : null;
    return decodeForeign(source, path === null ? undefined : this.#foreign.get(path), async (pixels) => {
      const keep = path !== null && pixels.data.length <= this.#room && !this.#decoded.has(path);
      if (keep) {
        this.#decoded.set(path, pixels);
        this.#room -= pixels.data.length;
      }
      try {
        await use(pixels);
      } finally {
        // Left to the garbage collector, some images of hundreds of megabytes would lie about beside the next.
        if (!keep) this.#native.release(pixels.data);
      }
    });
  }
}

/** What {@link ImageReader.unpack} takes in memory for a JPEG, and at most for another image. */
export function unpackedBytes({ width, height }: Size, least: number): number {
  const levels = [1, 2, 4, 8].filter((by) => by === 1 || Math.min(width, height) >= by * least);
  return levels.reduce((sum, by) => sum + 3 * Math.ceil(width / by) * Math.ceil(height / by), 0);
}

/** Gives each view its place, by default one after the other. */
function place<T extends ReadItem>(items: readonly T[]): (T & Required<ReadItem>)[] {
  let total = 0;
  return items.map((item) => {
    const first = total;
    total += item.views.length;
    return { ...item, slots: item.slots ?? item.views.map((_, k) => first + k) };
  });
}

function argumentsOf(items: readonly Required<ReadItem>[]) {
  const boxes = items.flatMap(({ views }) => views.flatMap((b) => [b.x, b.y, b.width, b.height, Number(b.flip)]));
  return [
    items.map(({ image }) => image),
    Int32Array.from(items, ({ views }) => views.length),
    Int32Array.from(items.flatMap(({ slots }) => slots)),
    Float64Array.from(boxes),
  ] as const;
}

function indicesOf(list: readonly unknown[], keep: (index: number) => boolean): number[] {
  return Array.from(list.keys()).filter(keep);
}

function sourceOf(image: ImageSource, known: Pixels | "foreign" | undefined): ImageSource {
  return typeof known === "object" ? known : image;
}

/** Only encoded images are ever called foreign. */
function encoded(image: ImageSource): string | Uint8Array {
  if (typeof image === "string" || image instanceof Uint8Array) return image;
  throw new TypeError("Expected a path or bytes for image, got pixels");
}

function failure(images: readonly ImageSource[], index: number, reason: string): Failure {
  const image = images[index];
  return { index, path: typeof image === "string" ? image : "", reason };
}

function inOrder(failures: Failure[]): Failure[] {
  return failures.sort((a, b) => a.index - b.index);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
