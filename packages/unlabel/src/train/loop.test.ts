import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fromTypedArray, loadSafetensors, manualSeed, memory, nn, noGrad, rand, type Tensor } from "@unlabel/torch";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Draws } from "../base/draws.ts";
import { withoutImages } from "../config/channels.ts";
import type { SettledConfig } from "../config/common.ts";
import type { Batch } from "../data/loader.ts";
import type { ViewSpec } from "../data/views.ts";
import { Encoder } from "../encoders/encoder.ts";
import { type LossOutput, Method, type StepProgress } from "../methods/method.ts";
import { resolveConfig } from "../methods/registry.ts";
import { RunDirectory, type RunInfo } from "../run/directory.ts";
import { summarize } from "../run/summary.ts";
import { temporaryFolder } from "../testing/data.ts";
import { info as runInfo } from "../testing/run-folder.ts";
import { loadCheckpoint } from "./checkpoint.ts";
import { trainLoop } from "./loop.ts";
import { makeOptimizer } from "./optimizer.ts";
import { Progress } from "./progress.ts";
import type { Watch } from "./watch.ts";

const VIEW: ViewSpec = {
  count: 2,
  size: 16,
  crop: { scale: [1, 1], ratio: [1, 1] },
  filter: "bilinear",
  flip: 0,
  color: null,
  grayscale: 0,
  blur: null,
  solarize: 0,
  mean: [0, 0, 0],
  std: [1, 1, 1],
};

class Pixels extends Encoder {
  override readonly dim = 4;
  layer = new nn.Linear(3 * 16 * 16, 4);
  override forward(images: Tensor): Tensor {
    return this.layer.call(images.flatten(1));
  }
}

/** Learns to give random numbers from LibTorch's generator, so that what it learns depends on that generator's state. */
class Toy extends Method {
  override readonly encoder = new Pixels();
  override readonly views = [VIEW];
  override readonly chance = 1.5;
  override readonly floor = null;
  steps: number[] = [];
  /** The first number drawn for each image, step by step. */
  drawn: number[][] = [];
  breaks = Number.POSITIVE_INFINITY;
  /** The step whose update leaves weights that are no numbers. */
  overflows = 0;

  override loss([images]: readonly Tensor[], { draws }: StepProgress): LossOutput {
    this.drawn.push(draws.uniform("toy", 1, 1).toNumbers());
    const out = this.encoder.features(images!);
    const loss = out.sub(rand(out.shape)).square().mean([0, 1]);
    const broken = this.steps.length + 1 >= this.breaks ? Number.NaN : 1;
    return { loss: loss.mul(broken), logs: { spread: out.detach().std() } };
  }

  override afterStep({ step }: { step: number }): void {
    this.steps.push(step);
    if (step === this.overflows) noGrad(() => this.encoder.layer.weight.fill_(Number.POSITIVE_INFINITY));
  }
}

const config = (flags: Record<string, unknown> = {}) =>
  withoutImages(
    resolveConfig({ flags: { method: "simclr", size: 16, batch: 2, lr: 0.01, warmup_epochs: 0, epochs: 3, ...flags } }),
  );
const info = (settings: SettledConfig): RunInfo => ({
  ...runInfo,
  config: settings,
  data: { ...runInfo.data, train: 8 },
  steps_per_epoch: 4,
});

/** The batch of a step is the same whenever it is asked for, as a loader's is. */
async function* batchesFrom(start: number, size = 16): AsyncGenerator<Batch> {
  for (let step = start; ; step++) {
    const values = Float32Array.from({ length: 4 * 3 * size * size }, (_, i) => Math.sin(i * (step + 1)));
    const views = [fromTypedArray(values, [4, 3, size, size])];
    yield { step, epoch: Math.floor(step / 4), views, indices: new Int32Array([0, 1]), waitSeconds: 0 };
  }
}

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder[Symbol.dispose]());

