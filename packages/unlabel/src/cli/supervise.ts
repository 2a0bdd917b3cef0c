// The processes that `launch` starts: their variables, what is shown of what they say, signals, and their end. When one ends badly,
// the others have a while to find out and say so; then they are ended. When the launcher itself is killed, they end like after SIGTERM.
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { TIMEOUT } from "../train/ranks-env.ts";

export interface Supervised {
  ranks: number;
  port: number;
  /** Seconds that ranks wait for each other; their own default where not given. */
  timeout?: number;
  /** Whether what ranks other than 0 say is shown. */
  showRanks: boolean;
  /** Whether stdout's last line is to be an object, whatever happens. */
  json: boolean;
  /** The words that launch was called by, for command lines that go on. */
  words: string;
  /** Seconds that the others have once rank 0 has ended; default 5. */
  short?: number;
  /** The program; by default this one. */
  program?: string;
}

/** Seconds that the others have, once one has ended badly, to find out and to say who it was; then SIGTERM. */
const GRACE = 30;
/** Seconds that the others have once rank 0 has ended, and again before SIGKILL. */
const SHORT = 5;
/** Seconds beyond the timeout, after which SIGKILL ends whoever is left: until then a checkpoint may be written to its end. */
const BEYOND = 10;
/** Lines of a quiet rank that are kept. */
const KEPT = 20;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

interface Rank {
  number: number;
  child: ChildProcess;
  /** What it said last on stderr, where that is not shown. */
  said: string[];
  ended: Promise<void>;
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Runs `args` as several ranks until all have ended. @returns the exit code */
export async function supervise(args: readonly string[], options: Supervised): Promise<number> {
  const all: Rank[] = [];
  let asked = false;
  const pass = (signal: NodeJS.Signals) => {
    asked = true;
    for (const { child } of all) child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, pass);
  try {
    for (let number = 0; number < options.ranks; number++) all.push(start(number, args, options));
    const first = all[0]!;
    const { short = SHORT } = options;
    const limit = (options.timeout ?? TIMEOUT) + BEYOND;
    // Whatever keeps one from ending, the launcher does not hang.
    void first.ended.then(async () => {
      for (const { child } of await within(limit, all)) child.kill("SIGKILL");
    });
    const bad = await firstBad(all);
    if (bad === null) return 0;
    // Rank 0 may have something to say, or to save. Once it has ended, nobody has; nor has one that was stopped.
    const killed = endStopped(all);
    await Promise.race([within(Math.min(GRACE, limit), all), first.ended]);
    let left = hasEnded(first) ? await within(short, all) : running(all);
    // Interrupted, it saves; another signal would keep it from that.
    const saves = asked || bad.code === 130;
    if (left.includes(first) && !saves)
      tell(options, `${nameOf(bad)}; ${listOf(left)} did not end by themselves within ${GRACE} s, and are ended`);
    else if (!asked && !left.includes(first)) explain(all, bad, killed, options);
    for (const { child, number } of left) if (number > 0 || !saves) child.kill("SIGTERM");
    if (left.includes(first)) await Promise.race([within(limit - GRACE, all), first.ended]);
    left = left.length > 0 ? await within(short, all) : [];
    for (const { child } of left) child.kill("SIGKILL");
    await Promise.all(all.map(({ ended }) => ended));
    return codeOf(all, bad, killed);
  } finally {
    for (const signal of SIGNALS) process.off(signal, pass);
  }
}

function start(number: number, args: readonly string[], options: Supervised): Rank {
  const { ranks, port, timeout, showRanks, words, program = process.argv[1]! } = options;
  const own = {
    ...{ RANK: number, LOCAL_RANK: number, WORLD_SIZE: ranks, LOCAL_WORLD_SIZE: ranks },
    ...{ MASTER_ADDR: "127.0.0.1", MASTER_PORT: port, UNLABEL_LAUNCH: words, UNLABEL_LAUNCHER_FD: 3 },
    ...(timeout !== undefined && { UNLABEL_TIMEOUT: timeout }),
    ...(showRanks && { UNLABEL_SHOW_RANKS: 1 }),
  };
  // Another launcher's variables around this one would contradict these.
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(TORCHELASTIC_|GROUP_RANK$|ROLE_|PET_)/.test(name),
  );
  const env = Object.fromEntries([...inherited, ...Object.entries(own).map(([name, value]) => [name, String(value)])]);
  const piped = number === 0 ? "inherit" : "pipe";
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
    env,
    // The last one closes when the launcher ends, however it does.
    stdio: [number === 0 ? "inherit" : "ignore", piped, piped, "pipe"],
  });
  const rank: Rank = { number, child, said: [], ended: Promise.resolve(), code: null, signal: null };
  const prefix = `[rank ${number}] `;
  // Stdout is rank 0's: its last line may be JSON for programs.
  listen(child.stdout, (line) => showRanks && process.stderr.write(`${prefix}${line}\n`));
  listen(child.stderr, (line) => {
    if (showRanks) process.stderr.write(`${prefix}${line}\n`);
    rank.said = [...rank.said, line].slice(-KEPT);
  });
  rank.ended = new Promise((resolve) => {
    child.on("error", (error) => {
      rank.said.push(`error: ${error.message}`);
      rank.code = 1;
      resolve();
    });
    child.on("close", (code, signal) => {
      [rank.code, rank.signal] = [code, signal];
      resolve();
    });
  });
  return rank;
}

