// The comparison: every method trained under the same budget with every seed, evaluated on the same splits under the same
// protocols, and one report. It goes on where it stopped, and one run that fails does not lose the others.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { codeDigest } from "../base/code-digest.ts";
import { alike, InterruptedError, UsageError, UserError } from "../base/errors.ts";
import { writableFile } from "../base/output-file.ts";
import { unbroken } from "../base/signals.ts";
import { versionOfUnlabel } from "../base/version.ts";
import type { Dataset } from "../data/folder.ts";
import { LEAST_IMAGES } from "../data/hold-out.ts";
import { labelledBy } from "../data/labelled-by.ts";
import { openImagesAs } from "../data/open-images.ts";
import { tellUnderstood } from "../data/understood.ts";
import { evaluate, openTrained } from "../eval/evaluate.ts";
import { probeSplits } from "../eval/splits.ts";
import { afterFirst } from "../eval/together.ts";
import { AUTO } from "../methods/presets.ts";
import { pageFile } from "../page/page-file.ts";
import { type Report, writeReport } from "../report/index.ts";
import { stepOf } from "../run/checkpoint-files.ts";
import { RunDirectory, type RunInfo } from "../run/directory.ts";
import { CHEAP_PROTOCOLS, type Evaluations, UNLABELLED_PROTOCOLS } from "../run/evaluations.ts";
import { lockRun } from "../run/lock.ts";
import { readShelf } from "../run/read/shelf.ts";
import { type Init, openInit } from "../train/init.ts";
import { type PretrainRequest, pretrain, type TrainEvent } from "../train/pretrain.ts";
import { clock, Progress, type ProgressStream } from "../train/progress.ts";
import { NOBODY_ELSE, type RankGroup } from "../train/rank-group.ts";
import { ranksFromEnv } from "../train/ranks-env.ts";
import type { StopSources } from "../train/stop.ts";
import { checkTerms } from "./check-terms.ts";
import { evaluateShelfWithLabels, evaluateShelves, refuseShelves } from "./evaluate-shelves.ts";
import { evaluationsIn, lookedIn, missing } from "./evaluated.ts";
import { trainingSeconds } from "./forecast.ts";
import { halved } from "./halved.ts";
import { settleImages } from "./images.ts";
import { type MethodsWord, methodsOf } from "./methods.ts";
import {
  type Comparison,
  methodsTaken,
  openComparison,
  type PlannedRun,
  plannedRuns,
  presetOfComparison,
  SPLIT_SEED,
  saveComparison,
  settingsOf,
  type Terms,
} from "./plan.ts";
import type { PlannedShelf } from "./shelf.ts";

/** What to compare, and where to. */
export interface CompareRequest
  extends StopSources,
    Pick<Terms, "data" | "budget">,
    Partial<Omit<Terms, "data" | "methods" | "budget">> {
  /** Names of methods, each once; `all` for every one that there is, `auto` for the three that the measured table puts first for such images. */
  methods: readonly string[] | MethodsWord;
  /** Folder for the runs. */
  out: string;
  /** The report's file. */
  report: string;
  /** Whether images without labels are refused, which are otherwise looked at without. */
  expectLabels?: boolean;
  /** A file of labels that stand in place of those of the images, for evaluation; more labels by the next time are evaluated with anew. */
  labels?: string | undefined;
  /** The command line that goes on with it after an interruption, for the log; by default it says none. */
  goOn?: string | null;
  /** Where progress goes; by default stderr. */
  stream?: ProgressStream;
  /** Measures a few steps of each method first, and says how long all of it will take here. */
  forecast?: boolean;
  /** Called while a run trains; `run` is its name. */
  onEvent?: ((event: TrainEvent, run: string) => void) | undefined;
  /** The command line that each run.json keeps. */
  command?: string;
  /** Commit of the project that it is called in, for each run.json. */
  commit?: string | null;
}

/** A run of a comparison, and what it came to. */
export interface ComparedRun extends PlannedRun {
  /** The run directory. */
  run: string;
  /** run.json; null where it failed before it began. */
  info: Readonly<RunInfo> | null;
  /** What its evaluation found; empty where it did not come to that. */
  evaluations: Evaluations;
}

/** What a comparison came to. */
export interface Compared {
  /** The report that was written. */
  report: Report;
  /** Folder of the runs. */
  out: string;
  /** Every run, those that failed among them. */
  runs: ComparedRun[];
  /** Every encoder off the shelf, those that failed among them; none without `beside`. */
  beside: ComparedShelf[];
}

