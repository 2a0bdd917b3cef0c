// The file of a labelling session, which one process at a time may write.
import { dirname } from "node:path";
import { makeFolder, writeAtomically } from "../base/files.ts";
import { outputFile } from "../base/output-file.ts";
import { type LabelRow, labelsText, loadLabelRows } from "../data/labels-file.ts";
import { lockFile } from "../run/lock.ts";

/** See the head of this file. */
export interface LabelStore extends Disposable {
  /** Absolute, links followed. */
  readonly file: string;
  /** What stood there when it was opened. */
  readonly rows: readonly LabelRow[];
  /** Puts all rows in place of those that are there. @throws {UserError} where they cannot be written, or another process has the file */
  save(rows: readonly LabelRow[]): void;
}

/**
 * Opens a session's file, or a new one, for this process alone.
 *
 * @throws {UsageError} where the name cannot be meant
 * @throws {UserError} where another session has it, it cannot be written, or it holds something else
 */
export function openStore(flag: string, path: string): LabelStore {
  const file = outputFile(flag, path, [".csv"]);
  makeFolder(dirname(file));
  const lock = lockFile(`${file}.lock`, file, {
    lost: "its labels are kept; the same command goes on once no other session labels there",
    free: "no other session labels there",
  });
  try {
    return {
      file,
      rows: loadLabelRows(file),
      save: (rows) => {
        lock.check();
        writeAtomically(file, labelsText(rows));
      },
      [Symbol.dispose]: () => lock[Symbol.dispose](),
    };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}
