// The probe's work, which needs the engine: one pass over the images encodes them for all features, and each is probed.
import { engineInfo, setThreads } from "@unlabel/torch";
import type { ClassName, Dataset, Split } from "../data/folder.ts";
import { chooseDevice, choosePrecision, chooseThreads } from "../train/machine.ts";
import { Progress } from "../train/progress.ts";
import type { RunDirectory } from "../train/run.ts";
import { trainedMethod, untrainedMethod } from "./baselines.ts";
import { extract, type FeatureFunction, frozen, pixelFeatures } from "./features.ts";
import { type Features, linearProbe, PROBE, type ProbeOutcome } from "./linear.ts";
import type { Evaluation, ProbeOptions, Score } from "./probe.ts";
import type { ProbeSplits } from "./splits.ts";

/** Probes the encoder of a run's last checkpoint, the untrained one and, unless left out, raw pixels. */
export async function evaluate(
  run: RunDirectory,
  data: Dataset,
  { train, val, notes: known }: ProbeSplits,
  seed: number,
  options: ProbeOptions,
): Promise<Evaluation> {
  const began = performance.now();
  const { config } = run.info;
  const settings = { ...PROBE, ...options.settings, seed };
  const notes = [...known];
  const device = chooseDevice(options.device ?? "auto", engineInfo());
  setThreads(chooseThreads(options.threads ?? "auto"));
  const { method: trained, step } = trainedMethod(run);
  const untrained = untrainedMethod(config);
  const [after, before] = [trained.encoder, untrained.encoder];
  for (const encoder of [after, before]) encoder.to({ device, memoryFormat: "channels_last" });
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
  if (skipped > 0) notes.push(`${skipped === 1 ? "1 image" : `${skipped} images`} could not be read: left out`);

  const outcomes: Record<string, ProbeOutcome> = {};
  for (const name of Object.keys(functions)) {
    const [from, on] = [fitted[name]!, scored[name]!];
    progress.log(`fitting a linear layer on ${from.x.shape.join(" × ")} features: ${name}`);
    outcomes[name] = linearProbe(from, on, data.classes.length, settings);
  }
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
  return evaluation;
}

function score({ top1, top5, f1, per_class, lr }: ProbeOutcome, classes: ClassName[]): Score {
  return { top1, top5, f1, per_class: per_class.map((one, c) => ({ name: classes[c]!.name, ...one })), lr };
}

function free(all: Features[]): void {
  for (const { x } of all) x.dispose();
}
