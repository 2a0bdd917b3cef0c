// What an image is called where it stands among others: in embeddings, predictions, answers to a search, and what could not be read.
import type { Item } from "./folder.ts";

/** Its path; a part of a file also has its left and upper edge in pixels, `scene.tif#512,0`. */
export function nameOf({ path, tile }: Pick<Item, "path" | "tile">): string {
  return tile ? `${path}#${tile.x},${tile.y}` : path;
}
