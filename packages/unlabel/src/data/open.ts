// What a user gives as DATA to a list of images, whatever it is: a folder, or one of the sources of sources/, each loaded only
// when it is the one.
import { existsSync, statSync } from "node:fs";
import { extname, join, relative, resolve, sep } from "node:path";
import { UserError } from "../base/errors.ts";
import { type Dataset, openFolder } from "./folder.ts";
import { foldersOf } from "./listed.ts";
import { opening } from "./opening.ts";
import { findParts, listVisible } from "./parts.ts";

const LISTS = new Set([".txt", ".lst", ".csv", ".tsv", ".jsonl", ".ndjson"]);

/**
 * Opens a data set: a folder of images, a list of files, tar shards (also `shard-{000..099}.tar` and URLs), CIFAR, IDX or
 * Parquet.
 *
 * @throws {UserError} where there is nothing there, it cannot be read, or it holds no images
 */
export async function openData(root: string): Promise<Dataset> {
  using _opening = opening(root);
  return await open(root);
}

async function open(root: string): Promise<Dataset> {
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
  const files = stats?.isDirectory() ? await openFiles(root) : null;
  return files ?? (await import("./lists-beside.ts")).withLists(openFolder(root));
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
  return (await openArrays(root, "")) ?? (await openParts(root));
}

/** Runs and the like may lie beside the folder that holds the files; many folders are classes. */
const MOST_BESIDE = 4;

/** CIFAR or IDX, also within a folder or two, as other programs unpack them. */
async function openArrays(root: string, within: string): Promise<Dataset | null> {
  const here = join(root, within);
  const visible = listVisible(here);
  const { names } = visible;
  const [{ cifarFiles, openCifar }, { idxFiles, openIdx }] = await Promise.all([
    import("./sources/cifar.ts"),
    import("./sources/idx.ts"),
  ]);
  const cifar = cifarFiles(names);
  const idx = cifar ? null : idxFiles(names);
  const found = cifar ? openCifar(here, cifar) : idx ? openIdx(here, idx) : null;
  if (found) {
    const readings = [...(within === "" ? [] : [`found in ${within}/`]), ...(found.readings ?? [])];
    return { ...found, root, ...(readings.length > 0 && { readings }) };
  }
  const folders = foldersOf(visible);
  if (folders.length > MOST_BESIDE || within.split("/").length > 1) return null;
  for (const name of folders) {
    const inner = await openArrays(root, within === "" ? name : `${within}/${name}`);
    if (inner) return inner;
  }
  return null;
}

/** Tar shards or Parquet, where they are what lies there, and not an archive beside images. */
async function openParts(root: string): Promise<Dataset | null> {
  const found = findParts(root);
  if (found === null) return null;
  const { extension } = found;
  const { configurationOf } = await import("./sources/configurations.ts");
  const chosen = configurationOf(
    root,
    found.paths.map((path) => relative(root, path).split(sep).join("/")),
    extension,
  );
  const paths = chosen.files.map((path) => join(root, path));
  const { hasImages, openParquet } = await import("./sources/parquet.ts");
  // A table beside pictures may be of the pictures.
  if (extension === ".parquet" && found.leftAside.length > 0 && !(await hasImages(paths[0]!))) return null;
  const { name: config, parts } = chosen;
  const data =
    extension === ".tar"
      ? await openTars(root, paths)
      : await openParquet(root, paths, { config, ...(parts && { parts }) });
  const leftAside = [...found.leftAside, ...chosen.leftAside];
  const readings = [...(extension === ".tar" ? found.readings : []), ...chosen.readings];
  const all = {
    leftAside: [...leftAside, ...(data.leftAside ?? [])],
    readings: [...readings, ...(data.readings ?? [])],
  };
  return {
    ...data,
    ...(all.leftAside.length > 0 && { leftAside: all.leftAside }),
    ...(all.readings.length > 0 && { readings: all.readings }),
  };
}