/** Trains a fresh toy as a new process would: until `total`, or until asked to stop after `stopAfter` steps. */
async function trainToy(
  out: string,
  options: {
    flags?: Record<string, unknown>;
    resume?: boolean;
    stopAfter?: number;
    breaks?: number;
    overflows?: number;
    size?: number;
    watch?: Watch;
    first?: number;
  } = {},
) {
  const settings = config(options.flags);
  manualSeed(1);
  const method = new Toy();
  method.breaks = options.breaks ?? method.breaks;
  method.overflows = options.overflows ?? 0;
  const trained = { method, optimizer: makeOptimizer(settings, method), device: "cpu" };
  const run = options.resume ? RunDirectory.open(out) : RunDirectory.create(out, info(settings));
  const start = options.resume ? loadCheckpoint(run, trained).step : 0;
  if (options.resume) run.rewind(start);
  const log: string[] = [];
  const progress = new Progress({ total: 12, stream: { write: (text) => log.push(text) } });
  const stop = {
    get signal() {
      return method.steps.length >= (options.stopAfter ?? Number.POSITIVE_INFINITY) ? ("SIGINT" as const) : null;
    },
    release: () => {},
  };
  const done = trainLoop({
    ...trained,
    config: settings,
    precision: "fp32",
    run,
    batches: batchesFrom(start, options.size),
    items: [{ path: "a.jpg" }, { path: "b.jpg" }],
    stepsPerEpoch: 4,
    total: 12,
    start,
    progress,
    stop,
    ...(options.first !== undefined && { first: options.first }),
    ...(options.watch && { watch: options.watch }),
  });
  return { run, method, log, step: await done };
}

/** Looks after every step, and takes so many seconds for it. */
function slowWatch(seconds: number): Watch {
  type Used =
    | "begin"
    | "due"
    | "flush"
    | "learner"
    | "leftOut"
    | "look"
    | "observe"
    | "seconds"
    | "takeComplaint"
    | "takePictures";
  const watch: Pick<Watch, Used> = {
    seconds: 0,
    begin: async () => {},
    flush: async () => {},
    takeComplaint: () => null,
    takePictures: () => [],
    due: () => false,
    look: async () => {
      await setTimeout(1000 * seconds);
      return { "watch/seconds": seconds };
    },
    learner: () => undefined,
    observe: () => false,
    leftOut: () => null,
  };
  return watch as Watch;
}

const weightsOf = (run: RunDirectory) =>
  Object.fromEntries(Object.entries(loadSafetensors(run.weights).tensors).map(([name, t]) => [name, t.toNumbers()]));
/** Metrics without what a clock measures. */
const learnt = (run: RunDirectory) =>
  run.metrics().map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !/seconds|data\//.test(name))));

