// The demo: a comparison of two methods with as many steps as a few minutes allow, on small images.

import { join } from "node:path";
import { UserError } from "../base/errors.ts";
import type { Settings } from "../config/settings.ts";
import { autoMethods } from "../methods/measured.ts";
import { AUTO } from "../methods/presets.ts";
import type { KnnEvaluation, LinearEvaluation } from "../run/evaluations.ts";
import type { TrainEvent } from "../train/pretrain.ts";
import type { ProgressStream } from "../train/progress.ts";
import type { StopSources } from "../train/stop.ts";
import { compare } from "./compare.ts";
import type { Budget } from "./plan.ts";

/** What the demo compares, and how long it trains each. */
export interface DemoCourse {
  /** Names of methods. */
  methods: readonly string[];
  /** Where their settings start from. */
  preset: string;
  /** What each may spend. */
  budget: Budget;
  /** By method: settings over those of the preset. */
  own?: Readonly<Record<string, Settings>>;
}

/** Methods of a demo: enough to compare, few enough for minutes. */
const SHOWN = 2;
/** Of each method, in floating-point operations: some two minutes on two cores that compute 0.2 · 10¹² a second. */
const OPERATIONS = 2.8e13;

/** Of any images: the first methods of the measured table, with as much arithmetic each as takes some minutes on two cores, whatever their number. */
export const anyImages = (): DemoCourse => ({
  methods: autoMethods().methods.slice(0, SHOWN),
  preset: AUTO,
  budget: { kind: "flops", value: OPERATIONS },
});

/** Views at half of the drawings' edge, in any hue: what is left to tell an animal by is its shape. */
const ANY_HUE = { size: 32, eval_size: 64, hue: 0.5 };

/** Of the demo's own images: drawings at any place, in any colour and size. docs/evaluation.md says how these settings were chosen. */
export const ANIMALS: DemoCourse = {
  methods: ["simclr", "vicreg"],
  preset: "small",
  budget: { kind: "steps", value: { simclr: 300, vicreg: 350 } },
  own: {
    simclr: { ...ANY_HUE, crop_min: 0.25, saturation: 0.6, lr: 2e-3 },
    vicreg: {
      ...{ ...ANY_HUE, crop_min: 0.5, brightness: 0.8, contrast: 0.8, saturation: 0.8, grayscale: 0.4 },
      ...{ blur_p: 0, blur_p_second: 0, solarize_second: 0 },
    },
  },
};

/** What the demo is shown on, and where it writes. */
export interface DemoRequest extends StopSources {
  /** Folder of labelled images; the labels are for evaluation alone. */
  data: string;
  /** Folder for the runs and the report. Runs that are there already go on where they stopped. */
  out: string;
  /** Passes over the images, for all methods; by default the budget of `course`. */
  epochs?: number | undefined;
  /** Each method is trained once with each; by default with 0 alone. */
  seeds?: readonly number[];
  /** Which methods, for how long, with which settings; by default what any images get. */
  course?: DemoCourse;
  /** Settings for all methods, over those of the preset. */
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
  /** By method, or by run (`simclr-1`) where there are several seeds: the run directory, its linear probe, and kNN on the same features. */
  runs: Record<string, { run: string; evaluation: LinearEvaluation; knn: KnnEvaluation }>;
}

/**
 * Trains, evaluates and reports.
 *
 * @returns null where it was asked to stop; the same request goes on from there
 * @throws {UserError} before any training where the images have no labels to evaluate with, and where a method failed
 */
export async function demo(request: DemoRequest): Promise<DemoResult | null> {
  const { data, out, epochs, course = anyImages(), settings = {}, command = "demo() of a program", ...rest } = request;
  const { seeds = [0] } = rest;
  const compared = await compare({
    ...rest,
    data,
    methods: course.methods,
    seeds,
    budget: epochs === undefined ? course.budget : { kind: "epochs", value: epochs },
    preset: course.preset,
    backbone: null,
    settings,
    ...(course.own && { own: course.own }),
    forecast: true,
    expectLabels: true,
    out,
    report: join(out, "report.html"),
    command,
  });
  if (compared === null) return null;
  const runs = compared.runs.map(({ name, method, run, evaluations, error }) => {
    const { linear, knn } = evaluations;
    if (!linear || !knn) throw new UserError(`Expected all methods to end well, but ${method} failed: ${error}`);
    return [seeds.length > 1 ? name : method, { run, evaluation: linear, knn }] as const;
  });
  return { report: compared.report.path, runs: Object.fromEntries(runs) };
}
