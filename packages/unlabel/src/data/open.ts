// What a user gives as DATA to a list of images, whatever it is: a folder, or one of the sources of sources/, each loaded only
// when it is the one.
import { type Dirent, existsSync, readdirSync, statSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { UserError } from "../base/errors.ts";
import { type Dataset, openFolder } from "./folder.ts";
import { IMAGE_EXTENSIONS } from "./walk.ts";

/** Folders that parts of a source may lie in, beside the root itself. */
const PART_FOLDERS = new Set(["train", "val", "valid", "validation", "test", "data"]);
const LISTS = new Set([".txt", ".lst", ".csv", ".tsv", ".jsonl", ".ndjson"]);

/**
 * Opens a data set: a folder of images, a list of files, tar shards (also `shard-{000..099}.tar` and URLs), CIFAR, IDX or
 * Parquet.
 *
 * @throws {UserError} where there is nothing there, it cannot be read, or it holds no images
 */
export async function openData(root: string): Promise<Dataset> {
  const isPattern = /\{.+\}/.test(root) && !existsSync(root);
  if (isUrl(root) || isPattern) {
    const { expandBraces } = await import("./sources/braces.ts");
    return openTars(root, expandBraces(root));
  }
  const stats = statSync(root, { throwIfNoEntry: false });
  if (stats?.isFile()) {
    const extension = extname(root).toLowerCase();
    if (extension === ".tar") return openTars(root, [root]);
    if (extension === ".parquet") return (await import("./sources/parquet.ts")).openParquet(root, [root]);
    if (LISTS.has(extension)) return (await import("./sources/file-list.ts")).openFileList(root);
  }
  if (!stats?.isDirectory()) return openFolder(root);
  return (
    (await openFiles(root)) ??
    (await (await import("./sources/repository.ts")).openRepository(root)) ??
    openFolder(root)
  );
}

/** DATA so that it can be found from any folder. */
export function absoluteRoot(root: string): string {
  return isUrl(root) ? root : resolve(root);
}

function isUrl(root: string): boolean {
  return /^https?:\/\//i.test(root);
}

async function openTars(root: string, names: string[]): Promise<Dataset> {
  const other = names.find((name) => !/\.tar$/i.test(isUrl(name) ? new URL(name).pathname : name));
  if (other !== undefined)
    throw new UserError(`Expected a tar shard (.tar, not packed further) for ${root}, got ${other}; see docs/data.md`);
  return (await import("./sources/shards.ts")).openShards(root, names);
}

/** A folder whose files are parts of a source, or null where it is a folder of images. */
async function openFiles(root: string): Promise<Dataset | null> {
  const entries = list(root);
  const names = entries.map(({ name }) => name);
  const [{ cifarFiles, openCifar }, { idxFiles, openIdx }] = await Promise.all([
    import("./sources/cifar.ts"),
    import("./sources/idx.ts"),
  ]);
  const cifar = cifarFiles(names);
  if (cifar) return openCifar(root, cifar);
  const idx = idxFiles(names);
  if (idx) return openIdx(root, idx);

  // Images, or folders that no part of a source lies in: an archive beside them is only that.
  if (names.some((name) => IMAGE_EXTENSIONS.has(extname(name).toLowerCase()))) return null;
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  if (folders.some((name) => !PART_FOLDERS.has(name.toLowerCase()))) return null;
  for (const extension of [".tar", ".parquet"]) {
    const within = (folder: string) =>
      list(join(root, folder))
        .filter((entry) => !entry.isDirectory() && extname(entry.name).toLowerCase() === extension)
        .map((entry) => join(root, folder, entry.name))
        .sort();
    const parts = folders.map(within);
    if (parts.some((part) => part.length === 0)) continue;
    const paths = [...within(""), ...parts.flat()];
    if (paths.length === 0) continue;
    if (extension === ".tar") return openTars(root, paths);
    const { openConfigured } = await import("./sources/repository.ts");
    return (await openConfigured(root)) ?? (await import("./sources/parquet.ts")).openParquet(root, paths);
  }
  return null;
}

/** Without hidden ones; empty where it may not be listed, which the folder's own opening will say. */
function list(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith("."));
  } catch {
    return [];
  }
}