/** An encoder off the shelf beside the runs of a comparison, and what it came to. */
export interface ComparedShelf extends PlannedShelf {
  /** Its folder. */
  folder: string;
  /** What its evaluation found; empty where it did not come to that. */
  evaluations: Evaluations;
}

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

/** Each decision is rank 0's, which alone writes; ranks train and encode together. */
async function compareAmong(request: CompareRequest, group: RankGroup): Promise<Compared | null> {
  const { out, report, labels, goOn = null, stream = process.stderr, forecast = false, ...rest } = request;
  const { expectLabels = false, ...more } = rest;
  if (group.several && request.halve)
    throw alike(
      new UsageError(
        "Expected one process for halving, which looks at runs in between, got several; leave out --halve",
      ),
    );
  const { command = "compare() of a program", commit = null, signal, processSignals, onEvent, ...asked } = more;
  const word = asked.methods === "all" || asked.methods === "auto" ? asked.methods : null;
  // It goes on with those that it took, also where there are more by now, or the table has changed.
  const taken = word && (methodsTaken(out, word) ?? methodsOf(word, asked.backbone ?? null));
  const named = taken ? taken.methods : (asked.methods as readonly string[]);
  // A comparison goes on as it began, also where a later version would begin with another preset.
  const preset = asked.preset ?? presetOfComparison(out) ?? AUTO;
  const terms: Terms = { seeds: [0], backbone: null, settings: {}, ...asked, methods: named, preset };
  checkTerms(terms);
  if (group.first) {
    pageFile("-o", report);
    writableFile(join(out, "compare.json"));
  }
  const log = (text: string) => new Progress({ total: 0, stream }).log(text);
  const { isNew, comparison } = await group.fromFirst(() => {
    const isNew = !existsSync(join(out, "compare.json"));
    return { isNew, comparison: openComparison(out, terms) };
  });
  if (taken) comparison.asked = taken.asked;
  // Those that an older version has looked at settle it.
  const seen = await group.fromFirst(() => lookedIn(comparison.runs.map(({ name }) => join(out, name))) ?? null);
  if (seen) comparison.looked ??= seen;
  // What it began with: a branch of the hub's may have moved since. Rank 0 fetches it, and the others find it.
  using init = await afterFirst(group, () => initOf(comparison, stream));
  Object.assign(comparison, await group.fromFirst(() => shelfOf(comparison, stream)));
  const { opened, data: dataset } = await settleImages(terms.data, comparison, init);
  const { split_seed: splitSeed } = comparison;
  const evaluated = labels === undefined ? dataset : labelledBy(opened, labels);
  const isLabelled = expectLabels || labels !== undefined || evaluated.classes.length > 1;
  const protocols = isLabelled ? CHEAP_PROTOCOLS : UNLABELLED_PROTOCOLS;
  tellUnderstood(labels === undefined ? dataset : withHeldOut(evaluated, opened, dataset), stream);
  if (isLabelled) probeSplits(evaluated, 0);
  else log(withoutLabels(dataset));
  const fingerprint = labels === undefined ? undefined : evaluated.fingerprint;
  const lacks = (path: string) =>
    group.fromFirst(() => missing(path, protocols, splitSeed, fingerprint, comparison.looked));
  const images = dataset.train.items.length;
  const settings = (method: PlannedRun["method"], seed: number) => settingsOf(comparison, method, seed, images, init);
  // Of images of other channels the table may put others first, which is known once they have been looked at.
  if (isNew && word === "auto") {
    const again = methodsOf(word, terms.backbone, { channels: comparison.input?.channels });
    Object.assign(comparison, { ...again, runs: plannedRuns({ ...terms, ...again }) });
  }
  if (comparison.asked) log(`methods ${comparison.methods.join(", ")}: ${comparison.asked.why}`);
  for (const method of comparison.methods) settings(method, terms.seeds[0] ?? 0);
  await group.same({ fingerprint: evaluated.fingerprint, "how images are read": comparison });
  using lock = group.first ? lockRun(out) : NO_LOCK;
  if (group.first) saveComparison(out, comparison);
  const shelves = {
    comparison,
    out,
    protocols,
    labels,
    fingerprint: evaluated.fingerprint,
    command,
    stream,
    signal,
    log,
  };
  const beside = () => group.fromFirst(() => evaluateShelves(shelves, () => lock.check()));
  // Without labels they are looked at on as many images as the runs, which the first of these settles.
  if (isLabelled && !(await beside())) return null;
  if (forecast && !group.several) await tellForecast(comparison, dataset, out, log, init);
  const { runs } = comparison;
  const tell = (run: PlannedRun, changes: Partial<PlannedRun>) => {
    lock.check();
    Object.assign(run, changes);
    if (!group.first) return;
    unbroken(() => saveComparison(out, comparison));
  };
  const isBegun = (run: PlannedRun) => existsSync(join(out, run.name, "run.json"));
  /** A run that goes on knows its own settings, of which a budget has set some. */
  const requestOf = (run: PlannedRun, resume = isBegun(run)): PretrainRequest => {
    const path = join(out, run.name);
    return {
      data: terms.data,
      settings: resume ? {} : { flags: settings(run.method, run.seed) },
      input: comparison.input,
      facts: comparison.facts,
      heldOut: comparison.held_out,
      out: path,
      resume,
      tellData: false,
      goOn: goOn === null ? null : () => goOn,
      stream,
      signal,
      processSignals,
      onEvent: onEvent && ((event) => onEvent(event, run.name)),
      command,
      commit,
      group,
    };
  };
  /** What is done of a run, and what becomes of it where that goes wrong. @returns whether to go on */
  const work = async (run: PlannedRun, body: (tellRun: (changes: Partial<PlannedRun>) => void) => Promise<boolean>) => {
    const began = performance.now();
    const spent = () => (run.seconds ?? 0) + (performance.now() - began) / 1000;
    const tellRun = (changes: Partial<PlannedRun>) =>
      tell(run, { ...changes, ...(["done", "paused"].includes(changes.status ?? "") && { seconds: spent() }) });
    try {
      return await body(tellRun);
    } catch (error) {
      if (error instanceof InterruptedError) tellRun({ status: "interrupted" });
      // Evaluation is begun again.
      if (signal?.aborted) return false;
      if (error instanceof InterruptedError || !(error instanceof UserError)) throw error;
      // A run that failed alike on all ranks does not lose the others; a rank that failed alone has lost them all.
      if (group.several) await group.same({ [`end of ${run.name}`]: error.message });
      tellRun({ status: "failed", error: error.message });
      log(`${run.name} failed: ${error.message}`);
      return true;
    }
  };
  if (terms.halve) {
    const raced = await halved(comparison, { data: dataset, out, requestOf, work, tell, log, signal });
    if (!raced) return null;
  }
  for (const [i, run] of runs.entries()) {
    const path = join(out, run.name);
    if (run.status === "stopped" || (run.status === "done" && (await lacks(path)).length === 0)) continue;
    if (signal?.aborted) return null;
    log(`${i + 1}/${runs.length} ${run.name}${timeLeft(comparison)}`);
    const goesOn = await work(run, async (tellRun) => {
      tellRun({ status: "training", error: undefined });
      if (!(await group.fromFirst(() => isTrained(path)))) {
        const resume = await group.fromFirst(() => isBegun(run));
        const trained = await pretrain(requestOf(run, resume));
        if (trained.interrupted) {
          tellRun({ status: "interrupted" });
          return false;
        }
      }
      tellRun({ status: "evaluating" });
      const lacking = await lacks(path);
      // On as many threads as it was trained with: whoever gave a number shares the machine.
      const { device, threads } = RunDirectory.open(path).info.config;
      if (lacking.length > 0) {
        const { indicators } = await evaluate(path, terms.data, {
          ...{ protocols: lacking, labels, splitSeed, pictures: true, device, threads, looked: comparison.looked },
          ...{ tellData: false, stream, signal, ranks: group },
        });
        const budget = await group.fromFirst(() => indicators?.settings.budget ?? null);
        if (budget) comparison.looked ??= { images: budget.images, viewed: budget.viewed };
      }
      tellRun({ status: "done" });
      return true;
    });
    if (!goesOn) return null;
  }
  const done = comparison.runs.filter(({ status }) => status === "done");
  if (done.length === 0) {
    const failed = comparison.runs.find(({ status }) => status === "failed");
    throw new UserError(`Expected a run that ends well, got none; the first failed with: ${failed?.error}`);
  }
  if (!isLabelled && !(await beside())) return null;
  const { shelf = [] } = comparison;
  const shelved = shelf.filter(({ status }) => status === "done");
  const written = await group.fromFirst(() =>
    writeReport(
      [...done, ...shelved].map(({ name }) => join(out, name)),
      report,
    ),
  );
  return {
    ...{ report: written, out, runs: comparison.runs.map((run) => outcome(out, run)) },
    beside: shelf.map((one) => ({
      ...one,
      folder: join(out, one.name),
      evaluations: evaluationsIn(join(out, one.name)),
    })),
  };
}

