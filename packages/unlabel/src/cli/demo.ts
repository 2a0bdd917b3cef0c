// unlabel demo: both methods on small images, their probes beside the baselines, and the report. The demo's own images
// are an example's, which a clone holds and the package does not; with --data it runs on the user's.
import type { Command } from "commander";
import type { DemoResult } from "../demo.ts";
import { UsageError } from "../errors.ts";
import { finish, percent, table } from "./output.ts";

interface Options {
  data?: string;
  out?: string;
  epochs?: string;
  json?: boolean;
}

/** What the example gives: a function that makes its images ready, and returns their folder. */
const EXAMPLE = "@unlabel/example-demo";

export function addDemo(program: Command): void {
  program
    .command("demo")
    .description("everything, on small images, in minutes")
    .option("--data <dir>", "your own images, in class folders (default: emoji)")
    .option("--out <dir>", "where runs and report go (default: runs/demo-TIME)")
    .option("--epochs <n>", "passes over the images, for both methods")
    .action((_: Options, command: Command) => demoCommand(command.optsWithGlobals<Options>()));
}

async function demoCommand({ data, out, epochs, json }: Options): Promise<void> {
  const [{ demo }, { parseValue }] = await Promise.all([import("../demo.ts"), import("../config/resolve.ts")]);
  const images = data ?? (await exampleImages());
  const settings = epochs === undefined ? {} : { epochs: parseValue(epochs) };
  const result = await demo({ data: images, out, settings });
  if (result === null) {
    process.exitCode = 130;
    return;
  }
  finish(json === true, result, [summary(result), "", ...verdict(result), `Report: ${result.report}`]);
}

async function exampleImages(): Promise<string> {
  let example: unknown;
  try {
    example = await import(EXAMPLE);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
    throw new UsageError(
      "Expected --data DIR: the demo's own images come with a clone of the project, not with the package",
    );
  }
  const { prepareImages } = example as { prepareImages: () => Promise<string> };
  return prepareImages();
}

function summary({ runs }: DemoResult): string {
  const rows = Object.entries(runs).map(([name, { probe }]) => [
    name,
    percent(probe.top1),
    percent(probe.untrained.top1),
    percent(probe.pixels.top1),
    percent(probe.f1),
  ]);
  return table([["linear probe", "top-1", "untrained", "pixels", "F1"], ...rows]);
}

/** Says plainly where a method is not above both baselines. */
function verdict({ runs }: DemoResult): string[] {
  return Object.entries(runs).flatMap(([name, { probe }]) => {
    const best = Math.max(probe.untrained.top1, probe.pixels.top1);
    if (probe.top1 > best) return [];
    return [
      `${name} is not above its baselines here: ${percent(probe.top1)} against ${percent(best)}. It may need more epochs or images.`,
    ];
  });
}
