// How the samples of files become the network's input: which bands, and which values are black and white. One mapping for a whole
// data set, kept with the run and used again: no image is stretched by itself.

import type { ImageSource } from "../base/native.ts";

/** See the head of this file. */
export interface Input {
  /** Channels of the network's input, from 1. */
  channels: number;
  /** Bands of a file, counted from 1, one a channel; null: a file's first `channels`. */
  bands: readonly number[] | null;
  /** The values of each channel that become 0 and 1, cut off beyond; null: 8-bit samples as they are, 0 … 255. */
  range: readonly (readonly [low: number, high: number])[] | null;
  /** Side in pixels of the tiles that images are cut into; null: whole images. */
  tiles: number | null;
}

/** Photographs: three channels of 8 bits. What every run had before there was a choice. */
export const PHOTOGRAPHS: Input = { channels: 3, bands: null, range: null, tiles: null };

/** A part of an image in pixels, as the file stores it. */
export interface Tile {
  /** Left edge. */
  x: number;
  /** Upper edge. */
  y: number;
  /** In pixels, from 1. */
  width: number;
  /** In pixels, from 1. */
  height: number;
}

/** An encoded image that is to be read in another way than photographs are. */
export interface Described {
  /** A path, or the bytes of a file. */
  file: string | Uint8Array;
  /** How its samples become the network's input. */
  input: Input;
  /** The part of it that counts as the image; null for all of it. */
  tile: Tile | null;
}

/** A path, the bytes of an encoded image, its pixels, or a description of how it is to be read. */
export type AnyImage = ImageSource | Described;

/** Whether every file is read as photographs are: its 8 bits, as red, green and blue or as gray made of them. */
export function isOrdinary({ channels, bands, range }: Input): boolean {
  return (channels === 3 || channels === 1) && bands === null && range === null;
}
