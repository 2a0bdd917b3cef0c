// unlabel compare DATA: which way of learning suits these images, for this budget?
import { basename, dirname, join } from "node:path";
import type { Command } from "commander";
import { parseDuration } from "../base/duration.ts";
import { UsageError } from "../base/errors.ts";
import { recordedHere, shellWord, thisCommand } from "../base/shell.ts";
import type { Budget, Terms } from "../compare/plan.ts";
import type { Compared, ComparedRun, CompareRequest } from "../compare/request.ts";
import { abouts } from "../methods/abouts.ts";
import { AUTO, presetNames } from "../methods/presets.ts";
import type { WithoutLabels } from "../report/without-labels.ts";
import type { IndicatorsEvaluation } from "../run/evaluations.ts";
import { called } from "./called.ts";
import { NAMES, verdicts } from "./evaluation.ts";
import { besideLines } from "./indicator-words.ts";
import { duration, finish, leaveWhenInterrupted, paint, percent, prose, table } from "./output.ts";
import { addSet, flagsGiven, named, oneOf, whole } from "./settings.ts";

interface Options extends Record<string, unknown> {
  methods: string;
  budget?: string;
  epochs?: string;
  flops?: string;
  backbone?: string;
  preset?: string;
  seeds: string;
  output?: string;
  out?: string;
  labels?: string;
  halve?: boolean;
  init?: string;
  beside?: string[];
  json?: boolean;
}

export function addCompare(program: Command): void {
  addSet(
    program
      .command("compare")
      .description("train methods under one budget, evaluate them alike, and report")
      .argument("<data>", "images; labels, where there are any, are for evaluation alone")
      .option(
        "--methods <list>",
        `all, auto (the three that the measured table puts first), or some of ${abouts()
          .map(({ name }) => name)
          .join(", ")}`,
        DEFAULT_METHODS,
      )
      .option("--budget <time>", "training time of each run, such as 20m or 1h30m")
      .option("--epochs <n>", "or passes over the images")
      .option("--flops <n>", "or floating-point operations, such as 1e15")
      .option("--init <source>", "weights that all begin with: a file, a folder, a run, hub:ORG/NAME", named)
      .option("--beside <source...>", "other encoders beside them: files, folders, hub:ORG/NAME, earlier runs")
      .option("--backbone <name>", "one encoder for all, such as vit_small (default: each preset's own)")
      .option(
        `--preset <${presetNames().join("|")}>`,
        `where the settings start from (default: ${AUTO}, or as it began)`,
      )
      .option("--seeds <n>", "train each method so many times, with seeds from 0", "1")
      .option(
        "--halve",
        "give up the worse half of the methods after a quarter of their steps, and again after half, by kNN among training images",
      ),
  )
    .option("--labels <file>", "labels of some of the images, in place of their own, as unlabel label writes them")
    .option("-o, --output <file>", "the report (default: report.html in --out)", named)
    .option("--out <dir>", "folder for the runs (default: from -o, else runs/compare-DATA)", named)
    .action((data: string, _: Options, command: Command) => compareCommand(data, command.optsWithGlobals<Options>()));
}

/** Contrastive or masked: the question that people come with. */
const DEFAULT_METHODS = "simclr,mae";

async function compareCommand(data: string, options: Options): Promise<void> {
  const began = performance.now();
  const [{ compare }, { parseValue }] = await Promise.all([
    import("../compare/compare.ts"),
    import("../config/files.ts"),
  ]);
  const preset = options.preset === undefined ? undefined : oneOf("--preset", options.preset, presetNames());
  const terms: Omit<CompareRequest, "out" | "report" | "preset"> & Pick<Terms, "seeds" | "backbone"> = {
    data,
    methods: methodsOf(
      options.methods,
      abouts().map(({ name }) => name),
    ),
    ...(options.halve && { halve: true }),
    seeds: Array.from({ length: whole("--seeds", options.seeds, 1, 100) }, (_, i) => i),
    budget: budgetOf(options),
    backbone: options.backbone?.replaceAll("-", "_") ?? null,
    ...(options.init !== undefined && { init: options.init }),
    ...(options.beside !== undefined && { beside: options.beside }),
    settings: Object.fromEntries(
      Object.entries(flagsGiven({ set: options.set })).map(([key, text]) => [key, parseValue(text)]),
    ),
  };
  const out = options.out ?? folderFor(data, options.output);
  const goOn = recordedHere(thisCommand());
  // Evaluation is begun again. Training saves first, and its session tells.
  await leaveWhenInterrupted(options.json === true, `Interrupted; go on with: ${goOn}`, { out });
  const compared = await compare({
    ...terms,
    ...(preset !== undefined && { preset }),
    out,
    report: options.output ?? join(out, "report.html"),
    labels: options.labels,
    goOn,
    ...called(),
  });
  if (compared === null) {
    process.exitCode = 130;
    if (options.json) finish(true, { interrupted: true, out }, []);
    return;
  }
  const failed = [...compared.runs, ...compared.beside].filter(({ status }) => status === "failed");
  if (failed.length > 0) process.exitCode = 1;
  finish(options.json === true, result(compared, terms), [
    ...compared.report.data.answer.map((sentence) => prose(sentence)),
    ...settling(compared.report.data.without_labels),
    "",
    ...(compared.report.data.without_labels ? besideLines(lookedAt(compared)) : [scores(compared)]),
    "",
    ...compared.runs.flatMap((run) => words(run, terms.seeds.length)).map((line) => prose(line)),
    ...compared.beside.flatMap(({ title, status, error }) =>
      status === "failed" ? [prose(`${title} failed: ${error}`)] : [],
    ),
    `${duration((performance.now() - began) / 1000)} in all; runs in ${shellWord(out)}`,
    `Report: ${paint("bold", compared.report.path)}`,
  ]);
}

