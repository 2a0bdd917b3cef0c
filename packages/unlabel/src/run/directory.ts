// A run directory: the only thing that train, eval and report share. run.json says what and how, metrics.jsonl what
// happened, checkpoints/ what came out. Whatever moment the process dies at, what lies there can be resumed.
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../base/errors.ts";
import { appendLine, explained, isTemporary, makeFolder, writeAtomically } from "../base/files.ts";
import { visible } from "../base/text.ts";
import { CheckpointFiles, type Damage, type Recovered, type StepOf } from "./checkpoint-files.ts";
import { type RunInfo, readRunInfo } from "./info.ts";
import { LOCK } from "./lock.ts";
import { type Gap, lines, MetricsFile, type MetricsRow } from "./metrics.ts";
import { keepMoment, type PicturesMoment } from "./pictures-over-time.ts";

export type { RunInfo, RunInit, RunResult, RunStatus, RunTeacher, SavedGrowth } from "./info.ts";
export type { MetricsRow } from "./metrics.ts";

/** A checkpoint is saved at least this often, however long an epoch is. */
export const CHECKPOINT_SECONDS = 15 * 60;

/** Of the encoder that a run began with, in its folder of checkpoints. */
const INITIAL = "initial.safetensors";

/** A run directory: the only thing that training, evaluation and reports share. Every write is whole or not at all. */
export class RunDirectory {
  /** The folder. */
  readonly path: string;
  readonly #checkpoints: CheckpointFiles;
  readonly #metrics: MetricsFile;
  #info: RunInfo;
  #check: () => void = () => {};
  /** Whether another process writes: then nothing here reads or writes a file, which that machine alone may have. */
  readonly #follows: boolean;

  private constructor(path: string, info: RunInfo, follows = false) {
    this.#follows = follows;
    this.path = path;
    this.#checkpoints = new CheckpointFiles(join(path, "checkpoints"));
    this.#metrics = new MetricsFile(join(path, "metrics.jsonl"));
    this.#info = info;
  }

  /**
   * Makes a run directory.
   *
   * @param writeInitial puts the encoder that it begins with into that file, where it was given one
   * @throws {UserError} where `path` holds anything already
   */
  static create(path: string, info: RunInfo, writeInitial?: (file: string) => void): RunDirectory {
    refuseTaken(path);
    makeFolder(join(path, "checkpoints"));
    const run = new RunDirectory(path, info);
    // A run that has a run.json has the encoder that it says it began with.
    writeInitial?.(run.initial);
    run.update({});
    return run;
  }

  /**
   * Opens a run directory.
   *
   * @throws {UserError} where there is no run, or run.json is damaged or another version's
   */
  static open(path: string): RunDirectory {
    if (!existsSync(join(path, "run.json")))
      throw new UserError(`Expected a run directory (with run.json in it), got ${path}${runsWithin(path)}`);
    return new RunDirectory(path, readRunInfo(join(path, "run.json")));
  }

  /**
   * A run directory that another process of a group keeps: what is written here changes `info` alone, and nothing is found in it.
   *
   * @param info what that process has in run.json
   */
  static following(path: string, info: RunInfo): RunDirectory {
    return new RunDirectory(path, info, true);
  }

  /** From now on `check` is called before anything is written, and throws where it must not be. */
  guard(check: () => void): void {
    this.#check = check;
  }

  /** What run.json holds. */
  get info(): Readonly<RunInfo> {
    return this.#info;
  }

  /** The method's weights, for anyone to read. */
  get weights(): string {
    return this.#checkpoints.weights;
  }

  /** What resuming needs beside the weights. */
  get state(): string {
    return this.#checkpoints.state;
  }

  /** The encoder that it began with, by its own names; there where run.json has `init`. */
  get initial(): string {
    return join(this.path, "checkpoints", INITIAL);
  }

  /** Whether weights have been saved. */
  get hasWeights(): boolean {
    return !this.#follows && this.#checkpoints.present.weights;
  }

