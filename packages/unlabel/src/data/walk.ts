// Lists the image files of a folder tree in an order that does not depend on the file system, and what else lies there.
import { type Dirent, readdirSync, type Stats, statSync } from "node:fs";
import { extname, join } from "node:path";
import { UserError } from "../base/errors.ts";
import { IMAGE_EXTENSIONS } from "./extensions.ts";
import { type OutputKind, outputsAmong } from "./outputs.ts";
import { type Misnamed, readableNames } from "./raw-names.ts";

export { IMAGE_EXTENSIONS } from "./extensions.ts";

export interface ImageFile {
  /** Relative to the root, with `/` between its parts. */
  path: string;
  /** In bytes; −1 where a link leads nowhere. */
  size: number;
}

/** How many there are of something, and the first of them. */
export interface Counted {
  count: number;
  /** Relative to the root. */
  example: string;
}

/** What was found in and below a folder. */
export interface Walked {
  /** Sorted by path. */
  images: ImageFile[];
  /** Files that are no images, by their extension; empty where they have none. */
  others: Map<string, Counted>;
  /** What unlabel itself has written there. */
  outputs: Map<OutputKind, Counted>;
  /** Folders that were entered, but for the first, sorted. */
  folders: string[];
  /** Second names of folders that were entered already, through links. */
  again: string[];
  /** Images, and folders of images, whose names are no text. */
  misnamed: Misnamed | null;
  /** Folders that may not be listed, and why. */
  closed: { folder: string; error: UserError }[];
}

/** What programs put beside images without being asked. */
const LITTER_NAMES = /^(Thumbs\.db|desktop\.ini|__MACOSX|\$RECYCLE\.BIN|System Volume Information|@eaDir)$/i;

/** Whether a file or folder is hidden, or put there by a program without being asked. */
export function isLitter(name: string): boolean {
  return name.startsWith(".") || LITTER_NAMES.test(name);
}

/**
 * All images in and below `folder` (relative to `root`, empty for the root itself), sorted by path. Hidden files and folders
 * are left out, as are outputs of unlabel below the root; links are followed, but no folder is entered twice, so that a loop ends.
 */
export function walk(root: string, folder: string): Walked {
  const found: Walked = {
    images: [],
    others: new Map(),
    outputs: new Map(),
    folders: [],
    again: [],
    misnamed: null,
    closed: [],
  };
  const entered = new Set<string>();
  // A list of what is still to enter, not recursion: folders may lie deeper than the stack.
  const folders = [folder];
  for (let relative = folders.pop(); relative !== undefined; relative = folders.pop()) {
    const here = join(root, relative);
    let entries: Dirent[];
    try {
      const { dev, ino } = statSync(here);
      const id = `${dev}:${ino}`;
      if (entered.has(id)) {
        found.again.push(relative);
        continue;
      }
      entered.add(id);
      const listed = list(here, relative);
      entries = listed.entries;
      if (listed.misnamed)
        found.misnamed = {
          count: listed.misnamed.count + (found.misnamed?.count ?? 0),
          example: found.misnamed?.example ?? listed.misnamed.example,
        };
    } catch (error) {
      const told = error instanceof Error ? error.message : error;
      found.closed.push({ folder: relative, error: new UserError(`Expected to list ${here}: ${told}`) });
      continue;
    }
    const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
    const outputs = outputsAmong(here, files);
    // The root itself is what was asked for, whatever it is.
    if (typeof outputs === "string" && relative !== "") {
      note(found.outputs, outputs, relative);
      continue;
    }
    if (relative !== folder) found.folders.push(relative);
    const own = typeof outputs === "string" ? new Map<string, OutputKind>() : outputs;
    // Arrays beside pictures are mostly made of them: features, masks. By themselves, or beside a few, they are the images.
    const arrays = files.filter(isArray).length;
    const takesArrays = arrays > 0 && arrays > 2 * (files.filter(isImage).length - arrays);
    const inside: string[] = [];
    for (const entry of entries) {
      const path = relative === "" ? entry.name : `${relative}/${entry.name}`;
      const kind = own.get(entry.name);
      const taken = isImage(entry.name) && (takesArrays || !isArray(entry.name));
      if (entry.isDirectory()) inside.push(path);
      else if (kind !== undefined) note(found.outputs, kind, path);
      else if (entry.isSymbolicLink() || (taken && entry.isFile())) {
        const stats = follow(join(root, path));
        if (stats?.isDirectory()) inside.push(path);
        else if (taken && stats?.isFile() !== false) found.images.push({ path, size: stats?.size ?? -1 });
        else if (stats?.isFile()) note(found.others, extname(entry.name).toLowerCase(), path);
      } else if (entry.isFile()) note(found.others, extname(entry.name).toLowerCase(), path);
    }
    // The first of them is entered next, so that of two names of one folder the one that sorts first counts.
    while (inside.length > 0) folders.push(inside.pop()!);
  }
  found.images.sort((a, b) => (a.path < b.path ? -1 : 1));
  found.folders.sort();
  return found;
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

function isImage(name: string): boolean {
  return IMAGE_EXTENSIONS.has(extname(name).toLowerCase());
}

function isArray(name: string): boolean {
  return extname(name).toLowerCase() === ".npy";
}

/** Counts one more of its kind; the first is kept as the example. */
export function note<K>(counts: Map<K, Counted>, kind: K, example: string, count = 1): void {
  const found = counts.get(kind);
  if (found) found.count += count;
  else counts.set(kind, { count, example });
}

function list(here: string, relative: string): { entries: Dirent[]; misnamed: Misnamed | null } {
  const all = readdirSync(here, { withFileTypes: true });
  const { entries, misnamed } = readableNames(here, relative, all);
  return {
    entries: entries.filter(({ name }) => !isLitter(name)).sort((a, b) => (a.name < b.name ? -1 : 1)),
    misnamed,
  };
}
