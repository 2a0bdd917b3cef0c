// What a pickle's opcodes work on: a stack with marks, a memo, and a list of what was left inert.
import type { Cursor } from "./cursor.ts";
import { Global, Inert, type Tuple } from "./values.ts";

/** What a pickle names that is no part of it: PyTorch's storages. */
export type PersistentLoad = (id: Tuple) => unknown;

/** What was met and not done. */
export class InertLog {
  readonly names = new Set<string>();
  readonly calls = new Set<string>();
  /** Types of tensors that are not read. */
  readonly unread = new Set<string>();
}

/** A name of a list that people read has no more entries. */
const MOST_NAMES = 1000;

/** Entries that copies may have beyond those that the file has room for. */
const MOST_COPIED = 1 << 20;

/** Modules of Python's that reach beyond the program. */
const RISKY = new Set(
  "os subprocess sys builtins runpy importlib shutil socket ctypes pty webbrowser code codeop commands popen2 pickle marshal pip requests urllib http asyncio multiprocessing threading types operator bdb pdb timeit cProfile profile torch.hub".split(
    " ",
  ),
);
/** What of `builtins` is harmless. */
const HARMLESS =
  /^builtins\.(object|int|float|str|bool|bytes|list|dict|tuple|range|slice|type|getattr|Ellipsis|NotImplemented)$/;

export class MachineState {
  readonly cursor: Cursor;
  readonly persistentLoad: PersistentLoad;
  readonly log: InertLog;
  readonly memo = new Map<number, unknown>();
  stack: unknown[] = [];
  readonly #outer: unknown[][] = [];
  #copied = 0;

  constructor(cursor: Cursor, persistentLoad: PersistentLoad, log: InertLog) {
    this.cursor = cursor;
    this.persistentLoad = persistentLoad;
    this.log = log;
  }

  push(value: unknown): void {
    this.stack.push(value);
  }

  pop(): unknown {
    if (this.stack.length === 0) this.damaged("a value on its stack");
    return this.stack.pop();
  }

  top(): unknown {
    if (this.stack.length === 0) this.damaged("a value on its stack");
    return this.stack.at(-1);
  }

  mark(): void {
    this.#outer.push(this.stack);
    this.stack = [];
  }

  /** All since the last mark. */
  popMark(): unknown[] {
    const items = this.stack;
    const outer = this.#outer.pop();
    if (!outer) this.damaged("a mark on its stack");
    this.stack = outer;
    return items;
  }

  get(index: number): void {
    if (!this.memo.has(index)) this.damaged(`number ${index} in its memo`);
    this.push(this.memo.get(index));
  }

  /** A placeholder for an object of that class, or for what that function would have given. */
  inert(callable: unknown, args: readonly unknown[], called: boolean): Inert {
    const what = callable instanceof Global ? callable.path : "something that is no class";
    // What a call gives, called in turn: no checkpoint has that.
    if (called && callable instanceof Inert && this.log.calls.size < MOST_NAMES) {
      this.log.calls.add(`what ${callable.what} gives`);
    }
    if (this.log.names.size < MOST_NAMES) this.log.names.add(what);
    const module = what.split(".")[0]!;
    const risky = RISKY.has(module) || [...RISKY].some((name) => name.includes(".") && what.startsWith(`${name}.`));
    if (called && risky && !HARMLESS.test(what) && this.log.calls.size < MOST_NAMES) this.log.calls.add(what);
    return new Inert(what, args);
  }

  /**
   * Counts what a call copies of what is there already: each entry or character came through the file once, and a pickle that Python wrote
   * copies it once at most. One that copies the same list again and again would be small, and what comes of it without end.
   */
  copies(entries: number): void {
    this.#copied += entries;
    const most = MOST_COPIED + this.cursor.source.size;
    if (this.#copied > most) {
      this.cursor.refuse(
        `Expected a pickle that says each thing once, got one that repeats what it holds more than ${most} times`,
      );
    }
  }

  damaged(expected: string): never {
    return this.cursor.refuse(`Expected ${expected} in a pickle at byte ${this.cursor.position}: it is damaged`);
  }
}
