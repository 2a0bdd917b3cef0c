// Trees of a few bytes, as people have their folders, and how they were read.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { type Dataset, openFolder } from "../data/folder.ts";
import { understood } from "../data/understood.ts";
import { temporaryFolder } from "./data.ts";

/** Writes files, and folders where a path ends with a slash. */
export function make(root: string, paths: readonly string[], content: string | Uint8Array = "x"): void {
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (!path.endsWith("/")) writeFileSync(join(root, path), content);
    else mkdirSync(join(root, path), { recursive: true });
  }
}

/** Numbered images in each folder. */
export function images(count: number, ...folders: string[]): string[] {
  return folders.flatMap((folder) => Array.from({ length: count }, (_, i) => `${folder}/${i}.jpg`));
}

/** How a folder was read: images by class in each split, and what was said. */
export interface Read {
  layout: string;
  classes: string[];
  train: Record<string, number>;
  val: Record<string, number> | null;
  lines: string[];
}

/** What became of a data set. */
export function summary(data: Dataset): Read {
  const count = (split: Dataset["val"]) => {
    const counts: Record<string, number> = {};
    for (const { label } of split?.items ?? []) {
      const name = data.classes[label]?.id ?? "-";
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return split && counts;
  };
  return {
    layout: data.layout,
    classes: data.classes.map(({ id }) => id),
    train: count(data.train)!,
    val: count(data.val),
    lines: understood(data),
  };
}

/** Reads a folder of these files, of which every item must be one. */
export function read(paths: readonly string[]): Read {
  using folder = temporaryFolder();
  make(folder.path, paths);
  const data = openFolder(folder.path);
  for (const { items } of [data.train, ...(data.val ? [data.val] : [])])
    for (const { path } of items) expect(paths).toContain(path);
  const lines = understood(data).map((line) => line.replaceAll(folder.path, "ROOT"));
  return { ...summary(data), lines };
}
