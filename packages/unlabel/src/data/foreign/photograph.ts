// Whether a TIFF is a photograph, which is read like any other; what else it is, and how to have that read.
import type { ByteSource } from "./bytes.ts";
import type { Raster } from "./raster.ts";
import { sampleWords } from "./samples.ts";
import { isPhotograph, isSharps, tiffRaster } from "./tiff.ts";
import { readTiffHeader } from "./tiff-header.ts";

/**
 * Which decoder reads a photograph: sharp, sharp as it takes TIFFs, the same without a fourth sample that is not said to be opacity, or
 * foreign/.
 */
export type Way = "sharp" | "tiff" | "colours alone" | "own";

/** @throws {Error} with the reason, where its bands or samples are no photograph's, and with the setting that has them read */
export async function photographWay(bytes: ByteSource): Promise<Way> {
  const header = await readTiffHeader(bytes);
  if (isPhotograph(header)) return "tiff";
  const { bands, colour, opacity, sample, nodata } = tiffRaster(bytes, header);
  if (sample.kind !== "uint" || sample.bits > 16) {
    const values = sample.kind === "float" ? "0,1" : "LOW,HIGH";
    throw new Error(
      `its samples are ${sampleWords(sample)}, no photograph's; to train on such images, say which values become black and white: --set range=${values}`,
    );
  }
  if (!hasPhotographsBands({ bands, colour })) {
    const some = bands >= 3 ? ", or three of them: --set bands=3,2,1" : "";
    throw new Error(`it has ${bands} bands, no photograph's; to train on such images: --set channels=${bands}${some}`);
  }
  // sharp knows neither of nodata, nor of samples of other bits, nor of Zstandard.
  if (colour === "none" || nodata !== null || ![1, 2, 4, 8, 16].includes(sample.bits)) return "own";
  if (!isSharps(header.compression)) return "own";
  return bands === coloursOf(colour) + 1 && opacity === null ? "colours alone" : "tiff";
}

/** Whether bands are a photograph's: gray, or red, green and blue, with one more at most. */
export function hasPhotographsBands({ bands, colour }: Pick<Raster, "bands" | "colour">): boolean {
  return colour === "none" ? bands === 3 : bands <= coloursOf(colour) + 1;
}

function coloursOf(colour: Raster["colour"]): number {
  return colour === "rgb" ? 3 : 1;
}