/** The encoders beside it, once they have been opened: which commit of the hub's each is. */
async function shelfOf(comparison: Comparison, stream: ProgressStream): Promise<Pick<Comparison, "shelf">> {
  await refuseShelves(comparison, stream);
  return comparison.shelf === undefined ? {} : { shelf: comparison.shelf };
}

/** Rank 0 holds it for all. */
const NO_LOCK = { check: () => {}, [Symbol.dispose]: () => {} };

/** Labelled images, with the line that says what is held out of those to train on. */
function withHeldOut(evaluated: Dataset, opened: Dataset, { heldOut, readings = [] }: Dataset): Dataset {
  if (!heldOut) return evaluated;
  return { ...evaluated, readings: [...(evaluated.readings ?? []), ...readings.slice(opened.readings?.length ?? 0)] };
}

/** What comes of images without labels, and which are looked at. */
function withoutLabels({ val, heldOut, train }: Dataset): string {
  const told = "no labels: runs are looked at by indicators, which are no scores";
  if (val || heldOut) return told;
  const { length } = train.items;
  const why = length < LEAST_IMAGES ? `of fewer than ${LEAST_IMAGES} images none is held out` : "none is held out";
  return `${told}; ${why}, so indicators look at images that training saw`;
}

/** A line of how long the runs that have not begun will take here. */
async function tellForecast(
  comparison: Comparison,
  data: Dataset,
  out: string,
  log: (text: string) => void,
  init: Init | null,
): Promise<void> {
  if (comparison.runs.every(({ status }) => status !== "waiting")) return;
  log("measuring a few steps");
  const seconds = await trainingSeconds(comparison, data, out, init);
  if (seconds !== null) log(`about ${clock(seconds)} of training here, then evaluation`);
}

