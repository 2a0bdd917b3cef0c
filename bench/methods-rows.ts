// The rows of bench `methods` as they are kept, which of them count, and the tables that people read.
import { table } from "../packages/unlabel/src/base/table.ts";
import { ABOUTS } from "../packages/unlabel/src/methods/abouts.ts";
import type { IndicatorSize } from "../packages/unlabel/src/run/evaluations.ts";
import { INDICATORS } from "../packages/unlabel/src/run/indicators.ts";
import type { KeptSpeed } from "./kept-speeds.ts";
import { type Contender, contenders, LOOKED, NO_ROW, NOT_ABOVE, rowNames, VARIANTS } from "./methods-plan.ts";
import { mean } from "./stats.ts";

/** A score in [0, 1] with its 95 % interval, and the same of the encoder that training began with. */
export interface Score {
  trained: number;
  interval: [number, number];
  /** Null of weights from elsewhere, of which nobody knows what they began with. */
  initial: number | null;
}

/** What an encoder came to. */
export interface Scores {
  linear: Score;
  knn: Score;
  /** By share of the labels. */
  few: Record<string, Score>;
  /** By name; null where it was refused. */
  indicators: Record<string, number | null>;
}

/** How long a step takes here where nothing else runs: the least of a few short measurements. */
export interface SpeedRow extends KeptSpeed {
  kind: "speed";
  contender: string;
  settings: string;
  /** Each measurement's. */
  all: number[];
  /** What waited for a core on average as each began. */
  load: number[];
  commit: string | null;
}

/** A short training on part of train, scored on the rest of it. */
export interface TrialRow {
  kind: "trial";
  contender: string;
  trial: string;
  settings: string;
  steps: number;
  /** Top-1 of a linear probe on images held out from train. */
  linear: number;
  knn: number;
  commit: string | null;
}

/** A training, scored on val. */
export interface TrainedRow extends Scores {
  kind: "trained";
  contender: string;
  /** What it is worth in time at the speed of its own quiet measurement. */
  minutes: number;
  seed: number;
  /** Which of the trials it has the settings of. */
  trial: string;
  settings: string;
  steps: number;
  batch: number;
  /** As long as it took then and there. */
  seconds: number;
  /** At the speed of the quiet measurement. */
  images_per_s: number;
  mb: number | null;
  /** What indicators looked at; rows of before this was the same for all have none. */
  looked?: IndicatorSize;
  commit: string | null;
}

/** A training that broke, and how: kept, so that it is not tried again. */
export interface FailedRow {
  kind: "failed";
  contender: string;
  minutes: number;
  seed: number;
  trial: string;
  settings: string;
  failed: string;
}

export type KeptRow = SpeedRow | TrialRow | TrainedRow | FailedRow;

/** Of a stage, the last row of each contender and seed. */
export function lastTrained(rows: readonly KeptRow[], minutes: number): TrainedRow[] {
  const found = rows.filter((row): row is TrainedRow => row.kind === "trained" && row.minutes === minutes);
  return [...new Map(found.map((row) => [`${row.contender} ${row.seed}`, row])).values()];
}

/** The best of a stage by linear probe, ours alone. */
export function best(rows: readonly TrainedRow[], count: number): string[] {
  const ours = new Set(contenders().map(({ name }) => name));
  const own = rows.filter(({ contender }) => ours.has(contender));
  return own
    .toSorted((a, b) => b.linear.trained - a.linear.trained)
    .slice(0, count)
    .map(({ contender }) => contender);
}

/** Ours and lightly's that have neither a row nor a reason. */
export function unmeasured(rows: readonly KeptRow[], minutes: number): string[] {
  const settled = new Set(
    rows.flatMap((row) =>
      (row.kind === "trained" || row.kind === "failed") && row.minutes === minutes ? [row.contender] : [],
    ),
  );
  return rowNames().filter((name) => !settled.has(name) && !NO_ROW[name]);
}

/**
 * Rows of other settings than are tried today, since a preset or a method has changed: they stand for nothing that anyone can train.
 *
 * @param tried the digests of each contender's trials, by its name
 */
export function outdated(
  rows: readonly KeptRow[],
  minutes: number,
  tried: ReadonlyMap<string, ReadonlySet<string>>,
): string[] {
  return lastTrained(rows, minutes)
    .filter(({ contender, settings }) => tried.get(contender)?.has(settings) === false)
    .map(
      ({ contender, trial, commit }) =>
        `${contender} was measured with settings (${trial}, at ${commit ?? "an unknown commit"}) that no trial has today; measure it again: npm run bench -- methods --rows '^${contender}$'`,
    );
}

/** What `--check` has to say; nothing where all is well. */
export function problems(rows: readonly KeptRow[], minutes: number): string[] {
  const missing = unmeasured(rows, minutes).map(
    (name) =>
      `${name} has neither a row of ${minutes} minutes nor a reason; measure it: npm run bench -- methods --rows '^${name}$'`,
  );
  const below = notAbove(rows, minutes).filter(({ contender }) => !NOT_ABOVE[contender]);
  const unexplained = below.map(
    ({ contender, linear: { trained, initial } }) =>
      `${contender} has ${percent(trained)} by linear probe, its initial encoder ${percent(initial!)}, and NOT_ABOVE in bench/methods-plan.ts does not say why`,
  );
  return [...missing, ...unexplained];
}

