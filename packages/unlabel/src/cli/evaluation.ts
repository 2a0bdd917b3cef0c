// What `evaluate`, `probe` and `knn` have in common: their flags, and how scores are put into tables and words.
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../base/errors.ts";
import { inPercent } from "../base/numbers.ts";
import { visible } from "../base/text.ts";
import type { EncoderSource } from "../eval/evaluated.ts";
import type { EvaluateOptions } from "../eval/options.ts";
import { isHub } from "../hub/reference.ts";
import type {
  Beside,
  Evaluations,
  FewShotEvaluation,
  FewShotScore,
  Header,
  Interval,
  Lead,
  Protocol,
  Recall,
  RetrievalEvaluation,
  Score,
  Scored,
} from "../run/evaluations.ts";
import { indicatorLines, lookedAtWords } from "./indicator-words.ts";
import { duration, paint, percent, table } from "./output.ts";

export interface EvaluationFlags extends Record<string, unknown> {
  data?: string;
  labels?: string;
  pixels: boolean;
  allowClassMismatch?: boolean;
  json?: boolean;
}

const MACHINE = ["threads", "device", "precision"];

/** Flags for where to compute. */
export function addMachine(command: Command): Command {
  return command
    .option("--threads <n|auto>", "threads that compute")
    .option("--device <auto|cpu|cuda[:N]|mps>", "where to compute")
    .option("--precision <auto|fp32|bf16>", "number format of the encoder's arithmetic");
}

/** What may be evaluated, for help. */
export const RUN =
  "run directory, or weights from elsewhere: a file, a folder of timm's or transformers', hub:ORG/NAME";

/** Flags that every evaluation has. */
export function addCommon(command: Command): Command {
  return addMachine(
    command
      .argument("<run>", RUN)
      .option("--data <source>", "images (default: those that the run was trained on)")
      .option("--labels <file>", "labels of some of the images, in place of their own, as unlabel label writes them")
      .option("--seed <n>", "seed of the evaluation (default: the run's)")
      .option("--split-seed <n>", "seed of the fifth held out where there is no val (default: --seed)")
      .option("--size <px>", "edge of the images (default: as trained)"),
  )
    .option("--no-pixels", "leave out the baseline on raw pixels")
    .option("--allow-class-mismatch", "go on where val has classes that train lacks");
}

/** The settings among `names` that were given, checked, and where the images lie. */
export async function given(path: string, options: EvaluationFlags, names: readonly string[]) {
  const [{ checkSettings }, { parseValue }, { evaluationSettings }, { RunDirectory }] = await Promise.all([
    import("../config/words.ts"),
    import("../config/files.ts"),
    import("../config/evaluation.ts"),
    import("../run/directory.ts"),
  ]);
  const settings = Object.fromEntries(
    [...names, ...MACHINE, "seed", "split_seed", "size"].flatMap((name) => {
      const text = options[name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())];
      if (typeof text !== "string") return [];
      return [[name, name === "shares" ? text.split(",").map(parseValue) : parseValue(text)]];
    }),
  );
  const {
    threads,
    device,
    precision,
    seed,
    split_seed: splitSeed,
    size,
    ...own
  } = checkSettings(evaluationSettings, settings);
  const { pixels, allowClassMismatch, labels } = options;
  const common: EvaluateOptions = {
    threads,
    device,
    precision,
    seed,
    splitSeed,
    size,
    pixels,
    allowClassMismatch,
    labels,
  };
  return { data: options.data ?? ownData(path, RunDirectory.open), common, own };
}

/** Where a run's images lie. @throws {UsageError} of weights from elsewhere, which have none */
function ownData(path: string, open: (path: string) => { info: { data: { root: string } } }): string {
  const isWeights = existsSync(path) && !existsSync(join(path, "run.json"));
  if (isHub(path) || (isWeights && (statSync(path).isFile() || readdirSync(path).some((name) => WEIGHTS.test(name))))) {
    throw new UsageError(`Expected --data SOURCE, the images to evaluate on, beside ${path}, which is no run`);
  }
  return open(path).info.data.root;
}

/** Endings of files that hold weights, or say where they are. */
const WEIGHTS = /\.(safetensors|pth|pt|bin|ckpt|index\.json)$/i;

/** What was evaluated, as `--json` says it. */
export function evaluatedWords(path: string, source: EncoderSource | null | undefined): object {
  return source ? { source } : { run: path };
}

