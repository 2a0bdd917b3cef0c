// The training images that looks are at: drawn once, read when they are first asked for, and the same ones in every run.
import { performance } from "node:perf_hooks";
import { scope } from "@unlabel/torch";
import type { SettledConfig } from "../config/common.ts";
import type { Split } from "../data/folder.ts";
import type { ImageReader } from "../data/reader.ts";
import { type HeldOut, readHeldOut } from "./held-out.ts";

/** Told what reading so many images took, in seconds, and how many of these were spent on fetching. */
export type OnRead = (images: number, seconds: number, fetching: number | undefined) => void;

/** Images that are looked at again and again. */
export class LookedImages implements Disposable {
  readonly #split: Split;
  readonly #config: Pick<SettledConfig, "size" | "seed">;
  readonly #reader: ImageReader;
  readonly #onRead: OnRead;
  /** Null before they are first looked at. */
  #read: HeldOut | null = null;
  #asked = 0;
  #identical = false;
  #blind = false;

  constructor(split: Split, config: Pick<SettledConfig, "size" | "seed">, reader: ImageReader, onRead: OnRead) {
    [this.#split, this.#config, this.#reader, this.#onRead] = [split, config, reader, onRead];
  }

  /** What has been read of them; null where nothing has. */
  get now(): HeldOut | null {
    return this.#read;
  }

  /** Whether all of them are one and the same. */
  get identical(): boolean {
    return this.#identical;
  }

  /** Whether too few can be read to look at anything. */
  get blind(): boolean {
    return this.#blind;
  }

  /** At least so many of the images, where there are so many; null where there are too few to look at. */
  async read(images: number): Promise<HeldOut | null> {
    if (images <= this.#asked) return this.#read;
    const began = performance.now();
    const { size, seed } = this.#config;
    const found = await readHeldOut(this.#split, images, { size, seed, reader: this.#reader });
    this.#onRead(images, (performance.now() - began) / 1000, found?.fetching);
    this.#read?.pixels.dispose();
    [this.#read, this.#asked] = [found, images];
    this.#blind = found === null || found.labels.length < 2;
    if (found === null || this.#blind) return null;
    this.#identical =
      scope(() =>
        found.pixels
          .eq(found.pixels.narrow(0, 0, 1))
          .all()
          .item(),
      ) === 1;
    return found;
  }

  /**
   * Which rows so many images are: the first that were drawn, so that looks at as many are at the same ones, whatever else was read and in
   * whichever run. A source that hands out a sample of its own, in its own order, has them evenly from all of it.
   */
  rows(count: number, length: number): Int32Array {
    const each = this.#split.sample ? (i: number) => Math.floor((i * length) / count) : (i: number) => i;
    return Int32Array.from({ length: count }, (_, i) => each(i));
  }

  [Symbol.dispose](): void {
    this.#read?.pixels.dispose();
  }
}