/** Those that stand no higher by linear probe than where they began. */
function notAbove(rows: readonly KeptRow[], minutes: number): TrainedRow[] {
  return lastTrained(rows, minutes).filter(
    ({ linear: { trained, initial } }) => initial !== null && trained <= initial,
  );
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const points = (share: number) => (100 * share).toFixed(1);

function withInterval({ trained, interval: [low, high] }: Score): string {
  return `${points(trained)} (${points(low)}–${points(high)})`;
}

/** Few labels, and two of the indicators: those that tell across methods; all are in the rows. */
const SHOWN = INDICATORS.slice(0, 2);

const HEAD = [
  "",
  "linear",
  "initial",
  "kNN",
  "few-shot 1 %",
  "10 %",
  ...SHOWN.map(({ title }) => title),
  "images/s",
  "images seen",
  "MB",
];

function cells(row: TrainedRow): string[] {
  const few = (share: string) => (row.few[share] ? points(row.few[share].trained) : "–");
  return [
    titleOf(row.contender),
    withInterval(row.linear),
    row.linear.initial === null ? "–" : points(row.linear.initial),
    withInterval(row.knn),
    few("0.01"),
    few("0.1"),
    ...SHOWN.map(({ name }) => row.indicators[name]?.toPrecision(3) ?? "–"),
    row.images_per_s.toFixed(0),
    String(row.steps * row.batch),
    row.mb === null ? "–" : row.mb.toFixed(0),
  ];
}

/** "SimCLR, resnet18"; lightly's keep their name. */
export function titleOf(contender: string): string {
  const [method = "", encoder] = contender.split(" ");
  if (method === "lightly") return `lightly's ${ABOUTS.find(({ name }) => name === encoder)?.title ?? encoder}`;
  const title = VARIANTS[method]?.title ?? ABOUTS.find(({ name }) => name === method)?.title;
  return `${title ?? method}, ${encoder}`;
}

const byLinear = (a: TrainedRow, b: TrainedRow) => b.linear.trained - a.linear.trained;

/** Tables of all that there is: title and lines of cells. */
function tables(rows: readonly KeptRow[], short: number, long: number): { title: string; lines: string[][] }[] {
  const shorter = lastTrained(rows, short).toSorted(byLinear);
  const all = lastTrained(rows, long);
  const longer = [...new Set(all.map(({ contender }) => contender))].map((name) =>
    all.filter(({ contender }) => contender === name),
  );
  const several = longer.map((found) => {
    const scores = found.map(({ linear }) => linear.trained);
    const knn = found.map((row) => row.knn.trained);
    const range = (all: number[]) => `${points(mean(all))} (${all.map(points).join(", ")})`;
    return { at: mean(scores), line: [titleOf(found[0]!.contender), range(scores), range(knn), String(found.length)] };
  });
  const body = several.toSorted((a, b) => b.at - a.at).map(({ line }) => line);
  return [
    {
      title: `${short} minutes, one seed; top-1 in per cent with 95 % intervals of val`,
      lines: [HEAD, ...shorter.map(cells)],
    },
    ...(body.length > 0
      ? [
          {
            title: `${long} minutes, the best of these; mean of the seeds, and each`,
            lines: [["", "linear", "kNN", "seeds"], ...body],
          },
        ]
      : []),
  ];
}

/** Whose minutes these are, and why some have no row, or stand no higher than where they began. */
function notes(rows: readonly KeptRow[], minutes: number): string[] {
  const failed = rows.filter((row): row is FailedRow => row.kind === "failed" && row.minutes === minutes);
  const machines = rows.flatMap((row) => (row.kind === "speed" ? [`${row.cpu}, ${row.threads} threads`] : []));
  const whose = [...new Set(machines)].join("; ");
  const missing = unmeasured(rows, minutes).map(titleOf);
  const by = lastTrained(rows, minutes).flatMap(({ contender, looked }) => (looked ? [] : [titleOf(contender)]));
  return [
    ...(whose ? [`Steps are as many as fit into these minutes at the speed of a quiet machine, once: ${whose}`] : []),
    ...(by.length > 0
      ? [
          `RankMe and α-ReQ are of ${LOOKED.images} images, but of as many as a fifth of their training allowed for ${by.join("; ")}`,
        ]
      : []),
    ...(missing.length > 0 ? [`Not measured yet: ${missing.join("; ")}`] : []),
    ...failed.map(({ contender, failed: why }) => `${titleOf(contender)} broke: ${why}`),
    ...Object.entries(NO_ROW).map(([name, why]) => `${titleOf(name)} has no row: ${why}`),
    ...notAbove(rows, minutes).flatMap(({ contender }) =>
      NOT_ABOVE[contender]
        ? [`${titleOf(contender)} stands no higher than where it began: ${NOT_ABOVE[contender]}`]
        : [],
    ),
  ];
}

/** For a terminal. */
export function plainWords(rows: readonly KeptRow[], short: number, long: number): string {
  const blocks = tables(rows, short, long).map(({ title, lines }) => `${title}\n${table(lines, 160)}`);
  return [...blocks, ...notes(rows, short)].join("\n\n");
}

/** For docs/benchmarks.md. */
export function markdownWords(rows: readonly KeptRow[], short: number, long: number): string {
  const blocks = tables(rows, short, long).map(({ title, lines: [head = [], ...body] }) =>
    [`${title}:\n`, head, head.map((_, i) => (i === 0 ? "---" : "---:")), ...body]
      .map((line) => (typeof line === "string" ? line : `| ${line.join(" | ")} |`))
      .join("\n"),
  );
  return [...blocks, ...notes(rows, short).map((line) => `- ${line}`)].join("\n\n");
}

/** A contender by its name. */
export function contenderNamed(name: string): Contender | undefined {
  return contenders().find((one) => one.name === name);
}
