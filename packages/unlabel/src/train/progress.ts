// Progress on stderr: on a terminal one line that redraws, like tqdm's, fitted to its width; elsewhere a plain line every few seconds.
import { performance } from "node:perf_hooks";
import { visible } from "../base/text.ts";

/** The part of a stream that progress needs; `process.stderr` is one. */
export interface ProgressStream {
  /** Whether lines can be written over, as on a terminal. */
  isTTY?: boolean;
  /** Width of the terminal in characters. */
  columns?: number;
  /** Takes a piece of text. */
  write(text: string): unknown;
}

export interface ProgressOptions {
  /** How many steps there are in all. */
  total: number;
  /** Steps done before this process began (a resumed run). */
  start?: number;
  /** How much work so many of them are, for the time left; by default one as much as another. */
  work?: (done: number) => number;
  /** What is counted: `step`, `image`. */
  unit?: string;
  stream?: ProgressStream;
  /** Milliseconds that nothing is drawn for, since of what is over by then nobody asks how long it takes; default 0. */
  quiet?: number;
  /** Called with each line of text that is written. */
  onLog?: ((text: string) => void) | undefined;
  /** Milliseconds on a clock that never goes back. */
  now?: () => number;
}

const REDRAW_MS = 100;
const PLAIN_MS = 5000;

export class Progress {
  #total: number;
  readonly #start: number;
  readonly #work: (done: number) => number;
  readonly #unit: string;
  readonly #stream: ProgressStream;
  readonly #onLog: ((text: string) => void) | undefined;
  readonly #now: () => number;
  readonly #began: number;
  readonly #quiet: number;
  #shown = Number.NEGATIVE_INFINITY;
  #onScreen = false;
  /** Milliseconds that were spent on something else than what is counted; see {@link leaveOut}. */
  #leftOut = 0;

  constructor({
    total,
    start = 0,
    work = (done) => done,
    unit = "step",
    stream = process.stderr,
    quiet = 0,
    onLog,
    now = () => performance.now(),
  }: ProgressOptions) {
    this.#total = total;
    this.#start = start;
    this.#work = work;
    this.#unit = unit;
    this.#stream = stream;
    this.#onLog = onLog;
    this.#now = now;
    this.#began = now();
    this.#quiet = quiet;
  }

  /** There are more steps than was thought, or fewer. */
  expect(total: number): void {
    this.#total = total;
  }

  /** Seconds went by that speed and time left are not to be told from. */
  leaveOut(seconds: number): void {
    this.#leftOut += 1000 * seconds;
  }

  /**
   * Tells that `done` of the total are done; `note` says what else matters (`loss 4.143`). Draws seldom enough to cost nothing,
   * but at once what is `urgent`: where nothing more will be heard for a while.
   */
  update(done: number, note = "", label = "", urgent = false): void {
    const now = this.#now();
    if (now - this.#began < this.#quiet) return;
    const last = done >= this.#total;
    if (!last && !urgent && now - this.#shown < (this.#stream.isTTY ? REDRAW_MS : PLAIN_MS)) return;
    this.#shown = now;
    const line = this.#line(done, (now - this.#began) / 1000, note, label);
    if (this.#stream.isTTY) {
      this.#stream.write(`\r${line}\u001b[K`);
      this.#onScreen = true;
    } else this.#stream.write(`${line}\n`);
  }

  /** Writes a line of text without tearing the bar. */
  log(text: string): void {
    if (this.#onScreen) this.#stream.write("\r\u001b[K");
    this.#onScreen = false;
    this.#stream.write(`${visible(text)}\n`);
    this.#shown = Number.NEGATIVE_INFINITY;
    this.#onLog?.(text);
  }

  /** Leaves the last state of the bar on the screen. */
  end(): void {
    if (this.#onScreen) this.#stream.write("\n");
    this.#onScreen = false;
  }

  #line(done: number, seconds: number, note: string, label: string): string {
    const share = this.#total > 0 ? Math.min(1, done / this.#total) : 1;
    const here = done - this.#start;
    const counted = seconds - this.#leftOut / 1000;
    const left = here > 0 ? this.#left(done) * counted : Number.NaN;
    const head = `${label ? `${label} ` : ""}${String(Math.floor(100 * share)).padStart(3)}%`;
    const speed = here > 0 && counted > 0 ? rate(here / counted, this.#unit) : "?";
    const tail = `${done}/${this.#total} [${clock(seconds)}<${clock(left)}, ${speed}]${note ? ` ${note}` : ""}`;
    if (!this.#stream.isTTY) return `${head.trim()} ${tail}`;
    // One column stays free: a full line would wrap on some terminals and the redraw would then scroll.
    const width = (this.#stream.columns || 80) - 1;
    const room = Math.min(40, width - head.length - tail.length - 4);
    return (room >= 5 ? `${head} |${bar(share, room)}| ${tail}` : `${head} ${tail}`).slice(0, width);
  }

  /** How many times as long as what was done here the rest will take. */
  #left(done: number): number {
    const before = this.#work(done);
    return (this.#work(this.#total) - before) / (before - this.#work(this.#start));
  }
}

/** Seconds as `m:ss` or `h:mm:ss`. */
export function clock(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const s = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, "0");
  const h = Math.floor(s / 3600);
  const minutes = Math.floor(s / 60) % 60;
  return h > 0 ? `${h}:${two(minutes)}:${two(s % 60)}` : `${two(minutes)}:${two(s % 60)}`;
}

/** `3.20 steps/s` when quick, `2.75 s/step` when slow. */
function rate(perSecond: number, unit: string): string {
  // A unit of measure has no plural.
  const units = unit === "MB" ? unit : `${unit}s`;
  return perSecond >= 1 ? `${perSecond.toFixed(2)} ${units}/s` : `${(1 / perSecond).toFixed(2)} s/${unit}`;
}

function bar(share: number, width: number): string {
  const eighths = Math.round(share * width * 8);
  const full = Math.floor(eighths / 8);
  const part = " ▏▎▍▌▋▊▉"[eighths % 8]!;
  return ("█".repeat(full) + (full < width ? part : "")).padEnd(width);
}
