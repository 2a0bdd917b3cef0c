// Lists the image files of a folder tree in an order that does not depend on the file system.
import { type Dirent, readdirSync, type Stats, statSync } from "node:fs";
import { extname, join } from "node:path";
import { UserError } from "../base/errors.ts";

/** What is taken for an image by its name; how it is decoded, its content decides. */
export const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set([
  ".jpg",
  ".jpeg",
  ".jpe",
  ".jfif",
  ".png",
  ".webp",
  ".gif",
  ".tif",
  ".tiff",
  ".avif",
]);

export interface ImageFile {
  /** Relative to the root, with `/` between its parts. */
  path: string;
  /** In bytes; −1 where a link leads nowhere. */
  size: number;
}

/**
 * All images in and below `folder` (relative to `root`, empty for the root itself), sorted by path. Hidden files and folders
 * are left out; links are followed, but no folder is entered twice, so that a loop ends.
 *
 * @throws {UserError} where a folder cannot be listed
 */
export function findImages(root: string, folder: string): ImageFile[] {
  const files: ImageFile[] = [];
  const entered = new Set<string>();
  // A list of what is still to enter, not recursion: folders may lie deeper than the stack.
  const folders = [folder];
  for (let relative = folders.pop(); relative !== undefined; relative = folders.pop()) {
    const here = join(root, relative);
    const id = idOf(here);
    if (entered.has(id)) continue;
    entered.add(id);
    const inside: string[] = [];
    for (const entry of list(here)) {
      if (entry.name.startsWith(".")) continue;
      const path = relative === "" ? entry.name : `${relative}/${entry.name}`;
      const isImage = IMAGE_EXTENSIONS.has(extname(entry.name).toLowerCase());
      if (entry.isDirectory()) inside.push(path);
      else if (entry.isSymbolicLink() || (isImage && entry.isFile())) {
        const stats = follow(join(root, path));
        if (stats?.isDirectory()) inside.push(path);
        else if (isImage && stats?.isFile() !== false) files.push({ path, size: stats?.size ?? -1 });
      }
    }
    // The first of them is entered next, so that of two names of one folder the one that sorts first counts.
    while (inside.length > 0) folders.push(inside.pop()!);
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function idOf(folder: string): string {
  try {
    const { dev, ino } = statSync(folder);
    return `${dev}:${ino}`;
  } catch (error) {
    throw cannotList(folder, error);
  }
}

function cannotList(folder: string, error: unknown): UserError {
  return new UserError(`Expected to list ${folder}: ${error instanceof Error ? error.message : error}`);
}

/** What a path leads to; undefined where that is nothing. */
export function follow(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    // Gone meanwhile, or a link to nothing or to itself: kept in the list, so that the reader says why it is not read.
    return undefined;
  }
}

function list(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw cannotList(folder, error);
  }
}
