// Small squares of images in one JPEG, ten in a row, in the order asked for.
import sharp from "sharp";
import type { Item, Split } from "../../data/folder.ts";
import type { ImageReader } from "../../data/reader.ts";
import { thumbnailsOf } from "../../eval/thumbnails.ts";

/** Pictures in a row. */
export const THUMBNAIL_COLUMNS = 10;

/** Draws it; what cannot be read, or is not there, is black. */
export async function sheetOf(
  images: readonly ({ split: Split; item: Item } | undefined)[],
  edge: number,
  reader: ImageReader,
): Promise<Uint8Array> {
  const bytes = edge * edge * 3;
  const columns = Math.min(THUMBNAIL_COLUMNS, images.length);
  const rows = Math.ceil(images.length / columns);
  const pixels = new Uint8Array(columns * rows * bytes);
  const splits = new Set(images.flatMap((image) => (image ? [image.split] : [])));
  for (const split of splits) {
    const own = images.flatMap((image, at) => (image?.split === split ? [{ at, item: image.item }] : []));
    const items = own.map(({ item }) => item);
    const found = await thumbnailsOf(split, items, edge, reader);
    for (const [i, { at }] of own.entries()) {
      const [left, top] = [(at % columns) * edge, Math.floor(at / columns) * edge];
      for (let y = 0; y < edge; y++) {
        const line = found.subarray(i * bytes + 3 * y * edge, i * bytes + 3 * (y + 1) * edge);
        pixels.set(line, 3 * ((top + y) * columns * edge + left));
      }
    }
  }
  const raw = { width: columns * edge, height: rows * edge, channels: 3 as const };
  return sharp(pixels, { raw }).jpeg({ quality: 82 }).toBuffer();
}
