// Opacity and gray, for samples of 8 or 16 bits.
import type { Pixels } from "../../base/native.ts";

type Data = Pixels["data"];

function like(data: Data, length: number): Data {
  return data instanceof Uint16Array ? new Uint16Array(length) : new Uint8Array(length);
}

/** Lays pixels on white whose last of `bands` says how opaque they are. */
export function onWhite(data: Data, bands: number, most: number, premultiplied: boolean): Data {
  const colours = bands - 1;
  const out = like(data, (data.length / bands) * colours);
  for (let from = 0, to = 0; from < data.length; from += bands) {
    const opacity = data[from + colours]!;
    for (let k = 0; k < colours; k++) {
      const own = premultiplied ? data[from + k]! : (data[from + k]! * opacity) / most;
      out[to++] = Math.min(most, Math.round(own + most - opacity));
    }
  }
  return out;
}

/** Red, green and blue to gray by ITU-R BT.601, as PIL's `L` has it: equal ones stay as they are. */
export function grayOf(data: Data): Data {
  const out = like(data, data.length / 3);
  for (let from = 0, to = 0; from < data.length; from += 3)
    out[to++] = (data[from]! * 19_595 + data[from + 1]! * 38_470 + data[from + 2]! * 7471 + 32_768) / 65_536;
  return out;
}
