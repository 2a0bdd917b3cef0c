// Which of a file's bands stand for the network's channels.
import type { Input } from "../input.ts";
import type { Raster } from "./raster.ts";

/** See the head of this file. */
export interface Bands {
  /** Those to read, from 0; opacity last where it counts. */
  read: number[];
  /** Whether the last of them says how much of a white ground is seen. */
  flatten: boolean;
  /** Whether red, green and blue become gray. */
  toGray: boolean;
}

/** @throws {Error} where the file has not got them, in plain words */
export function bandsFor(raster: Raster, { channels, bands }: Pick<Input, "channels" | "bands">): Bands {
  const chosen = bands ? bands.map((band) => band - 1) : firstBands(raster, channels);
  const missing = chosen.find((band) => band >= raster.bands);
  if (missing !== undefined) throw new Error(`it has ${bandWords(raster.bands)}, and band ${missing + 1} is asked for`);
  // Only where colours are taken for colours; asked for as a band, opacity is one.
  const { opacity } = raster;
  const flatten = bands === null && opacity !== null && channels <= 3 && !chosen.includes(opacity);
  return {
    read: flatten ? [...chosen, opacity] : chosen,
    flatten,
    toGray: bands === null && channels === 1 && chosen.length === 3,
  };
}

/** The bands that stand for that many channels: gray for each of three colours, and colours for gray. */
function firstBands({ colour, bands }: Raster, channels: number): number[] {
  if (channels === 3 && colour === "gray") return [0, 0, 0];
  if (channels === 1 && colour === "rgb") return [0, 1, 2];
  if (bands < channels)
    throw new Error(`it has ${bandWords(bands)}, and the images of this data set are read with ${channels}`);
  return Array.from({ length: channels }, (_, band) => band);
}

function bandWords(bands: number): string {
  return bands === 1 ? "one band" : `${bands} bands`;
}
