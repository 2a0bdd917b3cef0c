// RUN/lock: two processes that train in one run directory would write over each other's steps and weights.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { makeFolder } from "../files.ts";

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
    rmSync(file, { force: true });
    if (!claim(file)) throw taken(path, file, read(file));
  }
  return { [Symbol.dispose]: () => rmSync(file, { force: true }) };
}

function claim(file: string): boolean {
  const me: Holder = { pid: process.pid, host: hostname(), start: new Date().toISOString() };
  try {
    writeFileSync(file, `${JSON.stringify(me)}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
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
    return error instanceof Error && "code" in error && error.code === "ESRCH";
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
