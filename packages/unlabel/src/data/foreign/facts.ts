// What a header says of an image: enough to choose how a data set is read, at the price of a few hundred bytes.
import type { Pixels } from "../../base/native.ts";
import { type ByteSource, headOf, withBytes } from "./bytes.ts";
import { KIND_BYTES, kindOf } from "./kind.ts";
import { withRaster } from "./open.ts";
import type { Raster } from "./raster.ts";
import type { Sample } from "./samples.ts";

/** See the head of this file. */
export type Facts = Pick<
  Raster,
  "format" | "width" | "height" | "bands" | "colour" | "opacity" | "sample" | "inverted" | "nodata" | "pages"
>;

/** @throws {Error} with the reason in plain words where it cannot be read */
export async function factsOf(image: string | Uint8Array | Pixels): Promise<Facts> {
  if (typeof image !== "string" && !(image instanceof Uint8Array)) {
    const { width, height, channels = 3, data } = image;
    return {
      ...EIGHT_BIT,
      format: "pixels",
      width,
      height,
      bands: channels,
      sample: { kind: "uint", bits: data.BYTES_PER_ELEMENT * 8 },
    };
  }
  const jpeg = await withBytes(image, jpegFacts);
  return jpeg ?? withRaster(image, async (raster) => raster);
}

const EIGHT_BIT = {
  colour: "rgb",
  opacity: null,
  inverted: false,
  nodata: null,
  pages: false,
  sample: { kind: "uint", bits: 8 } as Sample,
} as const;

/** Most segments before a JPEG's frame. */
const MOST_SEGMENTS = 1000;

/** A JPEG's frame header, without a decoder: a folder of photographs need not load one. Null for other files and where it is damaged. */
async function jpegFacts(bytes: ByteSource): Promise<Facts | null> {
  if (kindOf(await headOf(bytes, KIND_BYTES)) !== "jpeg") return null;
  for (let at = 2, segments = 0; at + 12 <= bytes.size && segments < MOST_SEGMENTS; segments++) {
    const head = await bytes.read(at, 10);
    if (head[0] !== 0xff) return null;
    const marker = head[1]!;
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      const components = head[9]!;
      return {
        ...EIGHT_BIT,
        format: "JPEG",
        height: (head[5]! << 8) | head[6]!,
        width: (head[7]! << 8) | head[8]!,
        colour: components === 1 ? "gray" : "rgb",
        bands: components === 1 ? 1 : 3,
      };
    }
    // Fill bytes, or a segment with a length.
    at += marker === 0xff ? 1 : 2 + ((head[2]! << 8) | head[3]!);
  }
  return null;
}