/** What was found, without what was predicted for each image and its neighbours: that stands in the files alone. */
export function withoutPredictions(found: Evaluations): object {
  return Object.fromEntries(
    Object.entries(found).map(([protocol, file]) => {
      const { predictions: _, neighbours: __, ...rest } = { predictions: null, neighbours: null, ...file };
      return [protocol, rest];
    }),
  );
}

/** The scores as `--json` prints them for one protocol; everything else stands in its file. */
export function summary(found: Header<Protocol> & Scored & Beside<Score> & { settings: object }) {
  const {
    protocol,
    train_images,
    val_images,
    classes,
    untrained,
    pixels,
    majority,
    lead,
    step,
    weights_average,
    notes,
  } = found;
  const { settings, seed, data, fingerprint } = found;
  return {
    protocol,
    ...short(found),
    train_images,
    val_images,
    classes: classes.length,
    untrained: short(untrained),
    ...(pixels && { pixels: short(pixels) }),
    majority: short(majority),
    lead,
    settings,
    seed,
    step,
    ...(weights_average !== undefined && { weights_average }),
    data,
    fingerprint,
    notes,
  };
}

function short({ top1, top5, f1, balanced, interval }: Score) {
  return { top1, top5, f1, balanced, ...(interval && { interval }) };
}

/** Plain words where the trained encoder is no better than what needed no training, a line a rival. */
export function verdicts({ top1, untrained, pixels, lead }: Pick<Scored, "top1"> & Beside<Score>): string[] {
  const rivals: [string, Score, Lead][] = [["the untrained encoder", untrained, lead.untrained]];
  if (pixels && lead.pixels) rivals.push(["raw pixels", pixels, lead.pixels]);
  return rivals.flatMap(([name, rival, lead]) => {
    if (top1 <= rival.top1) return [`not above ${name}: ${percent(top1)} against ${percent(rival.top1)} top-1`];
    return lead.interval[0] > 0 ? [] : [`not clearly above ${name}: by ${points(lead)}`];
  });
}

/** How the trained encoder stands to each baseline, a line each. */
function standing(found: Scored & Beside<Score> & { protocol: Protocol }): string[] {
  const ahead = ([name, lead]: [string, Lead | undefined]) =>
    lead && lead.interval[0] > 0 ? [`above ${name} by ${points(lead)}`] : [];
  const above = (
    [
      ["the untrained encoder", found.lead.untrained],
      ["raw pixels", found.lead.pixels],
    ] as [string, Lead | undefined][]
  ).flatMap(ahead);
  return [...verdicts(found), ...above].map((line) => `${NAMES[found.protocol]}: ${line}`);
}

/** `17.0 points [15.5, 18.5]`. */
function points({ top1, interval }: Lead): string {
  return `${(100 * top1).toFixed(1)} points ${range(interval)}`;
}

/** What is said of an encoder whose weights are a momentum average of such a decay; nothing where they are a step's own. */
export function weightsWords(decay: number | null | undefined): string {
  return decay == null ? "" : `, averaged weights (decay ${decay})`;
}

/** Everything that was found, for people: at most 80 columns. */
export function lines(
  path: string,
  found: Evaluations,
  seconds: number,
  source: EncoderSource | null = null,
): string[] {
  const { indicators, ...byLabels } = found;
  const all = Object.values(found);
  const first = Object.values(byLabels)[0] ?? indicators;
  if (!first) return [];
  const { step, classes, train_images, val_images } = first;
  const on =
    first === indicators
      ? lookedAtWords(indicators)
      : `${classes.length} classes, fitted on ${train_images} images, scored on ${val_images}`;
  const decay = all.find((one) => one.weights_average !== undefined)?.weights_average;
  const notes = new Set(all.flatMap((one) => one.notes));
  return [
    `${paint("bold", visible(path))}: ${source ? "as it comes" : `step ${step}`}${weightsWords(decay)}, ${on} (${duration(seconds)})`,
    ...scoreTable(found),
    ...(found["few-shot"] ? ["", fewShotTable(found["few-shot"]), ...besideLinear(found)] : []),
    ...(found.retrieval ? ["", retrievalTable(found.retrieval)] : []),
    ...(indicators ? ["", ...indicatorLines(indicators)] : []),
    "",
    ...[found.linear, found.knn].flatMap((one) => (one ? standing(one) : [])),
    ...byClass(found.linear ?? found.knn ?? found["fine-tune"] ?? found.supervised),
    ...[...notes].map((note) => `note: ${visible(note)}`),
  ];
}

