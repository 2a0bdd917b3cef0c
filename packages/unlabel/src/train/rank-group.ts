// The ranks of a session, and what they tell each other beside tensors: texts at the store where they met. One process by itself is a
// group of one, which asks nobody.
import { distributed } from "@unlabel/torch";
import { alike, InterruptedError, UsageError, UserError } from "../base/errors.ts";
import { ALONE, type Ranks } from "./ranks.ts";

/** What one rank found, as the others hear it. */
type Word<T> = { value: T } | { error: string; kind: "usage" | "interrupted" | "user" };

/**
 * Joins the group that a launcher has started; a group of one where there is but one process.
 *
 * @param backend what tensors travel by
 * @param through the same for people
 * @throws {UserError} naming the ranks that have not come in time, or what keeps this one from joining
 */
export async function joinRanks(
  ranks: Ranks,
  backend: "gloo" | "nccl" = "gloo",
  through = backend === "nccl" ? "NCCL" : "Gloo",
): Promise<RankGroup> {
  if (ranks.worldSize > 1) {
    const { rank, worldSize, localRank, localWorldSize, masterAddr, masterPort, store, timeout, attempt } = ranks;
    const place = { rank, worldSize, masterAddr, masterPort, store, oneMachine: localWorldSize === worldSize };
    const own = { name: `unlabel/${attempt}`, device: `cuda:${localRank}` };
    await told(distributed.initProcessGroup({ backend, timeout, ...place, ...own }));
  }
  return new RankGroup(ranks, through);
}

/** Ranks that train together. Whoever joins must leave. */
export class RankGroup {
  /** This process's place among them. */
  readonly ranks: Ranks;
  /** What tensors travel by between them, for people. */
  readonly through: string;
  /** How many words have been exchanged: the same on all ranks, since all take part in each. */
  #words = 0;
  #left = false;
  #notesRead = 0;
  /** The word that the last step ended with. */
  #lastStep: number | null = null;

  constructor(ranks: Ranks, through = "Gloo") {
    this.ranks = ranks;
    this.through = through;
  }

  /** Which one this is, from 0. */
  get rank(): number {
    return this.ranks.rank;
  }

  /** How many there are. */
  get worldSize(): number {
    return this.ranks.worldSize;
  }

  /** Whether this is rank 0, which alone writes and prints. */
  get first(): boolean {
    return this.rank === 0;
  }

  /** Whether there are others. */
  get several(): boolean {
    return this.worldSize > 1;
  }

  /**
   * What rank 0 finds, on all ranks; where it fails, all fail alike. The others wait for it as long as it lives.
   *
   * @param body called on rank 0 alone; its result must survive JSON
   */
  async fromFirst<T>(body: () => T | Promise<T>): Promise<T> {
    if (!this.several) return await body();
    const word = this.#word();
    if (!this.first) return opened(JSON.parse(await told(distributed.store().get(`${word}`, 0))) as Word<T>);
    let value: T;
    try {
      value = await body();
    } catch (error) {
      if (error instanceof UserError) this.#say(word, refused(error));
      throw error;
    }
    this.#say(word, { value });
    return value;
  }

  /** What each rank has to say, on all ranks, by rank. @param value survives JSON */
  async all<T>(value: T): Promise<T[]> {
    if (!this.several) return [value];
    const word = this.#word();
    const store = distributed.store();
    store.set(`${word}/${this.rank}`, JSON.stringify({ value }));
    const ranks = Array.from({ length: this.worldSize }, (_, rank) => rank);
    const found: T[] = [];
    for (const rank of ranks) {
      const { value: theirs } = JSON.parse(await told(store.get(`${word}/${rank}`, rank))) as { value: T };
      found.push(theirs);
    }
    return found;
  }

  /**
   * Refuses to go on where ranks differ in any of these.
   *
   * @param facts by what they are called
   * @throws {UserError} on every rank, naming the first difference and its rank
   */
  async same(facts: Record<string, unknown>): Promise<void> {
    const [first, ...others] = await this.all(facts);
    for (const [i, theirs] of others.entries()) {
      for (const [name, value] of Object.entries(first!)) {
        const [a, b] = [value, theirs[name]].map((one) => JSON.stringify(one ?? null)) as [string, string];
        if (a === b) continue;
        const [here, there] = differing(value, theirs[name]);
        throw alike(
          new UserError(`Expected the same ${name} on all ranks, got ${here} on rank 0 and ${there} on rank ${i + 1}`),
        );
      }
    }
  }

