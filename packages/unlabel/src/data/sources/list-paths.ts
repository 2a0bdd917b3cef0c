// Where the files of a list are. Lists travel: their paths may be relative to another folder, of another machine, of Windows, in
// another case, or lack the extension. As written and relative to the list's own folder goes first; every other place is said.
import { homedir } from "node:os";
import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { counted } from "../../base/text.ts";
import { tellOpening } from "../opening.ts";
import { Lookup, statOf } from "./list-lookup.ts";

/** A file of a list. */
export interface Located {
  /** As it is written where it is found so; otherwise relative to the list's folder. */
  path: string;
  /** In bytes; −1 where it is not known. */
  size: number;
  isThere: boolean;
}

/** Where the files of a list are, and what has to be said of it. */
export interface Locations {
  files: Located[];
  readings: string[];
  /** Why the first file that is not there may not be. */
  cause: string;
}

const SAMPLED = 20;
// Of those sampled, for another place than the list's folder to be the one that is meant.
const ENOUGH = 0.8;
const MOST_FOLDERS = 200;
/** Files between two words of how far it is. */
const TOLD = 1024;
const MOST_TOGETHER = 24;
const IMAGE_FOLDERS = /^(images?|imgs?|jpe?gs?|jpegimages|photos?|pictures?|data|train|train_images)$/i;

/** How written paths become paths of this machine. */
interface Reading {
  /** The folder that they are relative to, or folders of which one holds a file. */
  bases: readonly string[];
  /** Leading parts that are left out, with drive and leading slash; null: the path as it is. */
  strip: number | null;
}

export function locate(folder: string, written: readonly string[]): Locations {
  const look = new Lookup();
  const own: Reading = { bases: [folder], strip: null };
  const step = Math.max(1, Math.floor(written.length / SAMPLED));
  const sampled = written.filter((_, i) => i % step === 0);
  const isOwn = sampled.some((path) => look.find(placeOf(path, own)) !== null);
  const others = isOwn ? [] : otherReadings(folder, written, sampled, look);
  const other = others.length === 1 ? others[0]! : null;
  const reading = other ?? own;
  const ways = { case: 0, extension: 0, several: 0 };
  const files = written.map((path, i): Located => {
    if (i % TOLD === 0) tellOpening("files of the list looked for", i, written.length);
    const found = look.find(placeOf(path, reading));
    if (!found) return { path, size: -1, isThere: false };
    if (found.how !== "exact") ways[found.how]++;
    if (found.isOneOfSeveral) ways.several++;
    const isAsWritten = found.path === resolve(folder, path);
    return { path: isAsWritten ? path : fromList(folder, found.path), size: found.size, isThere: true };
  });
  const readings: string[] = [];
  if (other) {
    const where = other.bases.map((base) => `${base}${sep}`).join(" and ");
    readings.push(
      other.strip !== null
        ? `paths are read without what they begin with (${headOf(sampled[0]!, other.strip)}), from ${where}`
        : `paths are read from ${where}, not from the list's own folder`,
    );
  }
  if (ways.extension > 0)
    readings.push(
      `${counted(ways.extension, "name")} without an extension: the image beside it of that name is taken${ways.several > 0 ? ` (of ${ways.several} there are several: the first of .jpg, .jpeg, .png, …)` : ""}`,
    );
  if (ways.case > 0) readings.push(`${counted(ways.case, "name")} written in another case or form of letters`);
  const missing = files.findIndex(({ isThere }) => !isThere);
  const several = others.map(({ bases }) => bases[0]).join(" and in ");
  const cause =
    others.length > 1
      ? `such files are in ${several}, and which is meant, only the paths can say`
      : missing < 0
        ? ""
        : causeOf(written[missing]!, reading, look);
  return { files, readings, cause };
}

function fromList(folder: string, path: string): string {
  return relative(folder, path).split(sep).join("/");
}

/** Parts between slashes of either kind, without a drive. */
function partsOf(path: string): string[] {
  return path
    .replace(/^[a-z]:/i, "")
    .split(/[\\/]+/)
    .filter((part) => part !== "" && part !== ".");
}

/** What comes before the parts that stay, as it is written. */
function headOf(path: string, strip: number): string {
  const rest = partsOf(path).slice(strip);
  return path.slice(0, Math.max(0, path.lastIndexOf(rest[0] ?? "", path.length - rest.join("/").length)));
}

