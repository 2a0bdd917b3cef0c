// `probe`: how well a linear layer reads classes off a run's frozen features, beside the same on the untrained encoder
// and on raw pixels. One pass over the images serves all three.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { engineInfo, setThreads } from "@unlabel/torch";
import type { Config } from "../config/schema.ts";
import { type ClassName, openData, type Split } from "../data/folder.ts";
import { writeAtomically } from "../train/files.ts";
import { chooseDevice, choosePrecision, chooseThreads } from "../train/machine.ts";
import { Progress, type ProgressStream } from "../train/progress.ts";
import { RunDirectory } from "../train/run.ts";
import { trainedMethod, untrainedMethod } from "./baselines.ts";
import { extract, type FeatureFunction, frozen, pixelFeatures } from "./features.ts";
import { type Features, linearProbe, PROBE, type ProbeOutcome, type ProbeSettings } from "./linear.ts";
import type { ClassScore } from "./metrics.ts";
import { probeSplits } from "./splits.ts";

export interface ProbeOptions {
  /** Settings of the probe other than {@link PROBE}'s. */
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
  const began = performance.now();
  const run = RunDirectory.open(runPath);
  const { config } = run.info;
  const data = openData(dataRoot);
  const settings = { ...PROBE, seed: config.seed, ...options.settings };
  const { train, val, notes } = probeSplits(data, settings.seed, options.allowClassMismatch);
  const device = chooseDevice(options.device ?? "auto", engineInfo());
  setThreads(chooseThreads(options.threads ?? "auto"));
  const { method: trained, step } = trainedMethod(run);
  const untrained = untrainedMethod(config);
  const encoders = [trained, untrained].map(({ encoder }) => encoder.to({ device, memoryFormat: "channels_last" }));
  const [after, before] = encoders as [(typeof encoders)[0], (typeof encoders)[0]];
  const functions: Record<string, FeatureFunction> = {
    trained: (images) => after.features(images),
    untrained: (images) => before.features(images),
    ...(options.pixels !== false && { pixels: pixelFeatures }),
  };

  const progress = new Progress({
    total: train.items.length + val.items.length,
    unit: "image",
    stream: options.stream ?? process.stderr,
  });
  for (const note of notes) progress.log(`note: ${note}`);
  let skipped = 0;
  const encode = (split: Split, done: number) =>
    extract(split, functions, {
      view: { size: config.size, mean: config.mean, std: config.std },
      batch: 256,
      device,
      precision: choosePrecision(options.precision ?? "auto", device),
      onProgress: (count) => progress.update(done + count, "", "encoding"),
      onSkip: ({ path, reason }) => {
        skipped++;
        progress.log(`skipped ${path}: ${reason}`);
      },
    });
  const [fitted, scored] = await frozen(after, () =>
    frozen(before, async () => [await encode(train, 0), await encode(val, train.items.length)] as const),
  );
  progress.end();
  if (skipped > 0)
    notes.push(
      `${skipped} ${skipped === 1 ? "image" : "images"} could not be read and ${skipped === 1 ? "was" : "were"} left out`,
    );

  const outcomes = Object.fromEntries(
    Object.keys(functions).map((name) => [
      name,
      linearProbe(fitted[name]!, scored[name]!, data.classes.length, settings),
    ]),
  );
  const main = outcomes.trained!;
  const evaluation: Evaluation = {
    protocol: "linear",
    split: "val",
    seed: settings.seed,
    step,
    fingerprint: data.fingerprint,
    train_images: fitted.trained!.labels.length,
    val_images: scored.trained!.labels.length,
    classes: data.classes,
    ...score(main, data.classes),
    confusion: main.confusion,
    curve: main.curve,
    settings: { ...settings, lr: main.lr, tried: main.tried, size: config.size },
    seconds: (performance.now() - began) / 1000,
    untrained: score(outcomes.untrained!, data.classes),
    ...(outcomes.pixels && { pixels: score(outcomes.pixels, data.classes) }),
    notes,
  };
  free([...Object.values(fitted), ...Object.values(scored)]);
  trained.dispose();
  untrained.dispose();
  mkdirSync(join(run.path, "eval"), { recursive: true });
  writeAtomically(join(run.path, "eval", "linear.json"), `${JSON.stringify(evaluation)}\n`);
  return evaluation;
}

function score({ top1, top5, f1, per_class, lr }: ProbeOutcome, classes: ClassName[]): Score {
  return { top1, top5, f1, per_class: per_class.map((one, c) => ({ name: classes[c]!.name, ...one })), lr };
}

function free(all: Features[]): void {
  for (const { x } of all) x.dispose();
}
