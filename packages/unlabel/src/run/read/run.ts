// Reads a run directory, whatever state the run is in.
import { stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { UsageError, UserError } from "../../base/errors.ts";
import { commandLine, shellWord } from "../../base/shell.ts";
import { CheckpointFiles, type Damage, stepOf } from "../checkpoint-files.ts";
import { startValues } from "../health.ts";
import { migrate } from "../migrate.ts";
import { OVER_TIME, PICTURES } from "../pictures-over-time.ts";
import { reportCommand } from "./comparison.ts";
import { type Evaluations, readEvaluations } from "./evaluations.ts";
import { check, exists, parseJson, readJson } from "./file.ts";
import { type Metrics, readMetrics, readSkipped } from "./metrics.ts";
import {
  type OverTime,
  overTimeSchema,
  type Pictures,
  picturesSchema,
  type RunFile,
  runSchema,
  type Skipped,
} from "./schema.ts";
import { asRunFile, readShelf, type ShelfFile } from "./shelf.ts";

/** A run as the report sees it. */
export type Run = Metrics & {
  /** The folder, as given. */
  dir: string;
  /** Its short name, unique among the runs of one report. */
  name: string;
  file: RunFile;
  /** Of an encoder off the shelf, which was never trained here; null of a run. */
  shelf: ShelfFile | null;
  evaluations: Evaluations;
  /** A masked method's reconstructions. */
  pictures: Pictures | null;
  /** What it made of a few images at some of its steps. */
  overTime: OverTime | null;
  /** What is damaged or missing of its last checkpoint; null where nothing is. */
  damage: Damage | null;
  /** Unreadable files: all counted, the first of them listed. */
  skipped: { count: number; first: Skipped[] };
};

/**
 * Reads one run directory.
 * @throws UserError where the folder is no run, or a file in it other than an evaluation is not as agreed.
 */
export async function readRun(dir: string): Promise<Run> {
  const path = join(dir, "run.json");
  const shelf = (await exists(path)) ? null : await readShelf(dir);
  if (shelf) return ofShelf(dir, shelf);
  if (!(await exists(path))) throw new UserError(`Expected a run directory for ${dir}, got ${await foundAt(dir)}`);
  const file = check(runSchema, migrate(await parseJson(path), path), path);
  // Of a name that is one, a stranger's run.json may name any file.
  const pictures = /^[a-z0-9]+$/.test(file.method) ? join(dir, "pictures", `${file.method}.json`) : null;
  const overTime = join(dir, PICTURES, OVER_TIME);
  return {
    dir,
    name: basename(resolve(dir)),
    file,
    shelf: null,
    ...(await readMetrics(join(dir, "metrics.jsonl"), file.start ? startValues(file.start) : {})),
    evaluations: await readEvaluations(join(dir, "eval")),
    pictures: pictures && (await exists(pictures)) ? await readJson(picturesSchema, pictures) : null,
    overTime: (await exists(overTime)) ? await readJson(overTimeSchema, overTime) : null,
    damage: new CheckpointFiles(join(dir, "checkpoints")).damage(stepOf),
    skipped: readSkipped(join(dir, "skipped.jsonl")),
  };
}

/** An encoder off the shelf as a run without steps. */
async function ofShelf(dir: string, shelf: ShelfFile): Promise<Run> {
  return {
    dir,
    name: shelf.name,
    file: asRunFile(shelf),
    shelf,
    ...(await readMetrics(join(dir, "metrics.jsonl"))),
    evaluations: await readEvaluations(join(dir, "eval")),
    pictures: null,
    overTime: null,
    damage: null,
    skipped: { count: 0, first: [] },
  };
}

/** What lies where a run should, and the mend. */
async function foundAt(dir: string): Promise<string> {
  const info = await stat(dir).catch(() => null);
  const isFile = info !== null && !info.isDirectory();
  const report = info && (await reportCommand(isFile ? dirname(dir) : dir));
  if (report) {
    return `${isFile ? "a file in the folder" : "the folder"} of a comparison; this reports on its runs: ${report}`;
  }
  if (isFile) return "a file";
  const makes = commandLine("pretrain", "DATA", "--out", shellWord(dir));
  return `${info ? "a folder without run.json" : "no such folder"}; this makes one: ${makes}`;
}

/**
 * Reads several run directories; each once, under names that tell them apart.
 * @throws UserError where one is no run; UsageError where `dirs` is no list of names.
 */
export async function readRuns(dirs: readonly string[]): Promise<Run[]> {
  if (!Array.isArray(dirs) || dirs.some((dir) => typeof dir !== "string")) {
    throw new UsageError(`Expected a list of run directories, got ${JSON.stringify(dirs)}`);
  }
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
