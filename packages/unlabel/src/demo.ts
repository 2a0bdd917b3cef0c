// The demo: both methods on the same images, their probes beside the baselines, and one report.
import { join } from "node:path";
import type { Settings } from "./config/resolve.ts";
import { METHODS, type MethodName } from "./config/schema.ts";
import { probe } from "./eval/probe.ts";
import { writeReport } from "./report/index.ts";
import { stamp } from "./train/plan.ts";
import { pretrain } from "./train/pretrain.ts";
import type { ProgressStream } from "./train/progress.ts";

export interface DemoOptions {
  /** Folder of labelled images. */
  data: string;
  /** Where runs and report go; by default `runs/demo-TIME`. */
  out?: string | undefined;
  /** Settings of both methods over preset `small`. */
  settings?: Settings;
  /** Where progress goes; by default stderr. */
  stream?: ProgressStream;
}

interface Score {
  top1: number;
  top5: number;
  f1: number;
}

export interface DemoRun {
  run: string;
  probe: Score & { untrained: Score; pixels: Score };
}

export interface DemoResult {
  /** The report's path. */
  report: string;
  runs: Record<MethodName, DemoRun>;
}

/**
 * Trains SimCLR and MAE, probes them and both baselines under one protocol, and writes the report.
 *
 * @returns null where Ctrl-C ended a training; what was trained so far is saved
 * @throws {UserError} as pretrain and probe do
 */
export async function demo({
  data,
  out,
  settings = {},
  stream = process.stderr,
}: DemoOptions): Promise<DemoResult | null> {
  const folder = out ?? join("runs", `demo-${stamp(new Date())}`);
  const runs: [MethodName, DemoRun][] = [];
  for (const method of METHODS) {
    const flags = { ...settings, method };
    const { run, interrupted } = await pretrain({ data, settings: { flags }, out: join(folder, method), stream });
    if (interrupted) return null;
    const { untrained, pixels, ...trained } = await probe(run, data, { stream });
    if (!pixels) throw new Error("Expected the probe on raw pixels, got none");
    runs.push([method, { run, probe: { ...short(trained), untrained: short(untrained), pixels: short(pixels) } }]);
  }
  const report = join(folder, "report.html");
  await writeReport(
    runs.map(([, { run }]) => run),
    report,
  );
  return { report, runs: Object.fromEntries(runs) as DemoResult["runs"] };
}

function short({ top1, top5, f1 }: Score): Score {
  return { top1, top5, f1 };
}
