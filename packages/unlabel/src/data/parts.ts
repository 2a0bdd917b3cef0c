// Whether a folder holds tar shards or Parquet files that are the data set, also in folders of theirs (train/, data/, a Hugging Face
// repository's configurations), or images beside which an archive is only that.
import { type Dirent, readdirSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { arrange } from "./layouts.ts";
import { outputsAmong } from "./outputs.ts";
import type { LeftAside } from "./reading.ts";
import { IMAGE_EXTENSIONS, type ImageFile, note } from "./walk.ts";

export interface Parts {
  extension: ".tar" | ".parquet";
  /** Whole paths: of the folder itself, then of each folder in it. */
  paths: string[];
  leftAside: LeftAside[];
  readings: string[];
}

/** With more images the folder is one of images: a repository has previews. */
const MOST_IMAGES = 20;
const MOST_FOLDERS = 2000;
/** As in data/train/000.parquet, or a snapshot's folder above that. */
const MOST_DEPTH = 4;

interface Part {
  /** Relative to the root. */
  path: string;
  folder: string;
  size: number;
}

/** The parts of a source in a folder; null where its images count, or where there are no parts. */
export function findParts(root: string): Parts | null {
  const found = { ".tar": [] as Part[], ".parquet": [] as Part[] };
  const images: ImageFile[] = [];
  const folders: string[] = [];
  const entered = new Set<string>();
  const waiting = [""];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const here = join(root, folder);
    const id = idOf(here);
    if (id === null || entered.has(id)) continue;
    entered.add(id);
    const entries = listVisible(here);
    const outputs = outputsAmong(
      here,
      entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name),
    );
    if (typeof outputs === "string" && folder !== "") continue;
    folders.push(folder);
    if (folders.length > MOST_FOLDERS) return null;
    const inside: string[] = [];
    for (const entry of entries) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      const extension = extname(entry.name).toLowerCase();
      if (typeof outputs !== "string" && outputs.has(entry.name)) continue;
      if (isFolder(entry, here)) inside.push(path);
      else if (extension === ".tar" || extension === ".parquet")
        found[extension].push({ path, folder, size: sizeOf(join(here, entry.name)) });
      else if (IMAGE_EXTENSIONS.has(extension)) images.push({ path, size: sizeOf(join(here, entry.name)) });
      // Of a large folder of images no more is listed than tells it.
      if (images.length > MOST_IMAGES) return null;
    }
    if (folder.split("/").length < MOST_DEPTH) waiting.push(...inside.reverse());
  }
  const bytes = (files: readonly { size: number }[]) => files.reduce((sum, { size }) => sum + size, 0);
  const extension = bytes(found[".parquet"]) > bytes(found[".tar"]) ? ".parquet" : ".tar";
  const parts = found[extension].length > 0 ? found[extension] : found[".parquet"];
  if (parts.length === 0) return null;
  if (images.length > 0) {
    images.sort((a, b) => (a.path < b.path ? -1 : 1));
    if (arrange(root, { images, folders }).layout !== "unlabelled" || bytes(images) >= bytes(parts)) return null;
  }
  const kind = extension === ".tar" ? "shards" : "Parquet files";
  const leftAside = new Map<string, { count: number; example: string }>();
  for (const { path } of images)
    note(leftAside, `${images.length === 1 ? "image" : "images"} beside the ${kind}`, path);
  for (const one of [".tar", ".parquet"] as const)
    if (parts !== found[one]) for (const { path } of found[one]) note(leftAside, one, path);
  return {
    extension: parts === found[".tar"] ? ".tar" : ".parquet",
    paths: parts.map(({ path }) => join(root, path)),
    leftAside: [...leftAside].map(([what, { count, example }]) => ({ what, count, example })),
    readings: together(parts),
  };
}

/** Configurations of a repository often hold the same images. */
function together(parts: readonly Part[]): string[] {
  const tops = [...new Set(parts.map(({ folder }) => folder.split("/")[0]!))].filter((top) => top !== "");
  const named = tops.filter((top) => !SPLITS.test(top));
  if (named.length < 2) return [];
  return [
    `the files of ${named.map((top) => `${top}/`).join(", ")} are read together; give one of them as DATA to read it alone`,
  ];
}

const SPLITS = /^(train|training|val|valid|validation|dev|test|testing|data)$/i;

/** Without hidden ones, sorted; empty where it may not be listed, which the folder's own opening will say. */
export function listVisible(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => !name.startsWith("."))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}

/** Also through a link. */
export function isFolder(entry: Dirent, here: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return statSync(join(here, entry.name), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function idOf(folder: string): string | null {
  try {
    const { dev, ino } = statSync(folder);
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
