// What there is of a content while it is downloaded: a file beside its place that is one download's at a time, so that two processes that ask
// for the same model do not write over each other. What one leaves behind, the next goes on with.
import { readdirSync, renameSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { removeQuietly } from "../base/files.ts";

const ENDING = ".unlabel.incomplete";
/** What was not written to for so long is nobody's any more, where its process cannot be seen. */
const ABANDONED_MS = 120_000;
const HOST = hostname().replace(/[^A-Za-z0-9-]/g, "-");

/** Those of this process. */
const inUse = new Set<string>();
let taken = 0;

/** A content's file while it is downloaded; disposing of it leaves it to the next one. */
export interface Part extends Disposable {
  /** Where it lies; what an earlier download left is there. */
  readonly path: string;
}

/** @param blob where the content will lie; the folder is there */
export function takePart(blob: string): Part {
  const path = `${blob}${ENDING}.${HOST}.${process.pid}.${++taken}`;
  inUse.add(path);
  for (const left of leftOf(blob)) {
    try {
      renameSync(left, path);
      break;
    } catch {
      // Another process was sooner.
    }
  }
  return { path, [Symbol.dispose]: () => void inUse.delete(path) };
}

/** Removes what is left of a content that is whole by now. */
export function clearParts(blob: string): void {
  for (const left of leftOf(blob)) removeQuietly(left);
}

/** What downloads have left behind, the longest first. */
function leftOf(blob: string): string[] {
  const start = `${basename(blob)}${ENDING}`;
  try {
    return readdirSync(dirname(blob))
      .filter((name) => name.startsWith(start))
      .map((name) => join(dirname(blob), name))
      .filter(isLeft)
      .map((path) => [path, statSync(path).size] as const)
      .sort(([, a], [, b]) => b - a)
      .map(([path]) => path);
  } catch {
    return [];
  }
}

function isLeft(path: string): boolean {
  const [, host, pid] =
    /\.([A-Za-z0-9-]+)\.(\d+)\.\d+$/.exec(path.slice(path.lastIndexOf(ENDING) + ENDING.length)) ?? [];
  if (host === HOST && Number(pid) === process.pid) return !inUse.has(path);
  // As an earlier version named it.
  if (host === undefined) return true;
  return (host === HOST && !isAlive(Number(pid))) || Date.now() - statSync(path).mtimeMs > ABANDONED_MS;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
