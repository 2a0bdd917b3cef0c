// Writes run directories as pretrain and probe leave them, from made-up numbers: for tests of what reads runs.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { Rng } from "../base/rng.ts";
import { presetConfig } from "../methods/presets.ts";
import { samplePixels } from "./data.ts";
import { writeProtocols } from "./protocols-fixture.ts";

export type RunOptions = {
  method?: string;
  steps?: number;
  classes?: readonly string[];
  valImages?: number;
  /** Null leaves the run unprobed. */
  top1?: number | null;
  untrained?: number | null;
  pixels?: number | null;
  /** Top-1 by kNN; with it come few-shot, retrieval and pictures.json with its sprite. */
  knn?: number;
  seed?: number;
  /** Replaces keys of run.json. */
  run?: Record<string, unknown>;
  /** Replaces keys of the config. */
  config?: Record<string, unknown>;
  /** Triplets of pictures; by default four for MAE. */
  pictures?: number;
  skipped?: readonly { path: string; reason: string }[];
};

/** Imagenette's classes. */
export const TEN_CLASSES = [
  "tench",
  "English springer",
  "cassette player",
  "chain saw",
  "church",
  "French horn",
  "garbage truck",
  "gas pump",
  "golf ball",
  "parachute",
] as const;

/** Writes a run directory at `dir`; every number in it follows from the options. */
export async function writeRun(dir: string, options: RunOptions = {}): Promise<string> {
  const { method = "simclr", steps = 1200, classes = TEN_CLASSES, top1 = 0.58, pictures } = options;
  mkdirSync(dir, { recursive: true });
  const named = classes.map((name, index) => ({ id: `n${String(index).padStart(8, "0")}`, name }));
  // Settings of its own: what the report says of them must not change with the preset.
  const config = {
    ...presetConfig(method, "small"),
    size: 64,
    batch: 128,
    ...(method === "simclr" ? { temperature: 0.5 } : { norm_pixels: true }),
    seed: options.seed ?? 0,
    ...options.config,
  };
  const perEpoch = 74;
  const [start, end] = method === "simclr" ? [5.54, 4.62] : [0.98, 0.51];
  const rate = method === "simclr" ? 212 : 334;
  const noise = new Rng(1, method);
  const lines = Array.from({ length: steps }, (_, index) => {
    const done = index / Math.max(1, steps - 1);
    return JSON.stringify({
      step: index + 1,
      epoch: (index + 1) / perEpoch,
      seconds: ((index + 1) * config.batch) / rate,
      "train/loss": end + (start - end) * Math.exp(-4 * done) + noise.uniform(-0.06, 0.06) * (start - end),
      "train/lr": config.lr * Math.min(1, (index + 1) / perEpoch) * 0.5 * (1 + Math.cos(Math.PI * done)),
      "data/images_per_s": rate * noise.uniform(0.93, 1.05),
      "data/wait_s": noise.uniform(0, 0.01),
      ...(options.knn !== undefined &&
        index % 10 === 9 && {
          "health/std": 0.9,
          "health/rank": 10 + 20 * done,
          "health/alignment": 1 - 0.5 * done,
          "health/uniformity": -1 - done,
          "online/linear_top1": 0.1 + options.knn * done,
          "online/knn_top1": 0.1 + 0.8 * options.knn * done,
        }),
    });
  });
  writeFileSync(join(dir, "metrics.jsonl"), lines.map((line) => `${line}\n`).join(""));
  const run = {
    schema: 1,
    status: "done",
    method,
    config,
    seed: options.seed ?? 0,
    created: "2026-11-03T09:12:44.000Z",
    finished: "2026-11-03T09:25:02.000Z",
    versions: { unlabel: "0.1.0", libtorch: "2.15.0", node: "20.20.2" },
    device: "cpu",
    precision: "fp32",
    threads: 2,
    commit: "4f1c2ab90d3e5b7788aa11cc22dd33ee44ff5566",
    command: `unlabel pretrain data/imagenette --method ${method} --preset small --out ${dir}`,
    data: {
      root: "data/imagenette",
      layout: "imagenet-100",
      fingerprint: "9b1d2c3e4f506172",
      train: 9469,
      val: 3925,
      classes: named,
    },
    parameters: method === "simclr" ? { encoder: 11176512, total: 11504704 } : { encoder: 5402112, total: 5983168 },
    chance: method === "simclr" ? Math.log(2 * config.batch - 1) : null,
    floor:
      method === "simclr" ? Math.log(1 + (2 * config.batch - 2) * Math.exp(-(1 + 1 / (config.batch - 1)) / 0.5)) : 0,
    steps_per_epoch: perEpoch,
    result: {
      steps,
      epochs: steps / perEpoch,
      seconds: (steps * config.batch) / rate,
      images_per_s: rate,
      step_s: config.batch / rate,
      loss_first: start,
      loss_last: end,
      peak_mb: method === "simclr" ? 1460 : 980,
      skipped: options.skipped?.length ?? 0,
    },
    ...options.run,
  };
  writeFileSync(join(dir, "run.json"), JSON.stringify(run, null, 2));
  if (options.skipped) {
    writeFileSync(join(dir, "skipped.jsonl"), options.skipped.map((one) => `${JSON.stringify(one)}\n`).join(""));
  }
  if (top1 !== null) writeEvaluation(dir, named, top1, options, run.data?.fingerprint);
  if (options.knn !== undefined) await writeProtocols(join(dir, "eval"), options.knn);
  const triplets = pictures ?? (method === "mae" ? 4 : 0);
  if (triplets) await writePictures(join(dir, "pictures"), triplets, config.size);
  return dir;
}

