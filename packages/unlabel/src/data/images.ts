// Items of a split to what the image reader takes: paths of a folder's files, or whatever a source hands out.
import { join } from "node:path";
import type { ImageSource } from "../base/native.ts";
import type { Item, Split } from "./folder.ts";

/** What to read for each of `items`, in their order. */
export async function imagesOf(split: Split, items: readonly Item[]): Promise<ImageSource[]> {
  return split.load ? split.load(items) : items.map(({ path }) => join(split.root, path));
}
