// Small squares of images, as evaluation sees them, and sprites made of them.
import sharp from "sharp";
import { centerBox } from "../data/crop.ts";
import type { Item, Split } from "../data/folder.ts";
import { imagesOf } from "../data/images.ts";
import type { ImageReader } from "../data/reader.ts";

/** Read at a time. */
const BATCH = 256;

/**
 * The central squares of items, `[N, edge, edge, 3]` bytes; an image that cannot be read is black. Of other than three
 * channels the first three are shown, or the first as gray, between the values that stand for 0 and 1.
 */
export async function thumbnailsOf(
  split: Split,
  items: readonly Item[],
  edge: number,
  reader: ImageReader,
  onRead: (done: number) => void = () => {},
): Promise<Uint8Array> {
  const bytes = edge * edge * 3;
  const thumbnails = new Uint8Array(items.length * bytes);
  for (let at = 0; at < items.length; at += BATCH) {
    const images = await imagesOf(split, items.slice(at, at + BATCH));
    const { sizes } = await reader.sizes(images);
    const found = images.flatMap((image, k) => {
      const size = sizes[k];
      return size ? [{ image, views: [centerBox(size.width, size.height, edge, 1)], slots: [at + k] }] : [];
    });
    await reader.readPictures(found, { width: edge, height: edge, filter: "bilinear", out: thumbnails });
    onRead(Math.min(at + BATCH, items.length));
  }
  return thumbnails;
}

/** What a sprite may weigh. */
const MOST = 2e6;

/** Lays tiles out row by row in one JPEG of at most 2 MB. */
export async function spriteOf(tiles: Uint8Array, edge: number, columns: number): Promise<Uint8Array> {
  const count = tiles.length / (edge * edge * 3);
  const rows = Math.ceil(count / columns);
  const [width, height] = [columns * edge, rows * edge];
  const pixels = new Uint8Array(width * height * 3).fill(255);
  for (let tile = 0; tile < count; tile++) {
    const [left, top] = [(tile % columns) * edge, Math.floor(tile / columns) * edge];
    for (let y = 0; y < edge; y++) {
      const row = tiles.subarray((tile * edge + y) * edge * 3, (tile * edge + y + 1) * edge * 3);
      pixels.set(row, ((top + y) * width + left) * 3);
    }
  }
  const image = sharp(pixels, { raw: { width, height, channels: 3 } });
  for (let quality = 80; ; quality -= 15) {
    const jpeg = await image.clone().jpeg({ quality, chromaSubsampling: "4:2:0" }).toBuffer();
    if (jpeg.length <= MOST || quality <= 20) return jpeg;
  }
}

/** One JPEG an image, its central square. */
export async function jpegsOf(
  rows: readonly { split: Split; item: Item }[],
  edge: number,
  reader: ImageReader,
): Promise<Uint8Array[]> {
  return Promise.all(
    rows.map(async ({ split, item }) => {
      const data = await thumbnailsOf(split, [item], edge, reader);
      return sharp(data, { raw: { width: edge, height: edge, channels: 3 } })
        .jpeg({ quality: 85 })
        .toBuffer();
    }),
  );
}
