// Files that are whole or not there: written under a temporary name, synced to disk, renamed.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "./errors.ts";

/** Puts `text` in place of whatever `path` held, in one step that a crash or a power cut cannot split. */
export function writeAtomically(path: string, text: string): void {
  const temporary = `${path}.tmp`;
  writeFileSync(temporary, text);
  syncFile(temporary);
  renameSync(temporary, path);
  syncFolder(dirname(path));
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
