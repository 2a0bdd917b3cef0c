// All runs below the folders given, kept up to date: a change is heard of from the file system where that tells, and looked for now and
// then everywhere, since network drives tell nothing. Nothing is written.
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { RunRow } from "../messages/runs.ts";
import type { Events } from "../server/events.ts";
import { findRuns } from "./find.ts";
import type { Folders } from "./folders.ts";
import { MetricsIndex } from "./metrics-index.ts";
import { readRow } from "./row.ts";
import { Watches } from "./watches.ts";

/** A run, and what its files last said. */
export interface KnownRun {
  /** Twelve hexadecimal digits, by its place on the disk. */
  readonly id: string;
  /** Real path. */
  readonly dir: string;
  /** Unique. */
  readonly name: string;
  /** The comparison that it is of. */
  group: string | null;
  /** Null until it has been read for the first time. */
  row: RunRow | null;
}

/** How often files are looked at that nobody told about, in milliseconds. */
export interface Pace {
  /** A run that trains, and whatever the file system has told of. */
  live: number;
  /** Everything else, new runs included. */
  rest: number;
}

const PACE: Pace = { live: 1_000, rest: 10_000 };
/** So many times as long as a look through all folders takes, none is begun after it; but one of this many milliseconds costs nothing. */
const SELDOM = 20;
const QUICK_MS = 250;
/** Rows read at the same time. */
const AT_ONCE = 8;
/** Indices of metrics kept: of the runs asked for last. */
const INDICES = 48;
/** Rows read within this time are told of together, in milliseconds: a page draws its table once for all of them. */
const TOGETHER_MS = 50;

interface Kept extends KnownRun {
  /** What its files were when they were last read. */
  stamp: string;
  /** The file system has told of a change. */
  isTold: boolean;
  reading: Promise<void> | null;
}

/** The runs below some folders. */
export class RunLibrary {
  readonly #folders: Folders;
  readonly #events: Events;
  readonly #pace: Pace;
  readonly #runs = new Map<string, Kept>();
  readonly #indices = new Map<string, MetricsIndex>();
  readonly #watches: Watches;
  #notes: string[] = [];
  #looking = true;
  #isStale = false;
  readonly #end = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  /** Rows that nobody has been told of yet. */
  #fresh: RunRow[] = [];
  /** Whether runs have come or gone since pages were told which images there are. */
  #hasOtherData = false;
  #telling: NodeJS.Timeout | null = null;
  #told = 0;
  #first: Promise<void> | null = null;
  #looked = 0;
  /** When the last look through all folders ended, and what it took, in milliseconds. */
  #lookEnded = 0;
  #took = 0;