/** The places that a written path may mean, the likeliest first. */
function placeOf(written: string, { bases, strip }: Reading): string[] {
  const path = localOf(written);
  if (strip !== null) {
    const rest = partsOf(path).slice(strip);
    return rest.length === 0 || rest.includes("..") ? [] : bases.map((base) => join(base, ...rest));
  }
  const decoded = decodedOf(path);
  const places = [path, ...(decoded === null ? [] : [decoded])].flatMap((one) =>
    bases.map((base) => resolve(base, one)),
  );
  if (!path.includes("\\") || /^[a-z]:/i.test(path)) return places;
  return [...places, ...bases.map((base) => resolve(base, path.replaceAll("\\", "/")))];
}

/** As a browser writes it: `my%20cat.jpg`. */
function decodedOf(path: string): string | null {
  if (!/%[\da-f]{2}/i.test(path)) return null;
  try {
    return decodeURIComponent(path);
  } catch {
    return null; // a name with a percent sign
  }
}

function localOf(written: string): string {
  if (/^file:/i.test(written)) {
    try {
      return fileURLToPath(written);
    } catch {
      return written; // no file of this machine: looked for as it is, and not found
    }
  }
  return written.startsWith("~/") ? join(homedir(), written.slice(2)) : written;
}

/** Another place where what was looked at is; several where they are equally near. */
function otherReadings(
  folder: string,
  written: readonly string[],
  sampled: readonly string[],
  look: Lookup,
): Reading[] {
  const fits = (reading: Reading) =>
    sampled.filter((path) => look.find(placeOf(path, reading)) !== null).length >= ENOUGH * sampled.length;
  const above = dirname(folder);
  const named = (of: string) => look.folders(of).filter((one) => IMAGE_FOLDERS.test(basename(one)));
  const within = look.folders(folder);
  const isNear = written.some((path) => !isAbsolute(localOf(path)));
  const levels = isNear
    ? [
        named(folder),
        [process.cwd()],
        [above],
        within,
        named(above),
        named(dirname(above)),
        within.flatMap((one) => look.folders(one)).slice(0, MOST_FOLDERS),
      ]
    : [];
  for (const level of levels) {
    const found = level.map((base) => ({ bases: [base], strip: null })).filter(fits);
    if (found.length > 0) return found;
    const all = partly(level, sampled, look);
    if (all !== null) return [all];
  }
  const depth = Math.min(...sampled.map((path) => partsOf(localOf(path)).length));
  for (let strip = 0; strip < depth; strip++) {
    for (const base of [folder, ...named(folder), above]) {
      const reading = { bases: [base], strip };
      if (fits(reading) && staysDistinct(written, strip)) return [reading];
    }
  }
  return [];
}

/** Some folders of one level that together hold what was looked at, each file in one of them alone: images_001, images_002. */
function partly(level: readonly string[], sampled: readonly string[], look: Lookup): Reading | null {
  const holds = (base: string, path: string) => look.find(placeOf(path, { bases: [base], strip: null })) !== null;
  const bases = level.filter((base) => sampled.some((path) => holds(base, path)));
  if (bases.length < 2 || bases.length > MOST_TOGETHER) return null;
  const alone = sampled.filter((path) => bases.filter((base) => holds(base, path)).length === 1);
  return alone.length >= ENOUGH * sampled.length ? { bases, strip: null } : null;
}

/** Whether no two files become one. */
function staysDistinct(written: readonly string[], strip: number): boolean {
  const whole = new Set(written.map((path) => partsOf(localOf(path)).join("/")));
  const rest = new Set([...whole].map((path) => path.split("/").slice(strip).join("/")));
  return rest.size === whole.size;
}

function causeOf(written: string, reading: Reading, look: Lookup): string {
  const places = placeOf(written, reading);
  const place = places.at(-1);
  const isOfWindows = /^[a-z]:[\\/]/i.test(written) || written.startsWith("\\\\");
  if (isOfWindows && sep === "/") return "it is a path of Windows";
  if (place === undefined) return "";
  const lying = look.stems(place);
  const [after] = /\.[a-z]{3,4}([^\w.\s/\\-].*)$/i.exec(written)?.slice(1) ?? [];
  if (after !== undefined)
    return `"${after}" follows the name: separate fields by commas, tabs, semicolons, vertical bars or spaces`;
  if (lying.length > 0) return `${basename(lying[0]!)} is there`;
  let folder = dirname(place);
  while (dirname(folder) !== folder && statOf(folder) === undefined) folder = dirname(folder);
  if (folder !== dirname(place)) {
    const first = relative(folder, dirname(place)).split(sep)[0]!;
    return `there is no folder ${first} in ${folder}`;
  }
  return extname(place) === ""
    ? `no image of that name, with any extension, is in ${folder}`
    : `it is not in ${folder}`;
}
