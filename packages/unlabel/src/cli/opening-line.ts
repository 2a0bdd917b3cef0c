// A line on stderr while a large data set is opened: on a terminal one that redraws and is gone in the end, elsewhere one every two seconds
// or more. What is over within a second says nothing.
import { performance } from "node:perf_hooks";
import { visible } from "../base/text.ts";
import type { Opening } from "../data/opening.ts";
import type { ProgressStream } from "../train/progress.ts";

const QUIET_MS = 1000;
const REDRAW_MS = 100;
const PLAIN_MS = 2000;
/** Of an opening that takes minutes a log need not hold a line every two seconds: the next comes after such a share of what has passed. */
const SHARE = 1 / 8;

/** See the head of this file. */
export class OpeningLine {
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  #began: number | null = null;
  #next = 0;
  #onScreen = false;

  constructor(stream: ProgressStream = process.stderr, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
  }

  /** How far it is; null: over. */
  tell(opening: Opening | null): void {
    if (opening === null) {
      if (this.#onScreen) this.#stream.write("\r\u001b[K");
      this.#began = null;
      this.#onScreen = false;
      return;
    }
    const now = this.#now();
    if (this.#began === null) {
      this.#began = now;
      this.#next = now + QUIET_MS;
    }
    if (now < this.#next) return;
    const line = lineOf(opening);
    if (this.#stream.isTTY) {
      this.#next = now + REDRAW_MS;
      // One column stays free: a full line would wrap on some terminals.
      this.#stream.write(`\r${fitted(line, (this.#stream.columns || 80) - 1)}\u001b[K`);
      this.#onScreen = true;
    } else {
      this.#next = now + Math.max(PLAIN_MS, SHARE * (now - this.#began));
      this.#stream.write(`${line}\n`);
    }
  }
}

function lineOf({ root, done, total, what }: Opening): string {
  const number = (value: number) => value.toLocaleString("en-US");
  return visible(`${root}: ${number(done)}${total === null ? "" : ` of ${number(total)}`} ${what}`);
}

/** Numbers are at its end: of what is too long the beginning goes. */
function fitted(line: string, width: number): string {
  return line.length <= width ? line : `…${line.slice(line.length - width + 1)}`;
}
