// Another commit of this repository, made ready to run beside the present one: a worktree in the user's cache, set up by the
// commit's own `scripts/setup.mjs`.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { constants, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { cacheDir, SetupError } from "@unlabel/torch/setup";

const ROOT = join(import.meta.dirname, "..");
const STALE_MS = 24 * 3600 * 1000;

/** A commit that can be run: its whole hash, and the folder that holds it, built. */
export interface BuiltCommit {
  hash: string;
  root: string;
}

/**
 * The whole hash of a commit.
 *
 * @param name a hash, whole or in part, a branch, a tag, `HEAD~1`, …
 * @param repository a folder of the repository
 * @throws {SetupError} where the repository has no such commit, or there is no repository
 */
export function resolveCommit(name: string, repository = ROOT): string {
  try {
    return git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`);
  } catch {
    throw new SetupError(
      `Expected a commit of ${repository}, got ${name}, which its history does not hold; where the clone is shallow, run \`git fetch --unshallow\``,
    );
  }
}

/**
 * Checks a commit out into the cache and sets it up, both once: the next call only looks whether everything is in place.
 *
 * @param say hears that it is built, which takes a minute
 * @throws {SetupError} where there is no such commit, or its set-up fails
 */
export function buildCommit(name: string, say: (text: string) => void, repository = ROOT): BuiltCommit {
  const hash = resolveCommit(name, repository);
  const folder = join(cacheDir(), "commits");
  const root = join(folder, hash.slice(0, 12));
  if (!existsSync(root)) {
    say(`building ${hash.slice(0, 12)} in ${root}`);
    checkOut(repository, hash, folder, root);
  }
  // Native parts depend on the LibTorch that is found now, so this looks again every time.
  setUp(root);
  return { hash, root };
}

/** Made under another name and renamed when whole: what an interrupted or second process does is never taken for finished. */
function checkOut(repository: string, hash: string, folder: string, root: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder).filter((one) => one.startsWith(".tmp-"))) {
    const path = join(folder, name);
    if (Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > STALE_MS)
      remove(repository, path);
  }
  const part = join(folder, `.tmp-${basename(root)}-${randomBytes(4).toString("hex")}`);
  try {
    git(repository, "worktree", "prune");
    git(repository, "worktree", "add", "--quiet", "--detach", part, hash);
    copyModules(repository, part);
    setUp(part);
    // Where another process was quicker, its folder is as good as this one.
    if (!existsSync(root)) git(repository, "worktree", "move", part, root);
  } finally {
    remove(repository, part);
  }
}

/** Spares an installation where it would give the same packages. Links to the workspace's own packages are relative, so they lead into the copy. */
function copyModules(repository: string, to: string): void {
  const [ours, theirs] = [repository, to].map((root) => readFileSync(join(root, "package-lock.json")));
  const from = join(repository, "node_modules");
  if (!ours || !theirs?.equals(ours) || !existsSync(join(from, ".package-lock.json"))) return;
  const cache = join(from, ".cache");
  const filter = (path: string) => path !== cache;
  cpSync(from, join(to, "node_modules"), {
    recursive: true,
    verbatimSymlinks: true,
    mode: constants.COPYFILE_FICLONE,
    filter,
  });
}

function setUp(root: string): void {
  // Its packages' hooks are not this clone's.
  const env = { ...process.env, SKIP_INSTALL_SIMPLE_GIT_HOOKS: "1" };
  try {
    execFileSync(process.execPath, ["scripts/setup.mjs", "--quiet"], { cwd: root, env, stdio: ["ignore", 2, 2] });
  } catch {
    throw new SetupError(`Expected \`npm run setup\` to work in ${root}, but it failed as told above`);
  }
}

function remove(repository: string, path: string): void {
  if (!existsSync(path)) return;
  rmSync(path, { recursive: true, force: true });
  git(repository, "worktree", "prune");
}

function git(cwd: string, ...args: string[]): string {
  return execFileSync("git", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}
