// What each idea gives SimCLR in the same minutes, one at a time: five minutes on part of some images' train, scored by linear probe and kNN on
// the rest of it, beside the same training without the idea. As in bench `methods`, minutes are steps: as many as they hold at the speed of a
// short measurement where nothing else runs. Rows are kept in rows/ideas.jsonl, and only what is not there is measured.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { writeAtomically } from "../packages/unlabel/src/base/files.ts";
import { table } from "../packages/unlabel/src/base/table.ts";
import { BaselineMemory } from "../packages/unlabel/src/eval/baseline-memory.ts";
import { evaluate } from "../packages/unlabel/src/eval/evaluate.ts";
import { resolveConfig } from "../packages/unlabel/src/methods/registry.ts";
import { averageCost } from "../packages/unlabel/src/train/growth.ts";
import { cpuModel } from "../packages/unlabel/src/train/machine.ts";
import { replaceSection } from "./document.ts";
import { BASE, IDEA_SETS, type Idea, type IdeaSet, PLAIN } from "./ideas-plan.ts";
import { keepRow, readKept, rowsFile } from "./kept-rows.ts";
import { asThere, type KeptSpeed, type Speed } from "./kept-speeds.ts";
import { commit, copiesOf, ours, scoresIn, speedOf } from "./methods-measure.ts";
import { digestOf, type MethodGiven } from "./methods-plan.ts";
import type { Scores } from "./methods-rows.ts";
import { SETS } from "./preset-sets.ts";
import type { BenchOptions, Row } from "./row.ts";
import { deviation, mean } from "./stats.ts";

const MINUTES = 5;
const SEEDS = [0, 1, 2];
/** One of so many images of a class is held out from train: enough that two points can be told from none. */
const HELD = 4;
const PROTOCOLS = ["linear", "knn"] as const;
const QUIET = { write: () => true };

interface SpeedRow extends KeptSpeed {
  kind: "speed";
  set: string;
  idea: string;
  settings: string;
  commit: string | null;
}

/** A training, scored on what was held out from train. */
export interface TrainedRow {
  kind: "trained";
  set: string;
  idea: string;
  settings: string;
  minutes: number;
  seed: number;
  steps: number;
  /** Images that were held out. */
  images: number;
  /** Top-1 in [0, 1]; of the initial encoder likewise. */
  linear: number;
  knn: number;
  initial: { linear: number | null; knn: number | null };
  /** At other sizes than the preset's, by edge in pixels. */
  at?: Record<string, Pick<TrainedRow, "linear" | "knn"> & Partial<Pick<TrainedRow, "initial">>>;
  commit: string | null;
}

type KeptRow = SpeedRow | TrainedRow;

interface Course {
  set: IdeaSet;
  whole: string;
  held: string;
  folder: string;
  file: string;
  baselines: BaselineMemory;
  options: BenchOptions;
}

