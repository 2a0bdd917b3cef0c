// What unlabel itself has written, by marks of its own, wherever it lies: an output within a folder of images is no image of it,
// and changes nothing about which images are read there.
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { isTemporary } from "../base/files.ts";
import { GENERATOR } from "../base/output-file.ts";

/** What an output is, as people call it. */
export type OutputKind = "run" | "comparison" | "page" | "file of features" | "picture" | "cache" | "unfinished file";

/** As pages with what a search found began before they named it. */
const OLD_SEARCH = "<title>Nearest to ";

/** No file that is opened to be recognised is longer, but a run's with very many classes. */
const MOST_JSON = 64e6;
const HEAD = 4096;
const MOST_FOOT = 16e6;
/** A folder with more files that may be ours than this has them from elsewhere, such as a table for each image. */
const MOST_FILES = 500;

/** Names that may be marks. Whatever else lies in a folder need not be looked at. */
const ROWS = "path,split,class";
const MARKS = /^(run\.json|compare\.json)$|\.(json|html?|npy|parquet|csv|safetensors|tmp)$/i;

/**
 * What of a folder's content unlabel has written.
 *
 * @param names of its files
 * @returns a kind for the folder as a whole, with all below it, or one for each of those of its files that are outputs
 */
export function outputsAmong(folder: string, names: readonly string[]): OutputKind | ReadonlyMap<string, OutputKind> {
  const found = new Map<string, OutputKind>();
  if (isCache(folder, names)) return "cache";
  const marks = names.filter((name) => MARKS.test(name));
  if (marks.length === 0) return found;
  const has = new Set(marks);
  if (has.has("run.json") && isRun(join(folder, "run.json"))) return "run";
  const isOpened = /\.(html?|csv|safetensors|parquet)$/i;
  const opens = marks.filter((name) => isOpened.test(name)).length <= MOST_FILES;
  // Its lock while it runs.
  if (has.has("compare.json") && isComparison(join(folder, "compare.json")))
    for (const name of names) if (/^lock(\.|$)/.test(name)) found.set(name, "unfinished file");
  for (const name of marks) {
    const kind = isTemporary(name) ? "unfinished file" : isOpened.test(name) && !opens ? null : kindOf(folder, name);
    if (kind !== null) found.set(name, kind);
    if (/\.npy$/i.test(name)) {
      const rows = name.replace(/\.npy$/i, ".rows.csv");
      if (has.has(rows) && headOf(join(folder, rows)).startsWith(ROWS))
        found.set(name, "file of features").set(rows, "file of features");
    }
    if (/\.json$/i.test(name)) for (const one of picturesOf(folder, name, names)) found.set(one, "picture");
  }
  return found;
}

function kindOf(folder: string, name: string): OutputKind | null {
  const path = join(folder, name);
  if (name === "compare.json") return isComparison(path) ? "comparison" : null;
  switch (extname(name).toLowerCase()) {
    case ".html":
    case ".htm":
      return isPage(headOf(path)) ? "page" : null;
    case ".csv":
      return headOf(path).startsWith(`${ROWS},f0`) ? "file of features" : null;
    case ".safetensors":
      return isFeatures(headOf(path)) ? "file of features" : null;
    case ".parquet":
      return isFeatureTable(path) ? "file of features" : null;
    default:
      return null;
  }
}

/** Whether a file that was asked for as images is one of ours. */
export function isOutput(path: string): boolean {
  const among = outputsAmong(join(path, ".."), [basename(path)]);
  return typeof among === "string" || among.has(basename(path));
}

/** Images kept decoded, CACHE/images/FINGERPRINT/: every file is named by a checksum. */
function isCache(folder: string, names: readonly string[]): boolean {
  const isNamed = /^[0-9a-f]{16}$/.test(basename(folder)) && basename(dirname(folder)) === "images";
  return isNamed && names.length > 0 && names.every((name) => /^[0-9a-f]{32}\.jpg$/.test(name) || isTemporary(name));
}

function isRun(path: string): boolean {
  const run = objectIn(path);
  // One that was damaged still has its other files, and none of them is an image.
  if (run === null) return isThere(join(path, "..", "metrics.jsonl")) && isThere(join(path, "..", "checkpoints"));
  const { schema, status, config, versions } = run;
  const isOurs = typeof versions === "object" && versions !== null && "unlabel" in versions;
  return isOurs && typeof schema === "number" && typeof status === "string" && typeof config === "object";
}

function isComparison(path: string): boolean {
  const found = objectIn(path);
  return found !== null && "schema" in found && "budget" in found && Array.isArray(found.runs);
}

/** Files that a list of pictures names, and the list: eval/pictures.json with its sprite, pictures/METHOD.json with its PNGs. */
function picturesOf(folder: string, name: string, names: readonly string[]): string[] {
  const method = name.slice(0, -".json".length);
  const own =
    name === "pictures.json" ? /^pictures\.jpg$/ : new RegExp(`^${method}-\\d+-(original|masked|reconstructed)\\.png$`);
  if (!/^[a-z0-9]+$/.test(method) || !names.some((one) => own.test(one))) return [];
  const found = objectIn(join(folder, name));
  const isOurs = found !== null && (found.protocol === "pictures" || ("size" in found && Array.isArray(found.items)));
  return isOurs ? [name, ...names.filter((one) => own.test(one))] : [];
}

function isPage(head: string): boolean {
  return head.includes(GENERATOR) || (head.includes(OLD_SEARCH) && head.includes("img-src data:; style-src"));
}

/** Its head has the strings that go with the features first. */
function isFeatures(head: string): boolean {
  return /"__metadata__":\{"run":.*"step":.*"paths":/s.test(head);
}

/** The foot of a Parquet file has its columns and strings. */
function isFeatureTable(path: string): boolean {
  try {
    const { size } = statSync(path);
    const end = Buffer.from(piece(path, size - 8, 8), "latin1");
    if (end.length < 8 || end.toString("latin1", 4) !== "PAR1" || end.readUInt32LE(0) > MOST_FOOT) return false;
    const foot = piece(path, size - 8 - end.readUInt32LE(0), end.readUInt32LE(0));
    return ["path", "split", "class", "features", "run", "step"].every((word) => foot.includes(word));
  } catch {
    return false; // too short to be one
  }
}

function objectIn(path: string): Record<string, unknown> | null {
  try {
    if (statSync(path).size > MOST_JSON) return null;
    const content: unknown = JSON.parse(readFileSync(path, "utf8"));
    return typeof content === "object" && content !== null && !Array.isArray(content)
      ? (content as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Empty where it cannot be read: then it is no output that anybody could tell. */
function headOf(path: string): string {
  try {
    return piece(path, 0, HEAD);
  } catch {
    return "";
  }
}

function piece(path: string, from: number, length: number): string {
  // Nothing but a regular file: a pipe would never answer.
  if (!statSync(path).isFile()) return "";
  const bytes = Buffer.alloc(length);
  const file = openSync(path, "r");
  try {
    return bytes.toString("latin1", 0, readSync(file, bytes, 0, length, from));
  } finally {
    closeSync(file);
  }
}
