// The folder that an export is: whole or not at all, and nobody else's files are touched. `export.json` in it says what it is, and tells
// the next export that it may take this one's place.
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { UserError } from "../base/errors.ts";
import {
  explained,
  isDiskFull,
  isTemporary,
  makeFolder,
  syncFolder,
  temporaryName,
  writeAtomically,
} from "../base/files.ts";
import { writableFile } from "../base/output-file.ts";
import { counted } from "../base/text.ts";

/** What tells an export. */
export const MANIFEST = "export.json";

/** A file that an export consists of. */
export interface OutFile {
  /** Below the folder, parts joined by `/`. */
  path: string;
  /** Writes it whole, under the path that it is given. */
  write(to: string): void;
}

/** A file that was written. */
export interface WrittenFile {
  /** Below the folder, parts joined by `/`. */
  path: string;
  /** Its length. */
  bytes: number;
  /** Of its bytes, in hexadecimal digits. */
  sha256: string;
}

/**
 * Makes sure, before the work, that an export may be written there.
 *
 * @param force whether it may be written among other files
 * @throws {UserError} for a file, a run's folder, a folder with other things in it, or a place that takes no files
 */
export function checkFolder(out: string, force: boolean): void {
  try {
    const found = statSync(out, { throwIfNoEntry: false });
    if (found && !found.isDirectory())
      throw new UserError(`Expected a folder for -o, got the file ${out}; name another`);
    if (found) refuseOthers(out, force);
    writableFile(join(out, MANIFEST));
  } catch (error) {
    throw explained(out, error);
  }
}

function refuseOthers(out: string, force: boolean): void {
  const names = readdirSync(out).filter((name) => !isTemporary(name));
  const taken = ["run.json", "compare.json"].find((name) => names.includes(name));
  if (taken) throw new UserError(`Expected a folder of its own for -o, got ${out}, which has ${taken}; name another`);
  if (names.length === 0 || force || manifestOf(out) !== null) return;
  throw new UserError(
    `Expected an empty folder or an earlier export for -o, got ${out} with ${counted(names.length, "other file")}, such as ${names[0]}; name another, or add --force to write among them`,
  );
}

/**
 * Writes an export. A new folder is there as a whole or not at all; in one that was there each file is, and export.json comes last.
 *
 * @param manifest what `export.json` says beside the files
 * @throws {UserError} where the disk is full, or something may not be written
 */
export function writeFolder(out: string, files: readonly OutFile[], manifest: object): WrittenFile[] {
  const found = existsSync(out);
  const target = found ? realpathSync(out) : resolve(out);
  // A folder that is there may be somebody's working folder: it is filled, not replaced.
  const made = temporaryName(found ? join(target, "export") : target);
  try {
    makeFolder(dirname(made));
    removeAbandoned(dirname(made));
    makeFolder(made);
    const written = files.map(({ path, write }) => {
      makeFolder(dirname(join(made, path)));
      write(join(made, path));
      return { path, ...digest(join(made, path)) };
    });
    writeAtomically(join(made, MANIFEST), `${JSON.stringify({ ...manifest, files: written }, null, 2)}\n`);
    if (found) merge(made, target, [...files.map(({ path }) => path), MANIFEST]);
    else renameSync(made, target);
    syncFolder(dirname(target));
    return written;
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    // Told of the folder that was asked for, not of the one in the making.
    throw explained(out, isDiskFull(error) && error instanceof Error ? (error.cause ?? error) : error);
  }
}

/** Moves files among others, and removes those of an earlier export that are none of this one. */
function merge(made: string, target: string, paths: readonly string[]): void {
  const before = manifestOf(target) ?? [];
  for (const path of paths) {
    makeFolder(dirname(join(target, path)));
    renameSync(join(made, path), join(target, path));
  }
  for (const path of before.filter((one) => !paths.includes(one))) {
    rmSync(join(target, path), { force: true });
    const folder = dirname(join(target, path));
    if (folder !== target && readdirSync(folder).length === 0) rmdirSync(folder);
  }
  syncFolder(target);
  rmSync(made, { recursive: true, force: true });
}

/** The files of an earlier export, without export.json; null where there is none. */
function manifestOf(folder: string): string[] | null {
  try {
    const found: unknown = JSON.parse(readFileSync(join(folder, MANIFEST), "utf8"));
    if (typeof found !== "object" || found === null || !("unlabel" in found) || !("files" in found)) return null;
    const paths = (found.files as { path: string }[]).map(({ path }) => path);
    // A stranger's manifest must not have other files removed.
    return paths.every((path) => resolve(folder, path).startsWith(resolve(folder) + sep)) ? paths : null;
  } catch {
    return null;
  }
}

/** Nothing takes so long to write. */
const ABANDONED_MS = 3_600_000;

/** Removes the folders of exports that were killed. */
function removeAbandoned(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory() || !isTemporary(entry.name)) continue;
    const path = join(folder, entry.name);
    // Gone where another export has just ended.
    const found = statSync(path, { throwIfNoEntry: false });
    if (found && Date.now() - found.mtimeMs > ABANDONED_MS) rmSync(path, { recursive: true, force: true });
  }
}

function digest(path: string): Omit<WrittenFile, "path"> {
  const hash = createHash("sha256");
  const file = openSync(path, "r");
  try {
    const piece = Buffer.alloc(1 << 20);
    let bytes = 0;
    for (let length = -1; length !== 0; bytes += length) {
      length = readSync(file, piece);
      hash.update(piece.subarray(0, length));
    }
    return { bytes, sha256: hash.digest("hex") };
  } finally {
    closeSync(file);
  }
}
