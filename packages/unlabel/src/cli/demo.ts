// unlabel demo: two methods on small images, their probes beside the baselines, and the report. The demo's own images
// are an example's, which a clone holds and the package does not; with --data it runs on the user's, or on Imagenette.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../base/errors.ts";
import { commandLine, shellWord } from "../base/shell.ts";
import type { DemoResult } from "../compare/demo.ts";
import type { KnnEvaluation, LinearEvaluation } from "../run/evaluations.ts";
import { called } from "./called.ts";
import { animals, imagenette } from "./demo-images.ts";
import { NAMES, summary, verdicts } from "./evaluation.ts";
import { fetchShown } from "./fetch-shown.ts";
import { duration, finish, leaveWhenInterrupted, paint, percent, table } from "./output.ts";
import { named, whole } from "./settings.ts";

interface Options {
  data?: string;
  url?: string;
  out?: string;
  epochs?: string;
  seeds: string;
  json?: boolean;
}

/** What `--data` calls a data set that is fetched, where no folder of that name is there. */
const IMAGENETTE = "imagenette";

export function addDemo(program: Command): void {
  program
    .command("demo")
    .description("everything, on small images, in minutes")
    .option(
      "--data <dir>",
      "your own images, in class folders, or imagenette, which is fetched (default: drawings of animals)",
    )
    .option("--url <address>", "another place that has Imagenette's archive", named)
    .option("--out <dir>", "where runs and report go (default: runs/demo-TIME)", named)
    .option("--epochs <n>", "passes over the images, for either method")
    .option("--seeds <n>", "train each method so many times, with seeds from 0", "1")
    .action((_: Options, command: Command) => demoCommand(command.optsWithGlobals<Options>()));
}

async function demoCommand({ data, url, out, epochs, seeds, json }: Options): Promise<void> {
  const began = performance.now();
  const [{ anyImages, demo, ANIMALS }, { stamp }] = await Promise.all([
    import("../compare/demo.ts"),
    import("../train/plan.ts"),
  ]);
  const passes = epochs === undefined ? undefined : whole("--epochs", epochs, 1, 100_000);
  const times = whole("--seeds", seeds, 1, 100);
  const folder = out ?? join("runs", `demo-${stamp(new Date())}`);
  const fetches = data === IMAGENETTE && !existsSync(data);
  if (url !== undefined && !fetches) throw new UsageError(`Expected --url with --data ${IMAGENETTE} alone`);
  const flags = [
    data && `--data ${shellWord(data)}`,
    url && `--url ${shellWord(url)}`,
    epochs && `--epochs ${shellWord(epochs)}`,
    times > 1 && `--seeds ${times}`,
    json && "--json",
  ];
  const goOn = commandLine("demo", "--out", shellWord(folder), ...flags.filter((flag) => typeof flag === "string"));
  const images = fetches ? (await fetchShown(await imagenette(url), dirname(folder))).path : data;
  // In training, which saves first, its session tells.
  await leaveWhenInterrupted(json === true, `Interrupted; go on with: ${goOn}`, { out: folder });
  const result = await demo({
    data: images ?? (await animals(join(dirname(folder), "animals"))),
    course: images === undefined ? ANIMALS : anyImages(),
    out: folder,
    epochs: passes,
    seeds: Array.from({ length: times }, (_, i) => i),
    goOn,
    ...called(),
  });
  if (result === null) {
    process.exitCode = 130;
    if (json) finish(true, { interrupted: true, out: folder }, []);
    return;
  }
  const runs = Object.entries(result.runs).map(([name, { run, evaluation, knn }]) => [
    name,
    { run, probe: summary(evaluation), knn: summary(knn) },
  ]);
  finish(json === true, { report: result.report, runs: Object.fromEntries(runs) }, [
    ...closing(result),
    `${duration((performance.now() - began) / 1000)} in all`,
    `Report: ${paint("bold", result.report)}`,
  ]);
}

/** A table for each way to score, and what is to be said of a run that does not stand above its baselines by either. */
function closing({ runs }: DemoResult): string[] {
  const all = Object.entries(runs);
  const tableOf = (title: string, scores: readonly (readonly [string, LinearEvaluation | KnnEvaluation])[]) => {
    const rows = scores.map(([name, { top1, f1, untrained, pixels }]) => [
      ...[name, percent(top1), percent(untrained.top1), pixels ? percent(pixels.top1) : ""],
      ...[percent(f1), percent(untrained.f1), pixels ? percent(pixels.f1) : ""],
    ]);
    return table([[title, "top-1", "untrained", "pixels", "macro-F1", "untrained", "pixels"], ...rows]);
  };
  const words = all.map(([name, { evaluation, knn }]) => {
    const problems = [evaluation, knn].flatMap((found) =>
      verdicts(found).map((problem) => `${NAMES[found.protocol]}: ${problem}`),
    );
    return `${name}: ${problems.length > 0 ? problems.join("; ") : "above both baselines by either"}`;
  });
  return [
    tableOf(
      "linear probe",
      all.map(([name, { evaluation }]) => [name, evaluation]),
    ),
    "",
    tableOf(
      "kNN",
      all.map(([name, { knn }]) => [name, knn]),
    ),
    "",
    ...words,
  ];
}
