// A .tar.gz to a folder: only files and folders, only inside it, whole or not there.
import { existsSync, renameSync, rmSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { extract, type ReadEntry } from "tar";
import { UserError } from "../../base/errors.ts";
import { isDiskFull, makeFolder, syncFolder } from "../../base/files.ts";

export interface UnpackOptions {
  /** The one folder that the archive holds. */
  folder: string;
  onFile?: (count: number) => void;
  signal?: AbortSignal;
}

/**
 * Unpacks the archive's one folder as `path`.
 *
 * @throws {UserError} where the archive is damaged, holds anything but files and folders inside that one, or the disk is full
 */
export async function unpack(archive: string, path: string, { folder, onFile, signal }: UnpackOptions): Promise<void> {
  const temporary = `${path}.unpacking`;
  rmSync(temporary, { recursive: true, force: true });
  makeFolder(temporary);
  let count = 0;
  let refused: string | null = null;
  const accept = (name: string, entry: Pick<ReadEntry, "type">): boolean => {
    if (refused !== null || signal?.aborted) return false;
    const parts = posix.normalize(name).split("/");
    const isInside = !posix.isAbsolute(name) && parts[0] === folder;
    if (isInside && (entry.type === "File" || entry.type === "OldFile")) onFile?.(++count);
    else if (!isInside || entry.type !== "Directory") refused = `${name} (${entry.type})`;
    return refused === null;
  };
  try {
    await extract({
      file: archive,
      cwd: temporary,
      strict: true,
      preservePaths: false,
      noChmod: true,
      preserveOwner: false,
      filter: (name, entry) => "type" in entry && accept(name, entry as ReadEntry),
    });
    signal?.throwIfAborted();
    if (refused !== null)
      throw new UserError(
        `Expected only files and folders inside ${folder} in ${archive}, got ${refused}; do not use it`,
      );
    if (!existsSync(join(temporary, folder)))
      throw new UserError(`Expected the folder ${folder} in ${archive}, but it is not there; fetch it again`);
    renameSync(join(temporary, folder), path);
    syncFolder(dirname(path));
  } catch (error) {
    if (error instanceof UserError || signal?.aborted) throw error;
    if (isDiskFull(error))
      throw new UserError(`Expected room on the disk to unpack ${archive}, got none; free some and run it again`, {
        cause: error,
      });
    throw new UserError(`Expected a whole archive in ${archive}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
