// How far indicators without labels can be trusted: checkpoints of every method, length, seed and setting, broken ones among them, on sets
// that have labels; one row each with its indicators, linear probe and kNN, kept in rows/indicators.jsonl. Only what is not there is
// measured; `--from-rows` prints the tables of what is.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commitOf } from "../packages/unlabel/src/base/commit.ts";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { BaselineMemory } from "../packages/unlabel/src/eval/baseline-memory.ts";
import { evaluate } from "../packages/unlabel/src/eval/evaluate.ts";
import { abouts } from "../packages/unlabel/src/methods/abouts.ts";
import type { Indicators } from "../packages/unlabel/src/run/indicators.ts";
import { runUnlabel } from "./child.ts";
import { type IndicatorRow, type Score, words } from "./indicator-tables.ts";
import { keepRow, readKept, rowsFile } from "./kept-rows.ts";
import { type ImageSet, SETS } from "./preset-sets.ts";
import type { BenchOptions, Row } from "./row.ts";
import { smallCopy } from "./small-copy.ts";

/** Sets with labels: photographs, drawings, one channel of 16 bits; `--data` adds one where it names other images than the default. */
const NAMES = ["photographs", "demo", "deep"];
/** Images that a checkpoint is scored with, of a set that has more: enough to tell a few points apart, and few enough for a hundred times. */
const COUNTS = { train: 2000, val: 2000 };
/**
 * What indicators look at: enough images for RankMe of a ResNet-18's 512 features, which takes two a feature, and enough of them in several
 * views for LiDAR, which takes one. As many for every checkpoint, however short its training: numbers of other images do not compare.
 */
const LOOKED = { images: 1100, viewed: 512 };
/** Edge in pixels at which scores and indicators see the images, all alike: whole ones at twice the size take four times as long. */
const SIZE = 64;
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
  const file = quick || options.otherData ? join(folder, "rows.jsonl") : rowsFile("indicators");
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
    ...{ baselines, size: quick ? undefined : SIZE, threads, device, tellData: false, stream: QUIET },
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
