// A comparison's runs, trained and evaluated one after the other; one that fails does not lose the others.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { InterruptedError, UserError } from "../base/errors.ts";
import { unbroken } from "../base/signals.ts";
import type { BaselineMemory } from "../eval/baseline-memory.ts";
import { evaluate } from "../eval/evaluate.ts";
import { stepOf } from "../run/checkpoint-files.ts";
import { RunDirectory } from "../run/directory.ts";
import type { Protocol } from "../run/evaluations.ts";
import { type PretrainRequest, pretrain } from "../train/pretrain.ts";
import { clock } from "../train/progress.ts";
import type { RankGroup } from "../train/rank-group.ts";
import { missing } from "./evaluated.ts";
import { type Comparison, type PlannedRun, saveComparison } from "./plan.ts";
import type { CompareRequest } from "./request.ts";
import type { Settled } from "./settle.ts";

/** Changes a run's state, and writes it down. */
export type TellRun = (changes: Partial<PlannedRun>) => void;

/** What runs of a comparison share. */
export interface TrainingParts {
  settled: Settled;
  request: CompareRequest;
  group: RankGroup;
  /** Runs of one seed begin with the same encoders, and pixels are the same for all. */
  baselines: BaselineMemory;
  log(text: string): void;
  /** @throws {UserError} where the comparison's folder is another process's by now */
  check(): void;
}

/** The runs of a comparison that is under way. Each decision is rank 0's, which alone writes; ranks train and encode together. */
export class ComparisonTraining {
  readonly #parts: TrainingParts;

  constructor(parts: TrainingParts) {
    this.#parts = parts;
  }

