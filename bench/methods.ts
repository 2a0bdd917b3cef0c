// Every method under one budget: the same five minutes on Imagenette with settings searched on images held out from train, then the best four for
// twelve minutes over three seeds, and lightly's own beside them. Budgets are steps: what five minutes hold at the speed of a short measurement
// where nothing else runs, so that other work on the machine changes how long it takes and not what comes out. Rows are kept in
// rows/methods.jsonl; only what is not there is measured.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { writeAtomically } from "../packages/unlabel/src/base/files.ts";
import { BaselineMemory } from "../packages/unlabel/src/eval/baseline-memory.ts";
import { cpuModel } from "../packages/unlabel/src/train/machine.ts";
import { replaceSection } from "./document.ts";
import { keepRow, readKept, rowsFile } from "./kept-rows.ts";
import { asThere, type Speed } from "./kept-speeds.ts";
import { type Copies, commit, copiesOf, speedOf, trainedAndScored } from "./methods-measure.ts";
import { LOOKED, NO_ROW, rowNames, type Trial } from "./methods-plan.ts";
import { type Racer, racersOf, triedOn } from "./methods-racers.ts";
import {
  best,
  contenderNamed,
  type KeptRow,
  lastTrained,
  markdownWords,
  outdated,
  plainWords,
  problems,
  type SpeedRow,
  type TrainedRow,
  unmeasured,
} from "./methods-rows.ts";
import { MEASURED_FILE, measuredText } from "./methods-table.ts";
import type { BenchOptions, Row } from "./row.ts";
import { smallCopy } from "./small-copy.ts";

const SHORT = 5;
const LONG = 12;
const TRIAL_MINUTES = 1.5;
const BEST = 4;
const LONG_SEEDS = [0, 1, 2];
const TRIAL_PROTOCOLS = ["linear", "knn"] as const;
const ALL_PROTOCOLS = ["linear", "knn", "few-shot", "indicators"] as const;

/** What stands for minutes in the row of a trial that broke. */
const OF_TRIAL = 0;

interface Stage {
  /** Nominal minutes of the two stages. */
  short: number;
  long: number;
  file: string;
}

