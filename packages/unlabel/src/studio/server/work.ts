// What a studio has asked of the process with LibTorch, and what came of it: pages ask as often as they like, and it is done once.
import type { Work } from "../atlas/work.ts";
import { WorkProcess } from "../atlas/work.ts";
import type { WorkState } from "../messages/atlas.ts";
import type { Studio } from "./part.ts";

/** What work is called, and how many results are kept. */
const KEPT = 12;

/** A piece of work. */
interface Job<T> {
  state: WorkState<T>;
  stop: AbortController;
}

/** All of a studio's. */
export class Jobs implements Disposable {
  readonly work: Work;
  readonly #tell: (topic: string) => void;
  readonly #jobs = new Map<string, Job<unknown>>();

  constructor(work: Work, tell: (topic: string) => void) {
    [this.work, this.#tell] = [work, tell];
  }

  /** How a piece of work stands; undefined where nobody has asked for it. */
  state<T>(name: string): WorkState<T> | undefined {
    return this.#jobs.get(name)?.state as WorkState<T> | undefined;
  }

  /** Begins it, unless it is under way. Pages hear of each change under the topic of its name. */
  begin<T>(
    name: string,
    work: (on: { onWork: (words: string, share: number | null) => void; signal: AbortSignal }) => Promise<T>,
  ): WorkState<T> {
    const known = this.#jobs.get(name);
    if (known?.state.state === "working") return known.state as WorkState<T>;
    const stop = new AbortController();
    const job: Job<T> = { state: { state: "working", words: "starting", share: null }, stop };
    const set = (state: WorkState<T>) => {
      if (this.#jobs.get(name) !== job) return;
      job.state = state;
      this.#tell(name);
    };
    this.#jobs.delete(name);
    this.#jobs.set(name, job as Job<unknown>);
    for (const [oldest, { state }] of this.#jobs) {
      if (this.#jobs.size <= KEPT) break;
      if (state.state !== "working") this.#jobs.delete(oldest);
    }
    work({ onWork: (words, share) => set({ state: "working", words, share }), signal: stop.signal }).then(
      (result) => set({ state: "done", result }),
      (error: unknown) => {
        if (stop.signal.aborted) {
          this.#jobs.delete(name);
          this.#tell(name);
        } else set({ state: "failed", error: error instanceof Error ? error.message : String(error) });
      },
    );
    return job.state;
  }

  /** Ends it. */
  stop(name: string): void {
    this.#jobs.get(name)?.stop.abort();
  }

  [Symbol.dispose](): void {
    for (const { stop } of this.#jobs.values()) stop.abort();
    this.work[Symbol.dispose]();
  }
}

const known = new WeakMap<Studio, Jobs>();

/** A studio's work; its process begins with the first request. */
export function jobsOf(studio: Studio): Jobs {
  const found = known.get(studio);
  if (found) return found;
  return useWork(studio, new WorkProcess(studio.folders.roots.map(({ real }) => real)));
}

/** Has a studio's work done by another, such as one without a process for tests. */
export function useWork(studio: Studio, work: Work): Jobs {
  const jobs = new Jobs(work, (topic) => studio.events.tell(topic));
  known.set(studio, jobs);
  return jobs;
}

/** Ends a studio's work and its process. */
export function endWork(studio: Studio): void {
  known.get(studio)?.[Symbol.dispose]();
  known.delete(studio);
}
