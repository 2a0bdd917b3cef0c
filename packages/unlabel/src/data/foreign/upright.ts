// Pixels as a camera was held, for any number of channels.
import type { Pixels } from "../../base/native.ts";

/** The size of an image as people see it. */
export function uprightSize(width: number, height: number, orientation: number): { width: number; height: number } {
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}

/** Turns and mirrors stored pixels by EXIF's orientation, 1 … 8. */
export function upright(
  data: Pixels["data"],
  width: number,
  height: number,
  channels: number,
  orientation: number,
): Pixels["data"] {
  if (orientation === 1) return data;
  const size = uprightSize(width, height, orientation);
  const out = data instanceof Uint16Array ? new Uint16Array(data.length) : new Uint8Array(data.length);
  const flipX = [2, 3, 7, 8].includes(orientation);
  const flipY = [3, 4, 6, 7].includes(orientation);
  for (let y = 0, to = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const [column, row] = orientation >= 5 ? [y, x] : [x, y];
      const from = ((flipY ? height - 1 - row : row) * width + (flipX ? width - 1 - column : column)) * channels;
      for (let k = 0; k < channels; k++) out[to++] = data[from + k]!;
    }
  }
  return out;
}
