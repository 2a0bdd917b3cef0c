// Loads the native part of ../../native, which is the image reader, lists of files and a handler of signals, and says what it exports.
import { createRequire } from "node:module";
import { join } from "node:path";
import type { TensorMemory } from "@unlabel/torch";
import { nativePath } from "@unlabel/torch/setup";

/** Decoded samples, `width × height × channels` of them. */
export interface Pixels {
  /** Row by row, channels interleaved; 16-bit ones hold 0 … 65535 for 0 … 1. */
  data: Uint8Array | Uint16Array;
  /** Samples a pixel; 3 by default, which are red, green and blue. */
  channels?: number;
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
  /** EXIF's, where the pixels are as a file stores them; upright by default. */
  orientation?: number;
  /** The same at 1/2, 1/4, 1/8 as a JPEG's decoder shrinks it, as many as there are. */
  shrunk?: Uint8Array[];
}

/** A path, the bytes of an encoded image, or its pixels. */
export type ImageSource = string | Uint8Array | Pixels;

/** `foreign`: not a JPEG, so that another decoder may know it. */
export interface NativeFailure {
  item: number;
  reason: string;
  foreign: boolean;
}

/** The views of one size: item i of the sources has `counts[i]` of them. */
export interface NativeTarget {
  /** Samples of 8 or 16 bits, or the memory of a uint8 tensor; with `paintValues` that of a float32 tensor. */
  out: Uint8Array | Uint16Array | TensorMemory;
  counts: Int32Array;
  /** Each view's place in `out`, counted in views. */
  slots: Int32Array;
  /** x, y, width, height, flip a view. */
  boxes: Float64Array;
  width: number;
  height: number;
  bicubic: boolean;
  /** Channels of a view; default 3. */
  channels?: number;
  /** Whether it is for people: three channels, whatever the image has: its first three, or its first as gray. */
  picture?: boolean;
  /** With `finish`: how views are painted, see paint-values.ts. */
  paintValues?: Float32Array;
  finish?: Float32Array;
}

export interface NativeReader {
  /** Upright sizes as pairs of width and height, 0 where they failed. */
  sizes(sources: readonly ImageSource[]): Promise<{ sizes: Int32Array; failures: NativeFailure[] }>;
  /**
   * Whole JPEGs, from which the same views are made as from the files, bit by bit, as long as they are no smaller than `least`;
   * null where they failed.
   */
  unpack(
    sources: readonly ImageSource[],
    least: number,
  ): Promise<{ images: (Pixels | null)[]; failures: NativeFailure[] }>;
  /**
   * Reads the views of all targets, each target's as if it were alone; `decodes` is how often the JPEG decoder ran over an image.
   * Sources' and targets' memory must not change before the promise settles.
   */
  read(
    sources: readonly ImageSource[],
    targets: readonly NativeTarget[],
  ): Promise<{ failures: NativeFailure[]; decodes: number }>;
  /** Frees the memory of an array, which is empty from then on, as are others that share it. */
  release(data: Uint8Array | Uint16Array): void;
  /** The number of threads, after setting it if one is given. */
  threads(count?: number): number;

  /**
   * The names in a folder, with a slash between two, in the order of their bytes, and what each is, as {@link Kind} counts; null where it
   * cannot be listed.
   */
  listFolder(path: string): { names: string; kinds: Uint8Array } | null;
  /** Sizes in bytes of what these names in a folder lead to, given with a slash between two, −1 where that is nothing; and what it is. */
  fileSizes(folder: string, names: string): { sizes: Float64Array; kinds: Uint8Array };

  /**
   * Handles signals of these numbers: with words, the first writes them to stderr and stdout and ends the process with exit code
   * 130; without, the first goes on to Node's handlers and the second ends the process. Ends what it did before.
   */
  watchSignals(numbers: readonly number[], people?: string, programs?: string): void;
  /** Puts the handlers back that were there. */
  unwatchSignals(): void;
  /** Between on and off a first signal that ends the process waits. */
  holdSignals(on: boolean): void;

  /**
   * Has GNU's OpenMP look for work `now` times before a thread sleeps; false, and nothing is changed, where there is no such runtime.
   *
   * @param before what it was told as it was loaded
   */
  spin(before: number, now: number): boolean;
}

/** What a name in a folder is; of `fileSizes`, never a link. */
export const Kind = { gone: 0, file: 1, folder: 2, link: 3, other: 4 } as const;

let loaded: NativeReader | undefined;

/** @throws {SetupError} where set-up has not built it */
export function nativeReader(): NativeReader {
  loaded ??= createRequire(import.meta.url)(nativePath("reader", join(import.meta.dirname, "..", "..", "native")));
  return loaded as NativeReader;
}
