// RUN/checkpoints: the last checkpoint and the one before it, each as two files (weights for anyone, and what resuming
// needs beside them). Whatever moment the process dies at and whichever file is damaged, the newest whole pair is found.
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { verifySafetensors } from "@unlabel/torch/safetensors";
import { UserError } from "../base/errors.ts";
import { explained, keepAs, makeFolder, removeQuietly, syncFolder } from "../base/files.ts";
import { LostLock } from "./lock.ts";

/** Reads a file whole and returns the step that it was saved after; throws where it is damaged. */
export type StepOf = (file: string) => number;

/**
 * The step that a checkpoint's file was saved after, of a file that is whole.
 *
 * @throws {Error} where it is damaged
 */
export const stepOf: StepOf = (file) => {
  const { step } = verifySafetensors(file).metadata;
  if (!/^\d{1,15}$/.test(step ?? "")) throw new Error(`Expected a step in its metadata, got ${step}`);
  return Number(step);
};

/** A checkpoint to go on from, and what that cost. */
export interface Recovered {
  /** The step that the checkpoint was saved after. */
  step: number;
  /** What was damaged or missing, where that cost steps. */
  notes: string[];
}

/** What is wrong with a run's newest checkpoint. */
export interface Damage {
  /** In words, file by file. */
  problem: string;
  /** The step of the checkpoint before, where that is whole: resuming goes on from there. */
  before: number | null;
}

export class CheckpointFiles {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The method's weights, for anyone to read. */
  get weights(): string {
    return join(this.folder, "last.safetensors");
  }

  /** What resuming needs beside the weights. */
  get state(): string {
    return join(this.folder, "last.state.safetensors");
  }

  get #weightsBefore(): string {
    return join(this.folder, "previous.safetensors");
  }

  get #stateBefore(): string {
    return join(this.folder, "previous.state.safetensors");
  }

  get #waiting(): string {
    return `${this.weights}.tmp`;
  }

  /** Whether weights and states are there at all, whole or not; weights that a crash left waiting count too. */
  get present(): { weights: boolean; state: boolean } {
    const state = existsSync(this.state) || existsSync(this.#stateBefore);
    const waiting = state && existsSync(this.#waiting);
    return { weights: waiting || existsSync(this.weights) || existsSync(this.#weightsBefore), state };
  }

  /**
   * Saves a checkpoint: `write` puts weights and state on the disk under the names given to it, and both are read back
   * before the last checkpoint becomes the previous one. Then the state takes its place, then the weights; `recover`
   * finishes what a crash in between leaves. A failure leaves all as it was.
   *
   * @param check called before anything takes another's place; throws where it must not
   */
  save(write: (weights: string, state: string) => void, stepOf: StepOf, check: () => void): void {
    const [weights, state] = [this.#waiting, `${this.state}.tmp`];
    try {
      write(weights, state);
      for (const file of [weights, state]) stepOf(file);
      check();
      if (existsSync(this.state)) keepAs(this.state, this.#stateBefore);
      if (existsSync(this.weights)) keepAs(this.weights, this.#weightsBefore);
    } catch (error) {
      // What lies there under these names is then another process's.
      if (error instanceof LostLock) throw error;
      for (const file of [weights, state]) removeQuietly(file);
      throw explained(this.folder, error);
    }
    renameSync(state, this.state);
    renameSync(weights, this.weights);
    syncFolder(this.folder);
  }

  /**
   * Puts the newest checkpoint of which both files are whole in the last one's place, and removes what a crash left.
   *
   * @returns null where nothing was saved yet
   * @throws {UserError} where no checkpoint is whole, and what is wrong with each
   */
  recover(stepOf: StepOf): Recovered | null {
    makeFolder(this.folder);
    const problems: string[] = [];
    // Each is read once, and the previous ones only where the last one fails.
    const steps = new Map<string, number | null>();
    const step = (file: string) => {
      const known = steps.has(file) ? steps.get(file) : this.#look(file, stepOf, problems);
      steps.set(file, known ?? null);
      return known ?? null;
    };
    for (const state of [this.state, this.#stateBefore]) {
      const found = step(state);
      if (found === null) continue;
      const weights = [this.weights, this.#waiting, this.#weightsBefore].find((file) => step(file) === found);
      if (weights === undefined) continue;
      const lost = problems.length > 0 || state !== this.state;
      const notes = lost ? [`${this.#story(problems)}; the checkpoint of step ${found} is used`] : [];
      this.#place(state, weights);
      return { step: found, notes };
    }
    if (!this.present.state && !this.present.weights) {
      this.#clean();
      return null;
    }
    throw new UserError(`Expected a whole checkpoint in ${this.folder}, got none: ${this.#story(problems)}`);
  }

  /**
   * The newest whole weights, for reading alone: a process that trains here is not disturbed.
   *
   * @throws {UserError} where none are whole
   */
  newestWeights(stepOf: StepOf): Recovered & { path: string } {
    const problems: string[] = [];
    for (const path of [this.weights, this.#weightsBefore]) {
      try {
        if (!existsSync(path)) continue;
        const step = stepOf(path);
        const lost = path !== this.weights;
        return { path, step, notes: lost ? [`${this.#story(problems)}; the weights of step ${step} are used`] : [] };
      } catch (error) {
        problems.push(`${basename(path)} is damaged (${reason(error, path)})`);
      }
    }
    throw new UserError(`Expected whole weights in ${this.folder}, got none: ${this.#story(problems)}`);
  }

  /** What is damaged or missing of the last checkpoint; null where nothing is, or nothing was saved yet. For reading alone. */
  damage(stepOf: StepOf): Damage | null {
    const { weights, state } = this.present;
    // Weights that wait are what a crash left, which `recover` finishes.
    if ((!weights && !state) || existsSync(this.#waiting)) return null;
    const problems: string[] = [];
    const steps = [this.weights, this.state].map((file) => this.#look(file, stepOf, problems));
    if (!steps.includes(null)) return null;
    const [one, other] = [this.#weightsBefore, this.#stateBefore].map((file) => this.#look(file, stepOf, problems));
    return { problem: this.#story(problems), before: one === other ? (one ?? null) : null };
  }

  /** A file's step, or null where it is missing or damaged, of which `problems` is told. */
  #look(file: string, stepOf: StepOf, problems: string[]): number | null {
    if (!existsSync(file)) return null;
    try {
      return stepOf(file);
    } catch (error) {
      problems.push(`${basename(file)} is damaged (${reason(error, file)})`);
      return null;
    }
  }

  /** What is damaged, and what of the last checkpoint is missing. */
  #story(problems: readonly string[]): string {
    const missing = [this.weights, this.state].filter((file) => !existsSync(file));
    const gone = missing.map((file) => `${basename(file)} is missing`);
    return [...problems, ...gone].join("; ") || "weights and state are of different steps";
  }

  #place(state: string, weights: string): void {
    if (state !== this.state) keepAs(state, this.state);
    if (weights === this.#waiting) renameSync(weights, this.weights);
    else if (weights !== this.weights) keepAs(weights, this.weights);
    this.#clean();
    syncFolder(this.folder);
  }

  #clean(): void {
    for (const name of readdirSync(this.folder)) {
      if (name.endsWith(".tmp")) rmSync(join(this.folder, name), { force: true });
    }
  }
}

/** What is wrong with a file, without its name again. */
function reason(error: unknown, file: string): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^\w+: /, "").replace(`${file}: `, "");
}
