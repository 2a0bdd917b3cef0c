// What all formats become before their samples are: a grid of bands that can be read in windows.
import type { Tile } from "../input.ts";
import type { Sample, Samples } from "./samples.ts";

/** A rectangle of one band that was read. */
export interface Patch {
  /** Which of the bands asked for, from 0. */
  channel: number;
  /** Left edge within the window. */
  x: number;
  /** Upper edge within the window. */
  y: number;
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
  /** Holds its samples. */
  samples: Samples;
  /** Where the first lies. */
  start: number;
  /** From one pixel to the next in a row. */
  pixelStep: number;
  /** From one row to the next. */
  rowStep: number;
}

/** An opened file. */
export interface Raster {
  /** What people call it: "TIFF". */
  format: string;
  /** As stored, in pixels. */
  width: number;
  /** As stored, in pixels. */
  height: number;
  /** EXIF's, 1 … 8. */
  orientation: number;
  /** Samples a pixel. */
  bands: number;
  /** What the first bands are: red, green and blue, or gray, or nothing that is known. */
  colour: "rgb" | "gray" | "none";
  /** The band, from 0, that is how opaque a pixel is; null where there is none or it is not said to be that. */
  opacity: number | null;
  /** Whether the colours are multiplied by it already. */
  premultiplied: boolean;
  /** The type of all of them. */
  sample: Sample;
  /** Whether 0 is white. */
  inverted: boolean;
  /** The value that stands for no measurement, if any. */
  nodata: number | null;
  /** Whether there are further images in the file, which are not read. */
  pages: boolean;
  /** The most bytes that reading a window takes, beside what `put` makes of it. */
  bytes(window: Tile, bands: readonly number[]): number;
  /**
   * Bytes decoded for each byte that a window of that size gives, where it cannot be cut out by itself; 1 where it can.
   */
  waste(window: Tile): number;
  /** Reads bands (from 0) of a window, patch by patch. */
  read(window: Tile, bands: readonly number[], put: (patch: Patch) => void): Promise<void>;
}
