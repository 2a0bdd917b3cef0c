// The comparison: every method trained under the same budget with every seed, evaluated on the same splits under the same
// protocols, and one report. It goes on where it stopped.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { codeDigest } from "../base/code-digest.ts";
import { alike, UsageError, UserError } from "../base/errors.ts";
import { writableFile } from "../base/output-file.ts";
import { versionOfUnlabel } from "../base/version.ts";
import { BaselineMemory } from "../eval/baseline-memory.ts";
import { pageFile } from "../page/page-file.ts";
import { writeReport } from "../report/index.ts";
import { RunDirectory } from "../run/directory.ts";
import { lockRun } from "../run/lock.ts";
import { clock, Progress } from "../train/progress.ts";
import { NOBODY_ELSE, type RankGroup } from "../train/rank-group.ts";
import { ranksFromEnv } from "../train/ranks-env.ts";
import { evaluateShelves } from "./evaluate-shelves.ts";
import { evaluationsIn } from "./evaluated.ts";
import { trainingSeconds } from "./forecast.ts";
import { halved } from "./halved.ts";
import { type PlannedRun, saveComparison } from "./plan.ts";
import type { Compared, ComparedRun, CompareRequest } from "./request.ts";
import { type Settled, settle, settleTerms } from "./settle.ts";
import { ComparisonTraining, type TrainingParts } from "./training.ts";

/**
 * Trains, evaluates and reports.
 *
 * @returns null where it was asked to stop; the same request goes on from there
 * Images without labels are evaluated by the protocol `indicators`, labelled ones by all protocols on features.
 *
 * @throws {UserError} before any training where report or runs cannot be written, images have labels that nothing can be evaluated
 *   with, or terms or settings make no sense; at the end where every run failed
 */
export async function compare(request: CompareRequest): Promise<Compared | null> {
  const ranks = ranksFromEnv();
  if (ranks.worldSize === 1) return compareAmong(request, NOBODY_ELSE);
  const { joinForTraining } = await import("../train/join.ts");
  const group = await joinForTraining(ranks, { flags: request.settings ?? {} });
  try {
    const { data, methods, seeds, budget, backbone, settings, preset, halve } = request;
    await group.same({
      "version of unlabel": versionOfUnlabel(),
      "code of unlabel": codeDigest(),
      "what is asked": { data, methods, seeds, budget, backbone, settings, preset, halve },
    });
    const done = await compareAmong(request, group);
    group.leave();
    return done;
  } catch (thrown) {
    const error = group.explained(thrown);
    group.leave(error);
    throw error;
  }
}

async function compareAmong(request: CompareRequest, group: RankGroup): Promise<Compared | null> {
  const { out, report, stream = process.stderr, signal } = request;
  if (group.several && request.halve)
    throw alike(
      new UsageError(
        "Expected one process for halving, which looks at runs in between, got several; leave out --halve",
      ),
    );
  const asked = settleTerms(request);
  if (group.first) {
    pageFile("-o", report);
    writableFile(join(out, "compare.json"));
  }
  const log = (text: string) => new Progress({ total: 0, stream }).log(text);
  using settled = await settle(asked, request, group, log);
  const { comparison, isLabelled } = settled;
  using lock = group.first ? lockRun(out) : NO_LOCK;
  if (group.first) saveComparison(out, comparison);
  using baselines = new BaselineMemory();
  const parts: TrainingParts = { settled, request, group, baselines, log, check: () => lock.check() };
  const beside = () => besideThem(parts);
  // Without labels they are looked at on as many images as the runs, which the first of these settles.
  if (isLabelled && !(await beside())) return null;
  if (request.forecast && !group.several) await tellForecast(settled, out, log);
  const training = new ComparisonTraining(parts);
  if (asked.terms.halve && !(await halved(comparison, { settled, out, training, log, signal }))) return null;
  if (!(await training.trainAll())) return null;
  if (comparison.runs.every(({ status }) => status !== "done")) {
    const failed = comparison.runs.find(({ status }) => status === "failed");
    throw new UserError(`Expected a run that ends well, got none; the first failed with: ${failed?.error}`);
  }
  if (!isLabelled && !(await beside())) return null;
  return await finish(settled, request, group);
}

/** Rank 0 holds it for all. */
const NO_LOCK = { check: () => {}, [Symbol.dispose]: () => {} };

/** Evaluates the encoders off the shelf. @returns false where it was asked to stop */
function besideThem({ settled, request, group, baselines, log, check }: TrainingParts): Promise<boolean> {
  const { comparison, protocols, fingerprint } = settled;
  const { out, labels, signal, stream = process.stderr, command = "compare() of a program" } = request;
  const shelves = { comparison, out, protocols, labels, fingerprint, baselines, command, stream, signal, log };
  return group.fromFirst(() => evaluateShelves(shelves, check));
}

/** A line of how long the runs that have not begun will take here. */
async function tellForecast(
  { comparison, images, init }: Settled,
  out: string,
  log: (text: string) => void,
): Promise<void> {
  if (comparison.runs.every(({ status }) => status !== "waiting")) return;
  log("measuring a few steps");
  const seconds = await trainingSeconds(comparison, images, out, init);
  if (seconds !== null) log(`about ${clock(seconds)} of training here, then evaluation`);
}

/** Writes the report of all that ended well. */
async function finish({ comparison }: Settled, { out, report }: CompareRequest, group: RankGroup): Promise<Compared> {
  const { runs, shelf = [] } = comparison;
  const done = [...runs, ...shelf].filter(({ status }) => status === "done");
  const written = await group.fromFirst(() =>
    writeReport(
      done.map(({ name }) => join(out, name)),
      report,
    ),
  );
  const beside = shelf.map((one) => {
    const folder = join(out, one.name);
    return { ...one, folder, evaluations: evaluationsIn(folder) };
  });
  return { report: written, out, runs: runs.map((run) => outcome(out, run)), beside };
}

function outcome(out: string, planned: PlannedRun): ComparedRun {
  const run = join(out, planned.name);
  const info = existsSync(join(run, "run.json")) ? RunDirectory.open(run).info : null;
  return { ...planned, run, info, evaluations: evaluationsIn(run) };
}
