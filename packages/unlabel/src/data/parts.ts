// Whether a folder holds tar shards or Parquet files that are the data set, also in folders of theirs (train/, data/, a Hugging Face
// repository's configurations), or images beside which an archive is only that.
import { statSync } from "node:fs";
import { extname, join } from "node:path";
import { Kind } from "../base/native.ts";
import { arrange } from "./layouts.ts";
import { type Listed, listed, those } from "./listed.ts";
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
    const { names, kinds } = listVisible(here);
    const outputs = outputsAmong(
      here,
      names.filter((_, i) => kinds[i] !== Kind.folder),
    );
    if (typeof outputs === "string" && folder !== "") continue;
    folders.push(folder);
    if (folders.length > MOST_FOLDERS) return null;
    const inside: string[] = [];
    for (const [i, name] of names.entries()) {
      const path = folder === "" ? name : `${folder}/${name}`;
      const extension = extname(name).toLowerCase();
      if (typeof outputs !== "string" && outputs.has(name)) continue;
      if (isFolder(here, name, kinds[i]!)) inside.push(path);
      else if (extension === ".tar" || extension === ".parquet")
        found[extension].push({ path, folder, size: sizeOf(join(here, name)) });
      else if (IMAGE_EXTENSIONS.has(extension)) images.push({ path, size: sizeOf(join(here, name)) });
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
export function listVisible(folder: string): Listed {
  const all = listed(folder);
  return all === null ? { names: [], kinds: new Uint8Array(0) } : those(all, (name) => !name.startsWith("."));
}

/** Whether a name in a folder is one of a folder, also through a link. */
export function isFolder(here: string, name: string, kind: number): boolean {
  if (kind !== Kind.link) return kind === Kind.folder;
  return statSync(join(here, name), { throwIfNoEntry: false })?.isDirectory() ?? false;
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