export async function run(options: BenchOptions): Promise<Row[]> {
  const { quick, data, rows: chosen, fromRows = false, check = false, plots, say } = options;
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  const stage = stageOf(options, folder);
  const has = (name: string) => chosen?.test(name) ?? true;
  try {
    if (check) return await checked(stage, options);
    if (!fromRows) {
      const given = quick ? await smallCopy(data, join(folder, "few"), { train: 320, val: 80 }) : data;
      using baselines = new BaselineMemory();
      const course = { ...(await copiesOf(given, folder)), folder, stage, options, baselines };
      const racers = racersOf(course.whole, options).filter(({ name }) => has(name) && !(name in NO_ROW));
      // All speeds first: on one machine, and on as quiet a one for the last as for the first.
      for (const racer of racers) await speedFor(racer, course);
      for (const racer of racers) await shortStage(racer, course);
      // The best of all, not of those that were asked for; with some missing, nobody knows which these are.
      const rows = readKept<KeptRow>(stage.file);
      const known = lastTrained(rows, stage.short);
      const missing = unmeasured(rows, stage.short).filter((name) => contenderNamed(name));
      if (missing.length > 0)
        say(`${missing.length} contenders have no row yet: the best ${BEST} are trained on once all have`);
      else {
        const names = best(known, BEST);
        for (const racer of racers.filter(({ name }) => names.includes(name))) await longStage(racer, course);
      }
    }
    const kept = readKept<KeptRow>(stage.file);
    if (lastTrained(kept, stage.short).length === 0)
      throw new UserError(`Expected rows in ${stage.file}, found none; measure them with: npm run bench -- methods`);
    process.stdout.write(`\n${plainWords(kept, stage.short, stage.long)}\n`);
    if (plots !== null) write(kept, stage, plots);
    return [];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `--rows` chooses among them. */
export { rowNames };

/** Nominal lengths; other ones than the table's are kept elsewhere, so that a trial of the bench can be resumed and spoils nothing. */
function stageOf({ quick, minutes = SHORT, otherData }: BenchOptions, folder: string): Stage {
  if (quick) return { short: 0.01, long: 0.02, file: join(folder, "rows.jsonl") };
  if (minutes === SHORT && !otherData) return { short: SHORT, long: LONG, file: rowsFile("methods") };
  const long = Number((minutes * (LONG / SHORT)).toPrecision(6));
  if (otherData) return { short: minutes, long, file: join(folder, "rows.jsonl") };
  return { short: minutes, long, file: join(tmpdir(), `unlabel-bench-methods-${minutes}.jsonl`) };
}

/**
 * @throws {UserError} with a line for each that has neither row nor reason, or a row of settings that nobody has any more, and where the program's table
 *   is not of these rows
 */
async function checked({ file, short }: Stage, options: BenchOptions): Promise<Row[]> {
  const kept = readKept<KeptRow>(file);
  const found = problems(kept, short);
  const there = existsSync(options.data);
  // Settings follow the images: without these, nobody knows what the settings are.
  if (there) found.push(...outdated(kept, short, await triedOn(options)));
  else options.say(`${options.data} is not there: whether settings have changed since was not looked at`);
  const table = existsSync(MEASURED_FILE) ? readFileSync(MEASURED_FILE, "utf8") : "";
  if (table !== measuredText(lastTrained(kept, short), short))
    found.push(
      "the table that unlabel itself reads is not of these rows; npm run bench -- methods --from-rows --write",
    );
  if (found.length > 0) throw new UserError(found.join("\n"));
  const settings = there ? ", of settings that are tried today" : "";
  process.stdout.write(`${rowNames().length} contenders: each has a row${settings}, or a reason\n`);
  return [];
}

interface Course extends Copies {
  folder: string;
  baselines: BaselineMemory;
  stage: Stage;
  options: BenchOptions;
}

/** Speed, trials, and the training of the table; each only where it is not kept. */
async function shortStage(racer: Racer, course: Course): Promise<void> {
  const { stage } = course;
  const speed = await speedFor(racer, course);
  const trial = await bestTrial(racer, speed, course);
  await trainOnce(racer, { trial, speed, minutes: stage.short, seed: 0 }, course);
}

async function longStage(racer: Racer, course: Course): Promise<void> {
  const speed = await speedFor(racer, course);
  const trial = await bestTrial(racer, speed, course);
  for (const seed of LONG_SEEDS) await trainOnce(racer, { trial, speed, minutes: course.stage.long, seed }, course);
}

/** The kept speed, whatever machine it is of: minutes of the table are the first row's, and trainings may run on another. */
async function speedFor(racer: Racer, course: Course): Promise<Speed> {
  const { stage, options } = course;
  const settings = await racer.digest(racer.trials[0]!);
  const speeds = readKept<KeptRow>(stage.file).filter((row) => row.kind === "speed");
  const kept = speeds.findLast((row) => row.contender === racer.name && row.settings === settings);
  if (kept) return kept;
  const time = (one: Racer) => speedOf(one.side(one.trials[0]!), course.whole, course.folder, options.quick);
  const here = { threads: options.threads, cpu: cpuModel() };
  const first = await firstOf(speeds, course);
  const found = await asThere(await time(racer), here, first?.row, () => time(first!.racer));
  keepRow(stage.file, { ...{ kind: "speed", contender: racer.name, settings }, ...found, commit: commit() });
  options.say(
    `${racer.name}: ${(1000 * found.step_s).toFixed(0)} ms a step of ${found.batch} (load ${found.load.join(", ")})`,
  );
  return found;
}

/** The first speed that was kept of settings that are still a contender's. */
async function firstOf(speeds: readonly SpeedRow[], { whole, options }: Course) {
  const racers = racersOf(whole, options);
  for (const row of speeds) {
    const racer = racers.find(({ name }) => name === row.contender);
    if (racer && (await racer.digest(racer.trials[0]!)) === row.settings) return { row, racer };
  }
  return undefined;
}

const stepsIn = (minutes: number, { step_s }: Speed) => Math.max(2, Math.floor((60 * minutes) / step_s));

/** The trial with the best linear probe on what is held out from train. */
async function bestTrial(racer: Racer, speed: Speed, course: Course): Promise<Trial> {
  const { held, judged, folder, stage, options, baselines } = course;
  const scores: { trial: Trial; linear: number }[] = [];
  const linearOf = (name: string | undefined) => scores.find(({ trial }) => trial.name === name)?.linear;
  for (const trial of racer.trials) {
    const [first, other] = [linearOf(racer.trials[0]?.name), linearOf(trial.unless)];
    if (first !== undefined && other !== undefined && other > first) continue;
    const settings = await racer.digest(trial);
    // Whatever it was called then: the preset may have become what was a trial beside it.
    const same = (row: KeptRow) =>
      (row.kind === "trial" || (row.kind === "failed" && row.minutes === OF_TRIAL)) &&
      row.contender === racer.name &&
      row.settings === settings;
    const kept = readKept<KeptRow>(stage.file).findLast(same);
    if (kept?.kind === "failed") continue;
    if (kept?.kind === "trial") {
      scores.push({ trial, linear: kept.linear });
      continue;
    }
    const steps = stepsIn((TRIAL_MINUTES * stage.short) / SHORT, speed);
    const asked = {
      ...{ images: held, scored: judged, steps, seed: 0, out: join(folder, "trial") },
      ...{ protocols: TRIAL_PROTOCOLS, baselines },
    };
    try {
      const { scores: found } = await trainedAndScored(racer.side(trial), asked, options);
      const [linear, knn] = [found.linear.trained, found.knn.trained];
      keepRow(stage.file, {
        kind: "trial",
        contender: racer.name,
        trial: trial.name,
        settings,
        steps,
        linear,
        knn,
        commit: commit(),
      });
      options.say(`  ${racer.name}, ${trial.name}: ${(100 * linear).toFixed(1)} % on held-out train`);
      scores.push({ trial, linear });
    } catch (error) {
      broke(error, { contender: racer.name, minutes: OF_TRIAL, seed: 0, trial: trial.name, settings }, course);
    }
  }
  const first = scores.toSorted((a, b) => b.linear - a.linear)[0];
  // Where every trial broke, the preset breaks once more, and its row says so.
  return first?.trial ?? racer.trials[0]!;
}

interface Ask {
  trial: Trial;
  speed: Speed;
  minutes: number;
  seed: number;
}

async function trainOnce(racer: Racer, { trial, speed, minutes, seed }: Ask, course: Course): Promise<void> {
  const { whole, folder, stage, options, baselines } = course;
  const settings = await racer.digest(trial);
  const asked = { contender: racer.name, minutes, seed, trial: trial.name, settings };
  const kept = readKept<KeptRow>(stage.file).some(
    (row) =>
      (row.kind === "trained" || row.kind === "failed") &&
      row.contender === racer.name &&
      row.minutes === minutes &&
      row.seed === seed &&
      row.settings === settings,
  );
  if (kept) return;
  const steps = stepsIn(minutes, speed);
  options.say(`${racer.name}, ${trial.name}, seed ${seed}: ${steps} steps`);
  try {
    const what = {
      ...{ images: whole, scored: whole, steps, seed, out: join(folder, "run") },
      ...{ protocols: ALL_PROTOCOLS, baselines },
    };
    const { trained, scores } = await trainedAndScored(racer.side(trial), what, options);
    const row: TrainedRow = {
      ...{ kind: "trained", ...asked, steps, batch: speed.batch, seconds: Math.round(trained.seconds) },
      images_per_s: Number((speed.batch / speed.step_s).toPrecision(4)),
      mb: trained.outcome.mb === undefined ? null : Math.round(trained.outcome.mb),
      ...scores,
      looked: LOOKED,
      commit: commit(),
    };
    keepRow(stage.file, row);
    const { linear, knn } = row;
    options.say(`  linear ${(100 * linear.trained).toFixed(1)} %, kNN ${(100 * knn.trained).toFixed(1)} %`);
  } catch (error) {
    broke(error, asked, course);
  }
}

/** A training that diverges is a row; anything else that goes wrong ends the bench, which goes on from there. */
function broke(
  error: unknown,
  row: Omit<Extract<KeptRow, { kind: "failed" }>, "kind" | "failed">,
  { stage, options }: Course,
): void {
  if (!(error instanceof UserError) || !/finite|NaN|collapsed/i.test(error.message)) throw error;
  const failed = error.message.trim().split("\n").at(-1) ?? "";
  keepRow(stage.file, { kind: "failed", ...row, failed });
  options.say(`  ${row.contender}, ${row.trial}: ${failed}`);
}

function write(kept: readonly KeptRow[], { short, long }: Stage, docs: string): void {
  const file = join(docs, "benchmarks.md");
  const words = `${markdownWords(kept, short, long)}\n\nFrom [bench/rows/methods.jsonl](../bench/rows/methods.jsonl); printed again by \`npm run bench -- methods --from-rows\`.`;
  writeAtomically(file, replaceSection(readFileSync(file, "utf8"), "methods", words));
  writeAtomically(MEASURED_FILE, measuredText(lastTrained(kept, short), short));
}
