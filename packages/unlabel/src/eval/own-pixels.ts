// Decoded images that a program hands to an encoder, read as its run reads files: what a file's samples would become, they become.
import { UserError } from "../base/errors.ts";
import type { Pixels } from "../base/native.ts";
import { type Input, isOrdinary } from "../data/input.ts";

const TOP = 65_535;

/**
 * The channels that the run takes of an image's bands, between the values that it takes for black and white.
 *
 * @throws {UserError} where the image has other bands than the run needs
 */
export function asRunReads(image: Pixels, input: Input): Pixels {
  const { data, width, height, channels: bands = 3, orientation } = image;
  if (data.length !== width * height * bands)
    throw new UserError(
      `Expected ${width} × ${height} × ${bands} numbers for data of pixels, got ${data.length}; say how many channels they have`,
    );
  const { channels, range } = input;
  // The reader makes gray of colours, and colours of gray.
  if (isOrdinary(input) && (bands === 1 || bands === 3)) return image;
  const repeats = input.bands === null && channels === 3 && bands === 1;
  const chosen = (input.bands ?? Array.from({ length: channels }, (_, c) => (repeats ? 1 : c + 1))).map(
    (one) => one - 1,
  );
  const most = Math.max(...chosen) + 1;
  if (most > bands)
    throw new UserError(`Expected pixels of ${most} channels or more, as this run reads them, got ${bands}`);
  const values =
    range === null && data instanceof Uint8Array
      ? new Uint8Array(width * height * channels)
      : new Uint16Array(width * height * channels);
  for (const [channel, band] of chosen.entries()) {
    const [low, high] = range?.[channel] ?? [0, TOP];
    const scale = TOP / (high - low);
    for (let at = channel, from = band; at < values.length; at += channels, from += bands) {
      const value = data[from]!;
      values[at] = range === null ? value : Math.round(Math.min(TOP, Math.max(0, (value - low) * scale)));
    }
  }
  return { data: values, width, height, channels, ...(orientation !== undefined && { orientation }) };
}
