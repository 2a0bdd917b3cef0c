// Reads a run directory, whatever state the run is in. Metrics stream by, so a file of a million lines is fine;
// a line torn by a crash is counted and left out. Anything else that is not as agreed is an error naming file and key.
import { access, readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { z } from "zod";
import { UserError } from "../errors.ts";
import { lines } from "../train/metrics.ts";
import { migrate } from "../train/run-info.ts";
import {
  type Evaluation,
  evaluationSchema,
  metricSchema,
  type Pictures,
  picturesSchema,
  type RunFile,
  runSchema,
  type Skipped,
  skippedSchema,
} from "./schema.ts";
import { Series } from "./series.ts";

/** A run as the report sees it. */
export type Run = {
  /** The folder, as given. */
  dir: string;
  /** Its short name, unique among the runs of one report. */
  name: string;
  file: RunFile;
  /** By metric name: `train/loss`, `train/lr`, `data/images_per_s`, …. */
  series: Map<string, Series>;
  /** By protocol: `linear`, …. */
  evaluations: Map<string, Evaluation>;
  pictures: Pictures | null;
  /** Unreadable files: all counted, the first `LISTED` listed. */
  skipped: { count: number; first: Skipped[] };
  /** Lines of metrics.jsonl that a crash tore. */
  torn: number;
  /** Largest step and seconds seen in metrics.jsonl: what a run without a result has done. */
  reached: { step: number; epoch: number | null; seconds: number | null };
};

export const LISTED = 50;

/** Far more than any file of a run takes. */
const MAX_JSON = 200_000_000;

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function describe(error: z.ZodError): string {
  const issue = error.issues[0];
  const key = issue?.path.reduce<string>(
    (text, part) => (typeof part === "number" ? `${text}[${part}]` : text ? `${text}.${String(part)}` : String(part)),
    "",
  );
  return `${key ? `at ${key}: ` : ""}${issue?.message ?? error.message}`;
}

function check<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new UserError(`Expected a run directory's format in ${where}, got something else ${describe(result.error)}.`);
}

async function readJson<T>(schema: z.ZodType<T>, path: string, bring = (value: unknown) => value): Promise<T> {
  const { size } = await stat(path);
  if (size > MAX_JSON) throw new UserError(`Expected at most ${MAX_JSON} bytes of JSON in ${path}, got ${size}.`);
  const text = await readFile(path, "utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UserError(`Expected JSON in ${path}, got ${text.trim() ? "text that does not parse" : "an empty file"}.`);
  }
  return check(schema, bring(value), path);
}

/** Yields each line's value and number; a line that is not JSON (torn by a crash) yields undefined. */
function* jsonLines(path: string): Generator<{ value: unknown; line: number }> {
  let line = 0;
  for (const { text, whole } of lines(path)) {
    line += 1;
    if (whole && !text.trim()) continue;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      value = undefined;
    }
    yield { value, line };
  }
}

type Metrics = Pick<Run, "series" | "torn" | "reached">;

async function readMetrics(path: string): Promise<Metrics> {
  const metrics: Metrics = { series: new Map(), torn: 0, reached: { step: 0, epoch: null, seconds: null } };
  const { series, reached } = metrics;
  let read = 0;
  for (const { value, line } of jsonLines(path)) {
    if (value === undefined) {
      metrics.torn += 1;
      continue;
    }
    const { step, epoch, seconds, ...values } = check(metricSchema, value, `${path} line ${line}`);
    read += 1;
    reached.step = step;
    reached.epoch = epoch ?? reached.epoch;
    reached.seconds = seconds ?? reached.seconds;
    for (const [key, number] of Object.entries(values)) {
      let one = series.get(key);
      if (!one) {
        one = new Series();
        series.set(key, one);
      }
      one.add(step, number);
    }
  }
  if (metrics.torn && !read) throw new UserError(`Expected one JSON object a line in ${path}, got none that parses.`);
  return metrics;
}

async function readSkipped(path: string): Promise<Run["skipped"]> {
  const skipped: Run["skipped"] = { count: 0, first: [] };
  for (const { value, line } of jsonLines(path)) {
    if (value === undefined) continue;
    const entry = check(skippedSchema, value, `${path} line ${line}`);
    skipped.count += 1;
    if (skipped.first.length < LISTED) skipped.first.push(entry);
  }
  return skipped;
}

async function readEvaluations(folder: string): Promise<Run["evaluations"]> {
  const evaluations: Run["evaluations"] = new Map();
  if (!(await exists(folder))) return evaluations;
  for (const file of (await readdir(folder)).filter((name) => name.endsWith(".json")).sort()) {
    const evaluation = await readJson(evaluationSchema, join(folder, file));
    evaluations.set(evaluation.protocol, evaluation);
  }
  return evaluations;
}

/**
 * Reads one run directory.
 * @throws UserError where the folder is no run, or a file in it is not as agreed.
 */
export async function readRun(dir: string): Promise<Run> {
  const path = join(dir, "run.json");
  if (!(await exists(path))) {
    const found = (await exists(dir)) ? "a folder without run.json" : "no such folder";
    throw new UserError(
      `Expected a run directory for ${dir}, got ${found}; "unlabel pretrain DATA --out ${dir}" makes one.`,
    );
  }
  const file = await readJson(runSchema, path, (value) => migrate(value, path));
  const mae = join(dir, "pictures", "mae.json");
  return {
    dir,
    name: basename(resolve(dir)),
    file,
    ...(await readMetrics(join(dir, "metrics.jsonl"))),
    evaluations: await readEvaluations(join(dir, "eval")),
    pictures: (await exists(mae)) ? await readJson(picturesSchema, mae) : null,
    skipped: await readSkipped(join(dir, "skipped.jsonl")),
  };
}

/** Reads several run directories; each once, under names that tell them apart. */
export async function readRuns(dirs: readonly string[]): Promise<Run[]> {
  const unique = [...new Map(dirs.map((dir) => [resolve(dir), dir])).values()];
  if (unique.length === 0) throw new UserError("Expected at least one run directory, got none.");
  const runs: Run[] = [];
  for (const dir of unique) runs.push(await readRun(dir));
  const taken = (name: string) => runs.filter((run) => run.name === name).length > 1;
  const named = runs.map((run) => {
    if (!taken(run.name)) return run;
    const path = resolve(run.dir);
    return { ...run, name: relative(dirname(dirname(path)), path) };
  });
  const again = (name: string) => named.filter((run) => run.name === name).length > 1;
  return named.map((run) => (again(run.name) ? { ...run, name: resolve(run.dir) } : run));
}
