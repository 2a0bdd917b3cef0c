// A run that was begun by another process: whether there is anything left to do, and how it is put back as it was.
import { UserError } from "../base/errors.ts";
import type { Config } from "../config/common.ts";
import { methodNamed } from "../methods/registry.ts";
import { stepOf } from "../run/checkpoint-files.ts";
import { RunDirectory, type RunInfo, type RunResult } from "../run/directory.ts";
import { stepsOf } from "./budget.ts";
import { loadCheckpoint, type Trained } from "./checkpoint.ts";
import type { Growth } from "./growth.ts";
import { makeSchedule } from "./optimizer.ts";

/**
 * Opens a run again, once its lock is held: until then another process may have trained there.
 *
 * @throws {UserError} where it would go on with other images than it began with
 */
export function reopen(out: string, now: RunInfo): RunDirectory {
  const run = RunDirectory.open(out);
  const { data } = run.info;
  if (data.fingerprint === now.data.fingerprint) {
    if (data.train === now.data.train) return run;
    throw new UserError(
      `Expected ${data.train} images to train on, as ${out} began with, got ${now.data.train} of ${now.data.root}, which unlabel ${run.info.versions.unlabel} understood in another way; start a new run`,
    );
  }
  throw new UserError(
    `Expected the images that ${out} began with (${data.train} in ${data.root}), got others in ${now.data.root}; bring them back, or start a new run`,
  );
}

/**
 * What a run came to that has done all its steps; null where any are left. A finished run with a damaged checkpoint is not
 * finished: the steps after the checkpoint before are done again.
 */
export function finished(run: RunDirectory, total: number): RunResult | null {
  const { status, result } = run.info;
  return status === "done" && result && result.steps >= total && !run.damage(stepOf) ? result : null;
}

export interface RestoreOptions {
  trained: Trained;
  /** Steps that the run is to have now. */
  total: number;
  /** What asked for another number of steps than before: `--epochs 30`. */
  extension: string | null;
  /** How the run's views grow, as planned before; planned anew where it is to have another number of steps. */
  growth: Growth;
}

/**
 * Restores a run, and returns the step to go on from, and what a reader of the numbers should know: what was lost, and what was
 * planned anew. That is also noted in run.json.
 */
export function restore(
  run: RunDirectory,
  now: RunInfo,
  { trained, total, extension, growth }: RestoreOptions,
): { start: number; notes: string[]; anew: boolean } {
  const { config: planned, created, command, chance, result, notes: before } = run.info;
  const { step: start, notes } = loadCheckpoint(run, trained);
  const gaps = run.rewind(start).map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`));
  if (gaps.length > 0) notes.push(`metrics.jsonl was damaged: lines are missing of these steps: ${gaps.join(", ")}`);
  const { draws } = methodNamed(now.method).about;
  if (draws && !run.info.draws && start > 0) {
    notes.push(
      `from step ${start + 1} on, ${draws} are drawn by seed, step and place in the batch; unlabel ${run.info.versions.unlabel} drew them one after the other, so this is not the run that it would have been there`,
    );
  }
  if (now.data.order && !run.info.data.order && start > 0) {
    notes.push(
      `from step ${start + 1} on, images come in another order: large row groups are shuffled ${now.data.order}, which unlabel ${run.info.versions.unlabel} did not do, so this is not the run that it would have been there`,
    );
  }
  const anew = plannedAnew(planned, now, { start, total, extension });
  if (anew !== null) {
    notes.push(anew);
    // No batch is prepared yet.
    growth.plan(start, total, 0);
  }
  const commands = new Set([...command.split("\n"), now.command]);
  // What was chosen of its images was said when it began.
  const { understood = now.data.understood } = run.info.data;
  const data = { ...now.data, ...(understood && { understood }) };
  const kept = { created, command: [...commands].join("\n"), chance, result, notes: before, data };
  // Why it stopped before is no longer true of it.
  // What the session before had, this one may not.
  run.update({ ranks: undefined, ...now, ...kept, ...growth.recorded, error: undefined });
  run.note(...notes);
  return { start, notes, anew: anew !== null };
}

/** What a change of a run's length does to its schedule; null where it has as many steps as before. */
function plannedAnew(
  before: Config,
  { config, steps_per_epoch }: RunInfo,
  { start, total, extension }: Pick<RestoreOptions, "total" | "extension"> & { start: number },
): string | null {
  const old = stepsOf(before, steps_per_epoch);
  if (old === total) return null;
  const lr = (settings: Config, steps: number) =>
    Number(makeSchedule(settings, steps_per_epoch, steps)(start).toPrecision(3));
  const [was, is] = [lr(before, Math.max(old, start)), lr(config, Math.max(total, start))];
  const rate = was === is ? `lr ${is}` : `lr ${is} instead of ${was}`;
  return `${old} steps became ${total} at step ${start}${extension ? ` (${extension})` : ""}: the schedule is planned anew, and goes on with ${rate}`;
}
