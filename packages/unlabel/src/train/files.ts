// Files that are whole or not there: written under a temporary name, synced to disk, renamed.
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Puts `text` in place of whatever `path` held, in one step that a crash or a power cut cannot split. */
export function writeAtomically(path: string, text: string): void {
  const temporary = `${path}.tmp`;
  writeFileSync(temporary, text);
  syncFile(temporary);
  renameSync(temporary, path);
  syncFolder(dirname(path));
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
