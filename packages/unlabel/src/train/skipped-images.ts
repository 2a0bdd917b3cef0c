// Images that could not be read: each is told of once, and noted in skipped.jsonl, however often it comes up.
import { isDiskFull } from "../base/files.ts";
import type { RunDirectory } from "../run/directory.ts";
import type { Listeners } from "./events.ts";
import type { Progress } from "./progress.ts";
import type { RankGroup } from "./rank-group.ts";

/** A loader can be given this before there is a run directory: nothing is read before the first batch is asked for. */
export class SkippedImages {
  readonly #listeners: Listeners;
  readonly #known = new Set<string>();
  readonly #group: RankGroup;
  #into: { run: RunDirectory; progress: Pick<Progress, "log"> } | null = null;

  constructor(listeners: Listeners, group: RankGroup) {
    this.#listeners = listeners;
    this.#group = group;
  }

  /** Notes into this run from now on; what it has noted already is known. */
  open(run: RunDirectory, progress: Pick<Progress, "log">): void {
    for (const { path } of run.skipped()) this.#known.add(path);
    this.#into = { run, progress };
  }

  /** Once training has ended, what was read ahead is nobody's concern, and the reason for the end stays the last line. */
  close(): void {
    this.#into = null;
  }

  /** Takes in what other ranks have met with since it was last called. */
  gather(): void {
    for (const note of this.#group.notes()) this.note(note as { path: string; reason: string });
  }

  note({ path, reason }: { path: string; reason: string }): void {
    if (!this.#into || this.#known.has(path)) return;
    const { run, progress } = this.#into;
    this.#known.add(path);
    // Rank 0 hears of it when it next looks.
    if (!this.#group.first) {
      this.#group.leaveNote({ path, reason });
      return;
    }
    progress.log(`skipped ${path}: ${reason}`);
    this.#listeners.onEvent?.({ type: "skip", path, reason });
    try {
      run.skip(path, reason);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      progress.log("(not noted in skipped.jsonl: the disk is full)");
    }
  }
}