export async function run(options: BenchOptions): Promise<Row[]> {
  const { quick, fromRows = false, plots, say } = options;
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  const minutes = quick ? 0.01 : (options.minutes ?? MINUTES);
  const file = quick || options.otherData ? join(folder, "rows.jsonl") : rowsFile("ideas");
  try {
    for (const set of fromRows ? [] : IDEA_SETS) await setMeasured(set, { minutes, folder, file, options });
    const all = readKept<KeptRow>(file);
    const kept = all.filter((row): row is TrainedRow => row.kind === "trained" && row.minutes === minutes);
    if (kept.length === 0)
      throw new UserError(`Expected rows in ${file}, found none; measure them with: npm run bench -- ideas`);
    say("");
    const speeds = all.filter((row) => row.kind === "speed");
    process.stdout.write(`${plainWords(kept, speeds)}\n`);
    if (plots !== null) write(kept, speeds, plots);
    return [];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const rowName = (set: IdeaSet, { name }: Idea) => `${set.name}: ${name}`;

/** `--rows` chooses among sets and ideas. */
export function rowNames(): string[] {
  return IDEA_SETS.flatMap((set) => set.ideas.map((idea) => rowName(set, idea)));
}

type Asked = Pick<Course, "folder" | "file" | "options"> & { minutes: number };

async function setMeasured(set: IdeaSet, { minutes, ...asked }: Asked): Promise<void> {
  const { quick, data, rows: chosen } = asked.options;
  const ideas = set.ideas.filter((idea) => chosen?.test(rowName(set, idea)) ?? true);
  if (ideas.length === 0) return;
  const folder = join(asked.folder, set.name);
  mkdirSync(folder);
  const images = await SETS.find(({ name }) => name === set.name)!.make(data, join(folder, "images"), quick);
  using baselines = new BaselineMemory();
  const { whole, held } = await copiesOf(images, folder, HELD);
  const course = { ...asked, set, whole, held, folder, baselines };
  for (const idea of [set.ideas[0]!, ...ideas]) await stepSeconds(idea, course);
  for (const seed of quick ? SEEDS.slice(0, 1) : SEEDS)
    for (const idea of ideas) await trained(idea, { minutes, seed }, course);
}

const settingsOf = ({ settings }: Idea): MethodGiven => ({ ...BASE, ...settings });

/** Of a step on average: of views that grow between what the smallest and the largest take, as a run with a budget counts. */
async function stepSeconds(idea: Idea, course: Course): Promise<Speed> {
  if (idea.asLong) return stepSeconds(course.set.ideas[0]!, course);
  const { size_start: start, grow_until: _until, ...others } = settingsOf(idea);
  const large = await measuredSpeed(idea.name, others, course);
  if (start === undefined) return large;
  const small = await measuredSpeed(`${idea.name}: views of ${start} px`, { ...others, size: start }, course);
  const config = resolveConfig({ flags: { ...settingsOf(idea), steps: 1 } });
  return { batch: large.batch, step_s: averageCost(config, small.step_s, large.step_s) };
}

async function measuredSpeed(name: string, settings: MethodGiven, course: Course): Promise<Speed> {
  const { set, whole, file, options } = course;
  const digest = await digestOf(whole, settings);
  const speeds = readKept<KeptRow>(file).filter((row): row is SpeedRow => row.kind === "speed" && row.set === set.name);
  const kept = speeds.findLast((row) => row.settings === digest);
  if (kept) return kept;
  const here = { threads: options.threads, cpu: cpuModel() };
  const found = await asThere(await timed(settings, course), here, speeds[0], () => timed(BASE, course));
  keepRow(file, { ...{ kind: "speed", set: set.name, idea: name, settings: digest }, ...found, commit: commit() });
  options.say(`${set.name}, ${name}: ${(1000 * found.step_s).toFixed(0)} ms a step of ${found.batch}`);
  return found;
}

/** Differences of a few per cent matter here: more measurements than one, of which the fastest counts. */
async function timed(settings: MethodGiven, { whole, folder, options }: Course): Promise<Speed> {
  const time = () => speedOf(ours(settings, options), whole, folder, options.quick);
  const [first, ...more] = [await time(), ...(options.quick ? [] : [await time()])];
  return { step_s: Math.min(first.step_s, ...more.map((one) => one.step_s)), batch: first.batch };
}

async function trained(idea: Idea, { minutes, seed }: { minutes: number; seed: number }, course: Course) {
  const { set, held, whole, folder, file, baselines, options } = course;
  const settings = await digestOf(whole, settingsOf(idea));
  const same = (row: KeptRow) =>
    row.kind === "trained" &&
    row.set === set.name &&
    row.settings === settings &&
    row.minutes === minutes &&
    row.seed === seed;
  if (readKept<KeptRow>(file).some(same)) return;
  const steps = Math.max(2, Math.floor((60 * minutes) / (await stepSeconds(idea, course)).step_s));
  options.say(`${set.name}, ${idea.name}, seed ${seed}: ${steps} steps`);
  const out = join(folder, "run");
  try {
    const { encoder } = await ours(settingsOf(idea), options).train(held, steps, seed, out);
    const scored = async (size?: number) => {
      const found = await evaluate(encoder, held, {
        ...{ protocols: PROTOCOLS, baselines, size, pixels: false, pictures: false },
        ...{ threads: options.threads, device: options.device, tellData: false, stream: QUIET },
      });
      return { ...scoresIn(found), images: found.linear!.val_images };
    };
    const { images, ...usual } = await scored();
    const at: TrainedRow["at"] = {};
    const sized = idea.name === PLAIN || "size" in idea.settings || "size_start" in idea.settings;
    for (const size of sized ? set.sizes : []) at[size] = numbersOf(await scored(size));
    const { linear, knn, initial } = numbersOf(usual);
    keepRow(file, {
      ...{ kind: "trained", set: set.name, idea: idea.name, settings, minutes, seed, steps, images },
      ...{ linear, knn, initial, ...(Object.keys(at).length > 0 && { at }) },
      commit: commit(),
    });
    options.say(`  linear ${percent(linear)} %, kNN ${percent(knn)} %`);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

const numbersOf = ({ linear, knn }: Pick<Scores, "linear" | "knn">) => ({
  ...{ linear: linear.trained, knn: knn.trained },
  initial: { linear: linear.initial, knn: knn.initial },
});

const percent = (share: number) => (100 * share).toFixed(1);
const signed = (points: number) => `${points < 0 ? "−" : "+"}${Math.abs(points).toFixed(1)}`;

/** A line an idea, the best first: means over its seeds, and how far these stand from the plain training of the same seed. */
export function linesOf(rows: readonly TrainedRow[]): string[][] {
  const last = [...new Map(rows.map((row) => [`${row.idea} ${row.seed}`, row])).values()];
  const plain = new Map(last.filter(({ idea }) => idea === PLAIN).map((row) => [row.seed, row]));
  const found = [...new Set(last.map(({ idea }) => idea))].map((idea) => {
    const own = last.filter((row) => row.idea === idea);
    const pairs = own.flatMap((row) => {
      const beside = plain.get(row.seed);
      return beside ? [{ row, beside }] : [];
    });
    const gains = (key: "linear" | "knn") => pairs.map(({ row, beside }) => 100 * (row[key] - beside[key]));
    return { own, gain: gains("linear"), knnGain: gains("knn") };
  });
  const body = found
    .toSorted((a, b) => mean(b.own.map(({ linear }) => linear)) - mean(a.own.map(({ linear }) => linear)))
    .map(({ own, gain, knnGain }) => [
      own[0]!.idea,
      String(own[0]!.steps),
      percent(mean(own.map(({ linear }) => linear))),
      own[0]!.idea === PLAIN ? "" : gainWords(gain),
      percent(mean(own.map(({ knn }) => knn))),
      own[0]!.idea === PLAIN ? "" : gainWords(knnGain),
      own.map(({ seed }) => seed).join(", "),
    ]);
  return [["", "steps", "linear", "gain", "kNN", "gain", "seeds"], ...body];
}

function gainWords(gains: readonly number[]): string {
  if (gains.length === 0) return "–";
  const words = signed(mean(gains));
  return gains.length > 1 ? `${words} ± ${deviation(gains).toFixed(1)}` : words;
}

/** Trainings evaluated at other sizes than the preset's: a line an idea, and a pair of columns a size. */
export function sizeLines(rows: readonly TrainedRow[]): string[][] {
  const own = rows.filter(({ at }) => at !== undefined);
  const ideas = [...new Set(own.map(({ idea }) => idea))];
  const sizes = [...new Set(own.flatMap(({ at }) => Object.keys(at!)))].toSorted((a, b) => Number(a) - Number(b));
  if (ideas.length === 0) return [];
  const lines = ideas.map((idea) => {
    const found = own.filter((row) => row.idea === idea);
    const cells = sizes.map((size) => {
      const at = found.flatMap((row) => row.at![size] ?? []);
      if (at.length === 0) return "–";
      return `${percent(mean(at.map(({ linear }) => linear)))}, ${percent(mean(at.map(({ knn }) => knn)))}`;
    });
    return [idea, ...cells];
  });
  return [["linear, kNN at", ...sizes.map((size) => `${size} px`)], ...lines];
}

/** What one must know to read the numbers. */
function notes(rows: readonly TrainedRow[], speeds: readonly SpeedRow[]): string {
  const { minutes } = rows[0]!;
  const sets = [...new Map(rows.map(({ set, images }) => [set, images]))];
  const errors = sets.map(
    ([set, images]) => `${images} of ${whatOf(set)}: ±${(100 * Math.sqrt(0.25 / images)).toFixed(1)}`,
  );
  const machines = sets.flatMap(([set]) => {
    const first = speeds.find((row) => row.set === set);
    return first ? [`${whatOf(set)}: ${first.cpu}, ${first.threads} threads`] : [];
  });
  const whose = machines.length > 0 ? ` Whose minutes: ${machines.join("; ")}.` : "";
  return `Top-1 in per cent on images held out from train, after ${minutes} minutes; a gain is over ${PLAIN} of the same seed, ± its standard deviation over seeds. Standard error of one score: ${errors.join("; ")}.${whose}`;
}

const whatOf = (set: string) => SETS.find(({ name }) => name === set)?.what ?? set;

/** A set's title and tables. */
function blocks(rows: readonly TrainedRow[]): { title: string; tables: string[][][] }[] {
  return IDEA_SETS.flatMap(({ name }) => {
    const own = rows.filter(({ set }) => set === name);
    if (own.length === 0) return [];
    const title = whatOf(name).replace(/^./, (letter) => letter.toUpperCase());
    return [{ title, tables: [linesOf(own), sizeLines(own)].filter((lines) => lines.length > 0) }];
  });
}

function plainWords(rows: readonly TrainedRow[], speeds: readonly SpeedRow[]): string {
  const words = blocks(rows).map(({ title, tables }) =>
    [title, ...tables.map((lines) => table(lines, 160))].join("\n\n"),
  );
  return [...words, notes(rows, speeds)].join("\n\n");
}

function write(rows: readonly TrainedRow[], speeds: readonly SpeedRow[], docs: string): void {
  const file = join(docs, "benchmarks.md");
  const markdown = (lines: string[][]) =>
    lines
      .toSpliced(1, 0, lines[0]?.map((_, i) => (i === 0 ? "---" : "---:")) ?? [])
      .map((line) => `| ${line.join(" | ")} |`)
      .join("\n");
  const words = [
    ...blocks(rows).flatMap(({ title, tables }) => [`${title}:`, ...tables.map(markdown)]),
    `${notes(rows, speeds)} From [bench/rows/ideas.jsonl](../bench/rows/ideas.jsonl); printed again by \`npm run bench -- ideas --from-rows\`.`,
  ].join("\n\n");
  writeAtomically(file, replaceSection(readFileSync(file, "utf8"), "ideas", words));
}
