// Pixels that a source holds decoded (red, green and blue of 8 bits), read as an Input says: a part of them, chosen bands, a range.
import { UserError } from "../base/errors.ts";
import type { Pixels } from "../base/native.ts";
import { type Input, isOrdinary, type Tile } from "./input.ts";

const TOP = 65_535;

/**
 * The same as the network takes them.
 *
 * @throws {UserError} where a band is asked for that they do not have
 */
export function describedPixels(image: Pixels, input: Input, tile: Tile | null): Pixels {
  const cut = tile === null ? image : cutOut(image, tile);
  const { data, width, height } = cut;
  if (isOrdinary(input)) return { data, width, height, channels: 3 };
  const { channels, range } = input;
  const values = new Uint16Array(width * height * channels);
  const pick = picker(data, input);
  for (let at = 0; at < values.length; at++) {
    const channel = at % channels;
    const [low, high] = range?.[channel] ?? [0, 255];
    const value = (pick((at - channel) / channels, channel) - low) / (high - low);
    values[at] = Math.round(Math.min(1, Math.max(0, value)) * TOP);
  }
  return { data: values, width, height, channels };
}

function cutOut({ data, width }: Pixels, tile: Tile): Pixels {
  const rows = new Uint8Array(tile.width * tile.height * 3);
  for (let y = 0; y < tile.height; y++) {
    const from = ((tile.y + y) * width + tile.x) * 3;
    rows.set(data.subarray(from, from + tile.width * 3), y * tile.width * 3);
  }
  return { data: rows, width: tile.width, height: tile.height };
}

/** How a channel of a pixel is found. */
function picker(data: Pixels["data"], { channels, bands }: Input): (pixel: number, channel: number) => number {
  if (channels === 1 && bands === null) {
    // PIL's L, as the native reader makes it.
    return (pixel) => {
      const [red, green, blue] = [data[3 * pixel]!, data[3 * pixel + 1]!, data[3 * pixel + 2]!];
      return (red * 19_595 + green * 38_470 + blue * 7471 + 0x8000) >>> 16;
    };
  }
  const chosen = bands ?? Array.from({ length: channels }, (_, c) => c + 1);
  const missing = chosen.find((band) => band < 1 || band > 3);
  if (missing !== undefined)
    throw new UserError(`Expected bands from 1 to 3, which these images have, got ${missing}; set bands or channels=3`);
  return (pixel, channel) => data[3 * pixel + chosen[channel]! - 1]!;
}
