// How far indicators without labels can be trusted: checkpoints of every method, length, seed and setting, broken ones among them, on sets
// that have labels; one row each with its indicators, linear probe and kNN, kept in rows/indicators.jsonl. Only what is not there is
// measured; `--from-rows` prints the tables of what is.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commitOf } from "../packages/unlabel/src/base/commit.ts";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { table } from "../packages/unlabel/src/base/table.ts";
import { BaselineMemory } from "../packages/unlabel/src/eval/baseline-memory.ts";
import { evaluate } from "../packages/unlabel/src/eval/evaluate.ts";
import { abouts } from "../packages/unlabel/src/methods/abouts.ts";
import type { Trust } from "../packages/unlabel/src/report/trust.ts";
import { INDICATORS, type IndicatorName, type Indicators, upward } from "../packages/unlabel/src/run/indicators.ts";
import { runUnlabel } from "./child.ts";
import {
  bestCombination,
  correlation,
  judgedAll,
  leaveOneOut,
  namedRight,
  type Pairs,
  type Scope,
  type StatRow,
} from "./indicator-stats.ts";
import { keepRow, readKept, rowsFile } from "./kept-rows.ts";
import { type ImageSet, SETS } from "./preset-sets.ts";
import type { BenchOptions, Row } from "./row.ts";
import { smallCopy } from "./small-copy.ts";

/** Sets with labels: photographs, drawings, one channel of 16 bits; `--data` adds one where it names other images than the default. */
const NAMES = ["photographs", "demo", "deep"];
const SET_WORDS: Record<string, string> = { demo: "drawings", deep: "photographs in one channel of 16 bits" };
/** Images that a checkpoint is scored with, of a set that has more: enough to tell a few points apart, and few enough for a hundred times. */
const COUNTS = { train: 2000, val: 2000 };
/**
 * What indicators look at: enough images for RankMe of a ResNet-18's 512 features, which takes two a feature, and as many of them in
 * several views as a training of some minutes is given. As many for every checkpoint, however short its training: numbers of other images do
 * not compare.
 */
const LOOKED = { images: 1200, viewed: 256 };
/** Methods of each kind: pairs against all others, a teacher, decorrelation, hidden patches. More of them by `--rows`. */
const METHODS = ["simclr", "byol", "vicreg", "mae"];
/** Steps of training, of so many images: short ones, so that a hundred of them take an evening. */
const LENGTHS = [25, 100];
const BATCH = 32;
const SEEDS = [0, 1];

/** Settings that make encoders unlike those that a preset makes, broken ones among them. */
const SETTINGS: Record<string, { flags: string[]; methods?: string[]; lengths?: number[] }> = {
  preset: { flags: [] },
  "weak crops": { flags: ["--set", "crop_min=0.9"] },
  "no colours": {
    flags: ["brightness", "contrast", "saturation", "hue", "grayscale"].flatMap((key) => ["--set", `${key}=0`]),
    methods: ["simclr", "byol", "vicreg"],
  },
  // So large a rate that the encoder collapses or forgets what it began with.
  "wild rate": {
    flags: ["--lr", "5", "--set", "warmup_epochs=0", "--set", "clip_grad_norm=1"],
    lengths: [LENGTHS[0]!],
  },
};

/** One checkpoint, as it is kept. */
export interface IndicatorRow {
  /** What it is told apart by. */
  id: string;
  set: string;
  method: string;
  setting: string;
  /** Steps; 0 is the encoder before pretraining. */
  steps: number;
  seed: number;
  /** Of this project, that it was measured at. */
  commit: string | null;
  /** By name; null where it was refused. */
  indicators: Record<string, number | null>;
  /** Why, by name, where it was refused. */
  refused: Record<string, string>;
  /** Top-1 in [0, 1] with its 95 % interval. */
  linear: Score;
  knn: Score;
}

interface Score {
  top1: number;
  interval: [number, number];
}

/** A checkpoint that there is none of, since training broke: kept, so that it is not tried again. */
export interface FailedRow {
  id: string;
  failed: string;
}

const QUIET = { write: () => true };

interface Wanted {
  id: string;
  method: string;
  setting: string;
  steps: number;
  seed: number;
}