/**
 * Evaluates runs with the labels of a file, those that have not been yet: on the same images, so that a report sets them beside each other.
 *
 * @param data where the images lie; by default where each run's own do
 * @throws {UserError} where a run has no checkpoint, or the labels are not those of its images
 */
export async function evaluateWithLabels(runs: readonly string[], labels: string, data?: string): Promise<void> {
  for (const path of runs) {
    const shelf = await readShelf(path);
    if (shelf) {
      await evaluateShelfWithLabels(path, shelf, labels, data);
      continue;
    }
    const { info } = openTrained(path);
    const root = data ?? info.data.root;
    const { fingerprint } = labelledBy(await openImagesAs(root, info.data.input), labels);
    const protocols = missing(path, CHEAP_PROTOCOLS, SPLIT_SEED, fingerprint);
    if (protocols.length > 0) await evaluate(path, root, { protocols, labels, splitSeed: SPLIT_SEED });
  }
}

/** What every run of a comparison begins with, open; null where that is random. */
async function initOf(comparison: Comparison, stream: ProgressStream): Promise<Init | null> {
  const { init, begun_with: begun, methods, backbone } = comparison;
  if (init == null) return null;
  const flags = { init: begun ?? init, ...(backbone !== null && { encoder: backbone }) };
  const opened = await openInit({ flags: { method: methods[0], ...flags } }, methods[0]!, stream);
  comparison.begun_with = opened!.path;
  return opened;
}

/** Whether nothing of the training is missing, its last checkpoint included. */
function isTrained(path: string): boolean {
  if (!existsSync(join(path, "run.json"))) return false;
  const run = RunDirectory.open(path);
  return run.info.status === "done" && run.damage(stepOf) === null;
}

function outcome(out: string, planned: PlannedRun): ComparedRun {
  const run = join(out, planned.name);
  const info = existsSync(join(run, "run.json")) ? RunDirectory.open(run).info : null;
  return { ...planned, run, info, evaluations: evaluationsIn(run) };
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