  /**
   * Trains and evaluates what is missing of each run.
   *
   * @returns false where it was asked to stop; the same again goes on from there
   * @throws whatever no other run is to be begun after
   */
  async trainAll(): Promise<boolean> {
    const { settled, request, log } = this.#parts;
    const { runs } = settled.comparison;
    for (const [i, run] of runs.entries()) {
      if (run.status === "stopped" || (run.status === "done" && (await this.#lacks(run)).length === 0)) continue;
      if (request.signal?.aborted) return false;
      log(`${i + 1}/${runs.length} ${run.name}${timeLeft(settled.comparison)}`);
      if (!(await this.work(run, (tellRun) => this.#trainAndEvaluate(run, tellRun)))) return false;
    }
    return true;
  }

  /** What is done of a run, and what becomes of it where that goes wrong. @returns whether to go on */
  async work(run: PlannedRun, body: (tellRun: TellRun) => Promise<boolean>): Promise<boolean> {
    const { request, group, log } = this.#parts;
    const began = performance.now();
    const spent = () => (run.seconds ?? 0) + (performance.now() - began) / 1000;
    const tellRun: TellRun = (changes) =>
      this.tell(run, { ...changes, ...(ENDED.includes(changes.status ?? "") && { seconds: spent() }) });
    try {
      return await body(tellRun);
    } catch (error) {
      if (error instanceof InterruptedError) tellRun({ status: "interrupted" });
      if (request.signal?.aborted) {
        // Evaluation is begun again; what was spent until here is not forgotten.
        if (!(error instanceof InterruptedError)) this.tell(run, { seconds: spent() });
        return false;
      }
      if (error instanceof InterruptedError || !(error instanceof UserError)) throw error;
      // A run that failed alike on all ranks does not lose the others; a rank that failed alone has lost them all.
      if (group.several) await group.same({ [`end of ${run.name}`]: error.message });
      tellRun({ status: "failed", error: error.message });
      log(`${run.name} failed: ${error.message}`);
      return true;
    }
  }

  /** Changes a run's state, and writes it down. */
  tell(run: PlannedRun, changes: Partial<PlannedRun>): void {
    const { settled, request, group, check } = this.#parts;
    check();
    Object.assign(run, changes);
    if (!group.first) return;
    unbroken(() => saveComparison(request.out, settled.comparison));
  }

  /** What trains a run. One that goes on knows its own settings, of which a budget has set some. */
  requestOf(run: PlannedRun, resume = this.#isBegun(run)): PretrainRequest {
    const { settled, request, group } = this.#parts;
    const { command = "compare() of a program", commit = null, goOn = null, onEvent } = request;
    const { stream = process.stderr, signal, processSignals } = request;
    const { input, facts, held_out: heldOut } = settled.comparison;
    return {
      data: request.data,
      settings: resume ? {} : { flags: settled.settingsOf(run) },
      ...{ input, facts, heldOut, resume, tellData: false },
      out: this.#folder(run),
      goOn: goOn === null ? null : () => goOn,
      onEvent: onEvent && ((event) => onEvent(event, run.name)),
      ...{ stream, signal, processSignals, command, commit, group },
    };
  }

  async #trainAndEvaluate(run: PlannedRun, tellRun: TellRun): Promise<boolean> {
    const { group } = this.#parts;
    tellRun({ status: "training", error: undefined });
    if (!(await group.fromFirst(() => isTrained(this.#folder(run))))) {
      const resume = await group.fromFirst(() => this.#isBegun(run));
      const trained = await pretrain(this.requestOf(run, resume));
      if (trained.interrupted) {
        tellRun({ status: "interrupted" });
        return false;
      }
    }
    tellRun({ status: "evaluating" });
    const lacking = await this.#lacks(run);
    if (lacking.length > 0) await this.#evaluate(run, lacking);
    tellRun({ status: "done" });
    return true;
  }

  async #evaluate(run: PlannedRun, protocols: readonly Protocol[]): Promise<void> {
    const { settled, request, group, baselines } = this.#parts;
    const { comparison } = settled;
    const path = this.#folder(run);
    // On as many threads as it was trained with: whoever gave a number shares the machine.
    const { device, threads } = RunDirectory.open(path).info.config;
    const { labels, stream = process.stderr, signal } = request;
    const { split_seed: splitSeed, looked } = comparison;
    const { indicators } = await evaluate(path, request.data, {
      ...{ protocols, labels, splitSeed, pictures: true, device, threads, looked },
      ...{ tellData: false, stream, signal, ranks: group, baselines },
    });
    const budget = await group.fromFirst(() => indicators?.settings.budget ?? null);
    if (budget) comparison.looked ??= { images: budget.images, viewed: budget.viewed };
  }

  /** The protocols that a run has not been evaluated by. */
  #lacks(run: PlannedRun): Promise<Protocol[]> {
    const { settled, request, group } = this.#parts;
    const { comparison, protocols } = settled;
    // Without labels of a file a run's images are its own.
    const fingerprint = request.labels === undefined ? undefined : settled.fingerprint;
    return group.fromFirst(() =>
      missing(this.#folder(run), protocols, comparison.split_seed, fingerprint, comparison.looked),
    );
  }

  #folder(run: PlannedRun): string {
    return join(this.#parts.request.out, run.name);
  }

  #isBegun(run: PlannedRun): boolean {
    return existsSync(join(this.#folder(run), "run.json"));
  }
}

/** States in which nothing is done for a run: what was spent on it is written down. */
const ENDED = ["done", "paused", "interrupted", "failed"];

/** Whether nothing of the training is missing, its last checkpoint included. */
function isTrained(path: string): boolean {
  if (!existsSync(join(path, "run.json"))) return false;
  const run = RunDirectory.open(path);
  return run.info.status === "done" && run.damage(stepOf) === null;
}

/** How long all that is left should take, as far as can be told. */
function timeLeft({ runs, budget }: Comparison): string {
  const times = runs.flatMap(({ status, seconds }) => (status === "done" && seconds ? [seconds] : []));
  const left = runs.filter(({ status }) => !["done", "failed", "stopped"].includes(status)).length;
  if (times.length > 0) {
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    return `, about ${clock(left * mean)} left in all`;
  }
  return budget.kind === "time" ? `, about ${clock(left * budget.value)} of training in all, and evaluation` : "";
}
