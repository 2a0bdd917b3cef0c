// Files that are whole or not there: written under a temporary name, synced to disk, renamed. A full disk leaves no part of one.
import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { UserError } from "./errors.ts";

/** Puts `content` in place of whatever `path` held, in one step that a crash or a power cut cannot split. */
export function writeAtomically(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.tmp`;
  try {
    writeFileSync(temporary, content);
    syncFile(temporary);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw isDiskFull(error) ? diskFull(path, error) : error;
  }
  syncFolder(dirname(path));
}

/** Adds a line to a file, whole or not at all. */
export function appendLine(path: string, text: string): void {
  const file = openSync(path, "a");
  try {
    const { size } = fstatSync(file);
    try {
      writeFileSync(file, `${text}\n`);
    } catch (error) {
      ftruncateSync(file, size);
      throw isDiskFull(error) ? diskFull(path, error) : error;
    }
  } finally {
    closeSync(file);
  }
}

/** Gives a file a second name in the same folder, replacing what had it: at once, and without its bytes where links are known. */
export function keepAs(path: string, name: string): void {
  const temporary = `${name}.tmp`;
  rmSync(temporary, { force: true });
  try {
    linkSync(path, temporary);
  } catch {
    copyFileSync(path, temporary);
    syncFile(temporary);
  }
  renameSync(temporary, name);
  // Renaming leaves both names where both are the same file already.
  rmSync(temporary, { force: true });
}

/** Whether an error, or what caused it, is that the disk (or a quota on it) is full. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return ["ENOSPC", "EDQUOT", "EFBIG"].includes(code) || isDiskFull(error.cause);
}

function diskFull(path: string, cause: unknown): UserError {
  return new UserError(`Expected room on the disk for ${path}, got none; free some space`, { cause });
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
    const code = error instanceof Error && "code" in error ? error.code : error;
    // Another process was quicker.
    if (code === "EEXIST") return;
    throw new UserError(`Expected a place where a folder can be made, got ${path} (${String(code)}); name another`);
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
  const file = openSync(path, flags);
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