function listen(stream: Readable | null, take: (line: string) => unknown): void {
  if (stream) createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on("line", take);
}

/** The first to end badly; null once all have ended well. */
function firstBad(all: readonly Rank[]): Promise<Rank | null> {
  return new Promise((resolve) => {
    for (const rank of all) void rank.ended.then(() => isBad(rank) && resolve(rank));
    void Promise.all(all.map(({ ended }) => ended)).then(() => resolve(null));
  });
}

/** Those that have not ended after so many seconds. */
async function within(seconds: number, all: readonly Rank[]): Promise<Rank[]> {
  const clock = new AbortController();
  const over = setTimeout(seconds * 1000, undefined, { signal: clock.signal }).catch(() => undefined);
  await Promise.race([over, Promise.all(all.map(({ ended }) => ended))]);
  clock.abort();
  return running(all);
}

function running(all: readonly Rank[]): Rank[] {
  return all.filter((rank) => !hasEnded(rank));
}

function hasEnded({ code, signal }: Rank): boolean {
  return code !== null || signal !== null;
}

/** Ends those that somebody has stopped: they cannot end by themselves, nor hear anything but this. Known on Linux alone. */
function endStopped(all: readonly Rank[]): Rank[] {
  const stopped = running(all).filter(({ child }) => /^\d+ \(.*\) [Tt] /s.test(statusOf(child.pid)));
  for (const { child } of stopped) child.kill("SIGKILL");
  return stopped;
}

function statusOf(pid: number | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return "";
  }
}

function isBad({ code, signal }: Rank): boolean {
  return signal !== null || code !== 0;
}

/** Rank 0 says by itself why it failed. Where it could not, or had no reason to, the launcher does. */
function explain(all: readonly Rank[], bad: Rank, killed: readonly Rank[], options: Supervised): void {
  const first = all[0]!;
  if (first.signal === null && first.code !== 0) return;
  // Where it was ended here, whoever missed it knows more.
  const culprit = first.signal === null || killed.includes(first) ? bad : first;
  const said = culprit.said.findLast((line) => line.startsWith("error: "))?.slice("error: ".length);
  tell(options, said ?? nameOf(culprit));
}

function tell({ json }: Supervised, text: string): void {
  if (json) process.stdout.write(`${JSON.stringify({ error: text })}\n`);
  process.stderr.write(`error: ${text}\n`);
}

function nameOf({ number, code, signal }: Rank): string {
  return `rank ${number} ended by ${signal ?? `exit code ${code}`}`;
}

function listOf(ranks: readonly Rank[]): string {
  return `rank${ranks.length > 1 ? "s" : ""} ${ranks.map(({ number }) => number).join(", ")}`;
}

/** Rank 0's own code where it failed, else that of the first to end badly; of a signal what a shell says. */
function codeOf(all: readonly Rank[], bad: Rank, killed: readonly Rank[]): number {
  const first = all[0]!;
  const { code, signal } = isBad(first) && !killed.includes(first) ? first : bad;
  return signal === null ? (code ?? 1) : 128 + constants.signals[signal];
}
