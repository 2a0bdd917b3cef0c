// A table beside images without labels may hold their classes, as Kaggle's train.csv and Hugging Face's metadata.csv do: that it is there,
// and how to have it read, is said.
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { shellWord } from "../base/shell.ts";
import type { Dataset } from "./folder.ts";
import { outputsAmong } from "./outputs.ts";
import { isFolder, listVisible } from "./parts.ts";
import { readColumns } from "./sources/list-columns.ts";
import { locate } from "./sources/list-paths.ts";
import { readTable } from "./sources/list-table.ts";
import { decodeText } from "./sources/list-text.ts";
import { roleOf } from "./split-names.ts";

const LISTS = new Set([".csv", ".tsv", ".txt", ".lst", ".jsonl", ".ndjson"]);
const HEAD = 1 << 16;
const ROWS = 200;
/** Folders and lists that are looked at. */
const MOST_FOLDERS = 50;
const MOST_LISTS = 20;

/** The images as they were found; where those of a split have no labels and a list beside them has, that is said. */
export function withLists(data: Dataset): Dataset {
  const bare = [data.train, ...(data.val ? [data.val] : [])].filter(({ items }) =>
    items.every(({ label }) => label < 0),
  );
  if (bare.length === 0) return data;
  const lists = listsIn(data.root);
  if (lists.length === 0) return data;
  const images = new Set(bare.flatMap(({ root, items }) => items.map(({ path }) => resolve(root, path))));
  const found = lists.filter((path) => hasClasses(path, images));
  if (found.length === 0) return data;
  const [first] = found;
  const more =
    found.length > 1
      ? `, as ${found
          .slice(1, 3)
          .map((path) => shellWord(path))
          .join(", ")} may`
      : "";
  const reading = `no labels are read from ${shellWord(first!)}, which names images and their classes${more}: give it as DATA to have them`;
  return { ...data, readings: [...(data.readings ?? []), reading] };
}

/** Lists in a folder, and in the folders down to two levels within; those for train before others of their level. */
function listsIn(root: string): string[] {
  const lists: string[] = [];
  const folders = [{ path: root, depth: 0 }];
  for (let at = 0; at < Math.min(folders.length, MOST_FOLDERS) && lists.length < MOST_LISTS; at++) {
    const { path: here, depth } = folders[at]!;
    const visible = listVisible(here);
    const isInside = (i: number) => isFolder(here, visible.names[i]!, visible.kinds[i]!);
    const inside = visible.names.filter((_, i) => isInside(i));
    const known = new Set(inside);
    const names = visible.names.filter((name) => !known.has(name));
    const outputs = outputsAmong(here, names);
    if (typeof outputs === "string") continue;
    lists.push(...names.filter((name) => isList(name) && !outputs.has(name)).map((name) => join(here, name)));
    const isTrain = (name: string) => Number(roleOf(name)?.role === "train");
    inside.sort((one, other) => isTrain(other) - isTrain(one));
    if (depth < 2) folders.push(...inside.map((name) => ({ path: join(here, name), depth: depth + 1 })));
  }
  return lists.slice(0, MOST_LISTS);
}

/** What says to which split an image belongs, or how an answer has to look, has no classes. */
function isList(name: string): boolean {
  return LISTS.has(extname(name).toLowerCase()) && !/submission|partition|split/i.test(name);
}

/** Whether most of a list's first rows name some of these images, and several the same class. */
function hasClasses(path: string, images: ReadonlySet<string>): boolean {
  try {
    const folder = dirname(path);
    const table = readTable(path, headOf(path), folder);
    const { entries } = readColumns(path, { ...table, rows: table.rows.slice(0, ROWS) });
    const labels = entries.flatMap(({ label }) => label ?? []);
    if (labels.length === 0 || 2 * new Set(labels).size > Math.max(10, entries.length)) return false;
    const { files } = locate(
      folder,
      entries.map((entry) => entry.path),
    );
    return 2 * files.filter((one) => images.has(resolve(folder, one.path))).length >= entries.length;
  } catch {
    return false; // no list, or one that would be refused
  }
}

/** Whole lines. */
function headOf(path: string): string {
  if (!statSync(path).isFile()) return "";
  const bytes = new Uint8Array(HEAD);
  const file = openSync(path, "r");
  try {
    const length = readSync(file, bytes, 0, HEAD, 0);
    const { text } = decodeText(bytes.subarray(0, length));
    return length < HEAD ? text : text.slice(0, Math.max(text.lastIndexOf("\n"), text.lastIndexOf("\r")) + 1);
  } finally {
    closeSync(file);
  }
}
