// RUN/lock: two processes that train in one run directory would write over each other's steps and weights.
import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { UserError } from "../base/errors.ts";
import { codeOf, explained, isDiskFull, makeFolder, removeQuietly } from "../base/files.ts";
import { beat } from "./heartbeat.ts";

export const LOCK = "lock";

/** Another process has the run directory that this one trained in: nothing in it is this one's to write any more. */
export class LostLock extends UserError {
  override name = "LostLock";
}

/** A run directory that is this process's until it is disposed of. */
export interface Lock extends Disposable {
  /**
   * Refuses to go on where another process has taken the directory: this one may have been paused for longer than its silence is borne.
   *
   * @throws {LostLock} where the lock is gone, or another process's
   */
  check(): void;
}

/** A holder whose process cannot be seen counts as dead after so many milliseconds without a sign of life. */
const SILENCE_MS = 120_000;

/** What the file holds. */
interface Holder {
  pid: number;
  host: string;
  /** ISO 8601, UTC. */
  start: string;
  /** What no later process of this id has, as {@link birthOf} gives it; absent where the system does not tell. */
  birth?: string;
  /**
   * Where that id means this process, as {@link spaceOf} gives it: containers and machines share host names. Its holder touches the
   * lock as long as it lives. Absent where the system has no such spaces, and in locks of older versions.
   */
  space?: string;
}

/**
 * Takes a run directory for this process, making the folder where there is none. A lock whose process is no longer
 * alive is taken over, even where another process has got its id. Where that process cannot be seen from here (another container, or
 * another start of the machine, under one host name), its lock is taken over once it has given no sign of life for two minutes. That
 * of another host cannot be judged, and stands.
 *
 * @returns gives the directory back when disposed of
 * @throws {UserError} where another process has it, or nothing can be written there
 */
export function lockRun(path: string): Lock {
  makeFolder(path);
  return lockFile(join(path, LOCK), path, {
    lost: "nothing of it was written over, and --resume goes on with it once nothing trains there any more",
    free: "nothing trains there any more",
  });
}

/** What a lock is for, in the words that follow "if" and an account of what became of it. */
export interface LockWords {
  /** What to do where another process has taken it. */
  lost: string;
  /** When the lock may be removed by hand. */
  free: string;
}

/**
 * As {@link lockRun}, of something else: a file `lock` stands for `path`, in a folder that is there.
 *
 * @returns gives it back when disposed of
 * @throws {UserError} where another process has it, or nothing can be written there
 */
export function lockFile(file: string, path: string, words: LockWords): Lock {
  const mine = `${JSON.stringify(describeMe())}\n`;
  if (!claim(file, mine)) {
    const holder = read(file);
    if (holder === null || !isStale(holder, file)) throw taken(path, file, holder, words);
    retire(file, holder);
    if (!claim(file, mine)) throw taken(path, file, read(file), words);
  }
  const life = beat(file, mine);
  return {
    check: () => {
      if (!isOthers(file, mine)) return;
      const holder = read(file);
      const now = holder ? nameOf(holder) : "no lock there";
      throw new LostLock(
        `Expected ${path} to be still this process's, got ${now}: it was taken over while this one stood still; ${words.lost}`,
      );
    },
    [Symbol.dispose]: () => {
      life[Symbol.dispose]();
      // One that somebody removed and another process has taken since is that one's.
      if (contentOf(file) === mine) removeQuietly(file);
    },
  };
}

/** The process that a lock names, as somebody sees it who only looks on. */
export interface Trainer {
  pid: number;
  host: string;
  /** ISO 8601, UTC. */
  start: string;
  /** Whether it still trains there, as far as can be told. */
  alive: boolean;
}

/**
 * Who has a lock, told without writing anything: where the process cannot be seen from here, by its last sign of life.
 *
 * @param content of the lock
 * @param touched when it was last written to, in milliseconds since 1970
 * @returns null where it names no process
 */
export function trainerOf(content: string, touched: number): Trainer | null {
  const holder = parse(content);
  if (holder === null) return null;
  const { pid, host, start } = holder;
  const silent = Date.now() - touched > SILENCE_MS;
  // Another host's lock is not taken over, but one without signs of life for minutes trains nothing.
  const alive = host === hostname() && isSeen(holder) ? !hasEnded(holder) : !silent;
  return { pid, host, start, alive };
}

