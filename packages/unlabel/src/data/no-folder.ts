// Why what was given as a folder of images is none, and what may have been meant.
import { existsSync, opendirSync, readdirSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { UserError } from "../base/errors.ts";
import { shellWord } from "../base/shell.ts";
import { nearest } from "../config/suggest.ts";
import { IMAGE_EXTENSIONS } from "./extensions.ts";
import { follow } from "./walk.ts";

/** Names of sub-folders, sorted, hidden ones left out. */
function subfolders(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => !name.startsWith(".") && follow(join(folder, name))?.isDirectory())
    .sort();
}

/** @throws {UserError} where there is no folder that may be listed */
export function refuseOther(root: string): void {
  try {
    opendirSync(root).closeSync();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT")
      throw new UserError(`Expected a folder of images, got ${root}, which does not exist${hint(root)}`);
    if (code === "ENOTDIR")
      throw new UserError(`Expected a folder of images, got the file ${root}; ${sourceInstead(root)}`);
    if (code === "EACCES")
      throw new UserError(`Expected a folder of images, got ${root}, which you may not list; check its permissions`);
    throw error;
  }
}

/** What to give instead of a file that is no source. */
function sourceInstead(file: string): string {
  const name = basename(file).toLowerCase();
  if (/\.(tgz|zip|7z|rar|gz|bz2|xz|zst)$/.test(name)) return "unpack it and give the folder that comes of it";
  if (IMAGE_EXTENSIONS.has(extname(name))) return "give the folder that it lies in, or a list of files (.txt)";
  if (name.endsWith(".json"))
    return `make lines of it, an object each: jq -c '.[]' ${shellWord(file)} > ${shellWord(file.replace(/json$/i, "jsonl"))} (COCO: '.images[]'), and give these`;
  if (/\.(xlsx?|ods)$/.test(name)) return "save its sheet as .csv and give that";
  return "give a folder, a list of files (.txt, .csv), a .tar or a .parquet";
}

/** The folder beside the missing one whose name is nearest to it, or how to say what may have been meant. */
function hint(root: string): string {
  if (/[*?]/.test(root)) return "; * and ? are not filled in: give the folder, or shards as 'train-{000..099}.tar'";
  const places = root.trim().split(/[\s,]+/);
  if (places.length > 1 && places.every((place) => existsSync(place)))
    return "; it names several places: give one folder that holds them, or a list of files (.txt)";
  const parent = dirname(resolve(root));
  try {
    const name = nearest(basename(resolve(root)), subfolders(parent));
    return name === null ? "" : `; did you mean ${join(dirname(root), name)}?`;
  } catch {
    return ""; // the parent is missing or closed as well
  }
}