  /** Changes run.json. */
  update(changes: Partial<RunInfo>): void {
    this.#check();
    const info = { ...this.#info, ...changes };
    if (!this.#follows) writeAtomically(join(this.path, "run.json"), `${JSON.stringify(info, null, 2)}\n`);
    this.#info = info;
  }

  /** Keeps what a reader of the numbers should know, once. */
  note(...texts: string[]): void {
    if (texts.length > 0) this.update({ notes: [...new Set([...(this.#info.notes ?? []), ...texts])] });
  }

  /** Notes one step; lines reach the file at once, so that others can follow a run. */
  log(row: MetricsRow): void {
    this.#check();
    if (!this.#follows) this.#metrics.append(row);
  }

  /** Notes an image that could not be read. */
  skip(path: string, reason: string): void {
    this.#check();
    if (!this.#follows) appendLine(this.#file("skipped.jsonl"), JSON.stringify({ path, reason }));
  }

  /** Keeps what the run made of a few images at a step. @param sheet a JPEG of the pictures that `moment` tells of */
  picture(moment: PicturesMoment, sheet: Uint8Array): void {
    this.#check();
    keepMoment(this.path, moment, sheet);
  }

  /** The steps noted so far, one after the other; a line torn by a crash is left out. */
  *rows(): Generator<MetricsRow, void, void> {
    if (!this.#follows) yield* this.#metrics.rows();
  }

  /** The same, all at once: for runs that are short. */
  metrics(): MetricsRow[] {
    return [...this.rows()];
  }

  /** The last step noted. */
  lastRow(): MetricsRow | null {
    return this.#follows ? null : this.#metrics.last();
  }

  /** The unreadable images noted so far. */
  skipped(): { path: string; reason: string }[] {
    if (this.#follows) return [];
    return [...lines(this.#file("skipped.jsonl"))].flatMap(({ text }) => parseSkipped(text));
  }

  /**
   * Takes back all that was noted after `step`, so that resuming there leaves no step double.
   *
   * @returns the steps up to there that are missing
   */
  rewind(step: number): Gap[] {
    this.#check();
    if (this.#follows) return [];
    try {
      return this.#metrics.rewind(step);
    } catch (error) {
      throw explained(this.#metrics.path, error);
    }
  }

  /**
   * Saves a checkpoint, of which `write` puts weights and state on the disk under the names given to it. It takes the last
   * one's place when both have been read back by `stepOf`; the last one becomes the previous one.
   */
  checkpoint(write: (weights: string, state: string) => void, stepOf: StepOf): void {
    this.#check();
    if (this.#follows) return;
    // A step that is saved is also noted: resuming after a power cut finds its line.
    this.#metrics.sync();
    this.#checkpoints.save(write, stepOf, this.#check);
  }

  /**
   * Puts the newest whole checkpoint in the last one's place, whatever a crash left.
   *
   * @returns its step, and what was damaged; null where nothing was saved yet
   * @throws {UserError} where none is whole
   */
  recover(stepOf: StepOf): Recovered | null {
    return this.#follows ? null : this.#checkpoints.recover(stepOf);
  }

  /**
   * The newest whole weights, for reading alone.
   *
   * @throws {UserError} where none are whole
   */
  newestWeights(stepOf: StepOf): Recovered & { path: string } {
    return this.#checkpoints.newestWeights(stepOf);
  }

  /** What is damaged or missing of the last checkpoint; null where nothing is. Changes nothing. */
  damage(stepOf: StepOf): Damage | null {
    return this.#follows ? null : this.#checkpoints.damage(stepOf);
  }

  /**
   * Refuses to begin again where a checkpoint was saved and is gone: that would write over the run's numbers.
   *
   * @throws {UserError} where weights or state are missing
   */
  refuseLost(): void {
    const { status, result, config, steps_per_epoch } = this.#info;
    const { weights: hasWeights, state: hasState } = this.#checkpoints.present;
    if (hasState && hasWeights) return;
    // A step with another one after it was saved if it was due; the process may have died while it saved the last.
    const due = (row: MetricsRow) =>
      row.step % (steps_per_epoch * config.checkpoint_every_epochs) === 0 || row.seconds > CHECKPOINT_SECONDS;
    const stopped = status === "done" || (status === "interrupted" && this.lastRow() !== null);
    const saved = stopped || result || this.#hasRowsAfter(due);
    if (!saved && !hasState && !hasWeights) return;
    const missing = hasState ? this.weights : this.state;
    throw new UserError(
      `Expected ${missing} to resume from, got nothing; bring it back, or start a new run with another --out`,
    );
  }

  /** Whether any step but the last noted one is such a step. */
  #hasRowsAfter(due: (row: MetricsRow) => boolean): boolean {
    let found = false;
    for (const row of this.rows()) {
      if (found) return true;
      found = due(row);
    }
    return false;
  }

  #file(name: string): string {
    return join(this.path, name);
  }
}

/** @throws {UserError} where `path` holds anything, and so cannot become a new run's directory */
export function refuseTaken(path: string): void {
  if (!existsSync(path)) return;
  // A lock alone is no run: the process that takes it settles whose the folder is. Nor is what a process leaves that died before
  // it had written run.json.
  const isNothing = (name: string) =>
    name.startsWith(LOCK) || isTemporary(name) || (name === "checkpoints" && isUnbegun(join(path, name)));
  if (statSync(path).isDirectory() && readdirSync(path).every(isNothing)) return;
  const advice = existsSync(join(path, "run.json")) ? "continue it with --resume or name" : "name";
  throw new UserError(`Expected an empty or new folder for --out, got ${path}; ${advice} another --out`);
}

function isUnbegun(folder: string): boolean {
  return statSync(folder).isDirectory() && readdirSync(folder).every((name) => name === INITIAL || isTemporary(name));
}

function parseSkipped(text: string): { path: string; reason: string }[] {
  try {
    const { path, reason } = JSON.parse(text) as { path?: unknown; reason?: unknown };
    return typeof path === "string" && typeof reason === "string" ? [{ path, reason }] : [];
  } catch {
    return [];
  }
}

/** Folders that are looked into for runs where there is none. */
const MOST_FOLDERS = 1000;

/** Names some runs that a folder holds, as that of a comparison does. */
function runsWithin(path: string): string {
  let names: string[];
  try {
    // A folder of images has a million files, and none of these is asked.
    const folders = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    names = folders.slice(0, MOST_FOLDERS).map(({ name }) => name);
  } catch {
    return "";
  }
  const runs = names.filter((name) => existsSync(join(path, name, "run.json"))).sort();
  if (runs.length === 0) return "";
  const some = runs.slice(0, 3);
  const more = runs.length > some.length ? `, and ${runs.length - some.length} more` : "";
  return `, which holds runs: name one of them, such as ${some.map((name) => visible(join(path, name))).join(", ")}${more}`;
}
