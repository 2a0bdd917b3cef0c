// What a page knows of runs, put together of answers, which hold all of them, and of news, which hold what has changed: either may
// overtake the other on its way.
import type { RunRow, RunsMessage, StudioEvent } from "../../messages/runs.ts";

/** News of runs. */
export type RunsNews = Extract<StudioEvent, { type: "runs" }>;

/** Rows by id, as new as anything that has arrived. */
export class RunTable {
  readonly #rows = new Map<string, RunRow>();
  /** News since the question that waits for its answer; null while none does. */
  #since: RunsNews[] | null = null;
  /** What the server had told when the line to it was opened. */
  #opened = 0;

  /** In no order. */
  get rows(): RunRow[] {
    return [...this.#rows.values()];
  }

  /** A question for all of them is on its way: news from here on are held against its answer. */
  asks(): void {
    this.#since = [];
  }

  /** The line is open, and brings everything that is told after `told`. */
  opens(told: number): void {
    this.#opened = told;
  }

  /** @returns whether something was told after this answer and before the line was open, so that one has to ask again */
  answers({ runs, told }: RunsMessage): boolean {
    const since = this.#since ?? [];
    this.#since = null;
    this.#rows.clear();
    for (const row of runs) this.#rows.set(row.id, row);
    for (const news of since) if (news.told > told) this.#take(news);
    const isOlder = told < this.#opened;
    // Once is enough: an answer of another server, which counts from the beginning, is older for ever.
    this.#opened = 0;
    return isOlder;
  }

  /** The question had no answer. */
  fails(): void {
    this.#since = null;
  }

  /** News on the line. */
  hears(news: RunsNews): void {
    this.#since?.push(news);
    this.#take(news);
  }

  #take({ rows, gone }: RunsNews): void {
    for (const row of rows) this.#rows.set(row.id, row);
    for (const id of gone) this.#rows.delete(id);
  }
}
