// The server's side of the process that holds LibTorch: begun by the first request, ended when nobody has asked for a while.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { UserError } from "../../base/errors.ts";
import { startedAs } from "../../base/shell.ts";
import type { FromWork, Kind, Requests } from "./requests.ts";

/** Minutes after which an idle process gives its memory back. */
const IDLE_MINUTES = 15;
/** How long one that is in the middle of something has to end by itself. */
const END_MS = 2_000;

/** Hears what is done. */
export type OnWork = (words: string, share: number | null) => void;

interface Waiting {
  /** The process that was asked. */
  child: ChildProcess;
  answered: (answer: unknown) => void;
  failed: (error: Error) => void;
  onWork: OnWork;
}

/** Asks for what takes LibTorch or a look at images. */
export interface Work extends Disposable {
  /**
   * Asks, and waits for the answer.
   *
   * @throws {UserError} in words for people
   * @throws the reason of `signal`, once it is aborted
   */
  ask<K extends Kind>(
    kind: K,
    ask: Requests[K]["ask"],
    options?: { onWork?: OnWork; signal?: AbortSignal },
  ): Promise<Requests[K]["answer"]>;
}

/** A process of its own. */
export class WorkProcess implements Work {
  readonly #roots: readonly string[];
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | null = null;
  #next = 0;
  #idle: NodeJS.Timeout | null = null;

  /** @param roots the folders given, without links: nothing outside is read */
  constructor(roots: readonly string[]) {
    this.#roots = roots;
  }

  async ask<K extends Kind>(
    kind: K,
    ask: Requests[K]["ask"],
    { onWork = () => {}, signal }: { onWork?: OnWork; signal?: AbortSignal } = {},
  ): Promise<Requests[K]["answer"]> {
    signal?.throwIfAborted();
    const child = this.#start();
    const id = this.#next++;
    const cancel = () => child.connected && child.send({ id, cancel: true });
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      return await new Promise<Requests[K]["answer"]>((answered, failed) => {
        this.#waiting.set(id, { child, answered: answered as (answer: unknown) => void, failed, onWork });
        child.send({ id, kind, ask });
      });
    } finally {
      signal?.removeEventListener("abort", cancel);
      this.#waiting.delete(id);
      this.#rest();
    }
  }

  #start(): ChildProcess {
    if (this.#idle) clearTimeout(this.#idle);
    this.#idle = null;
    if (this.#child?.connected) return this.#child;
    // Sources are run as they are by whoever runs this file's.
    const isSource = import.meta.filename.endsWith(".ts");
    const file = fileURLToPath(new URL(isSource ? "./main.ts" : "./main.js", import.meta.url));
    const child = fork(file, [], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: { ...process.env, ...startedAs(), UNLABEL_STUDIO_ROOTS: JSON.stringify(this.#roots) },
      ...(isSource && { execArgv: ["--import", "tsx"] }),
    });
    child.unref();
    child.channel?.unref();
    child.on("message", (message: FromWork) => this.#hear(message));
    child.on("error", (error) => this.#lose(child, error.message));
    child.on("exit", (code, signal) =>
      this.#lose(child, signal ? `it was ended by ${signal}` : `it ended with ${code}`),
    );
    this.#child = child;
    return child;
  }

  #hear(message: FromWork): void {
    const waiting = this.#waiting.get(message.id);
    if (!waiting) return;
    if ("words" in message) waiting.onWork(message.words, message.share);
    else if ("answer" in message) waiting.answered(message.answer);
    else waiting.failed(message.mine ? new UserError(message.error) : new Error(message.error));
  }

  #lose(child: ChildProcess, why: string): void {
    // Another may have been started in its place already.
    if (this.#child === child) this.#child = null;
    for (const { child: asked, failed } of this.#waiting.values()) {
      if (asked !== child) continue;
      failed(
        new UserError(
          `Expected an answer, but the process that works on it is gone: ${why}, perhaps for want of memory; ask again`,
        ),
      );
    }
  }

  #rest(): void {
    if (this.#waiting.size > 0 || this.#idle) return;
    this.#idle = setTimeout(() => this.#child?.disconnect(), IDLE_MINUTES * 60_000);
    this.#idle.unref();
  }

  [Symbol.dispose](): void {
    if (this.#idle) clearTimeout(this.#idle);
    const child = this.#child;
    this.#child = null;
    if (!child) return;
    // It gives back what it holds, such as the file of a labelling session, and ends; where this process is gone before, it does so all the same.
    if (child.connected) child.disconnect();
    setTimeout(() => child.kill("SIGKILL"), END_MS).unref();
  }
}

/** The same without a process: for tests, and for programs that have LibTorch loaded anyway. */
export class WorkHere implements Work {
  readonly #roots: readonly string[];
  #atlas: Promise<import("./atlas.ts").Atlas> | null = null;

  /** @param roots as of {@link WorkProcess} */
  constructor(roots: readonly string[]) {
    this.#roots = roots;
  }

  async ask<K extends Kind>(
    kind: K,
    ask: Requests[K]["ask"],
    { onWork = () => {}, signal = new AbortController().signal }: { onWork?: OnWork; signal?: AbortSignal } = {},
  ): Promise<Requests[K]["answer"]> {
    this.#atlas ??= import("./atlas.ts").then(({ Atlas }) => new Atlas(this.#roots));
    return (await this.#atlas).answer(kind, ask, { tell: onWork, signal });
  }

  [Symbol.dispose](): void {
    void this.#atlas?.then((atlas) => atlas[Symbol.asyncDispose]());
  }
}
