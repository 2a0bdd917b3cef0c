// Items of a split to what the image reader takes: paths of a folder's files, or whatever a source hands out; with how they are to be
// read, where that is another way than photographs are.
import { join } from "node:path";
import { isDescribed } from "./described.ts";
import { describedPixels } from "./described-pixels.ts";
import type { Item, Split } from "./folder.ts";
import { type AnyImage, isOrdinary, PHOTOGRAPHS } from "./input.ts";

/** What to read for each of `items`, in their order. */
export async function imagesOf(split: Split, items: readonly Item[]): Promise<AnyImage[]> {
  const images: AnyImage[] = split.load ? await split.load(items) : items.map(({ path }) => join(split.root, path));
  const input = split.input ?? PHOTOGRAPHS;
  const ordinary = isOrdinary(input);
  return images.map((image, i) => {
    const tile = items[i]!.tile ?? null;
    // What describes nothing is the file itself.
    if (isDescribed(image)) return isOrdinary(image.input) && image.tile === null ? image.file : image;
    if (ordinary && tile === null) return image;
    if (typeof image === "string" || image instanceof Uint8Array) return { file: image, input, tile };
    // Those that say how many channels they have were made for the network already, by a cache.
    return image.channels === undefined ? describedPixels(image, input, tile) : image;
  });
}
