// What people set of how images are read.
import { UsageError } from "../base/errors.ts";

/** What people set; see docs/images.md. */
export interface InputSettings {
  /** Channels of the network's input; `auto`: as many as the files have. */
  channels: "auto" | number;
  /** Bands of a file, counted from 1, one a channel; null: the first ones. */
  bands: readonly number[] | null;
  /** `auto`; `type`: all that a file's type can hold; or the values that become 0 and 1. */
  range: "auto" | "type" | readonly [low: number, high: number];
  /** Side in pixels of the tiles that images are cut into; null: whole images. */
  tiles: number | null;
}

/** As images ask for by themselves. */
export const AS_THEY_ARE: InputSettings = { channels: "auto", bands: null, range: "auto", tiles: null };

/** @throws {UsageError} where settings make no sense, or not together */
export function checkSettings({ channels, bands, range, tiles }: InputSettings): void {
  const isCount = (value: number) => Number.isInteger(value) && value >= 1;
  if (channels !== "auto" && !isCount(channels))
    throw new UsageError(`Expected auto or a whole number from 1 for channels, got ${channels}`);
  if (bands && (bands.length === 0 || !bands.every(isCount)))
    throw new UsageError(`Expected bands counted from 1 for bands, such as 4,3,2, got ${bands.join(",") || "none"}`);
  if (bands && channels !== "auto" && bands.length !== channels)
    throw new UsageError(
      `Expected as many bands as channels, got ${bands.length} bands and channels ${channels}; set one of them`,
    );
  if (typeof range !== "string" && !(Number.isFinite(range[0]) && Number.isFinite(range[1]) && range[0] < range[1]))
    throw new UsageError(`Expected two values for range, the lower first, such as 0,4095, got ${range.join(",")}`);
  if (tiles !== null && !isCount(tiles)) throw new UsageError(`Expected a whole number from 1 for tiles, got ${tiles}`);
}
