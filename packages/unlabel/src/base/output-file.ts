// What may be written: a file that somebody named is refused before the work that it is for, in one line.
import { closeSync, existsSync, lstatSync, openSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, resolve, sep } from "node:path";
import { UsageError, UserError } from "./errors.ts";
import { explained, temporaryName } from "./files.ts";

/** Endings of a page's file. */
export const HTML = [".html", ".htm"];

/** How every page of ours names its maker, followed by a version: what tells it from a user's own. */
export const GENERATOR = `<meta name="generator" content="unlabel `;

/** What a run keeps in folders of its own. */
const OWN_FOLDERS = ["checkpoints", "eval", "pictures", "cache"];

/**
 * Makes sure, before the work that it is for, that a file which somebody named can be written: its name fits what will be in it, it
 * is no folder, device or file of a run's own, and the place takes files. Folders that are missing are made when it is written.
 *
 * @param flag by which it was named: `--html`
 * @param endings of what will be written: `[".html", ".htm"]`
 * @returns where it will lie: absolute, links followed
 * @throws {UsageError} for a name that cannot be meant
 * @throws {UserError} where nothing can be written
 */
export function outputFile(flag: string, path: string, endings: readonly string[]): string {
  const expected = `Expected a file that ends in ${endings.join(" or ")} for ${flag}`;
  const fits = (name: string) => endings.includes(extname(name).toLowerCase());
  if (path.endsWith(sep) || isFolder(path)) {
    throw new UsageError(`${expected}, got the folder ${path}; name a file in it`);
  }
  if (!fits(path)) throw new UsageError(`${expected}, got ${path}; name another`);
  const file = writableFile(path);
  if (!fits(file)) throw new UsageError(`${expected}, got ${path}, a link to ${file}; name another`);
  const folder = dirname(file);
  if (OWN_FOLDERS.includes(basename(folder)) && existsSync(join(folder, "..", "run.json"))) {
    throw new UsageError(`${expected}, got ${path} among what a run keeps of its own; name another place`);
  }
  return file;
}

/**
 * Makes sure that a file can be written or replaced.
 *
 * @returns where it lies: absolute, links followed
 * @throws {UserError} where it cannot
 */
export function writableFile(path: string): string {
  try {
    const file = withoutLinks(resolve(path));
    const found = statSync(file, { throwIfNoEntry: false });
    if (found && !found.isFile()) {
      const what = found.isDirectory() ? "a folder" : "no regular file";
      throw new UserError(`Expected a file that can be written, got ${path}, which is ${what}; name another`);
    }
    if (found) closeSync(openSync(file, "r+"));
    let folder = dirname(file);
    while (!existsSync(folder)) folder = dirname(folder);
    // Trying is the only sure answer: permissions are not all that decides.
    const trial = temporaryName(join(folder, "trial"));
    writeFileSync(trial, "", { flag: "wx" });
    rmSync(trial);
    return file;
  } catch (error) {
    throw explained(path, error);
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** The path with all links followed, as far as there is anything. @throws where a link leads nowhere */
function withoutLinks(path: string): string {
  if (lstatSync(path, { throwIfNoEntry: false })) return realpathSync(path);
  return join(withoutLinks(dirname(path)), basename(path));
}
