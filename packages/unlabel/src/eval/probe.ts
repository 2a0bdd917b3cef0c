// `probe`: how well a linear layer reads classes off a run's frozen features, beside the same on the untrained encoder
// and on raw pixels. What can be refused is refused here, before LibTorch is loaded.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/schema.ts";
import type { ClassName } from "../data/folder.ts";
import { openData } from "../data/open.ts";
import { UserError } from "../errors.ts";
import { makeFolder, writeAtomically } from "../files.ts";
import type { ProgressStream } from "../train/progress.ts";
import { RunDirectory } from "../train/run.ts";
import type { ProbeSettings } from "./linear.ts";
import type { ClassScore } from "./metrics.ts";
import { probeSplits } from "./splits.ts";

export interface ProbeOptions {
  /** Settings of the probe where they differ from its defaults; the seed is the run's where none is given. */
  settings?: Partial<ProbeSettings>;
  /** Whether raw pixels are probed too. Default true. */
  pixels?: boolean;
  /** Goes on where `val` has classes that `train` lacks. */
  allowClassMismatch?: boolean;
  device?: Config["device"];
  threads?: Config["threads"];
  precision?: Config["precision"];
  /** Where progress goes; by default stderr. */
  stream?: ProgressStream;
}

/** One probe's scores. */
export interface Score {
  top1: number;
  top5: number;
  /** Macro-F1. */
  f1: number;
  per_class: (ClassScore & { name: string })[];
  /** The learning rate that was used. */
  lr: number;
}

/** What eval/linear.json holds. */
export interface Evaluation extends Score {
  protocol: "linear";
  split: "val";
  seed: number;
  /** The training step that the encoder was saved after. */
  step: number;
  /** Of the images probed on. */
  fingerprint: string;
  train_images: number;
  val_images: number;
  classes: ClassName[];
  confusion: number[][];
  curve: { epoch: number; loss: number }[];
  settings: ProbeSettings & { tried: { lr: number; top1: number }[]; size: number };
  seconds: number;
  untrained: Score;
  pixels?: Score;
  /** What a reader of the numbers should know. */
  notes: string[];
}

/**
 * Probes a run's encoder on labelled images and writes `eval/linear.json` into the run.
 *
 * @throws {UserError} where there is no checkpoint, no labels, or `train` lacks classes of `val`
 */
export async function probe(runPath: string, dataRoot: string, options: ProbeOptions = {}): Promise<Evaluation> {
  const run = RunDirectory.open(runPath);
  if (!existsSync(run.weights))
    throw new UserError(`Expected a checkpoint in ${run.path}, got none; its status is ${run.info.status}`);
  const data = await openData(dataRoot);
  const seed = options.settings?.seed ?? run.info.config.seed;
  const splits = probeSplits(data, seed, options.allowClassMismatch);
  const { evaluate } = await import("./evaluate.ts");
  const evaluation = await evaluate(run, data, splits, seed, options);
  makeFolder(join(run.path, "eval"));
  writeAtomically(join(run.path, "eval", "linear.json"), `${JSON.stringify(evaluation)}\n`);
  return evaluation;
}
