// A data set by name to a folder that `openData` opens.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { InterruptedError, UsageError } from "../../base/errors.ts";
import { makeFolder } from "../../base/files.ts";
import type { Archive } from "./catalog.ts";
import { download } from "./download.ts";
import type { Patience } from "./http.ts";
import { unpack } from "./unpack.ts";

export interface FetchOptions extends Patience {
  /** The folder that the data set's own folder is put into. */
  out: string;
  onBytes?: (done: number, total: number | null) => void;
  onFile?: (count: number) => void;
}

/**
 * Fetches, checks and unpacks an archive; what is there already is left as it is, what was interrupted goes on.
 *
 * @returns the folder
 * @throws {UsageError} where the address is none
 * @throws {UserError} where it cannot be had, is not what it should be, or does not fit
 * @throws {InterruptedError} where `signal` ended it
 */
export async function fetchArchive(
  archive: Archive,
  options: FetchOptions,
): Promise<{ path: string; fetched: boolean }> {
  const { out, onBytes, onFile, signal } = options;
  const { url, md5, folder } = archive;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageError(`Expected an http or https address for --url, got ${url}`);
  const path = join(out, folder);
  // It gets this name only when it is whole.
  if (existsSync(path)) return { path, fetched: false };
  makeFolder(out);
  const file = join(out, `${folder}.archive`);
  try {
    await download(url, file, { ...options, md5, ...(onBytes && { onProgress: onBytes }) });
    await unpack(file, path, { folder, ...(onFile && { onFile }), ...(signal && { signal }) });
  } catch (error) {
    if (signal?.aborted)
      throw new InterruptedError("Interrupted; run the same command again to go on", { cause: error });
    throw error;
  }
  rmSync(file);
  return { path, fetched: true };
}