function describeMe(): Holder {
  const [birth, space] = [birthOf(process.pid), spaceOf()];
  const start = new Date().toISOString();
  return { pid: process.pid, host: hostname(), start, ...(birth && { birth }), ...(space && { space }) };
}

/** A name beside the lock that no other process has, in whatever container. */
function beside(file: string): string {
  return `${file}.${process.pid}-${randomBytes(4).toString("hex")}`;
}

/** Takes the lock, which appears with its content at once: nobody meets one that names no process. */
function claim(file: string, content: string): boolean {
  const mine = beside(file);
  try {
    writeFileSync(mine, content);
    linkSync(mine, file);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    if (isDiskFull(error)) throw explained(file, error);
    // A file system without links.
    return write(file, content);
  } finally {
    removeQuietly(mine);
  }
}

function write(file: string, content: string): boolean {
  try {
    writeFileSync(file, content, { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw explained(file, error);
  }
}

/** Removes a dead process's lock; should another process have replaced it by now, that one's stays. */
function retire(file: string, stale: Holder): void {
  const old = beside(file);
  try {
    renameSync(file, old);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  if (JSON.stringify(read(old)) !== JSON.stringify(stale)) renameSync(old, file);
  else rmSync(old);
}

/** Whether the lock is certainly not the one with that content; a file system that fails to answer tells nothing. */
function isOthers(file: string, mine: string): boolean {
  try {
    return readFileSync(file, "utf8") !== mine;
  } catch (error) {
    return codeOf(error) === "ENOENT";
  }
}

function contentOf(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

/** The holder, or null where the file names none. */
function read(file: string): Holder | null {
  const content = contentOf(file);
  return content === null ? null : parse(content);
}

function parse(content: string): Holder | null {
  try {
    const { pid, host, start, birth, space } = JSON.parse(content) as Partial<Holder>;
    if (!Number.isInteger(pid) || typeof host !== "string" || typeof start !== "string") return null;
    const known = { ...(typeof birth === "string" && { birth }), ...(typeof space === "string" && { space }) };
    return { pid: Number(pid), host, start, ...known };
  } catch {
    return null;
  }
}

function isStale(holder: Holder, file: string): boolean {
  if (holder.host !== hostname()) return false;
  return isSeen(holder) ? hasEnded(holder) : silence(file) > SILENCE_MS;
}

/** Whether a process of this machine, in this space of ids, is no more. */
function hasEnded({ pid, start, birth }: Holder): boolean {
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

/** Whether the holder's id means the same process here. A lock that names no space is judged as the version that wrote it did. */
function isSeen({ space }: Holder): boolean {
  return space === undefined || (space === spaceOf() && !space.includes(UNKNOWN));
}

/** How many milliseconds ago the lock was last touched, by the clock of the file system that it lies on. */
function silence(file: string): number {
  const now = beside(file);
  try {
    writeFileSync(now, "");
    return statSync(now).mtimeMs - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  } catch (error) {
    throw explained(file, error);
  } finally {
    removeQuietly(now);
  }
}

const UNKNOWN = "unknown";

/** The start of the machine and the space of process ids, which each container has of its own; null where there are none. */
function spaceOf(): string | null {
  if (process.platform !== "linux") return null;
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return UNKNOWN;
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

function nameOf({ pid, host, start }: Holder): string {
  const minutes = Math.max(0, Math.round((Date.now() - Date.parse(start)) / 60_000));
  return `process ${pid} on ${host}, begun ${minutes} min ago`;
}

function taken(path: string, file: string, holder: Holder | null, { free }: LockWords): UserError {
  const unseen = holder?.host === hostname() && !isSeen(holder);
  const seconds = unseen && Math.max(0, Math.round(silence(file) / 1000));
  const life = unseen
    ? `, in another container or start of the machine, with a sign of life ${seconds} s ago (after ${SILENCE_MS / 60_000} min without one it can be taken over)`
    : "";
  const who = holder ? `${nameOf(holder)}${life}` : "a lock that names no process";
  return new UserError(`Expected ${path} to be free, got ${who}; wait for it, or remove ${file} if ${free}`);
}
