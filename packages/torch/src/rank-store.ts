// The store where ranks meet: texts by key, heartbeats, and who was lost. What JavaScript asks of it is synchronous below and never longer
// than a slice of time, so that signals are heard while a rank waits for another.
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, TorchError } from "./errors.ts";
import { native } from "./native.ts";
import { RankError, ranksInWords } from "./rank-error.ts";

/** Milliseconds in which a heart beats several times, and after which one that has not is taken for stopped. */
const SILENCE = 3000;
/** Milliseconds between two looks for a key, at first and at most: LibTorch's own wait writes to stderr where it ends without one. */
const [SOON, LATER] = [1, 20];
/** Milliseconds between two looks at whether others still live. */
const CHECK = 500;
/** How long a store that serves everybody is waited for once something has gone wrong. */
export const ANSWER = 5000;

/** This process's place in its group. */
export interface Membership {
  rank: number;
  size: number;
  /** Seconds. */
  timeout: number;
  /** Whether this process serves the store; others depend on it. */
  serves: boolean;
  /** Whether rank 0 serves it, and not a launcher. */
  servedByFirst: boolean;
  backend: "gloo" | "nccl";
  /** Why the group can no longer be used; null as long as it can. */
  broken: string | null;
}

let member: Membership | null = null;

/** Where this process belongs; null where it is alone. */
export function membership(): Membership | null {
  return member;
}

export function setMembership(now: Membership | null): void {
  member = now;
}

/** This process's membership. @throws {TorchError} where there is none */
export function joined(op: string): Membership {
  if (!member) throw new TorchError("Expected a process group, got none; call initProcessGroup first", op);
  return member;
}

/** Texts that all ranks of a group can read and write, by key. */
export interface Store {
  /** Puts a text under a key, in the place of an older one. */
  set(key: string, text: string): void;
  /**
   * The text of a key, waited for until it is there.
   *
   * @param from the rank that will put it there: it is waited for as long as its heart beats; by default anybody, for the group's timeout
   * @throws {RankError} where that rank is lost, any has failed, or the time is over
   */
  get(key: string, from?: number): Promise<string>;
  /** The text of a key, null where there is none. */
  peek(key: string): string | null;
  /** Adds to the number of a key, which begins at 0, and returns the sum. */
  add(key: string, by: number): number;
  /** Takes a key away. */
  delete(key: string): void;
}

/** The group's store. @throws {TorchError} where there is no group */
export function store(): Store {
  joined("store");
  return STORE;
}

const STORE: Store = {
  set: (key, text) => asked(() => native.storeSet(`own/${key}`, text)),
  peek: (key) => asked(() => native.storeGet(`own/${key}`, 0)),
  add: (key, by) => asked(() => native.storeAdd(`own/${key}`, by)),
  delete: (key) => asked(() => native.storeDelete(`own/${key}`)),
  get: (key, from) => waitFor(`own/${key}`, from),
};

async function waitFor(key: string, from: number | undefined): Promise<string> {
  const { timeout } = joined("store");
  const hearts = from === undefined ? null : new Hearts([from]);
  const began = performance.now();
  for (let looked = began, wait = SOON; ; wait = Math.min(LATER, 1.2 * wait)) {
    const found = asked(() => native.storeGet(key, 0));
    if (found !== null) return found;
    if (performance.now() - looked > CHECK) {
      looked = performance.now();
      refuseFailed();
      if (hearts?.stopped(1000 * timeout).length) throw lost([from!]);
      if (!hearts && looked - began > 1000 * timeout) {
        throw new RankError(`Expected ${key.replace("own/", "")} from another rank within ${timeout} s, got nothing`);
      }
    }
    await sleep(wait);
  }
}

/** A call to the store, whose failure is the loss of whoever serves it. */
function asked<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw storeGone(error);
  }
}

function storeGone(error: unknown): RankError {
  const first = member?.servedByFirst === true;
  return new RankError(
    first
      ? `rank 0 is lost: the store that it serves does not answer`
      : `the store that the launcher serves does not answer`,
    first ? [0] : [],
    { cause: error },
  );
}

