// The demo: a comparison of both methods with as many steps as a few minutes allow, on small images.

import { join } from "node:path";
import { UserError } from "../base/errors.ts";
import type { Settings } from "../config/settings.ts";
import type { LinearEvaluation } from "../run/evaluations.ts";
import type { TrainEvent } from "../train/pretrain.ts";
import type { ProgressStream } from "../train/progress.ts";
import type { StopSources } from "../train/stop.ts";
import { compare } from "./compare.ts";

/** How long the demo trains each method, and with which settings. */
export interface DemoLength {
  /** Steps of each method. */
  steps: Record<"simclr" | "mae", number>;
  /** By method: settings over those of preset `small`. */
  own?: Readonly<Record<string, Settings>>;
}

/**
 * Of any images: some minutes each on two cores, whatever their number. MAE's steps are cheaper: its encoder sees a quarter of the
 * patches of one view where SimCLR's sees two views, and its batches are half as large.
 */
export const ANY_IMAGES: DemoLength = { steps: { simclr: 240, mae: 800 } };

/**
 * Of the demo's own images: drawings at any place, in any colour and size. Views that show most of an image in any hue leave the
 * shape of what is drawn as all that tells it.
 */
export const ANIMALS: DemoLength = {
  steps: { simclr: 400, mae: 400 },
  own: {
    simclr: { size: 32, eval_size: 56, crop_min: 0.5, saturation: 0.6, hue: 0.5, lr: 2e-3 },
    // Drawings are told by few patches each: reconstruction alone leaves all of them alike.
    mae: { uniformity: 5 },
  },
};

/** What the demo is shown on, and where it writes. */
export interface DemoRequest extends StopSources {
  /** Folder of labelled images; the labels are for evaluation alone. */
  data: string;
  /** Folder for the runs and the report. Runs that are there already go on where they stopped. */
  out: string;
  /** Passes over the images, for both methods; by default the steps of `length`. */
  epochs?: number | undefined;
  /** Each method is trained once with each; by default with 0 alone. */
  seeds?: readonly number[];
  /** How long each method trains, and with which settings; by default what any images get. */
  length?: DemoLength;
  /** Settings for both methods, over those of preset `small`. */
  settings?: Settings;
  /** The command line that goes on with it after an interruption, for the log; by default it says none. */
  goOn?: string | null;
  /** Where progress goes; by default stderr. */
  stream?: ProgressStream;
  /** Called while a run trains; `run` is its name. */
  onEvent?: ((event: TrainEvent, run: string) => void) | undefined;
  /** The command line that each run.json keeps. */
  command?: string;
  /** Commit of the project that it is called in, for each run.json. */
  commit?: string | null;
}

/** What the demo came to. */
export interface DemoResult {
  /** The report's path. */
  report: string;
  /** By method, or by run (`mae-1`) where there are several seeds: the run directory, and its linear probe. */
  runs: Record<string, { run: string; evaluation: LinearEvaluation }>;
}

/**
 * Trains, evaluates and reports.
 *
 * @returns null where it was asked to stop; the same request goes on from there
 * @throws {UserError} before any training where the images have no labels to evaluate with, and where a method failed
 */
export async function demo(request: DemoRequest): Promise<DemoResult | null> {
  const { data, out, epochs, length = ANY_IMAGES, settings = {}, command = "demo() of a program", ...rest } = request;
  const { seeds = [0] } = rest;
  const compared = await compare({
    ...rest,
    data,
    methods: ["simclr", "mae"],
    seeds,
    budget: epochs === undefined ? { kind: "steps", value: length.steps } : { kind: "epochs", value: epochs },
    preset: "small",
    backbone: null,
    settings,
    ...(length.own && { own: length.own }),
    forecast: true,
    expectLabels: true,
    out,
    report: join(out, "report.html"),
    command,
  });
  if (compared === null) return null;
  const runs = compared.runs.map(({ name, method, run, evaluations, error }) => {
    if (!evaluations.linear) throw new UserError(`Expected both methods to end well, but ${method} failed: ${error}`);
    return [seeds.length > 1 ? name : method, { run, evaluation: evaluations.linear }] as const;
  });
  return { report: compared.report.path, runs: Object.fromEntries(runs) as DemoResult["runs"] };
}