  /** Waits until all ranks are here, however long that takes one that lives. */
  async meet(): Promise<void> {
    await this.all(null);
  }

  /** Asks rank 0 to end the run for all, when it next looks. */
  askToStop(): void {
    if (this.several) distributed.store().set("stop", String(this.rank));
  }

  /** Whether another rank has asked to stop. */
  get askedToStop(): boolean {
    return this.several && distributed.store().peek("stop") !== null;
  }

  /** Leaves a note for rank 0, which takes it when it next looks. @param value survives JSON */
  leaveNote(value: unknown): void {
    if (!this.several) return;
    const store = distributed.store();
    store.set(`note/${store.add("notes", 1)}`, JSON.stringify(value));
  }

  /** The notes that other ranks have left since rank 0 last looked; asked by rank 0 alone. */
  *notes(): Generator<unknown, void, void> {
    if (!this.several || !this.first) return;
    const store = distributed.store();
    for (const all = store.add("notes", 0); this.#notesRead < all; ) {
      const key = `note/${this.#notesRead + 1}`;
      const text = store.peek(key);
      // Its number is there, it itself not yet.
      if (text === null) return;
      this.#notesRead++;
      store.delete(key);
      yield JSON.parse(text);
    }
  }

  /** The error that is to be told: where other ranks are to blame, that. */
  explained(error: unknown): unknown {
    return this.several ? userError(distributed.rankErrorOf(error)) : error;
  }

  /** Leaves the group, with the error that ended this rank, if one did. */
  leave(error?: unknown): void {
    if (!this.several || this.#left) return;
    this.#left = true;
    const reason = error === undefined ? undefined : error instanceof Error ? error.message : String(error);
    distributed.destroyProcessGroup(reason);
  }

  /**
   * What rank 0 decides at the end of a step, on all ranks. Unlike other words it is taken away again, since a run has millions of steps;
   * which is safe where all ranks exchange something else between two of them.
   */
  async afterStep<T>(body: () => T | Promise<T>): Promise<T> {
    const word = this.#words;
    const found = await this.fromFirst(body);
    if (this.several && this.first) {
      if (this.#lastStep !== null) distributed.store().delete(`${this.#lastStep}`);
      this.#lastStep = word;
    }
    return found;
  }

  #word(): number {
    return this.#words++;
  }

  #say(word: number, said: Word<unknown>): void {
    distributed.store().set(`${word}`, JSON.stringify(said));
  }
}

/** A group of one. */
export const NOBODY_ELSE = new RankGroup(ALONE);

function refused(error: UserError): Word<never> {
  const kind = error instanceof UsageError ? "usage" : error instanceof InterruptedError ? "interrupted" : "user";
  return { error: error.message, kind };
}

function opened<T>(word: Word<T>): T {
  // JSON leaves out a value that is undefined.
  if (!("error" in word)) return word.value;
  const { error, kind } = word;
  throw alike(
    kind === "usage"
      ? new UsageError(error)
      : kind === "interrupted"
        ? new InterruptedError(error)
        : new UserError(error),
  );
}

async function told<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    throw userError(error);
  }
}

/** What other ranks are to blame for is a user's to mend: nothing of this process's code is at fault. */
function userError(error: unknown): unknown {
  if (error instanceof distributed.RankError) return new UserError(error.message, { cause: error });
  const startup = error instanceof Error && error.message.startsWith("initProcessGroup: ");
  return startup ? new UserError(error.message.replace("initProcessGroup: ", ""), { cause: error }) : error;
}

/** Where two values differ: of objects the first key alone. */
function differing(a: unknown, b: unknown, path = ""): [string, string] {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  if (isObject(a) && isObject(b)) {
    const key = [...new Set([...Object.keys(a), ...Object.keys(b)])].find(
      (name) => JSON.stringify(a[name]) !== JSON.stringify(b[name]),
    );
    if (key !== undefined) return differing(a[key], b[key], path === "" ? key : `${path}.${key}`);
  }
  const words = (value: unknown) =>
    `${path === "" ? "" : `${path} `}${JSON.stringify(value) ?? "nothing"}`.slice(0, 120);
  return [words(a), words(b)];
}
