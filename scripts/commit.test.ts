import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { buildCommit, resolveCommit } from "./commit.ts";

/** Notes that it ran, and whether packages were there already; fails where `fail` stands beside it. */
const SETUP = `import { appendFileSync, existsSync } from "node:fs";
if (existsSync("fail")) process.exit(1);
appendFileSync("log", existsSync("node_modules/left") ? "with " : "without ");`;

let folder = "";
let repository = "";
const git = (...args: string[]) => execFileSync("git", args, { cwd: repository, encoding: "utf8" }).trim();
const commit = (files: Record<string, string>) => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(repository, name), text);
  git("add", ".");
  git("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "--no-verify", "-m", "state");
  return git("rev-parse", "HEAD");
};
const built = () => readdirSync(join(folder, "cache", "commits"));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "unlabel-commit-"));
  repository = join(folder, "repository");
  mkdirSync(join(repository, "scripts"), { recursive: true });
  mkdirSync(join(repository, "own"));
  vi.stubEnv("UNLABEL_CACHE", join(folder, "cache"));
  git("init", "--quiet");
  commit({ ".gitignore": "node_modules\nlog\n", "package-lock.json": "1", "scripts/setup.mjs": SETUP, "own/a": "old" });
  mkdirSync(join(repository, "node_modules", ".cache"), { recursive: true });
  writeFileSync(join(repository, "node_modules", ".package-lock.json"), "1");
  writeFileSync(join(repository, "node_modules", "left"), "");
  symlinkSync("../own", join(repository, "node_modules", "own"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe("another commit", () => {
  it("is built once, in the cache, by its own set-up, which looks again each time", () => {
    const old = git("rev-parse", "HEAD");
    commit({ "own/a": "new" });
    const said: string[] = [];
    const first = buildCommit("HEAD~1", (text) => said.push(text), repository);
    expect(first).toEqual({ hash: old, root: join(folder, "cache", "commits", old.slice(0, 12)) });
    expect(buildCommit(old.slice(0, 8), (text) => said.push(text), repository)).toEqual(first);
    expect(said).toHaveLength(1);
    expect(built()).toEqual([old.slice(0, 12)]);
    expect(readFileSync(join(first.root, "log"), "utf8")).toBe("with with with ");
    // Its packages are its own, not this tree's.
    expect(readFileSync(join(first.root, "node_modules", "own", "a"), "utf8")).toBe("old");
    expect(existsSync(join(first.root, "node_modules", ".cache"))).toBe(false);
  });

  it("installs its own packages where its lock file is another", () => {
    const old = git("rev-parse", "HEAD");
    commit({ "package-lock.json": "2" });
    const { root } = buildCommit(old, () => {}, repository);
    expect(readFileSync(join(root, "log"), "utf8")).toBe("without without ");
  });

  it("leaves nothing behind where its set-up fails", () => {
    const broken = commit({ fail: "" });
    expect(() => buildCommit(broken, () => {}, repository)).toThrow("Expected `npm run setup` to work in ");
    expect(built()).toEqual([]);
    expect(git("worktree", "list").split("\n")).toHaveLength(1);
  });

  it("is built anew where the cache was removed", () => {
    const { root } = buildCommit("HEAD", () => {}, repository);
    rmSync(join(folder, "cache"), { recursive: true });
    expect(buildCommit("HEAD", () => {}, repository).root).toBe(root);
    expect(existsSync(join(root, "own", "a"))).toBe(true);
  });

  it("must be one of the repository", () => {
    for (const name of ["nosuch", "--help", "0123456789"]) {
      expect(() => resolveCommit(name, repository)).toThrow(`got ${name}, which its history does not hold`);
    }
    expect(() => resolveCommit("HEAD", join(folder, "nowhere"))).toThrow("Expected a commit of");
  });
});
