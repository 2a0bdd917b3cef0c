// Images that may be shown: those whose files lie in the folders that the studio was given, wherever links lead. A list or a folder from a
// stranger can name any file of this machine.
import { realpathSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { UserError } from "../../base/errors.ts";
import { commandLine, shellWord } from "../../base/shell.ts";
import type { Dataset, Item, Split } from "../../data/folder.ts";

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

/** A data set without what leads out of the folders, and how many images that are. What is gone stays, for its reader to say so. */
export function within(data: Dataset, roots: readonly string[]): { data: Dataset; out: number } {
  // Of archives nothing can lead elsewhere: their items are no files.
  if (data.train.load && data.layout !== "file-list") return { data, out: 0 };
  const folder = data.layout === "file-list" ? join(resolve(data.root), "..") : null;
  let out = 0;
  const isInside = (split: Split, item: Item) => {
    const real = realOf(folder === null ? join(split.root, item.path) : resolve(folder, item.path));
    const inside = real === null || isWithin(roots, real);
    if (!inside) out++;
    return inside;
  };
  const part = (split: Split): Split => ({ ...split, items: split.items.filter((item) => isInside(split, item)) });
  const train = part(data.train);
  const val = data.val && part(data.val);
  return out === 0 ? { data, out } : { data: { ...data, train, val }, out };
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
    `Expected images inside the folders that the studio was given, got ${root}; give that one, too: ${commandLine("studio", ...[...roots, root].map(shellWord))}`,
  );
}
