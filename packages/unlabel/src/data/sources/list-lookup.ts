// Files by name, and by names that differ in case, form of letters, or extension.
import { type Dirent, readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { IMAGE_EXTENSIONS } from "../walk.ts";

const MOST_FOLDERS = 200;

/** A file that is there. */
export interface Found {
  path: string;
  /** In bytes; −1 where it may not be asked. */
  size: number;
  how: "exact" | "case" | "extension";
  /** Other images differ from it in the extension alone. */
  isOneOfSeveral: boolean;
}

/** Each folder is listed once, when a file is not there by its own name. */
export class Lookup {
  readonly #files = new Map<string, Map<string, string[]>>();
  readonly #folders = new Map<string, string | null>();

  /** The first of some places where there is a file, by its own name before any other. */
  find(places: readonly string[]): Found | null {
    for (const path of places) {
      const stats = statOf(path);
      if (stats === "unknown") return { path, size: -1, how: "exact", isOneOfSeveral: false };
      if (stats?.isFile) return { path, size: stats.size, how: "exact", isOneOfSeveral: false };
    }
    for (const place of places) {
      const folder = this.#real(dirname(place));
      if (folder === null) continue;
      const path = join(folder, basename(place));
      const same = this.#named(path).filter((name) => keyOf(name) === keyOf(basename(path)));
      const images = same.length === 1 ? [] : this.#withExtensions(path);
      const name = same.length === 1 ? same[0] : images[0];
      const stats = name === undefined ? undefined : statOf(join(folder, name));
      if (stats !== "unknown" && stats?.isFile) {
        const how = same.length === 1 ? "case" : "extension";
        return { path: join(folder, name!), size: stats.size, how, isOneOfSeveral: images.length > 1 };
      }
    }
    return null;
  }

  /** Images that have another extension than a path. */
  stems(path: string): string[] {
    return this.#named(path.slice(0, path.length - extname(path).length)).filter(isImage);
  }

  /** Folders in a folder that are not hidden. */
  folders(folder: string): string[] {
    return entries(folder)
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
      .slice(0, MOST_FOLDERS)
      .map(({ name }) => join(folder, name))
      .sort();
  }

  /** Images that are called as a name without an extension, the more usual extension first. */
  #withExtensions(path: string): string[] {
    const name = basename(path);
    if (isImage(name)) return [];
    const order = [...IMAGE_EXTENSIONS];
    const rank = (one: string) => order.indexOf(extname(one).toLowerCase());
    return this.#named(path)
      .filter((one) => isImage(one) && keyOf(one.slice(0, -extname(one).length)) === keyOf(name))
      .sort((a, b) => rank(a) - rank(b));
  }

  /** A folder as it is written on disk; null where there is none, or several differ in case alone. */
  #real(folder: string): string | null {
    const known = this.#folders.get(folder);
    if (known !== undefined) return known;
    let real: string | null = null;
    if (statOf(folder) !== undefined) real = folder;
    else if (dirname(folder) !== folder) {
      const parent = this.#real(dirname(folder));
      const key = keyOf(basename(folder));
      const alike =
        parent === null ? [] : entries(parent).filter((entry) => entry.isDirectory() && keyOf(entry.name) === key);
      if (alike.length === 1) real = join(parent!, alike[0]!.name);
    }
    this.#folders.set(folder, real);
    return real;
  }

  /** Files beside a path whose names are equal to its own, or become so without an extension. */
  #named(path: string): string[] {
    const folder = dirname(path);
    let names = this.#files.get(folder);
    if (!names) {
      names = new Map();
      for (const entry of entries(folder)) {
        if (entry.isDirectory()) continue;
        const stem = entry.name.slice(0, entry.name.length - extname(entry.name).length);
        for (const key of new Set([keyOf(entry.name), keyOf(stem)])) {
          const alike = names.get(key);
          if (alike) alike.push(entry.name);
          else names.set(key, [entry.name]);
        }
      }
      this.#files.set(folder, names);
    }
    return names.get(keyOf(basename(path))) ?? [];
  }
}

function keyOf(name: string): string {
  return name.normalize("NFC").toLowerCase();
}

function isImage(name: string): boolean {
  return IMAGE_EXTENSIONS.has(extname(name).toLowerCase());
}

function entries(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // not there, or closed: nothing is found in it
  }
}

/** What a path leads to; undefined where there is nothing, `unknown` where that may not be asked. */
export function statOf(path: string): { isFile: boolean; size: number } | "unknown" | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats && { isFile: !stats.isDirectory(), size: stats.size };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    return code === "ENOTDIR" || code === "ENAMETOOLONG" || code === "ENOENT" ? undefined : "unknown";
  }
}
