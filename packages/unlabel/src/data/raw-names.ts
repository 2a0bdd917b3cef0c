// Names on disk that are no UTF-8, as old archives and Windows programs leave them: JavaScript has no text for such a path, and so no
// file can be opened by it. They are counted and named, with what mends them.
import { type Dirent, readdirSync } from "node:fs";
import { extname } from "node:path";
import { IMAGE_EXTENSIONS } from "./extensions.ts";

/** Images under names that are no UTF-8. */
export interface Misnamed {
  count: number;
  /** The first, with what is no text as `\xe4`; relative to the root. */
  example: string;
}

/** What stands in a text where bytes were none. */
const REPLACED = "\uFFFD";
/** Below a folder of such a name; deeper ones are a loop of links. */
const MOST_DEPTH = 64;

/** Leaves out the entries whose names are no UTF-8, and counts the images that they are or hold. */
export function readableNames(
  here: string,
  relative: string,
  entries: readonly Dirent[],
): { entries: Dirent[]; misnamed: Misnamed | null } {
  const doubtful = entries.some(({ name }) => name.includes(REPLACED));
  if (!doubtful) return { entries: [...entries], misnamed: null };
  const raw = readdirSync(here, { withFileTypes: true, encoding: "buffer" }).filter(({ name }) => !isText(name));
  const bad = new Set(raw.map(({ name }) => name.toString("utf8")));
  const start = relative === "" ? "" : `${relative}/`;
  const found = raw.flatMap((entry) => imagesIn(Buffer.from(`${here}/`), entry, 0) ?? []);
  const [first] = found;
  const count = found.reduce((sum, images) => sum + images.count, 0);
  return {
    entries: entries.filter(({ name }) => !bad.has(name)),
    misnamed: first ? { count, example: start + shown(first.first) } : null,
  };
}

function imagesIn(folder: Buffer, entry: Dirent<Buffer>, depth: number): { count: number; first: Buffer } | null {
  if (!entry.isDirectory()) {
    const isImage = IMAGE_EXTENSIONS.has(extname(entry.name.toString("latin1")).toLowerCase());
    return isImage ? { count: 1, first: entry.name } : null;
  }
  const path = Buffer.concat([folder, entry.name, Buffer.from("/")]);
  let inside: Dirent<Buffer>[] = [];
  try {
    if (depth < MOST_DEPTH) inside = readdirSync(path, { withFileTypes: true, encoding: "buffer" });
  } catch {
    // It may not be listed: nothing in it can be counted.
  }
  let [count, first]: [number, Buffer | null] = [0, null];
  for (const one of inside) {
    const found = imagesIn(path, one, depth + 1);
    if (found === null) continue;
    count += found.count;
    first ??= Buffer.concat([entry.name, Buffer.from("/"), found.first]);
  }
  return first === null ? null : { count, first };
}

function isText(name: Buffer): boolean {
  return Buffer.from(name.toString("utf8")).equals(name);
}

/** ASCII as it is, other bytes as `\xe4`. */
function shown(name: Buffer): string {
  return [...name]
    .map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`))
    .join("");
}