describe("trainLoop", () => {
  it("logs every step, tells the method, and leaves a checkpoint of the last", async () => {
    const { run, method, step, log } = await trainToy(join(folder.path, "a"));
    expect(step).toBe(12);
    expect(method.steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    const rows = run.metrics();
    expect(rows.map((row) => [row.step, row.epoch])).toEqual(method.steps.map((n) => [n, Math.ceil(n / 4)]));
    expect(Object.keys(rows[0]!)).toEqual(
      "step epoch seconds train/loss train/lr train/grad_norm train/spread data/images_per_s data/wait_s".split(" "),
    );
    expect(rows[11]!["train/loss"]).toBeLessThan(rows[0]!["train/loss"]!);
    const names = ["last.safetensors", "last.state.safetensors", "previous.safetensors", "previous.state.safetensors"];
    expect(readdirSync(join(run.path, "checkpoints")).sort()).toEqual(names);
    expect(weightsOf(run)["encoder.layer.weight"]).toEqual(method.encoder.layer.weight.toNumbers());
    expect(log.join("")).toContain(`starting loss ${rows[0]!["train/loss"]!.toFixed(4)} (1.5000 is chance)`);
    expect(run.info.chance).toBe(1.5);
  });

  it.each([
    ["adamw", 1],
    ["adamw", 5],
    ["lars", 6],
    ["sgd", 11],
  ])(
    "resumed, gives the numbers of an uninterrupted run bit for bit (%s, stopped after %d)",
    async (optimizer, stopAfter) => {
      const flags = { optimizer };
      const { run: whole } = await trainToy(join(folder.path, "whole"), { flags });
      const out = join(folder.path, "parts");
      const first = await trainToy(out, { flags, stopAfter });
      expect(first.step).toBe(stopAfter);
      const second = await trainToy(out, { flags, resume: true });
      expect(second.method.steps[0]).toBe(stopAfter + 1);
      expect(learnt(second.run)).toEqual(learnt(whole));
      expect(weightsOf(second.run)).toEqual(weightsOf(whole));
      const times = second.run.metrics().map(({ seconds }) => seconds);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    },
  );

  it("goes on from the last saved epoch after a crash, without a step missing or double", async () => {
    const { run: whole } = await trainToy(join(folder.path, "whole"));
    const out = join(folder.path, "crashed");
    await expect(trainToy(out, { breaks: 7 })).rejects.toThrow(
      /Expected finite numbers at step 7, got a loss of NaN; the checkpoint of step 4 is whole\. Try a lower lr than 0.01/,
    );
    expect(JSON.parse(readFileSync(join(out, "bad-batch.json"), "utf8"))).toEqual({
      step: 7,
      loss: "NaN",
      grad_norm: "NaN",
      lr: expect.any(Number),
      seed: 0,
      images: [
        { index: 0, path: "a.jpg" },
        { index: 1, path: "b.jpg" },
      ],
    });
    const { run } = await trainToy(out, { resume: true });
    expect(learnt(run)).toEqual(learnt(whole));
    expect(readFileSync(run.weights)).toEqual(readFileSync(whole.weights));
  });

  it("saves no weights that an update has broken, though loss and gradients were finite", async () => {
    const out = join(folder.path, "overflow");
    const failing = trainToy(out, { overflows: 8 });
    await expect(failing).rejects.toThrow(
      /Expected finite weights at step 8, got a norm of (NaN|Infinity); the checkpoint of step 4/,
    );
    expect(loadSafetensors(RunDirectory.open(out).weights).metadata.step).toBe("4");
  });

  it("saves nothing where the very first loss is not a number", async () => {
    const out = join(folder.path, "nan");
    await expect(trainToy(out, { breaks: 1 })).rejects.toThrow("got a loss of NaN; nothing was saved");
    expect(readdirSync(join(out, "checkpoints"))).toEqual([]);
  });

  it("refuses views of another shape than the method asked for", async () => {
    await expect(trainToy(join(folder.path, "shape"), { size: 8 })).rejects.toThrow(
      "Expected views of shape [4, 3, 16, 16] from the loader, got [4, 3, 8, 8]",
    );
  });

  it("counts what looking takes neither as a step's time nor as a step's speed", async () => {
    const { run } = await trainToy(join(folder.path, "watched"), { watch: slowWatch(0.2) });
    const rows = run.metrics();
    const trained = rows.reduce((sum, row) => sum + 2 / row["data/images_per_s"]!, 0);
    const watched = rows.reduce((sum, row) => sum + row["watch/seconds"]!, 0);
    expect(watched).toBeCloseTo(12 * 0.2, 5);
    // Both are within the run's time, one beside the other.
    expect(trained + watched).toBeLessThan(rows[11]!.seconds + 0.1);
    expect(summarize(run, 2, 4, 0).watch_s).toBeCloseTo(watched, 5);
  });

  it("keeps no tensor from step to step", async () => {
    await trainToy(join(folder.path, "warm"));
    const before = memory().liveTensors;
    const { method } = await trainToy(join(folder.path, "again"));
    // What a run itself holds: two parameters and Adam's three tensors for each.
    expect(memory().liveTensors - before).toBeLessThanOrEqual(8);
    method.dispose();
  });
});

it("summarize takes the median speed after the second step", () => {
  const run = RunDirectory.create(join(folder.path, "sum"), info(config()));
  const speeds = [1, 2, 10, 30, 20, 40];
  for (const [i, speed] of speeds.entries()) {
    run.log({ step: i + 1, epoch: 1, seconds: i, "train/loss": 5 - i, "data/images_per_s": speed });
  }
  run.skip("a", "cut off");
  run.skip("a", "cut off");
  expect(summarize(run, 2, 4, 123.4)).toEqual({
    steps: 6,
    epochs: 1.5,
    seconds: 5,
    images_per_s: 25,
    step_s: 0.08,
    loss_first: 5,
    loss_last: 0,
    peak_mb: 123,
    skipped: 1,
    watch_s: 0,
  });
});

it("draws for its own places in the global batch: two ranks draw what one would for both", async () => {
  const drawn = async (name: string, first?: number) =>
    (await trainToy(join(folder.path, name), first === undefined ? {} : { first })).method.drawn;
  const [alone, rank0, rank1] = [await drawn("alone"), await drawn("rank0", 0), await drawn("rank1", 2)];
  expect(rank0).toEqual(alone);
  expect(rank1).toHaveLength(12);
  for (const [step, numbers] of rank1.entries()) {
    const both = new Draws(0, step + 1, Int32Array.of(0, 1, 2, 3)).uniform("toy", 1, 1).toNumbers();
    expect([...rank0[step]!, ...numbers]).toEqual(both);
  }
});
