// Where set-up keeps what all clones and installations share: LibTorch and the compiled native parts.
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** A failure that a person can mend; its message is one line: what was looked for, where, and the command to run. */
export class SetupError extends Error {
  name = "SetupError";
}

/**
 * The cache folder: `UNLABEL_CACHE`, else `XDG_CACHE_HOME/unlabel`, else the platform's own place.
 * @param {NodeJS.ProcessEnv} [env]
 * @param {NodeJS.Platform} [platform]
 * @returns {string} an absolute path; the folder may not exist yet
 */
export function cacheDir(env = process.env, platform = process.platform) {
  if (env.UNLABEL_CACHE) return resolve(env.UNLABEL_CACHE);
  if (env.XDG_CACHE_HOME) return join(resolve(env.XDG_CACHE_HOME), "unlabel");
  if (platform === "darwin") return join(homedir(), "Library", "Caches", "unlabel");
  return join(homedir(), ".cache", "unlabel");
}

const STALE_MS = 24 * 3600 * 1000;

/**
 * Fills a folder under a temporary name beside it and renames it when complete, so that two set-ups at once each
 * see either nothing or a whole folder, and an interrupted one leaves nothing that looks finished.
 * @template T
 * @param {string} target
 * @param {(folder: string) => Promise<T>} fill
 * @returns {Promise<void>}
 */
export async function fillFolder(target, fill) {
  const parent = dirname(target);
  makeFolder(parent);
  for (const name of readdirSync(parent)) {
    const path = join(parent, name);
    if (
      name.startsWith(".tmp-") &&
      Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > STALE_MS
    )
      rmSync(path, { recursive: true, force: true });
  }
  const temporary = join(parent, `.tmp-${process.pid}-${randomBytes(4).toString("hex")}`);
  makeFolder(temporary);
  const remove = () => rmSync(temporary, { recursive: true, force: true });
  // A signal alone would not run the exit handlers, which remove what is half done.
  const interrupt = () => process.exit(130);
  process.once("exit", remove).once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    await fill(temporary);
    try {
      renameSync(temporary, target);
    } catch (error) {
      // Another set-up was quicker: its folder is as good as this one.
      if (
        !["ENOTEMPTY", "EEXIST", "EPERM"].includes(/** @type {NodeJS.ErrnoException} */ (error).code ?? "") ||
        !statSync(target, { throwIfNoEntry: false })
      )
        throw error;
    }
  } finally {
    remove();
    process.off("exit", remove).off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

/** @param {string} path */
export function makeFolder(path) {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    const why =
      code === "ENOSPC"
        ? "the disk is full"
        : ["EACCES", "EPERM", "EROFS"].includes(code ?? "")
          ? "no permission to write there"
          : message;
    throw new SetupError(
      `Expected to create the cache folder ${path}, but ${why}; set UNLABEL_CACHE to a folder that you can write to.`,
    );
  }
}