  constructor(folders: Folders, events: Events, pace: Pace = PACE) {
    [this.#folders, this.#events, this.#pace] = [folders, events, pace];
    this.#watches = new Watches((dir) => {
      const run = this.#runs.get(idOf(dir));
      if (run) run.isTold = true;
      else this.#isStale = true;
    });
  }

  /** Those known by now, by name. */
  all(): KnownRun[] {
    return [...this.#runs.values()].sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  }

  /** The run of that id. */
  get(id: string): KnownRun | undefined {
    return this.#runs.get(id);
  }

  /** Whether the folders are being looked through for the first time. */
  get looking(): boolean {
    return this.#looking;
  }

  /** What was left out, a line each. */
  get notes(): readonly string[] {
    return this.#notes;
  }

  /** How often news have been told: an answer with all runs may come before or after any of them. */
  get told(): number {
    return this.#told;
  }

  /** Begins to look, and goes on until disposed of. @returns once every run has been read */
  start(): Promise<void> {
    this.#first ??= this.#look(true).finally(() => {
      this.#looking = false;
      this.#tell([]);
      this.#later();
    });
    return this.#first;
  }

  /** A run's metrics, which remember what has been read. */
  metrics(run: KnownRun): MetricsIndex {
    const known = this.#indices.get(run.id);
    const index = known ?? new MetricsIndex(this.#folders, join(run.dir, "metrics.jsonl"));
    this.#indices.delete(run.id);
    this.#indices.set(run.id, index);
    for (const oldest of this.#indices.keys()) {
      if (this.#indices.size <= INDICES) break;
      this.#indices.delete(oldest);
    }
    return index;
  }

  [Symbol.dispose](): void {
    this.#end.abort();
    for (const timer of [this.#timer, this.#telling]) if (timer) clearTimeout(timer);
    this.#watches[Symbol.dispose]();
  }

  #later(): void {
    if (this.#end.signal.aborted) return;
    this.#timer = setTimeout(() => {
      void this.#round().finally(() => this.#later());
    }, this.#pace.live);
    this.#timer.unref();
  }

  /** What is due: runs that train or were told of every time, the rest now and then. */
  async #round(): Promise<void> {
    const now = Date.now();
    // Where a look takes long it is taken seldom, whatever changes meanwhile.
    const isRested = this.#took < QUICK_MS || now - this.#lookEnded >= SELDOM * this.#took;
    const isTime = isRested && now - this.#looked >= this.#pace.rest;
    if (isTime || (isRested && this.#isStale)) await this.#look(isTime);
    else {
      const wasStale = this.#isStale;
      await this.#read([...this.#runs.values()].filter(({ isTold, row }) => isTold || row?.state === "live"));
      // A run that has just gone is told of at once.
      if (isRested && this.#isStale && !wasStale) await this.#look(false);
    }
  }

  /** Looks for runs that have come or gone, and reads those that are new, or all. */
  async #look(all: boolean): Promise<void> {
    this.#isStale = false;
    const began = Date.now();
    if (all) this.#looked = began;
    const found = await findRuns(
      this.#folders.roots.map(({ real }) => real),
      this.#end.signal,
    );
    if (this.#end.signal.aborted) return;
    this.#lookEnded = Date.now();
    this.#took = this.#lookEnded - began;
    const ids = new Set(found.runs.map(idOf));
    const gone = [...this.#runs.keys()].filter((id) => !ids.has(id));
    for (const id of gone) {
      this.#watches.leave(this.#runs.get(id)!.dir);
      this.#runs.delete(id);
      this.#indices.delete(id);
    }
    const fresh: Kept[] = [];
    for (const dir of found.runs) {
      const id = idOf(dir);
      const known = this.#runs.get(id);
      if (known) {
        const group = await this.#groupOf(dir);
        // A stamp of nothing: its row is read again.
        if (group !== known.group) [known.group, known.stamp, known.isTold] = [group, "", true];
        continue;
      }
      const run = { id, dir, name: this.#nameOf(dir), group: await this.#groupOf(dir), row: null };
      const kept = { ...run, stamp: "", isTold: false, reading: null };
      this.#runs.set(id, kept);
      fresh.push(kept);
    }
    const isNews = JSON.stringify(this.#notes) !== JSON.stringify(found.notes);
    this.#notes = found.notes;
    for (const folder of [...found.folders, ...found.runs]) this.#watches.watch(folder);
    if (gone.length > 0) this.#hasOtherData = true;
    if (gone.length > 0 || isNews) this.#tell(gone);
    await this.#read(all ? [...this.#runs.values()] : fresh);
  }

  /** Reads runs whose files have changed, and tells of what is new in them. */
  async #read(runs: readonly Kept[]): Promise<void> {
    const queue = [...runs];
    const work = async () => {
      for (let run = queue.shift(); run && !this.#end.signal.aborted; run = queue.shift()) await this.#refresh(run);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  async #refresh(run: Kept): Promise<void> {
    run.isTold = false;
    const stamp = await stampOf(run.dir);
    if (stamp === null) {
      // It has gone, or is being replaced: a look tells which.
      this.#isStale = true;
      return;
    }
    const isChanged = stamp !== run.stamp;
    // A process that is killed changes no file.
    if (!isChanged && run.row?.state !== "live") return;
    run.stamp = stamp;
    const row = await readRow(this.#folders, run);
    if (!this.#runs.has(run.id)) return;
    const isNew = JSON.stringify(row) !== JSON.stringify(run.row);
    // Also of one that was trained anew at its place: its map is another run's.
    if (run.row?.created !== row.created) {
      this.#hasOtherData = true;
      if (run.row !== null) this.#events.tell(`map:${run.id}`);
    }
    run.row = row;
    if (isNew) this.#tellSoon(row);
    if (isChanged || isNew) this.#events.tell(`run:${run.id}`);
  }

  #tellSoon(row: RunRow): void {
    this.#fresh.push(row);
    this.#telling ??= setTimeout(() => this.#tell([]), TOGETHER_MS);
  }

  #tell(gone: string[]): void {
    if (this.#telling) clearTimeout(this.#telling);
    const rows = this.#fresh;
    [this.#fresh, this.#telling] = [[], null];
    const [looking, notes, told] = [this.#looking, this.#notes, ++this.#told];
    this.#events.send({ type: "runs", rows, gone, looking, notes, told });
    if (this.#hasOtherData) this.#events.tell("data");
    this.#hasOtherData = false;
  }

  #nameOf(dir: string): string {
    const name = this.#folders.named(dir);
    const isTaken = [...this.#runs.values()].some((run) => run.name === name);
    return isTaken ? this.#folders.shown(dir) : name;
  }

  async #groupOf(dir: string): Promise<string | null> {
    const folder = dirname(dir);
    if (!this.#folders.rootOf(folder)) return null;
    const found = await stat(join(folder, "compare.json")).catch(() => null);
    return found?.isFile() ? this.#folders.named(folder) : null;
  }
}

/** A run's id, which stays as long as it stays where it is. */
export function idOf(dir: string): string {
  return createHash("sha256").update(dir).digest("hex").slice(0, 12);
}

/** What pages are told of when it changes. A lock's time is no news, it is touched as long as a run trains. */
const WATCHED = ["run.json", "metrics.jsonl", "skipped.jsonl", "eval", "eval/linear.json", "eval/knn.json", "pictures"];

/** Null where there is no run any more. */
async function stampOf(dir: string): Promise<string | null> {
  const lock = stat(join(dir, "lock")).then(
    ({ ino }) => String(ino),
    () => "-",
  );
  const parts = WATCHED.map((name) =>
    stat(join(dir, name)).then(
      ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
      () => "-",
    ),
  );
  const [first, own, ...rest] = await Promise.all([lock, ...parts]);
  return own === "-" ? null : [first, own, ...rest].join("|");
}
