// The demo: both methods on one folder of images, each probed beside its baselines under one protocol, and the report.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { presets } from "./config/presets.ts";
import type { Settings } from "./config/resolve.ts";
import { METHODS, type MethodName } from "./config/schema.ts";
import { openData } from "./data/open.ts";
import { probe } from "./eval/probe.ts";
import { probeSplits } from "./eval/splits.ts";
import type { LinearEvaluation } from "./eval/types.ts";
import { writeReport } from "./report/index.ts";
import { pretrain } from "./train/pretrain.ts";
import type { ProgressStream } from "./train/progress.ts";

/**
 * Steps of each method: three to four minutes each on two cores, whatever the number of images. MAE's are cheaper, since its
 * encoder sees a quarter of the patches of one view where SimCLR's sees two views.
 */
const STEPS: Record<MethodName, number> = { simclr: 220, mae: 1050 };

export interface DemoRequest {
  /** Folder of labelled images; the labels are for the probes alone. */
  data: string;
  /** Folder for the runs and the report. Runs that are there already go on where they stopped. */
  out: string;
  /** Settings for both methods, over those of preset `small`; without epochs, a fixed number of steps. */
  settings?: Settings;
  /** Where progress goes; by default stderr. */
  stream?: ProgressStream;
}

export interface DemoResult {
  /** The report's path. */
  report: string;
  runs: Record<MethodName, { run: string; evaluation: LinearEvaluation }>;
}

/**
 * Trains, probes and reports.
 *
 * @returns null where Ctrl-C ended it early; the same request goes on from there
 * @throws {UserError} before any training where the images have no labels to probe with
 */
export async function demo({
  data,
  out,
  settings = {},
  stream = process.stderr,
}: DemoRequest): Promise<DemoResult | null> {
  const dataset = await openData(data);
  probeSplits(dataset, 0);
  const runs: Partial<DemoResult["runs"]> = {};
  for (const method of METHODS) {
    const run = join(out, method);
    const resume = existsSync(join(run, "run.json"));
    const flags = { method, preset: "small", ...lengthOf(method, dataset.train.items.length, settings), ...settings };
    const { interrupted } = await pretrain({ data, settings: { flags }, out: run, resume, stream });
    if (interrupted) return null;
    runs[method] = { run, evaluation: await probe(run, data, { stream }) };
  }
  const report = join(out, "report.html");
  await writeReport(
    Object.values(runs).map(({ run }) => run),
    report,
  );
  return { report, runs: runs as DemoResult["runs"] };
}

/** Batch, epochs and steps for a folder of `images`, which may be fewer than a batch. */
function lengthOf(method: MethodName, images: number, settings: Settings): Settings {
  const batch = Math.min(presets[method].small.batch, images);
  if ("epochs" in settings) return { batch };
  const steps = STEPS[method];
  return { batch, epochs: Math.ceil(steps / Math.floor(images / batch)), steps };
}
