// unlabel demo: both methods on small images, their probes beside the baselines, and the report. The demo's own images
// are an example's, which a clone holds and the package does not; with --data it runs on the user's.
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../base/errors.ts";
import { commandLine, shellWord } from "../base/shell.ts";
import type { DemoResult } from "../compare/demo.ts";
import { called } from "./called.ts";
import { summary, verdicts } from "./evaluation.ts";
import { duration, finish, leaveWhenInterrupted, paint, percent, table } from "./output.ts";
import { named, whole } from "./settings.ts";

interface Options {
  data?: string;
  out?: string;
  epochs?: string;
  json?: boolean;
}

/** The workspace that makes the demo's images; typed as text so that it is looked for only when the demo runs. */
const EXAMPLE: string = "unlabel-demo-data";

export function addDemo(program: Command): void {
  program
    .command("demo")
    .description("everything, on small images, in minutes")
    .option("--data <dir>", "your own images, in class folders (default: emoji)")
    .option("--out <dir>", "where runs and report go (default: runs/demo-TIME)", named)
    .option("--epochs <n>", "passes over the images, for both methods")
    .action((_: Options, command: Command) => demoCommand(command.optsWithGlobals<Options>()));
}

async function demoCommand({ data, out, epochs, json }: Options): Promise<void> {
  const began = performance.now();
  const [{ demo }, { stamp }] = await Promise.all([import("../compare/demo.ts"), import("../train/plan.ts")]);
  const folder = out ?? join("runs", `demo-${stamp(new Date())}`);
  const flags = [data && `--data ${shellWord(data)}`, epochs && `--epochs ${shellWord(epochs)}`, json && "--json"];
  const goOn = commandLine("demo", "--out", shellWord(folder), ...flags.filter((flag) => typeof flag === "string"));
  // In training, which saves first, its session tells.
  await leaveWhenInterrupted(json === true, `Interrupted; go on with: ${goOn}`, { out: folder });
  const result = await demo({
    data: data ?? (await emoji(join(dirname(folder), "emoji"))),
    out: folder,
    epochs: epochs === undefined ? undefined : whole("--epochs", epochs, 1, 100_000),
    goOn,
    ...called(),
  });
  if (result === null) {
    process.exitCode = 130;
    if (json) finish(true, { interrupted: true, out: folder }, []);
    return;
  }
  const runs = Object.entries(result.runs).map(([name, { run, evaluation }]) => [
    name,
    { run, probe: summary(evaluation) },
  ]);
  finish(json === true, { report: result.report, runs: Object.fromEntries(runs) }, [
    ...closing(result),
    `${duration((performance.now() - began) / 1000)} in all`,
    `Report: ${paint("bold", result.report)}`,
  ]);
}

/** Makes the emoji ready in `folder` and returns it. */
async function emoji(folder: string): Promise<string> {
  let example: unknown;
  try {
    example = await import(EXAMPLE);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
    throw new UsageError(
      "Expected --data DIR: the demo's own images come with a clone of the project, not with the package",
    );
  }
  const { buildEmoji } = example as { buildEmoji(folder: string): { train: number; val: number } };
  const { train, val } = buildEmoji(folder);
  process.stderr.write(
    `${train + val} emoji drawings in ${folder}, ${val} of them to test on (credits: ${join(folder, "ATTRIBUTION.md")})\n`,
  );
  return folder;
}

function closing({ runs }: DemoResult): string[] {
  const all = Object.entries(runs).map(([name, { evaluation }]) => ({ name, ...evaluation }));
  const rows = all.map(({ name, top1, f1, untrained, pixels }) => [
    name,
    percent(top1),
    percent(untrained.top1),
    pixels ? percent(pixels.top1) : "",
    percent(f1),
    percent(untrained.f1),
    pixels ? percent(pixels.f1) : "",
  ]);
  const words = all.map(({ name, ...evaluation }) => {
    const problems = verdicts(evaluation);
    return `${name}: ${problems.length > 0 ? problems.join("; ") : "above both baselines"}`;
  });
  return [
    table([["linear probe", "top-1", "untrained", "pixels", "macro-F1", "untrained", "pixels"], ...rows]),
    "",
    ...words,
  ];
}
