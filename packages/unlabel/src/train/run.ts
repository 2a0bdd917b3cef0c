// A run directory: the only thing that train, eval and report share. run.json says what and how, metrics.jsonl what
// happened, checkpoints/ what came out. Whatever moment the process dies at, what lies there can be resumed.
import { appendFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/schema.ts";
import { UserError } from "../errors.ts";
import { makeFolder, syncFile, syncFolder, writeAtomically } from "../files.ts";
import { LOCK } from "./lock.ts";

/** A checkpoint is saved at least this often, however long an epoch is. */
export const CHECKPOINT_SECONDS = 15 * 60;

export type RunStatus = "running" | "done" | "interrupted" | "failed";

/** What run.json holds. */
export interface RunInfo {
  schema: 1;
  status: RunStatus;
  method: Config["method"];
  config: Config;
  seed: number;
  /** ISO 8601, UTC. */
  created: string;
  finished: string | null;
  versions: { unlabel: string; libtorch: string; node: string };
  device: string;
  precision: "fp32" | "bf16";
  threads: number;
  /** Commit of the project that the command was run in, if it is one. */
  commit: string | null;
  /** The command line, to be run again; a line for each different one where the run was resumed. */
  command: string;
  data: {
    root: string;
    layout: string;
    fingerprint: string;
    train: number;
    val: number;
    classes: { id: string; name: string }[];
  };
  parameters: { encoder: number; total: number };
  /** Loss of an encoder that tells nothing apart, and the least that any can reach; null where there is no such number. */
  chance: number | null;
  floor: number | null;
  steps_per_epoch: number;
  result: RunResult | null;
  /** Why it failed. */
  error?: string;
}

/** What a run came to, over all of its processes where it was resumed. */
export interface RunResult {
  steps: number;
  epochs: number;
  seconds: number;
  /** Median over the steps after the second, data loading included. */
  images_per_s: number;
  step_s: number;
  loss_first: number;
  loss_last: number;
  peak_mb: number;
  skipped: number;
}

/** One line of metrics.jsonl; names other than the first three are `part/name`. */
export interface MetricsRow {
  step: number;
  epoch: number;
  seconds: number;
  [name: `${string}/${string}`]: number;
}

export class RunDirectory {
  readonly path: string;
  #info: RunInfo;

  private constructor(path: string, info: RunInfo) {
    this.path = path;
    this.#info = info;
  }

  /**
   * Makes a run directory.
   *
   * @throws {UserError} where `path` holds anything already
   */
  static create(path: string, info: RunInfo): RunDirectory {
    refuseTaken(path);
    makeFolder(join(path, "checkpoints"));
    const run = new RunDirectory(path, info);
    run.update({});
    return run;
  }

  /**
   * Opens a run directory, and completes a checkpoint whose saving was cut off between its two renames.
   *
   * @throws {UserError} where there is no run
   */
  static open(path: string): RunDirectory {
    const file = join(path, "run.json");
    if (!existsSync(file)) throw new UserError(`Expected a run directory (with run.json in it), got ${path}`);
    let info: RunInfo;
    try {
      info = JSON.parse(readFileSync(file, "utf8")) as RunInfo;
    } catch {
      throw new UserError(`Expected JSON in ${file}, got something else`);
    }
    if (info?.schema !== 1)
      throw new UserError(`Expected schema 1 in ${file}, got ${String(info?.schema)}; it is another version's run`);
    if (!info.config || !info.data) throw new UserError(`Expected config and data in ${file}; it is damaged`);
    return new RunDirectory(path, info);
  }

  get info(): Readonly<RunInfo> {
    return this.#info;
  }

  /** The method's weights, for anyone to read. */
  get weights(): string {
    return join(this.path, "checkpoints", "last.safetensors");
  }

  /** What resuming needs beside the weights. */
  get state(): string {
    return join(this.path, "checkpoints", "last.state.safetensors");
  }

  /** Changes run.json. */
  update(changes: Partial<RunInfo>): void {
    this.#info = { ...this.#info, ...changes };
    writeAtomically(join(this.path, "run.json"), `${JSON.stringify(this.#info, null, 2)}\n`);
  }

  /** Notes one step; lines reach the file at once, so that others can follow a run. */
  log(row: MetricsRow): void {
    appendFileSync(this.#file("metrics.jsonl"), `${JSON.stringify(row)}\n`);
  }

  /** Notes an image that could not be read. */
  skip(path: string, reason: string): void {
    appendFileSync(this.#file("skipped.jsonl"), `${JSON.stringify({ path, reason })}\n`);
  }

  /** The steps noted so far; a line torn by a crash is left out. */
  metrics(): MetricsRow[] {
    return readLines(this.#file("metrics.jsonl")) as MetricsRow[];
  }

  /** The unreadable images noted so far. */
  skipped(): { path: string; reason: string }[] {
    return readLines(this.#file("skipped.jsonl")) as { path: string; reason: string }[];
  }

  /** Takes back all that was noted after `step`, so that resuming there leaves no step double. */
  rewind(step: number): MetricsRow[] {
    const kept = this.metrics().filter((row) => row.step <= step);
    writeAtomically(this.#file("metrics.jsonl"), kept.map((row) => `${JSON.stringify(row)}\n`).join(""));
    return kept;
  }

  /**
   * Saves a checkpoint: `write` puts weights and state on the disk under the names given to it. Then the state takes its
   * place, then the weights; `recover` finishes what a crash between the two leaves.
   */
  checkpoint(write: (weights: string, state: string) => void): void {
    const [weights, state] = [`${this.weights}.tmp`, `${this.state}.tmp`];
    write(weights, state);
    // A step that is saved is also noted: resuming after a power cut finds its line.
    if (existsSync(this.#file("metrics.jsonl"))) syncFile(this.#file("metrics.jsonl"));
    renameSync(state, this.state);
    renameSync(weights, this.weights);
    syncFolder(join(this.path, "checkpoints"));
  }

  /**
   * Puts weights in place that a crash left waiting beside a state of the same step, and removes what else it left.
   *
   * @param stepOf reads the step of a file
   * @returns whether there is a checkpoint
   * @throws {UserError} where weights and state are of different steps
   */
  recover(stepOf: (file: string) => number): boolean {
    const waiting = `${this.weights}.tmp`;
    const step = existsSync(this.state) ? stepOf(this.state) : null;
    const has = (file: string) => existsSync(file) && stepOf(file) === step;
    if (step !== null && !has(this.weights)) {
      if (!has(waiting)) {
        throw new UserError(
          `Expected weights of step ${step} in ${this.weights}, as ${this.state} has; the checkpoint is damaged`,
        );
      }
      renameSync(waiting, this.weights);
    }
    const folder = join(this.path, "checkpoints");
    makeFolder(folder);
    for (const name of readdirSync(folder)) if (name.endsWith(".tmp")) rmSync(join(folder, name));
    return step !== null;
  }

  /**
   * Refuses to begin again where a checkpoint was saved and is gone: that would write over the run's numbers.
   *
   * @throws {UserError} where weights or state are missing
   */
  refuseLost(): void {
    const { status, result, config, steps_per_epoch } = this.#info;
    const hasState = existsSync(this.state);
    // Weights that a crash left waiting are put in place by `recover`.
    const hasWeights = existsSync(this.weights) || (hasState && existsSync(`${this.weights}.tmp`));
    if (hasState && hasWeights) return;
    // A step with another one after it was saved if it was due; the process may have died while it saved the last.
    const due = (row: MetricsRow) =>
      row.step % (steps_per_epoch * config.checkpoint_every_epochs) === 0 || row.seconds > CHECKPOINT_SECONDS;
    const saved = status === "done" || status === "interrupted" || result || this.metrics().slice(0, -1).some(due);
    if (!saved && !hasState && !hasWeights) return;
    const missing = hasState ? this.weights : this.state;
    throw new UserError(
      `Expected ${missing} to resume from, got nothing; bring it back, or start a new run with another --out`,
    );
  }

  #file(name: string): string {
    return join(this.path, name);
  }
}

/** @throws {UserError} where `path` holds anything, and so cannot become a new run's directory */
export function refuseTaken(path: string): void {
  if (!existsSync(path)) return;
  // A lock alone is no run: the process that takes it settles whose the folder is.
  if (statSync(path).isDirectory() && readdirSync(path).every((name) => name === LOCK)) return;
  const advice = existsSync(join(path, "run.json")) ? "continue it with --resume or name" : "name";
  throw new UserError(`Expected an empty or new folder for --out, got ${path}; ${advice} another --out`);
}

function readLines(path: string): unknown[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => {
      try {
        return line === "" ? [] : [JSON.parse(line) as unknown];
      } catch {
        return [];
      }
    });
}
