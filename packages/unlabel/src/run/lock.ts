// RUN/lock: two processes that train in one run directory would write over each other's steps and weights.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { UserError } from "../base/errors.ts";
import { codeOf, explained, isDiskFull, makeFolder, removeQuietly } from "../base/files.ts";

export const LOCK = "lock";

/** What the file holds. */
interface Holder {
  pid: number;
  host: string;
  /** ISO 8601, UTC. */
  start: string;
  /** What no later process of this id has, as {@link birthOf} gives it; absent where the system does not tell. */
  birth?: string;
}

/**
 * Takes a run directory for this process, making the folder where there is none. A lock whose process is no longer
 * alive on this host is taken over, even where another process has got its id; that of another host cannot be judged, and stands.
 *
 * @returns gives the directory back when disposed of
 * @throws {UserError} where another process has it, or nothing can be written there
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
  return { [Symbol.dispose]: () => removeQuietly(file) };
}

/** Takes the lock, which appears with its content at once: nobody meets one that names no process. */
function claim(file: string): boolean {
  const birth = birthOf(process.pid);
  const me: Holder = { pid: process.pid, host: hostname(), start: new Date().toISOString(), ...(birth && { birth }) };
  const mine = `${file}.${process.pid}`;
  try {
    writeFileSync(mine, `${JSON.stringify(me)}\n`);
    linkSync(mine, file);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    if (isDiskFull(error)) throw explained(file, error);
    // A file system without links.
    return write(file, me);
  } finally {
    removeQuietly(mine);
  }
}

function write(file: string, me: Holder): boolean {
  try {
    writeFileSync(file, `${JSON.stringify(me)}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw explained(file, error);
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

/** The holder, or null where the file names none. */
function read(file: string): Holder | null {
  try {
    const { pid, host, start, birth } = JSON.parse(readFileSync(file, "utf8")) as Partial<Holder>;
    return Number.isInteger(pid) && host !== undefined && start !== undefined
      ? { pid: Number(pid), host, start, ...(typeof birth === "string" && { birth }) }
      : null;
  } catch {
    return null;
  }
}

function isStale({ pid, host, start, birth }: Holder): boolean {
  if (host !== hostname()) return false;
  const now = birthOf(pid);
  if (birth !== undefined && now !== null) return birth !== now;
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

/** Which start of the machine and which moment since then a process began in; null where the system does not tell, or has none. */
function birthOf(pid: number): string | null {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets before may hold anything; the start, in ticks, is the 22nd field of all.
    const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    return ticks === undefined ? null : `${boot} ${ticks}`;
  } catch {
    return null;
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
