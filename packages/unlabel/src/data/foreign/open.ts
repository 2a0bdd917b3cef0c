// A file of any format, opened: what it is, its content says.

import { bmpRaster } from "./bmp.ts";
import { headOf, withBytes } from "./bytes.ts";
import { KIND_BYTES, kindOf, NOT_READ } from "./kind.ts";
import { npyRaster } from "./npy.ts";
import { pnmRaster } from "./pnm.ts";
import type { Raster } from "./raster.ts";
import { sharpRaster } from "./sharp-raster.ts";
import { isPhotograph, tiffRaster } from "./tiff.ts";
import { readTiffHeader } from "./tiff-header.ts";

/**
 * Opens a file for `use` alone.
 *
 * @throws {Error} with the reason in plain words where it cannot be read
 */
export function withRaster<T>(file: string | Uint8Array, use: (raster: Raster) => Promise<T>): Promise<T> {
  return withBytes(file, async (bytes) => {
    const kind = kindOf(await headOf(bytes, KIND_BYTES));
    const notRead = NOT_READ[kind];
    if (notRead !== undefined) throw new Error(notRead);
    switch (kind) {
      case "tiff": {
        const header = await readTiffHeader(bytes);
        return use(isPhotograph(header) ? await sharpRaster(file, header) : tiffRaster(bytes, header));
      }
      case "npy":
        return use(await npyRaster(bytes));
      case "bmp":
        return use(await bmpRaster(bytes));
      case "pnm":
        return use(await pnmRaster(bytes));
      default:
        return use(await sharpRaster(file));
    }
  });
}