function lost(ranks: readonly number[]): RankError {
  return new RankError(`${ranksInWords(ranks)} ${ranks.length === 1 ? "is" : "are"} lost (killed or stopped)`, ranks);
}

/** Heartbeats of some ranks, and when each was last seen to change. */
class Hearts {
  readonly #seen = new Map<number, { beat: string | null; since: number }>();

  constructor(ranks: readonly number[]) {
    for (const rank of ranks) this.#seen.set(rank, { beat: null, since: performance.now() });
  }

  /** Those whose heart has not beaten for so long; asks each once. */
  stopped(milliseconds: number): number[] {
    return [...this.#seen.keys()].filter((rank) => {
      const last = this.#seen.get(rank)!;
      const beat = asked(() => native.storeGet(`beat/${rank}`, 0, ANSWER));
      if (beat !== last.beat) this.#seen.set(rank, { beat, since: performance.now() });
      return beat === last.beat && performance.now() - last.since > milliseconds;
    });
  }

  /** Those that have been seen to change since the first look. */
  silent(first: ReadonlyMap<number, string | null>): number[] {
    return [...this.#seen.keys()].filter((rank) => this.#seen.get(rank)!.beat === first.get(rank));
  }

  beats(): Map<number, string | null> {
    this.stopped(0);
    return new Map([...this.#seen].map(([rank, { beat }]) => [rank, beat]));
  }
}

/**
 * The other ranks whose hearts have stopped, or that have left already. Takes up to three seconds where any has, else about half of one.
 *
 * @throws {RankError} where the store does not answer: then whoever serves it is lost
 */
export function lostRanks(): number[] {
  const { rank, size } = joined("lostRanks");
  const others = Array.from({ length: size }, (_, i) => i).filter((other) => other !== rank);
  const hearts = new Hearts(others);
  const first = hearts.beats();
  for (const began = performance.now(); ; ) {
    pause(100);
    hearts.stopped(0);
    const silent = hearts.silent(first);
    if (silent.length === 0 || performance.now() - began > SILENCE) return silent;
  }
}

/** Blocks for so many milliseconds, as where nothing else may happen in between. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Leaves word of what ended this rank, or of who was lost, for those that will ask; the first word counts. */
export function leaveWord(ranks: readonly number[], text: string): void {
  if (asked(() => native.storeAdd("failures", 1, ANSWER)) === 1) {
    asked(() => native.storeSet("failed", JSON.stringify({ ranks, text }), ANSWER));
  }
}

/** @throws {RankError} where a rank has said that it failed, or of another that it is lost */
export function refuseFailed(): void {
  const word = asked(() => native.storeGet("failed", 0, ANSWER));
  if (word === null) return;
  const { ranks, text } = JSON.parse(word) as { ranks: number[]; text: string };
  throw new RankError(text, ranks);
}

/**
 * What a failed collective comes of: who has failed or is lost, as far as that can be told. The group is broken from then on.
 *
 * @param op what was called
 */
export function explained(op: string, error: unknown): RankError {
  const here = joined(op);
  const said = messageOf(error).split("\n")[0]!;
  // So that ranks that wait for this one hear of it at once.
  native.closeGroup(true);
  const name = (found: RankError) => {
    here.broken = found.message;
    return new RankError(`${op}: ${found.message}`, found.ranks, { cause: error });
  };
  try {
    refuseFailed();
    const silent = lostRanks();
    // Whoever left word in the meantime knows better.
    refuseFailed();
    if (silent.length > 0) {
      const found = lost(silent);
      leaveWord(found.ranks, found.message);
      return name(found);
    }
  } catch (found) {
    if (found instanceof RankError) return name(found);
    throw found;
  }
  const late = `Expected all ranks to come within ${here.timeout} s, all are alive, but not all came (${brief(said)})`;
  return name(new RankError(late));
}

/** Gloo's words without the place in its sources. */
function brief(text: string): string {
  return text.replace(/^\[[^\]]*\] ?/, "").slice(0, 120);
}
