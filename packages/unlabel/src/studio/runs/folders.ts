// What the studio may read: regular files inside the folders that were given, wherever links lead. A run may come from a stranger: its
// files can be links to others, pipes that never end, or larger than memory.
import { constants } from "node:fs";
import { type FileHandle, open, readdir, realpath, stat } from "node:fs/promises";
import { basename, join, relative, resolve, sep } from "node:path";
import { UserError } from "../../base/errors.ts";
import { codeOf } from "../../base/files.ts";

/** One of the folders. */
export interface Root {
  /** As it was given. */
  given: string;
  /** Where it lies, without links. */
  real: string;
}

/** The folders given, and what lies in them. */
export class Folders {
  readonly roots: readonly Root[];

  private constructor(roots: readonly Root[]) {
    this.roots = roots;
  }

  /** @throws {UserError} where one is no folder */
  static async of(given: readonly string[]): Promise<Folders> {
    const roots: Root[] = [];
    for (const one of given) {
      const real = await realpath(resolve(one)).catch((error) => {
        const why = codeOf(error) === "ENOENT" ? "nothing there" : `one that cannot be opened (${codeOf(error)})`;
        throw new UserError(`Expected a folder with runs for ${one}, got ${why}; name one that is there`, {
          cause: error,
        });
      });
      if (!(await stat(real)).isDirectory())
        throw new UserError(`Expected a folder with runs for ${one}, got a file; name the folder that it lies in`);
      if (!roots.some((root) => root.real === real)) roots.push({ given: one, real });
    }
    return new Folders(roots);
  }

  /** The folder that a real path lies in, itself included. */
  rootOf(real: string): Root | undefined {
    return this.roots.find((root) => isWithin(root.real, real));
  }

  /** A real path as a person here would type it. */
  shown(real: string): string {
    const root = this.rootOf(real);
    if (!root) return real;
    const inside = relative(root.real, real);
    return inside === "" ? root.given : join(root.given, inside);
  }

  /** A short name: the way to it from the folder given, or that folder's own name. */
  named(real: string): string {
    const root = this.rootOf(real);
    const inside = root ? relative(root.real, real) : "";
    return inside === "" ? basename(real) : inside.split(sep).join("/");
  }

  /**
   * Opens a regular file for reading.
   *
   * @returns null where there is none
   * @throws {UserError} where it is none, or lies outside
   */
  async open(path: string): Promise<Opened | null> {
    let real: string;
    try {
      real = await realpath(path);
    } catch (error) {
      if (isAbsent(error)) return null;
      throw unreadable(path, error);
    }
    this.#inside(path, real);
    let handle: FileHandle;
    try {
      // Links are followed by now; a pipe would keep its reader waiting.
      handle = await open(real, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    } catch (error) {
      if (isAbsent(error)) return null;
      throw unreadable(path, error);
    }
    try {
      const found = await handle.stat();
      if (!found.isFile()) throw new UserError(`Expected a file in ${path}, got a folder, pipe or device`);
      return new Opened(handle, found.size, found.mtimeMs, found.ino);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * The real path of a regular file.
   *
   * @throws {UserError} where there is none inside the folders
   */
  async file(...parts: [string, ...string[]]): Promise<string> {
    const path = join(...parts);
    await using opened = await this.open(path);
    if (!opened) throw new UserError(`Expected a file in ${path}, got none`);
    return await realpath(path);
  }

  /** What lies in a folder; nothing where there is none. @throws {UserError} where it is a link to somewhere else */
  async names(path: string): Promise<string[]> {
    const real = await realpath(path).catch(() => null);
    if (real === null) return [];
    this.#inside(path, real);
    return await readdir(real).catch(() => []);
  }

  /**
   * Makes sure that whatever reads these files of a folder by their names reads nothing outside.
   *
   * @param names of files, or of folders of files, that need not be there
   * @throws {UserError} where one is a link to somewhere else, a pipe or a device
   */
  check(folder: string, names: readonly string[]): Promise<void> {
    return this.#check(folder, names, new Set());
  }

  /** @throws {UserError} where what a path leads to lies elsewhere */
  #inside(path: string, real: string): void {
    if (!this.rootOf(real))
      throw new UserError(`Expected ${path} inside the folders given, got a link to somewhere else; it is not read`);
  }

  /** @param seen folders looked into: of links that lead round in circles there are more ways than can be gone */
  async #check(folder: string, names: readonly string[], seen: Set<string>): Promise<void> {
    for (const name of names) {
      const path = join(folder, name);
      const real = await realpath(path).catch(() => null);
      if (real === null || seen.has(real)) continue;
      seen.add(real);
      this.#inside(path, real);
      const found = await stat(real);
      if (found.isFile()) continue;
      if (!found.isDirectory()) throw new UserError(`Expected a file in ${path}, got a pipe or device; it is not read`);
      await this.#check(path, await readdir(real), seen);
    }
  }

  /**
   * A file's text.
   *
   * @returns null where there is none
   * @throws {UserError} where it is no file, lies outside, or has more bytes than `most`
   */
  async text(path: string, most: number): Promise<string | null> {
    await using opened = await this.open(path);
    if (!opened) return null;
    if (opened.size > most)
      throw new UserError(`Expected at most ${most} bytes in ${path}, got ${opened.size}; it is not read`);
    return (await opened.bytes(0, most)).toString("utf8");
  }
}

/** An open file. */
export class Opened {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ino: number;
  readonly #handle: FileHandle;

  constructor(handle: FileHandle, size: number, mtimeMs: number, ino: number) {
    [this.#handle, this.size, this.mtimeMs, this.ino] = [handle, size, mtimeMs, ino];
  }

  /** At most so many bytes from a place on; fewer where the file ends. */
  async bytes(from: number, most: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(most, this.size - from)));
    let done = 0;
    while (done < buffer.length) {
      const { bytesRead } = await this.#handle.read(buffer, done, buffer.length - done, from + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return buffer.subarray(0, done);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}

/** Whether a real path is that of a folder or lies in it. */
export function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function isAbsent(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

function unreadable(path: string, error: unknown): UserError {
  const code = codeOf(error);
  const why = code === "ELOOP" ? "a link" : code === "EACCES" ? "one that may not be read" : String(code ?? error);
  return new UserError(`Expected a file that can be read in ${path}, got ${why}`, { cause: error });
}
