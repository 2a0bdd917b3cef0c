// RUN/lock: two processes that train in one run directory would write over each other's steps and weights.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { isDiskFull, makeFolder } from "../files.ts";

export const LOCK = "lock";

/** What the file holds. */
interface Holder {
  pid: number;
  host: string;
  /** ISO 8601, UTC. */
  start: string;
}

/**
 * Takes a run directory for this process, making the folder where there is none. A lock whose process is no longer
 * alive on this host is taken over; that of another host cannot be judged, and stands.
 *
 * @returns gives the directory back when disposed of
 * @throws {UserError} where another process has it
 */
export function lockRun(path: string): Disposable {
  makeFolder(path);
  const file = join(path, LOCK);
  if (!claim(file)) {
    const holder = read(file);
    if (holder === null || !isStale(holder)) throw taken(path, file, holder);
    retire(file, holder);
    if (!claim(file)) throw taken(path, file, read(file));
  }
  return { [Symbol.dispose]: () => rmSync(file, { force: true }) };
}

/** Takes the lock, which appears with its content at once: nobody meets one that names no process. */
function claim(file: string): boolean {
  const me: Holder = { pid: process.pid, host: hostname(), start: new Date().toISOString() };
  const mine = `${file}.${process.pid}`;
  try {
    writeFileSync(mine, `${JSON.stringify(me)}\n`);
    linkSync(mine, file);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    if (isDiskFull(error)) throw new UserError(`Expected room on the disk for ${file}, got none; free some space`);
    // A file system without links.
    return write(file, me);
  } finally {
    rmSync(mine, { force: true });
  }
}

function write(file: string, me: Holder): boolean {
  try {
    writeFileSync(file, `${JSON.stringify(me)}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Removes a dead process's lock; should another process have replaced it by now, that one's stays. */
function retire(file: string, stale: Holder): void {
  const old = `${file}.${process.pid}`;
  try {
    renameSync(file, old);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  if (JSON.stringify(read(old)) !== JSON.stringify(stale)) renameSync(old, file);
  else rmSync(old);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** The holder, or null where the file names none. */
function read(file: string): Holder | null {
  try {
    const { pid, host, start } = JSON.parse(readFileSync(file, "utf8")) as Partial<Holder>;
    return Number.isInteger(pid) && host !== undefined && start !== undefined
      ? { pid: Number(pid), host, start }
      : null;
  } catch {
    return null;
  }
}

function isStale({ pid, host, start }: Holder): boolean {
  if (host !== hostname()) return false;
  // A container that is started again gives its process the same id.
  if (pid === process.pid) return Date.parse(start) < Date.now() - 1000 * process.uptime();
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // Any other code, as EPERM, tells of a process that is alive.
    return codeOf(error) === "ESRCH";
  }
}

function taken(path: string, file: string, holder: Holder | null): UserError {
  const minutes = holder && Math.max(0, Math.round((Date.now() - Date.parse(holder.start)) / 60_000));
  const who = holder
    ? `process ${holder.pid} on ${holder.host}, begun ${minutes} min ago`
    : "a lock that names no process";
  return new UserError(
    `Expected ${path} to be free, got ${who}; wait for it, or remove ${file} if nothing trains there any more`,
  );
}