export async function run(options: BenchOptions): Promise<Row[]> {
  const { quick, data, rows: chosen, fromRows = false, say } = options;
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  // Quick numbers mean nothing and are not kept.
  const file = quick ? join(folder, "rows.jsonl") : rowsFile("indicators");
  try {
    if (!fromRows) {
      for (const set of quick ? [quickSet()] : SETS.filter(({ name }) => NAMES.includes(name))) {
        const known = new Set(readKept<IndicatorRow | FailedRow>(file).map(({ id }) => id));
        const asked = wantedOf(set.name, quick).filter(
          ({ id, method }) => chosen?.test(id) ?? METHODS.includes(method),
        );
        const missing = asked.filter(({ id }) => !known.has(id));
        if (missing.length === 0) continue;
        say(`${set.name}: ${missing.length} checkpoints are missing`);
        const from = quick ? data : await smallCopy(data, join(folder, `${set.name}-of`), COUNTS);
        const images = await set.make(from, join(folder, set.name), quick);
        using baselines = new BaselineMemory();
        const place = { set: set.name, images, folder, baselines };
        for (const wanted of missing) {
          for (const row of await measuredOrFailed(place, wanted, options)) {
            const kept = readKept<IndicatorRow | FailedRow>(file);
            if (!kept.some((other) => other.id === row.id || isSameInitial(other, row))) keepRow(file, row);
          }
        }
      }
    }
    const kept = measuredRows(file);
    if (kept.length === 0)
      throw new UserError(`Expected rows in ${file}, found none; measure them with: npm run bench -- indicators`);
    process.stdout.write(`\n${words(kept)}\n`);
    return [];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The kept rows, without those of trainings that broke. */
export function measuredRows(file = rowsFile("indicators")): IndicatorRow[] {
  return readKept<IndicatorRow | FailedRow>(file).filter((row): row is IndicatorRow => !("failed" in row));
}

/** `--rows` chooses among sets, methods, settings, steps and seeds. */
export function rowNames({ quick }: BenchOptions): string[] {
  return NAMES.flatMap((set) => wantedOf(set, quick).map(({ id }) => id));
}

function quickSet(): ImageSet {
  const what = "a few images of DATA";
  return { name: "quick", what, make: (images, folder) => smallCopy(images, folder, { train: 128, val: 64 }) };
}

function wantedOf(set: string, quick: boolean): Wanted[] {
  const methods = abouts().map(({ name }) => name);
  const all = methods.flatMap((method) =>
    Object.entries(SETTINGS).flatMap(([setting, { methods: only = methods, lengths = LENGTHS }]) =>
      only.includes(method)
        ? lengths.flatMap((steps) =>
            // A second seed for what a preset makes in full alone: seeds say how much chance does.
            SEEDS.filter((seed) => seed === 0 || (setting === "preset" && steps === LENGTHS.at(-1))).map((seed) => ({
              id: `${set} ${method} ${setting} ${steps} ${seed}`,
              method,
              setting,
              steps,
              seed,
            })),
          )
        : [],
    ),
  );
  const few = all.filter(({ setting, seed }) => setting === "preset" && seed === 0).slice(0, 2);
  return quick ? few.map((one) => ({ ...one, steps: 2 })) : all;
}

/** Where checkpoints of a set are made and looked at. */
interface Place {
  set: string;
  images: string;
  folder: string;
  /** Methods of one kind of encoder begin with the same one. */
  baselines: BaselineMemory;
}

/** A wild setting may break training: that is said, and the others go on. */
async function measuredOrFailed(
  place: Place,
  wanted: Wanted,
  options: BenchOptions,
): Promise<(IndicatorRow | FailedRow)[]> {
  try {
    return await measured(place, wanted, options);
  } catch (error) {
    if (!(error instanceof UserError) || wanted.setting !== "wild rate") throw error;
    const failed = error.message.trim().split("\n").at(-1) ?? "";
    options.say(`  ${wanted.id}: ${failed}`);
    return [{ id: wanted.id, failed }];
  }
}

/** Methods for one kind of encoder begin with the same one where a seed is the same: it counts once. */
function isSameInitial(a: IndicatorRow | FailedRow, b: IndicatorRow | FailedRow): boolean {
  if ("failed" in a || "failed" in b || a.steps > 0 || b.steps > 0) return false;
  return a.set === b.set && a.seed === b.seed && a.linear.top1 === b.linear.top1 && a.knn.top1 === b.knn.top1;
}

/** The checkpoint's row, and that of the encoder that it began with. */
async function measured(
  { set, images, folder, baselines }: Place,
  { id, method, setting, steps, seed }: Wanted,
  { threads, device, quick, say }: BenchOptions,
): Promise<IndicatorRow[]> {
  const machine = ["--threads", String(threads), "--device", device];
  const out = join(folder, id.replaceAll(" ", "-"));
  const flags = ["--method", method, "--seed", String(seed), "--steps", String(steps), "--set", "online=false"];
  const small = quick ? ["--set", "size=32", "--batch", "16"] : ["--batch", String(BATCH)];
  await runUnlabel(
    ["pretrain", images, ...flags, ...small, ...SETTINGS[setting]!.flags, ...machine, "--out", out],
    threads,
  );
  const { linear, knn, indicators } = await evaluate(out, images, {
    ...{ protocols: ["linear", "knn", "indicators"], looked: LOOKED, pixels: false, pictures: false },
    ...{ baselines, threads, device, tellData: false, stream: QUIET },
  });
  rmSync(out, { recursive: true, force: true });
  if (!linear || !knn || !indicators) throw new Error(`Expected three evaluations of ${id}`);
  const shared = { set, method, seed, commit: commitOf(process.cwd()) };
  const rowOf = (kind: "trained" | "untrained", own: Pick<IndicatorRow, "id" | "setting" | "steps">): IndicatorRow => ({
    ...shared,
    ...own,
    ...split(indicators[kind]),
    linear: scoreOf(kind === "trained" ? linear : linear.untrained),
    knn: scoreOf(kind === "trained" ? knn : knn.untrained),
  });
  const row = rowOf("trained", { id, setting, steps });
  say(
    `  ${id}: linear ${percent(row.linear.top1)}, kNN ${percent(row.knn.top1)}, ${Object.keys(row.refused).length} refused`,
  );
  return [row, rowOf("untrained", { id: `${set} ${method} initial 0 ${seed}`, setting: "initial", steps: 0 })];
}

interface Scored {
  top1: number;
  interval?: { top1: readonly [number, number] };
}

function scoreOf({ top1, interval }: Scored): Score {
  const [low, high] = interval!.top1;
  return { top1, interval: [low, high] };
}

function split(found: Indicators): Pick<IndicatorRow, "indicators" | "refused"> {
  const told = Object.entries(found);
  return {
    indicators: Object.fromEntries(told.map(([name, { value }]) => [name, value ?? null])),
    refused: Object.fromEntries(told.flatMap(([name, { refused }]) => (refused ? [[name, refused]] : []))),
  };
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** Rows as the statistics take them: of every indicator the larger is the better. */
export function statRows(rows: readonly IndicatorRow[], by: "linear" | "knn"): StatRow[] {
  return rows.map(({ set, method, indicators, [by]: { top1, interval } }) => ({
    set,
    method,
    score: top1,
    noise: (interval[1] - interval[0]) / 2,
    signs: Object.fromEntries(
      INDICATORS.map((about) => {
        const value = indicators[about.name] ?? null;
        return [about.name, value === null ? null : upward(about, value)];
      }),
    ),
  }));
}

/** What the report may say of these rows: null of one set alone. */
export function trustOf(rows: readonly IndicatorRow[]): Trust | null {
  const stats = statRows(rows, "linear");
  const names = INDICATORS.map(({ name }) => name);
  const found = leaveOneOut(stats, names);
  if (found.length === 0) return null;
  const { right, pairs, interval } = judgedAll(stats, found);
  const round = (share: number) => Math.round(1000 * share) / 1000;
  return {
    sets: found.map(({ set }) => SET_WORDS[set] ?? set),
    checkpoints: rows.length,
    combination: bestCombination(stats, names).chosen as IndicatorName[],
    judged: { right, pairs, interval: [round(interval[0]), round(interval[1])] },
  };
}

/** The tables, for people. */
export function words(rows: readonly IndicatorRow[]): string {
  const sets = [...new Set(rows.map(({ set }) => set))];
  const counts = sets.map((set) => `${set} ${rows.filter((row) => row.set === set).length}`).join(", ");
  const blocks = (["linear", "knn"] as const).flatMap((by) => {
    const stats = statRows(rows, by);
    const score = by === "knn" ? "kNN" : "linear probe";
    const one = (["within", "across"] as const).map((scope) => [
      `${score}, ${scope === "within" ? "within one method" : "across methods"}`,
      table(
        [
          ["", "Spearman", "95 %", "Kendall", "named right", "rows", "refused"],
          ...INDICATORS.map(({ name, title }) => line(stats, name, title, scope)),
        ],
        100,
      ),
    ]);
    return [...one.map(([title, body]) => `${title}\n${body}`), combined(stats, score)];
  });
  return [`${rows.length} checkpoints: ${counts}`, ...blocks].join("\n\n");
}

function line(stats: readonly StatRow[], name: string, title: string, scope: Scope): string[] {
  const { spearman, kendall, interval, rows, refused } = correlation(stats, name, scope);
  const pairs = namedRight(stats, ({ signs }) => signs[name] ?? null, scope);
  const number = (value: number | null) => (value === null ? "–" : value.toFixed(2));
  const range = interval ? `${number(interval[0])} to ${number(interval[1])}` : "–";
  return [title, number(spearman), range, number(kendall), named(pairs), String(rows), String(refused)];
}

function named({ right, pairs }: Pairs): string {
  return pairs === 0 ? "–" : `${right} of ${pairs}`;
}

function combined(stats: readonly StatRow[], score: string): string {
  const found = leaveOneOut(
    stats,
    INDICATORS.map(({ name }) => name),
  );
  if (found.length === 0)
    return `${score}: a combination takes two sets or more to be chosen on one and judged on another`;
  return [
    `${score}: the combination chosen on the other sets, judged on the one left out`,
    table(
      [
        ["left out", "chosen", "named right there", "on the others"],
        ...found.map(({ set, chosen, judged, seen }) => [set, chosen.join(" + "), named(judged), named(seen)]),
      ],
      100,
    ),
  ].join("\n");
}