function writeEvaluation(
  dir: string,
  classes: { id: string; name: string }[],
  top1: number,
  options: RunOptions,
  fingerprint: string | undefined,
) {
  const { valImages = 3925, untrained = 0.407, pixels = 0.312 } = options;
  const noise = new Rng(2, `${options.method ?? "simclr"}-confusion`);
  const support = Math.max(1, Math.round(valImages / classes.length));
  const confusion = classes.map((_, truth) => {
    const own = Math.round(support * Math.min(1, Math.max(0, top1 + noise.uniform(-0.2, 0.2))));
    const row = classes.map((_, taken) => (taken === truth ? own : 0));
    for (let left = support - own; left > 0; left--) {
      const near = Math.floor(noise.uniform(0, 1) ** 2.5 * classes.length);
      const taken = (truth + 1 + near) % classes.length;
      row[taken] = (row[taken] ?? 0) + 1;
    }
    return row;
  });
  const perClass = (shift: number) =>
    classes.map(({ name }, index) => {
      const right = confusion[index]?.[index] ?? 0;
      const said = confusion.reduce((sum, row) => sum + (row[index] ?? 0), 0);
      const f1 = Math.max(0, (2 * right) / (support + said || 1) + shift);
      return { name, f1, precision: right / (said || 1), recall: right / support, support };
    });
  const scores = (value: number) => ({ top1: value, top5: Math.min(1, value + 0.3), f1: Math.max(0, value - 0.006) });
  const evaluation = {
    protocol: "linear",
    split: "val",
    seed: 0,
    step: options.steps ?? 1200,
    fingerprint,
    notes: [],
    train_images: 9469,
    val_images: valImages,
    classes,
    ...scores(top1),
    per_class: perClass(0),
    confusion,
    curve: Array.from({ length: 100 }, (_, epoch) => ({ epoch: epoch + 1, loss: 1 + Math.exp(-epoch / 20) })),
    settings: { epochs: 100, batch: 256, lr: 0.03 },
    seconds: 41.2,
    untrained: untrained === null ? null : { ...scores(untrained), per_class: perClass(untrained - top1) },
    pixels: pixels === null ? undefined : scores(pixels),
  };
  mkdirSync(join(dir, "eval"), { recursive: true });
  writeFileSync(join(dir, "eval", "linear.json"), JSON.stringify(evaluation));
}

async function writePictures(folder: string, triplets: number, size: number): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const items = [];
  for (let index = 0; index < triplets; index++) {
    const item = { original: `${index}.png`, masked: `${index}-masked.png`, reconstructed: `${index}-rec.png` };
    const original = sharp(samplePixels(size, size, index), { raw: { width: size, height: size, channels: 3 } });
    const patch = Math.floor(size / 4);
    const gray = await sharp({ create: { width: patch, height: patch, channels: 3, background: "#808080" } })
      .png()
      .toBuffer();
    const hidden = Array.from({ length: 16 }, (_, at) => at).filter(
      (at) => ![0, 6, 11, 13].some((seen) => (seen + index * 3) % 16 === at),
    );
    const covers = hidden.map((at) => ({ input: gray, left: (at % 4) * patch, top: Math.floor(at / 4) * patch }));
    await original.clone().png().toFile(join(folder, item.original));
    await original.clone().composite(covers).png().toFile(join(folder, item.masked));
    await original.clone().blur(3).png().toFile(join(folder, item.reconstructed));
    items.push(item);
  }
  writeFileSync(join(folder, "mae.json"), JSON.stringify({ size, items }));
}
