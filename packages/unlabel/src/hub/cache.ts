// The folder that the hub's clients keep a model in: contents by their checksums (blobs), links to these by commit and name (snapshots),
// which commit a branch was (refs), and which files a commit does not have (.no_exist). Python's and JavaScript's find what is here, and
// what they have downloaded is found here.
import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { explained, makeFolder, writeAtomically } from "../base/files.ts";
import { isCommit } from "./reference.ts";
import { BESIDE, shardsOf, weightsAmong } from "./wanted.ts";

/** One model's folder. */
export class HubCache {
  /** The folder. */
  readonly path: string;

  constructor(root: string, repo: string) {
    this.path = join(root, `models--${repo.replace("/", "--")}`);
  }

  /** Where a commit's files are linked. */
  snapshot(commit: string): string {
    return join(this.path, "snapshots", commit);
  }

  /** Where a content is kept. @param etag its checksum */
  blob(etag: string): string {
    return join(this.path, "blobs", etag);
  }

  /** The commit that a branch or tag was when it was last asked for; null where that is not known. */
  commitOf(revision: string): string | null {
    try {
      const commit = readFileSync(join(this.path, "refs", revision), "utf8").trim();
      return isCommit(commit) ? commit : null;
    } catch {
      return null;
    }
  }

  /** Keeps which commit a branch or tag is. */
  note(revision: string, commit: string): void {
    const file = join(this.path, "refs", revision);
    if (this.commitOf(revision) === commit) return;
    makeFolder(dirname(file));
    writeAtomically(file, commit);
  }

  /** Keeps that a commit has no such file. */
  noteAbsent(commit: string, name: string): void {
    const file = join(this.path, ".no_exist", commit, name);
    if (existsSync(file)) return;
    makeFolder(dirname(file));
    writeAtomically(file, "");
  }

  /** Whether a commit's file is there. */
  has(commit: string, name: string): boolean {
    return existsSync(join(this.snapshot(commit), name));
  }

  /** Whether all that is wanted of a commit is there. @param whole whether what lies beside the weights counts as well */
  isWhole(commit: string, whole: boolean): boolean {
    const folder = this.snapshot(commit);
    if (!existsSync(folder)) return false;
    const names = readdirSync(folder).filter((name) => existsSync(join(folder, name)));
    const found = weightsAmong(names);
    if (typeof found !== "string") return false;
    if (found.endsWith(".index.json")) {
      const shards = shardsIn(join(folder, found));
      if (shards === null || !shards.every((name) => this.has(commit, name))) return false;
    }
    if (!whole) return true;
    const isAbsent = (name: string) => existsSync(join(this.path, ".no_exist", commit, name));
    return BESIDE.every((name) => this.has(commit, name) || isAbsent(name));
  }

  /** Puts a content at its name in a commit; where no links can be made, a copy. */
  link(commit: string, name: string, etag: string): void {
    const [at, blob] = [join(this.snapshot(commit), name), this.blob(etag)];
    makeFolder(dirname(at));
    try {
      // A link to what is gone.
      if (lstatSync(at, { throwIfNoEntry: false })) rmSync(at);
      try {
        symlinkSync(relative(dirname(at), blob), at);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
        try {
          linkSync(blob, at);
        } catch {
          copyFileSync(blob, at);
        }
      }
    } catch (error) {
      throw explained(at, error);
    }
  }
}

function shardsIn(file: string): string[] | null {
  try {
    return statSync(file).size > 1 << 24 ? null : shardsOf(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}
