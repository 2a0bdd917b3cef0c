// How far a download has come: on a terminal one line that redraws, elsewhere a line every few seconds. Quick ones pass unsaid.
import { bytesInWords, visible } from "../base/text.ts";

/** The part of a stream that is needed; `process.stderr` is one. */
export interface HubStream {
  /** Whether lines can be written over, as on a terminal. */
  isTTY?: boolean;
  /** Width of the terminal in characters. */
  columns?: number;
  /** Takes a piece of text. */
  write(text: string): unknown;
}

const QUIET_MS = 500;
const REDRAW_MS = 200;
const PLAIN_MS = 5000;

export class DownloadProgress implements Disposable {
  readonly #what: string;
  readonly #stream: HubStream;
  readonly #began = performance.now();
  #shown = Number.NEGATIVE_INFINITY;
  #onScreen = false;

  constructor(what: string, stream: HubStream) {
    this.#what = visible(what);
    this.#stream = stream;
  }

  /** Tells that so many bytes are there. */
  update(done: number, total: number): void {
    const now = performance.now();
    if (now - this.#began < QUIET_MS) return;
    const isLast = done === total && this.#shown > 0;
    if (!isLast && now - this.#shown < (this.#stream.isTTY ? REDRAW_MS : PLAIN_MS)) return;
    this.#shown = now;
    const percent = `${Math.floor((100 * done) / Math.max(1, total))}%`;
    const line = `downloading ${this.#what}: ${percent} of ${bytesInWords(total)}`;
    if (!this.#stream.isTTY) {
      this.#stream.write(`${line}\n`);
      return;
    }
    this.#stream.write(`\r${line.slice(0, (this.#stream.columns || 80) - 1)}\u001b[K`);
    this.#onScreen = true;
  }

  [Symbol.dispose](): void {
    if (this.#onScreen) this.#stream.write("\n");
  }
}
