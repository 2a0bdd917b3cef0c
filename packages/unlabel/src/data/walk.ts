// Lists the image files of a folder tree in an order that does not depend on the file system, and what else lies there.
import { readdirSync, type Stats, statSync } from "node:fs";
import { extname, join } from "node:path";
import { UserError } from "../base/errors.ts";
import { Kind } from "../base/native.ts";
import { IMAGE_EXTENSIONS } from "./extensions.ts";
import { type Listed, listed, sizesIn, those } from "./listed.ts";
import { tellOpening } from "./opening.ts";
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
/** Files whose sizes are asked for in one go. */
const AT_ONCE = 16_384;

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
    let content: ReturnType<typeof list>;
    try {
      const { dev, ino } = statSync(here);
      const id = `${dev}:${ino}`;
      if (entered.has(id)) {
        found.again.push(relative);
        continue;
      }
      entered.add(id);
      content = list(here, relative);
      const { misnamed } = content;
      if (misnamed)
        found.misnamed = {
          count: misnamed.count + (found.misnamed?.count ?? 0),
          example: found.misnamed?.example ?? misnamed.example,
        };
    } catch (error) {
      const told = error instanceof Error ? error.message : error;
      found.closed.push({ folder: relative, error: new UserError(`Expected to list ${here}: ${told}`) });
      continue;
    }
    const { names, kinds } = content;
    const files = names.filter((_, i) => kinds[i] !== Kind.folder);
    const outputs = outputsAmong(here, files);
    // The root itself is what was asked for, whatever it is.
    if (typeof outputs === "string" && relative !== "") {
      note(found.outputs, outputs, relative);
      continue;
    }
    if (relative !== folder) found.folders.push(relative);
    const own = typeof outputs === "string" ? new Map<string, OutputKind>() : outputs;
    const inside = takeFiles(found, { here, relative, names, kinds, own });
    tellOpening("images listed", found.images.length);
    // The first of them is entered next, so that of two names of one folder the one that sorts first counts.
    while (inside.length > 0) folders.push(inside.pop()!);
  }
  found.images.sort((a, b) => (a.path < b.path ? -1 : 1));
  found.folders.sort();
  return found;
}

/** The content of a folder. */
interface Content extends Listed {
  here: string;
  relative: string;
  /** Its files that unlabel has written. */
  own: ReadonlyMap<string, OutputKind>;
}

/** Adds a folder's files to what was found; returns the folders in it. */
function takeFiles(found: Walked, { here, relative, names, kinds, own }: Content): string[] {
  const sorts = names.map((name, i) => (kinds[i] === Kind.folder ? "other" : sortOf(name)));
  // Arrays beside pictures are mostly made of them: features, masks. By themselves, or beside a few, they are the images.
  const arrays = sorts.reduce((sum, sort) => sum + Number(sort === "array"), 0);
  const images = sorts.reduce((sum, sort) => sum + Number(sort === "image"), 0);
  const takesArrays = arrays > 0 && arrays > 2 * images;
  const isTaken = (i: number) => sorts[i] === "image" || (takesArrays && sorts[i] === "array");
  const isAsked = (i: number) => kinds[i] === Kind.link || (isTaken(i) && kinds[i] === Kind.file);
  const asked = [...names.keys()].filter((i) => !own.has(names[i]!) && isAsked(i));
  const sizes = new Float64Array(names.length);
  for (let start = 0; start < asked.length; start += AT_ONCE) {
    const some = asked.slice(start, start + AT_ONCE);
    const led = sizesIn(
      here,
      some.map((i) => names[i]!),
    );
    for (const [k, i] of some.entries()) {
      kinds[i] = led.kinds[k]!;
      sizes[i] = led.sizes[k]!;
    }
    tellOpening("images listed", found.images.length + start + some.length);
  }
  const inside: string[] = [];
  const paths = relative === "" ? names : cutFromOne(names.map((name) => `${relative}/${name}`));
  for (const [i, name] of names.entries()) {
    const path = paths[i]!;
    const kind = kinds[i];
    const output = own.get(name);
    if (kind === Kind.folder) inside.push(path);
    else if (output !== undefined) note(found.outputs, output, path);
    // What leads nowhere, or is gone by now, stays in the list, so that the reader says why it is not read.
    else if (isTaken(i) && (kind === Kind.file || kind === Kind.gone)) found.images.push({ path, size: sizes[i]! });
    else if (kind === Kind.file) note(found.others, extname(name).toLowerCase(), path);
  }
  return inside;
}

/** The same texts as parts of one: put together from two each, a million of them would be copied again and again. */
function cutFromOne(texts: readonly string[]): string[] {
  return texts.length === 0 ? [] : texts.join("\0").split("\0");
}

/** What a path leads to; undefined where that is nothing. */
export function follow(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    // Gone meanwhile, or a link to nothing or to itself.
    return undefined;
  }
}

type Sort = "image" | "array" | "other";

/** By extension, as it is written. */
const SORTS = new Map<string, Sort>();
/** Names without end have as many extensions. */
const MOST_SORTS = 1000;

function sortOf(name: string): Sort {
  const extension = extname(name);
  const known = SORTS.get(extension);
  if (known !== undefined) return known;
  const lower = extension.toLowerCase();
  const sort = lower === ".npy" ? "array" : IMAGE_EXTENSIONS.has(lower) ? "image" : "other";
  if (SORTS.size < MOST_SORTS) SORTS.set(extension, sort);
  return sort;
}

/** Counts one more of its kind; the first is kept as the example. */
export function note<K>(counts: Map<K, Counted>, kind: K, example: string, count = 1): void {
  const found = counts.get(kind);
  if (found) found.count += count;
  else counts.set(kind, { count, example });
}

/** What stands in a text where bytes were none. */
const REPLACED = "\uFFFD";

/** Without hidden ones and litter. @throws {Error} as Node does, where it may not be listed */
function list(here: string, relative: string): Listed & { misnamed: Misnamed | null } {
  const all = listed(here);
  // Node says why.
  if (all === null) throw new Error(`${readdirSync(here).length} entries could not be read whole`);
  if (!all.names.some((name) => name.includes(REPLACED)))
    return { ...those(all, (name) => !isLitter(name)), misnamed: null };
  const { entries, misnamed } = readableNames(here, relative, readdirSync(here, { withFileTypes: true }));
  const readable = new Set(entries.map(({ name }) => name));
  return { ...those(all, (name) => readable.has(name) && !isLitter(name)), misnamed };
}
