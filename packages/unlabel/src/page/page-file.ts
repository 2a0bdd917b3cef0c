// Where a page will lie. A page replaces a page of ours and nothing else: no site of the user's own, whatever its name.
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { UsageError } from "../base/errors.ts";
import { GENERATOR, HTML, outputFile } from "../base/output-file.ts";

/** The head of a page, where its maker is named, lies within these bytes. */
const HEAD = 4096;

/**
 * Checks a page's place before the work that it is for: a new file, an empty one, or a page of ours.
 *
 * @param flag what asked for it, for the error's text
 * @throws {UsageError} where something else has that name
 * @throws {UserError} where no file can be written
 */
export function pageFile(flag: string, file: string): string {
  const path = outputFile(flag, file, HTML);
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0 || headOf(path).includes(GENERATOR)) return path;
  throw new UsageError(`Expected a new file or a page of unlabel's for ${flag}, got ${file}; name another`);
}

function headOf(path: string): string {
  const bytes = Buffer.alloc(HEAD);
  const file = openSync(path, "r");
  try {
    return bytes.toString("utf8", 0, readSync(file, bytes, 0, HEAD, 0));
  } finally {
    closeSync(file);
  }
}