/** @throws {UsageError} unless exactly one kind of budget is given */
function budgetOf({ budget, epochs, flops }: Options): Budget {
  const given = [budget, epochs, flops].filter((one) => one !== undefined);
  if (given.length !== 1) {
    const got = given.length === 0 ? "none" : `${given.length} of them`;
    throw new UsageError(`Expected one of --budget 20m, --epochs N or --flops X, got ${got}`);
  }
  if (epochs !== undefined) return { kind: "epochs", value: whole("--epochs", epochs, 1, 100_000) };
  if (budget !== undefined) {
    const value = parseDuration(budget);
    if (value === null || value < 1) throw new UsageError(`Expected a time for --budget, such as 20m, got ${budget}`);
    return { kind: "time", value };
  }
  const value = Number(flops);
  if (!(value >= 1 && value < 1e30)) throw new UsageError(`Expected a number for --flops, such as 1e15, got ${flops}`);
  return { kind: "flops", value };
}

/** @throws {UsageError} for a method that there is not, or one named twice */
function methodsOf(text: string, known: readonly string[]): string[] | "all" | "auto" {
  const word = text.trim();
  if (word === "all" || word === "auto") return word;
  const found = text.split(",").map((part) => oneOf("--methods", part.trim(), known));
  const twice = found.find((method, i) => found.indexOf(method) < i);
  if (twice === undefined) return found;
  throw new UsageError(`Expected each method once for --methods, got ${twice} again; --seeds 2 trains each twice`);
}

/** `runs/c.html` has its runs in `runs/c`. */
function folderFor(data: string, report: string | undefined): string {
  if (report === undefined) return join("runs", `compare-${basename(data) || "images"}`);
  return join(dirname(report), basename(report).replace(/\.html?$/i, "") || "compare");
}

/** What the page shows, number by number, and how each run ended. */
function result(
  { report, out, runs, beside }: Compared,
  { budget, backbone, seeds, init = null }: Pick<Terms, "budget" | "backbone" | "seeds" | "init">,
) {
  const each = runs.map(({ name, method, seed, run, status, seconds, error }) => ({
    ...{ name, method, seed, run, status },
    seconds: seconds ?? null,
    error: error ?? null,
  }));
  const { path, bytes, headline, data } = report;
  const shelf = beside.map(({ name, title, source, folder, status, error }) => {
    return { name, title, source, folder, status, error: error ?? null };
  });
  return { report: path, bytes, out, headline, budget, backbone, init, seeds, runs: each, beside: shelf, data };
}

/** The commands that settle it, each on a line that can be copied. */
function settling(unlabelled: WithoutLabels | null): string[] {
  if (!unlabelled) return [];
  const { settles, settle } = unlabelled;
  return [prose(settles), ...(settle ? [`  ${settle.label}`, `  ${settle.report}`] : [])];
}

/** All that ended well, encoders off the shelf last. */
function ended({ runs, beside }: Compared) {
  const all = [...runs, ...beside.map(({ title, ...one }) => ({ ...one, name: title }))];
  return all.filter(({ status }) => status === "done");
}

function lookedAt(compared: Compared): { name: string; found: IndicatorsEvaluation }[] {
  return ended(compared).flatMap(({ name, evaluations: { indicators } }) =>
    indicators ? [{ name, found: indicators }] : [],
  );
}

function scores(compared: Compared): string {
  const cells = (run: Pick<ComparedRun, "evaluations">) =>
    [run.evaluations.linear, run.evaluations.knn].flatMap((found) =>
      found
        ? [percent(found.top1), percent(found.untrained.top1), found.pixels ? percent(found.pixels.top1) : ""]
        : ["", "", ""],
    );
  return table([
    ["top-1", "linear", "untrained", "pixels", "kNN", "untrained", "pixels"],
    ...ended(compared).map((run) => [run.name, ...cells(run)]),
  ]);
}

/** How a run fared, in words. Of several seeds the sentences above say how their means stand to the baselines. */
function words({ name, status, error, info, evaluations }: ComparedRun, seeds: number): string[] {
  if (status === "failed") return [`${name} failed: ${error}`];
  if (status === "stopped") return [`${name} was ${error}`];
  const { linear, knn } = evaluations;
  const fares = info?.health && info.health.verdict !== "too-early" ? [`${name}: ${info.health.text}`] : [];
  return [
    ...fares,
    ...[linear, knn].flatMap((found) =>
      found && seeds === 1 ? verdicts(found).map((line) => `${name}, ${NAMES[found.protocol]}: ${line}`) : [],
    ),
  ];
}
