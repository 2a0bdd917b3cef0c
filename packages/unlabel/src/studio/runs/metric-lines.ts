// A line of metrics.jsonl, as far as it is one; and a glance at a file of any length: its last row, and the loss on the way there.
import type { Folders } from "./folders.ts";

/** One line. */
export interface Row {
  step: number;
  epoch: number | null;
  seconds: number | null;
  /** What the line holds, these three among it, as whoever wrote it left it: {@link metricsIn} gives the numbers. */
  found: Readonly<Record<string, unknown>>;
}

/** No training has more steps, and a chart's axis can still count them one by one. */
const LAST_STEP = 1e12;
/** Float32 has none beyond: differences of two stay numbers. */
const LARGEST = 3.5e38;

/** Reads a whole line; null where it is none of ours. */
export function lineOf(text: string): Row | null {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) return null;
  const { step, epoch, seconds } = found as Record<string, unknown>;
  if (typeof step !== "number" || !Number.isInteger(step) || step < 1 || step > LAST_STEP) return null;
  const row = found as Record<string, unknown>;
  return { step, epoch: numberOr(epoch), seconds: numberOr(seconds), found: row };
}

/** A name longer than this is none of a metric. */
const LONGEST_NAME = 200;

/** Calls with each metric of a row, `seconds` among them; null stands for what was not a number. */
export function metricsIn({ found }: Row, take: (key: string, value: number | null) => void): void {
  for (const key of Object.keys(found)) {
    const value = found[key];
    if (key.length > LONGEST_NAME) continue;
    if (key !== "step" && key !== "epoch" && (typeof value === "number" || value === null)) take(key, numberOr(value));
  }
}

/** One metric of a row; null where it has no such number. */
export function metricOf({ found }: Row, key: string): number | null {
  return Object.hasOwn(found, key) ? numberOr(found[key]) : null;
}

function numberOr(value: unknown): number | null {
  return typeof value === "number" && Math.abs(value) <= LARGEST ? value : null;
}

/** What a glance tells. */
export interface Glance {
  last: Row | null;
  /** A row about {@link RECENT} lines before the last, to tell today's pace by; null where there are too few. */
  before: Row | null;
  /** The newest value of each `online/…`. */
  online: Record<string, number>;
  /** The loss from beginning to end, means over stretches. */
  spark: number[];
}

const NEWLINE = 0x0a;
/** A file up to here is read whole. */
const SMALL = 256 * 1024;
/** Else so much of its end, … */
const TAIL = 64 * 1024;
/** … and so many looks of so many bytes on the way. */
const LOOKS = 40;
const LOOK = 4 * 1024;
const RECENT = 30;

/** Glances at a metrics.jsonl. @throws {UserError} where it may not be read */
export async function glanceAt(folders: Folders, path: string): Promise<Glance> {
  await using file = await folders.open(path);
  if (!file) return { last: null, before: null, online: {}, spark: [] };
  const from = file.size <= SMALL ? 0 : file.size - TAIL;
  const tail = rowsOf(await file.bytes(from, file.size - from), from === 0);
  const last = tail.at(-1) ?? null;
  const before = tail.at(-1 - RECENT) ?? tail.at(0) ?? null;
  const online: Record<string, number> = {};
  for (const row of tail) {
    for (const key of ["online/linear_top1", "online/knn_top1"]) {
      const value = metricOf(row, key);
      if (value !== null) online[key] = value;
    }
  }
  const spark: (number | null)[] = [];
  if (from === 0) {
    const size = Math.max(1, Math.ceil(tail.length / LOOKS));
    for (let i = 0; i < tail.length; i += size) spark.push(meanLoss(tail.slice(i, i + size)));
  } else {
    for (let i = 0; i < LOOKS - 1; i++) {
      const at = Math.floor((i / (LOOKS - 1)) * from);
      spark.push(meanLoss(rowsOf(await file.bytes(at, LOOK), at === 0)));
    }
    spark.push(meanLoss(tail.slice(-16)));
  }
  return { last, before: before === last ? null : before, online, spark: spark.filter((value) => value !== null) };
}

/** The whole lines of a stretch of the file; of one that begins within a line not that one. */
export function rowsOf(bytes: Buffer, whole: boolean): Row[] {
  const rows: Row[] = [];
  let begin = whole ? 0 : bytes.indexOf(NEWLINE) + 1;
  if (!whole && begin === 0) return rows;
  for (let end = bytes.indexOf(NEWLINE, begin); end >= 0; end = bytes.indexOf(NEWLINE, begin)) {
    const row = lineOf(bytes.toString("utf8", begin, end));
    if (row) rows.push(row);
    begin = end + 1;
  }
  return rows;
}

function meanLoss(rows: readonly Row[]): number | null {
  let [sum, count] = [0, 0];
  for (const row of rows) {
    const loss = metricOf(row, "train/loss");
    if (loss === null) continue;
    sum += loss;
    count++;
  }
  return count === 0 ? null : sum / count;
}
