// An image as a person can judge it: whole, upright and large; of other than three channels the first three, or the first as gray.
import { realpathSync } from "node:fs";
import { join, sep } from "node:path";
import sharp from "sharp";
import { UserError } from "../base/errors.ts";
import type { Item, Split } from "../data/folder.ts";
import { imagesOf } from "../data/images.ts";
import type { ImageReader } from "../data/reader.ts";

/** Long side in pixels: sharp on a wide screen, and read in a moment. */
const MOST = 1280;
/** Small images are sent pixel by pixel. */
const SMALL = 256;

/** An encoded picture. */
export interface Picture {
  bytes: Uint8Array;
  type: "image/jpeg" | "image/png";
}

/** Draws it. @throws {UserError} where it cannot be read, or its file leads out of DATA */
export async function pictureOf(split: Split, item: Item, reader: ImageReader): Promise<Picture> {
  if (leadsOut(split, item))
    throw new UserError(`Expected an image within ${split.root}, got a link that leads out of it`);
  const [image] = await imagesOf(split, [item]);
  const { sizes, failures } = await reader.sizes([image!]);
  const size = sizes[0];
  if (!size) throw new UserError(`Expected an image that can be read, got ${failures[0]?.reason}`);
  const scale = Math.min(1, MOST / Math.max(size.width, size.height));
  const [width, height] = [size.width, size.height].map((side) => Math.max(1, Math.round(scale * side))) as [
    number,
    number,
  ];
  const whole = { x: 0, y: 0, width: size.width, height: size.height, flip: false };
  const { data, failures: unread } = await reader.readPictures([{ image: image!, views: [whole] }], {
    width,
    height,
    filter: "bilinear",
  });
  if (unread.length > 0) throw new UserError(`Expected an image that can be read, got ${unread[0]!.reason}`);
  const drawn = sharp(data, { raw: { width, height, channels: 3 } });
  return Math.max(width, height) <= SMALL
    ? { bytes: await drawn.png().toBuffer(), type: "image/png" }
    : { bytes: await drawn.jpeg({ quality: 90 }).toBuffer(), type: "image/jpeg" };
}

/** Whether a folder's image is a link to a file elsewhere. Lists and archives say themselves what they hold. */
export function leadsOut(split: Split, item: Item): boolean {
  if (split.load) return false;
  try {
    const root = realpathSync(split.root);
    return !realpathSync(join(split.root, item.path)).startsWith(root.endsWith(sep) ? root : root + sep);
  } catch {
    // Gone by now, which whoever reads it tells.
    return false;
  }
}