/** Protocols as people call them. */
export const NAMES: Record<Protocol, string> = {
  linear: "linear probe",
  knn: "kNN",
  "few-shot": "few-shot",
  retrieval: "retrieval",
  "fine-tune": "fine-tuned",
  supervised: "from scratch",
  indicators: "indicators",
};

function scoreTable({ linear, knn, "fine-tune": tuned, supervised }: Evaluations): string[] {
  const beside = [linear, knn].flatMap((one) => (one ? [one] : []));
  const whole = [tuned, supervised].flatMap((one) => (one ? [one] : []));
  const scored = [...beside, ...whole];
  const [first] = scored;
  if (!first) return [];
  const rows: (readonly [string, string, Score])[] = [
    ...beside.flatMap((one) => [
      [NAMES[one.protocol], "trained", one] as const,
      ["", "untrained", one.untrained] as const,
      ...(one.pixels ? [["", "raw pixels", one.pixels] as const] : []),
    ]),
    ...whole.map((one) => [NAMES[one.protocol], "whole network", one] as const),
    ["majority", "no encoder", first.majority],
  ];
  const five = scored.some(({ top5 }) => top5 !== null);
  return [
    table([
      ["", "features", "top-1", "95 %", "macro-F1", "balanced", ...(five ? ["top-5"] : [])],
      ...rows.map(([protocol, what, { top1, top5, f1, balanced, interval }]) => [
        protocol,
        what,
        percent(top1),
        interval ? range(interval.top1) : "",
        percent(f1),
        percent(balanced),
        ...(five ? [top5 === null ? "" : percent(top5)] : []),
      ]),
    ]),
  ];
}

function fewShotTable({ points }: FewShotEvaluation): string {
  const cell = ({ top1, std }: FewShotScore) =>
    std ? `${(100 * top1).toFixed(1)} ± ${(100 * std.top1).toFixed(1)} %` : percent(top1);
  const row = (name: string, of: (point: (typeof points)[number]) => FewShotScore | undefined) => {
    const scores = points.flatMap((point) => of(point) ?? []);
    return scores.length > 0 ? [[name, ...scores.map(cell)]] : [];
  };
  return table([
    ["few-shot, top-1", ...points.map(({ share, images }) => `${inPercent(share)} % (${images})`)],
    ...row("  trained", ({ trained }) => trained),
    ...row("  untrained", ({ untrained }) => untrained),
    ...row("  raw pixels", ({ pixels }) => pixels),
  ]);
}

/** Two numbers for all labels, on the same features, ask for a word. */
function besideLinear({ linear, "few-shot": few }: Evaluations): string[] {
  const all = few?.points.some(({ share }) => share === 1);
  return linear && all ? ["few-shot has fixed settings: its 100 % is not the linear probe's score"] : [];
}

function retrievalTable({ recall, interval, untrained, pixels, chance }: RetrievalEvaluation): string {
  const ks = ["1", "5", "10"] as const;
  const row = (name: string, found: Recall) => [name, ...ks.map((k) => percent(found[k]))];
  return table([
    ["retrieval", ...ks.map((k) => `recall@${k}`)],
    ["  trained", ...ks.map((k) => `${percent(recall[k])} ${range(interval[k])}`)],
    row("  untrained", untrained),
    ...(pixels ? [row("  raw pixels", pixels)] : []),
    row("  by chance", chance),
  ]);
}

/** Classes told best and worst. */
function byClass(found: Score | undefined): string[] {
  const all = found?.per_class ?? [];
  const short = firstNames(all.map(({ name }) => name));
  const seen = all.filter(({ support }) => support > 0).toSorted((a, b) => b.f1 - a.f1);
  const named = (scores: typeof seen) =>
    scores.map(({ name, f1 }) => `${visible(short.get(name) ?? name)} ${percent(f1)}`).join(", ");
  if (seen.length === 0) return [];
  return seen.length > 6
    ? [`strongest by F1: ${named(seen.slice(0, 3))}`, `weakest by F1: ${named(seen.slice(-3).reverse())}`]
    : [`by F1: ${named(seen)}`];
}

/** ImageNet's names list synonyms after a comma: the first is enough where no other class shares it ("crane" is two). */
function firstNames(names: readonly string[]): Map<string, string> {
  const firsts = names.map((name) => name.split(",")[0]?.trim() ?? "");
  const alone = (first: string) => first !== "" && firsts.filter((other) => other === first).length === 1;
  return new Map(names.map((name, i) => [name, alone(firsts[i] ?? "") ? (firsts[i] ?? name) : name]));
}

/** `[56.3, 59.4]`, in percent or points. */
function range([low, high]: Interval): string {
  return `[${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`;
}
