// Files that are whole or not there: written under a temporary name, synced to disk, renamed. A full disk leaves no part of one,
// and what a killed process leaves is swept by the next that writes there. What a file system refuses is told in one line.
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { UserError } from "./errors.ts";

/** Which processes this one can see: those of the same start of the same machine, and in the same container. */
function placeOf(): string {
  const told = [() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"), () => readlinkSync("/proc/self/ns/pid")];
  const parts = told.map((tell) => {
    try {
      return tell();
    } catch {
      return ""; // no Linux, and so no containers
    }
  });
  return createHash("sha256")
    .update([hostname(), ...parts].join("\n"))
    .digest("hex")
    .slice(0, 8);
}

let place: string | undefined;

/**
 * A name beside `path` that no other writer, here or on another machine, gives a file: `PATH.PLACE-PID-RANDOM.unlabel.tmp`. The
 * engine's safetensors.ts, which knows nothing of places, has `PATH.PID-RANDOM.unlabel.tmp`: change both together.
 */
export function temporaryName(path: string): string {
  place ??= placeOf();
  return `${path}.${place}-${process.pid}-${randomBytes(6).toString("hex")}.unlabel.tmp`;
}

/** As {@link temporaryName} and the engine have them, and as they once were. */
const TEMPORARY = /(?:\.(?:([0-9a-f]{8})-)?(\d+)-[0-9a-f]{12})?\.unlabel\.tmp$/;
/** Nothing takes so long to write. */
const ABANDONED_MS = 3_600_000;
/** Folders may hold a million files: once a process is often enough. */
const swept = new Set<string>();

/** Whether a file's name is that of one in the making, or of what became of one. */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name);
}

/** Removes what writers have left in a folder that are gone, or, where that cannot be seen, began an hour ago. */
function removeAbandoned(folder: string): void {
  if (swept.has(folder)) return;
  swept.add(folder);
  try {
    for (const name of readdirSync(folder)) {
      if (!isTemporary(name)) continue;
      const path = join(folder, name);
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (!found || found.isDirectory()) continue;
      if (isGone(name) || Date.now() - found.mtimeMs > ABANDONED_MS) removeQuietly(path);
    }
  } catch {
    // A folder that may be written to, but not be listed, keeps them.
  }
}

function isGone(name: string): boolean {
  const [, where, pid] = TEMPORARY.exec(name) ?? [];
  place ??= placeOf();
  if (where !== place) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    // Any other code, as EPERM, tells of a process that is alive.
    return codeOf(error) === "ESRCH";
  }
}

/**
 * Puts `content` in place of whatever `path` held, in one step that a crash or a power cut cannot split. Any number of processes
 * may write to one path at once: one of their contents stays, whole.
 */
export function writeAtomically(path: string, content: string | Uint8Array): void {
  writeWhole(path, (file) =>
    typeof content === "string" ? writeFileSync(file, content) : writePieces(file, [content]),
  );
}

/** Node writes no 2 GiB at once. */
const PIECE = 1 << 30;

/** Writes arrays into an open file one after the other, however long they are. @param most bytes of one call */
export function writePieces(file: number, pieces: Iterable<Uint8Array>, most = PIECE): void {
  for (const bytes of pieces)
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, Math.min(most, bytes.length - done));
}

/** As {@link writeAtomically}, of what `write` puts into the open file bit by bit. */
export function writeWhole(path: string, write: (file: number) => void): void {
  const temporary = temporaryName(path);
  removeAbandoned(dirname(path));
  try {
    // Nothing is written through a link.
    const file = openSync(temporary, "wx");
    try {
      write(file);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    removeQuietly(temporary);
    throw explained(path, error);
  }
}

/** Removes a file on the way out of an error, which must stay the one that is told. */
export function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Nothing could be written there.
  }
}

/** Adds a line to a file, whole or not at all. */
export function appendLine(path: string, text: string): void {
  append(path, `${text}\n`);
}

/** Adds to a file, which need not be there yet, all or nothing. */
export function append(path: string, what: string | Uint8Array): void {
  try {
    const file = openSync(path, "a");
    try {
      const { size } = fstatSync(file);
      try {
        writeFileSync(file, what);
      } catch (error) {
        ftruncateSync(file, size);
        throw error;
      }
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw explained(path, error);
  }
}

/** Gives a file a second name in the same folder, replacing what had it: at once, and without its bytes where links are known. */
export function keepAs(path: string, name: string): void {
  const temporary = temporaryName(name);
  try {
    try {
      linkSync(path, temporary);
    } catch {
      copyFileSync(path, temporary);
      syncFile(temporary);
    }
    renameSync(temporary, name);
  } catch (error) {
    // Part of a copy would take the room that is waited for.
    removeQuietly(temporary);
    throw error;
  }
  // Renaming leaves both names where both are the same file already.
  rmSync(temporary, { force: true });
}

/** Whether an error, or what caused it, is that the disk (or a quota on it) is full. */
export function isDiskFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EFBIG"].includes(codeOf(error));
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "no permission",
  EPERM: "no permission",
  EROFS: "a file system that is read-only",
  EISDIR: "a folder of that name",
  ENOTDIR: "a file where a folder would have to be",
  ENOENT: "a place that takes no folder, or a link to nothing",
  EEXIST: "something else of that name",
  ELOOP: "links that lead to one another",
  ENAMETOOLONG: "a name that is too long",
};

/** What a file system refuses, in words; other errors as they are. */
export function explained(path: string, error: unknown): unknown {
  if (error instanceof UserError) return error;
  if (isDiskFull(error)) {
    return new UserError(`Expected room on the disk for ${path}, got none; free some space`, { cause: error });
  }
  const code = codeOf(error);
  const reason = REASONS[code];
  if (reason === undefined) return error;
  return new UserError(
    `Expected to be able to write ${path}, got ${reason} (${code}); allow it, or name another place`,
    {
      cause: error,
    },
  );
}

/** A regular file's bytes: a pipe of that name would keep whoever reads it waiting. @throws {UserError} where it is none */
export function readRegular(path: string): Buffer {
  if (!statSync(path).isFile()) throw new UserError(`Expected a file in ${path}, got a folder, pipe or device`);
  return readFileSync(path);
}

/** The code of an error, or of what caused it, as the file system gives them: `ENOENT`; empty where there is none. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  return "code" in error ? String(error.code) : codeOf(error.cause);
}

/**
 * Makes a folder and those above it. One at a time: Node's own way of making all at once never returns within /proc.
 *
 * @throws {UserError} where none can be made
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process was quicker.
    if (codeOf(error) !== "EEXIST") throw explained(path, error);
  }
}

/** Makes sure that what was written to a file has reached the disk. */
export function syncFile(path: string): void {
  sync(path, "r+");
}

/** Makes sure that a rename inside a folder has reached the disk. */
export function syncFolder(path: string): void {
  // Windows opens no folders; its renames are journalled.
  if (process.platform !== "win32") sync(path, "r");
}

function sync(path: string, flags: string): void {
  try {
    const file = openSync(path, flags);
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw explained(path, error);
  }
}
