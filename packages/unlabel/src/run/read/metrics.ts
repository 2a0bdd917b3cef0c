// metrics.jsonl and skipped.jsonl stream by, so a file of ten million lines is fine; a line torn by a crash is counted and left out.
import { UserError } from "../../base/errors.ts";
import { check, jsonLines } from "./file.ts";
import { metricSchema, type Skipped, skippedSchema } from "./schema.ts";
import { Series } from "./series.ts";

export type Metrics = {
  /** By metric name: `train/loss`, `train/lr`, `data/images_per_s`, …. */
  series: Map<string, Series>;
  /** The same over seconds of training, for what is set against time: `online/…`. */
  timed: Map<string, Series>;
  /** Lines that a crash tore. */
  torn: number;
  /** The last step and its seconds: what a run without a result has done. */
  reached: { step: number; epoch: number | null; seconds: number | null };
};

function add(to: Map<string, Series>, key: string, at: number, value: number | null): void {
  let one = to.get(key);
  if (!one) {
    one = new Series();
    to.set(key, one);
  }
  one.add(at, value);
}

/** Lines after which whatever else the process does has its turn: a server answers while a report is made. */
const SLICE = 5_000;

/** @param start what was found before the first step, by the same names */
export async function readMetrics(path: string, start: Readonly<Record<string, number>> = {}): Promise<Metrics> {
  const reached: Metrics["reached"] = { step: 0, epoch: null, seconds: null };
  const metrics: Metrics = { series: new Map(), timed: new Map(), torn: 0, reached };
  for (const [key, value] of Object.entries(start)) {
    add(metrics.series, key, 0, value);
    if (key.startsWith("online/")) add(metrics.timed, key, 0, value);
  }
  let read = 0;
  for (const { value, line } of jsonLines(path)) {
    if (line % SLICE === 0) await new Promise(setImmediate);
    if (value === undefined) {
      metrics.torn += 1;
      continue;
    }
    const { step, epoch, seconds, ...values } = check(metricSchema, value, `${path} line ${line}`);
    read += 1;
    reached.step = step;
    reached.epoch = epoch ?? reached.epoch;
    reached.seconds = seconds ?? reached.seconds;
    for (const key in values) {
      const number = values[key] ?? null;
      add(metrics.series, key, step, number);
      if (seconds != null && key.startsWith("online/")) add(metrics.timed, key, seconds, number);
    }
  }
  if (metrics.torn && !read) throw new UserError(`Expected one JSON object a line in ${path}, got none that parses.`);
  return metrics;
}

/** Skipped files that are listed; all are counted. */
const LISTED = 50;

export function readSkipped(path: string): { count: number; first: Skipped[] } {
  const skipped: { count: number; first: Skipped[] } = { count: 0, first: [] };
  for (const { value, line } of jsonLines(path)) {
    if (value === undefined) continue;
    const entry = check(skippedSchema, value, `${path} line ${line}`);
    skipped.count += 1;
    if (skipped.first.length < LISTED) skipped.first.push(entry);
  }
  return skipped;
}
