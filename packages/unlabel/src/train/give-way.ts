// Between operators the engine's threads look for work for a moment before they sleep, which is quicker where they have cores of their own. Where
// others take these cores, a thread that looks keeps the one it waits for from going on: then threads sleep sooner. And a thread that is woken may
// be put on the core of one that it works with, where both wait, while a neighbour has the other core: then each is bound to its own. The kernel
// counts how long threads that could run had to wait for a core. Nothing that is computed depends on it.
import { readdirSync, readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { bindThreads, engineInfo } from "@unlabel/torch";
import { nativeReader } from "../base/native.ts";
import { grantedCores } from "./cpu-quota.ts";

/** Looks for work before a thread sleeps where cores are taken: some 50 µs, longer than between most operators. */
const FEW = 3000;
/** The same of threads with a core each, on which whom they wait for is not. */
const FEW_BOUND = 10_000;
const PERIOD_MS = 250;
/** Shares of the time that threads wait for cores instead of running. The reader's own threads beside the engine's make a few per cent of it. */
const TAKEN = 0.12;
const FREE = 0.06;
/** Cores are free for so long before threads are let go: a neighbour whose turns are few is not gone. */
const CALM_MS = 5000;
/** Of one core: a process that runs less computes no more, and what it does next may want other cores. */
const IDLE = 0.5;

/** How long the threads of a process have run, and have waited for a core, so far, in milliseconds. */
export interface Waited {
  ran: number;
  waited: number;
}

export interface GiveWayOptions {
  /** Looks for work before a thread sleeps; false where that cannot be changed. */
  spin: (count: number) => boolean;
  /** By itself. */
  usual: number;
  /** Binds threads to a core each, or lets them go; false where that cannot be. */
  bind?: (bound: boolean) => boolean;
  /** Null where the system does not tell. */
  read?: () => Waited | null;
  now?: () => number;
  /** There is a quota that looking for work uses up. */
  limited?: boolean;
}

/** See the head of this file. */
export class GiveWay implements Disposable {
  readonly #options: Required<GiveWayOptions>;
  #gives = false;
  #before: Waited | null = null;
  #next = 0;
  #at: number;
  /** For how long cores have been free. */
  #calmMs = 0;

  constructor(options: GiveWayOptions) {
    this.#options = {
      ...{ bind: () => false, read: waitedSoFar, now: () => performance.now(), limited: false },
      ...options,
    };
    this.#before = this.#options.read();
    this.#at = this.#options.now();
    if (this.#options.limited) this.#give(true);
  }

  /** Whether threads sleep sooner now. */
  get gives(): boolean {
    return this.#gives;
  }

  /** Looks at how long threads have waited, a few times a second at most. */
  look(): void {
    const { now, read, limited } = this.#options;
    const at = now();
    if (limited || at < this.#next) return;
    // A timer may come a moment early.
    this.#next = at + PERIOD_MS / 2;
    const [before, found, passed] = [this.#before, read(), at - this.#at];
    [this.#before, this.#at] = [found, at];
    if (!before || !found) return;
    const [ran, waited] = [found.ran - before.ran, found.waited - before.waited];
    // Of a thread that has ended nothing is told any more.
    if (ran <= 0 || waited < 0) return;
    const share = waited / (ran + waited);
    const isIdle = ran + waited < IDLE * passed;
    if (!this.#gives) {
      if (share > TAKEN && !isIdle) this.#give(true);
      return;
    }
    this.#calmMs = share < FREE ? this.#calmMs + passed : 0;
    if (this.#calmMs >= CALM_MS || isIdle) this.#give(false);
  }

  /** Leaves the threads as they were. */
  [Symbol.dispose](): void {
    this.#give(false);
  }

  #give(gives: boolean): void {
    const { spin, bind, usual } = this.#options;
    if (gives === this.#gives) return;
    this.#calmMs = 0;
    const bound = bind(gives) && gives;
    if (spin(gives ? Math.min(bound ? FEW_BOUND : FEW, usual) : usual)) this.#gives = gives;
    else if (bound) bind(false);
  }
}

/**
 * Of this process; null where the engine's threads wait as the user has told them to, or in a way that cannot be changed.
 *
 * @param threads that compute in this process
 * @param processes that compute as much on this machine
 */
export function giveWay(threads: number, processes = 1, env: NodeJS.ProcessEnv = process.env): GiveWay | null {
  const { spinCount } = engineInfo();
  const usual = Number(spinCount ?? 0);
  const isOurs = env.OMP_WAIT_POLICY === undefined && env.GOMP_SPINCOUNT === undefined;
  if (!isOurs || usual <= FEW || threads < 2 || !nativeReader().spin(usual, usual)) return null;
  const spin = (count: number) => nativeReader().spin(usual, count);
  const limited = grantedCores() < threads * processes;
  // Under a quota cores are free, and time is short.
  return new GiveWay({ spin, usual, limited, ...(!limited && { bind: bindThreads }) });
}

let watched: { ways: GiveWay; timer: NodeJS.Timeout } | null = null;

/** From here on this process's threads give way while cores are short, whatever it computes; asked again, with as many threads as then. */
export function giveWayWhenShort(threads: number, processes = 1): void {
  if (watched) {
    clearInterval(watched.timer);
    watched.ways[Symbol.dispose]();
    watched = null;
  }
  const ways = giveWay(threads, processes);
  // Between two batches the event loop has a turn.
  if (ways) watched = { ways, timer: setInterval(() => ways.look(), PERIOD_MS).unref() };
}

/** Linux alone tells. */
function waitedSoFar(): Waited | null {
  const sum: Waited = { ran: 0, waited: 0 };
  try {
    for (const thread of readdirSync("/proc/self/task")) {
      const [ran = 0, waited = 0] = textOf(`/proc/self/task/${thread}/schedstat`).split(" ").map(Number);
      sum.ran += ran / 1e6;
      sum.waited += waited / 1e6;
    }
  } catch {
    return null;
  }
  return sum.ran > 0 ? sum : null;
}

/** Empty where a thread has ended meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
