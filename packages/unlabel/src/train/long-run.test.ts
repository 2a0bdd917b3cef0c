// What grows in a long run would end it after days; 2,000 steps with real images show it in seconds.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { manualSeed, memory, nn, type Tensor } from "@unlabel/torch";
import { expect, it } from "vitest";
import { withoutImages } from "../config/channels.ts";
import { Loader } from "../data/loader.ts";
import { openData } from "../data/open.ts";
import type { ViewSpec } from "../data/views.ts";
import { Encoder } from "../encoders/encoder.ts";
import { type LossOutput, Method } from "../methods/method.ts";
import { resolveConfig } from "../methods/registry.ts";
import { RunDirectory, type RunInfo } from "../run/directory.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { trainLoop } from "./loop.ts";
import { makeOptimizer } from "./optimizer.ts";
import { Progress } from "./progress.ts";

const SIZE = 16;
const STEPS = 2000;
const WARM = 500;

class Pixels extends Encoder {
  override readonly dim = 2;
  layer = new nn.Linear(3 * SIZE * SIZE, 2);
  override forward(images: Tensor): Tensor {
    return this.layer.call(images.flatten(1));
  }
}

class Toy extends Method {
  override readonly encoder = new Pixels();
  override readonly views: ViewSpec[] = [
    {
      count: 1,
      size: SIZE,
      crop: { scale: [0.5, 1], ratio: [1, 1] },
      filter: "bilinear",
      flip: 0.5,
      color: null,
      grayscale: 0,
      blur: null,
      solarize: 0,
      mean: [0, 0, 0],
      std: [1, 1, 1],
    },
  ];
  override readonly chance = null;
  override readonly floor = 0;

  override loss([images]: readonly Tensor[]): LossOutput {
    const out = this.encoder.features(images!);
    return { loss: out.square().mean([0, 1]), logs: { spread: out.detach().std() } };
  }
}

it("2,000 steps keep memory, tensors and open files flat, and note each step once", async () => {
  using folder = temporaryFolder();
  const images = join(folder.path, "images");
  await writeImages(
    images,
    [..."abcdefgh"].map((name) => `${name}.jpg`),
    20,
  );
  const data = await openData(images);
  const config = withoutImages(
    resolveConfig({
      flags: {
        method: "simclr",
        size: SIZE,
        batch: 2,
        lr: 1e-4,
        epochs: 1000,
        warmup_epochs: 0,
        checkpoint_every_epochs: 50,
      },
    }),
  );
  manualSeed(1);
  const method = new Toy();
  const loader = new Loader(data.train, method.views, { batch: 2, seed: 0 });
  const info = {
    schema: 2,
    method: "simclr",
    config,
    status: "running",
    steps_per_epoch: loader.stepsPerEpoch,
  } as RunInfo;
  const run = RunDirectory.create(join(folder.path, "run"), info);
  const files = () => readdirSync("/proc/self/fd").length;
  const seen: { step: number; rss: number; files: number; tensors: number }[] = [];
  const note = (step: number) => {
    const { rss } = process.memoryUsage();
    seen.push({
      step,
      rss: rss / 1e6,
      files: process.platform === "linux" ? files() : 0,
      tensors: memory().liveTensors,
    });
  };
  const original = run.log.bind(run);
  run.log = (row) => {
    original(row);
    if (row.step >= WARM && row.step % 250 === 0) note(row.step);
  };
  const batches = loader.batches();
  await trainLoop({
    method,
    optimizer: makeOptimizer(config, method),
    device: "cpu",
    config,
    precision: "fp32",
    run,
    batches,
    items: data.train.items,
    stepsPerEpoch: loader.stepsPerEpoch,
    total: STEPS,
    start: 0,
    progress: new Progress({ total: STEPS, stream: { write: () => {} } }),
    stop: { signal: null, release: () => {} },
  });
  await batches.return();
  expect(run.metrics().map(({ step }) => step)).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
  const [first, last] = [seen[0]!, seen.at(-1)!];
  expect([first.step, last.step]).toEqual([WARM, STEPS]);
  // A leak of one view a step would be 9 MB, of one metrics row's text far less than the collector's own swing.
  expect(last.tensors).toBe(first.tensors);
  expect(last.files).toBeLessThanOrEqual(first.files + 2);
  expect(last.rss - Math.min(...seen.map(({ rss }) => rss))).toBeLessThan(60);
});
