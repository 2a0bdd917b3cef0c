// Images that may be shown: those whose files lie in the folders that the studio was given, wherever links lead. A list or a folder from a
// stranger can name any file of this machine.
import { readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, extname, join, resolve, sep } from "node:path";
import { UserError } from "../../base/errors.ts";
import { commandLine, shellWord } from "../../base/shell.ts";
import { counted } from "../../base/text.ts";
import type { Dataset, Item, Split } from "../../data/folder.ts";
import { IMAGE_EXTENSIONS } from "../../data/walk.ts";

/** Whether a real path is that of one of the folders, or lies in one. */
export function isWithin(roots: readonly string[], real: string): boolean {
  return roots.some((root) => real === root || real.startsWith(root.endsWith(sep) ? root : root + sep));
}

/** A path without links; null where nothing is there. */
export function realOf(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

/**
 * A data set without what leads out of the folders, how many images that are, and the least folder that has all of these. What is gone stays, for its
 * reader to say so.
 */
export function within(
  data: Dataset,
  roots: readonly string[],
): { data: Dataset; out: number; outside: string | null } {
  // Items of archives are no files, and the archives themselves are held against the folders before they are opened.
  if (data.train.load && data.layout !== "file-list") return { data, out: 0, outside: null };
  const folder = data.layout === "file-list" ? join(resolve(data.root), "..") : null;
  let out = 0;
  let outside: string | null = null;
  const isInside = (split: Split, item: Item) => {
    const real = realOf(folder === null ? join(split.root, item.path) : resolve(folder, item.path));
    const inside = real === null || isWithin(roots, real);
    if (!inside) {
      out++;
      outside = outside === null ? dirname(real) : commonFolder(outside, dirname(real));
    }
    return inside;
  };
  const part = (split: Split): Split => ({ ...split, items: split.items.filter((item) => isInside(split, item)) });
  const train = part(data.train);
  const val = data.val && part(data.val);
  return { data: out === 0 ? data : { ...data, train, val }, out, outside };
}

/** The least folder that has both. */
function commonFolder(a: string, b: string): string {
  let common = a;
  while (!isWithin([common], b)) common = dirname(common);
  return common;
}

/** What to say of images that lead out of the folders given: how many, and what to do. @param outside the least folder that has them */
export function imagesOutside(out: number, outside: string | null, roots: readonly string[]): UserError {
  // The whole machine is nothing that one would let a browser see.
  const isAll = outside === null || dirname(outside) === outside;
  const where = isAll
    ? "elsewhere; give the folders that they lie in, too"
    : `in ${outside}; ${giveToo(roots, outside)}`;
  return new UserError(
    `Expected images inside the folders that the studio was given, got ${counted(out, "image")} ${where}`,
  );
}

/** Where images lie that may be read. @throws {UserError} where they lie outside the folders given, or are gone */
export function placeOf(root: string, roots: readonly string[]): string {
  const real = realOf(root);
  if (real === null)
    throw new UserError(
      `Expected the images that the run was trained on in ${root}, got nothing there; bring them back`,
    );
  if (isWithin(roots, real)) return real;
  throw new UserError(
    `Expected images inside the folders that the studio was given, got ${root}; ${giveToo(roots, root)}`,
  );
}

/**
 * As {@link placeOf}, once no link below it leads out of the folders given to anything but an image: archives, tables, lists and names of
 * classes are read as soon as images are looked for. Links to images are told apart later, by {@link within}.
 *
 * @throws {UserError} where such a link does
 */
export function checkedPlaceOf(root: string, roots: readonly string[]): string {
  const place = placeOf(root, roots);
  const seen = new Set<string>();
  const folders = statSync(place).isDirectory() ? [place] : [];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    if (seen.has(folder)) continue;
    seen.add(folder);
    for (const entry of entriesOf(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) folders.push(path);
      if (!entry.isSymbolicLink()) continue;
      const real = realOf(path);
      if (real === null) continue;
      const isFolder = statSync(real).isDirectory();
      if (isWithin(roots, real)) {
        if (isFolder) folders.push(real);
      } else if (isFolder || !IMAGE_EXTENSIONS.has(extname(entry.name).toLowerCase())) {
        throw new UserError(
          `Expected what belongs to these images inside the folders that the studio was given, got the link ${path} out of them; ${giveToo(roots, isFolder ? real : dirname(real))}`,
        );
      }
    }
  }
  return place;
}

/** What cannot be listed is not read either. */
function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function giveToo(roots: readonly string[], folder: string): string {
  return `give that one, too: ${commandLine("studio", ...[...roots, folder].map(shellWord))}`;
}
