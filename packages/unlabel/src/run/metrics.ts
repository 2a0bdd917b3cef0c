// metrics.jsonl: one line a step. It is read as a stream, whatever its length, and cut back where a run goes on.
import { closeSync, existsSync, fstatSync, openSync, readSync, truncateSync, writeSync } from "node:fs";
import { appendLine, syncFile, writeWhole } from "../base/files.ts";

/** One line; names other than the first three are `part/name`. */
export interface MetricsRow {
  /** From 1. */
  step: number;
  /** The number of the pass over the images, from 1. */
  epoch: number;
  /** Of training so far, over all processes where the run was resumed. */
  seconds: number;
  [name: `${string}/${string}`]: number;
}

/** Steps that should be there and are not, both ends included. */
export type Gap = [from: number, to: number];

const PIECE = 1 << 20;
const NEWLINE = 0x0a;

/** The file; there need not be one yet. */
export class MetricsFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Notes a step; whole or not at all. */
  append(row: MetricsRow): void {
    appendLine(this.path, JSON.stringify(row));
  }

  /** Makes sure that what was noted has reached the disk. */
  sync(): void {
    if (existsSync(this.path)) syncFile(this.path);
  }

  /** The steps in their order, as far as `last`; lines that a crash tore or that damage made senseless are left out. */
  *rows(last = Number.POSITIVE_INFINITY): Generator<MetricsRow> {
    let before = 0;
    for (const line of lines(this.path)) {
      const row = parse(line);
      if (row === null || row.step <= before || row.step > last) continue;
      before = row.step;
      yield row;
    }
  }

  /** The last step noted. */
  last(): MetricsRow | null {
    let last: MetricsRow | null = null;
    for (const line of lines(this.path, PIECE)) last = parse(line) ?? last;
    return last;
  }

  /**
   * Takes back all that was noted after `step`, so that going on there leaves no step double. A file without damage is cut
   * at a byte, so that this needs no room on the disk.
   *
   * @returns the steps up to `step` that are not there: what was lost of the file
   */
  rewind(step: number): Gap[] {
    const gaps: Gap[] = [];
    let [next, end, dropped, clean] = [1, 0, false, true];
    for (const line of lines(this.path)) {
      const row = parse(line);
      if (row === null || row.step < next || row.step > step) {
        dropped = true;
        continue;
      }
      if (row.step > next) gaps.push([next, row.step - 1]);
      if (dropped) clean = false;
      [next, end] = [row.step + 1, line.end];
    }
    if (next <= step) gaps.push([next, step]);
    if (!existsSync(this.path)) return gaps;
    if (clean) truncateSync(this.path, end);
    else this.#rewrite(step);
    return gaps;
  }

  #rewrite(step: number): void {
    writeWhole(this.path, (file) => {
      for (const row of this.rows(step)) writeSync(file, `${JSON.stringify(row)}\n`);
    });
  }
}

/** A line of a file, and where it ends. One that is not whole was cut off, or is longer than any that belongs there. */
export interface Line {
  text: string;
  whole: boolean;
  end: number;
}

/** Lines of a file, from the last `tail` bytes or from the start; memory is bounded whatever it holds. */
export function* lines(path: string, tail = Number.POSITIVE_INFINITY): Generator<Line> {
  if (!existsSync(path)) return;
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    let at = Math.max(0, size - tail);
    let rest = Buffer.alloc(0);
    // The first line of a tail has lost its head.
    let skip = at > 0;
    for (;;) {
      const piece = Buffer.allocUnsafe(PIECE);
      const got = readSync(file, piece, 0, PIECE, at);
      if (got === 0) break;
      const bytes = Buffer.concat([rest, piece.subarray(0, got)]);
      let begin = 0;
      for (let to = bytes.indexOf(NEWLINE); to >= 0; to = bytes.indexOf(NEWLINE, begin)) {
        if (!skip) yield { text: bytes.toString("utf8", begin, to), whole: true, end: at - rest.length + to + 1 };
        skip = false;
        begin = to + 1;
      }
      at += got;
      rest = bytes.subarray(begin);
      if (rest.length > PIECE) {
        if (!skip) yield { text: "", whole: false, end: at };
        [rest, skip] = [Buffer.alloc(0), true];
      }
    }
    // Without its newline a line may be cut short and still parse.
    if (rest.length > 0 && !skip) yield { text: rest.toString("utf8"), whole: false, end: at };
  } finally {
    closeSync(file);
  }
}

function parse({ text, whole }: Line): MetricsRow | null {
  if (!whole) return null;
  try {
    const row = JSON.parse(text) as Partial<MetricsRow> | null;
    const sound = Number.isSafeInteger(row?.step) && row!.step! >= 1 && Number.isFinite(row!.seconds);
    return sound ? (row as MetricsRow) : null;
  } catch {
    return null;
  }
}
