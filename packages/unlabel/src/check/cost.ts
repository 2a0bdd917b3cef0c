// Time and memory of a few real training steps: loader, network, loss, gradients, optimizer, as a run makes them.

import { performance } from "node:perf_hooks";
import { engineInfo, keepHeap, manualSeed, memory, setThreads, trimHeap } from "@unlabel/torch";
import type { Config } from "../config/common.ts";
import type { Input } from "../data/input.ts";
import { Loader } from "../data/loader.ts";
import { openImagesAs } from "../data/open-images.ts";
import { ImageReader } from "../data/reader.ts";
import type { Facts } from "../methods/about.ts";
import { fit } from "../methods/fit.ts";
import { loadPlugin } from "../methods/plugins.ts";
import { AUTO } from "../methods/presets.ts";
import { createMethod, methodNamed, resolveConfig, viewsAt } from "../methods/registry.ts";

import { averageOf } from "../train/average.ts";
import { withColorForm } from "../train/color-form.ts";
import { giveWayWhenShort } from "../train/give-way.ts";
import { averageCost, extremeSizes } from "../train/growth.ts";
import { chooseDevice, chooseThreads, forgetMemoryPeak } from "../train/machine.ts";
import { makeOptimizer } from "../train/optimizer.ts";
import { choosePrecision } from "../train/precision.ts";
import { stepSettings, trainStep } from "../train/step.ts";

export interface CostRequest {
  /** A folder of images. */
  root: string;
  method: string;
  preset: string;
  /** Files of the methods that are not unlabel's own. */
  plugins: readonly string[];
  /** How samples become the network's input. */
  input: Input;
  /** What preset `auto` chooses by, beside the device. */
  facts: Omit<Facts, "device">;
  /** Images in the folder. */
  sample: number;
}

export interface CostPoint {
  batch: number;
  /** Of one step, waiting for the images included; on average where views grow. */
  seconds: number;
  /** Peak of the process. */
  peak_mb: number;
}

export interface Cost {
  device: string;
  threads: number;
  points: [CostPoint, CostPoint];
  /** What the preset came to. */
  settings: Pick<Config, "encoder" | "size" | "batch" | "epochs">;
}

/** Steps at each batch: one to warm up, and one that counts. */
const STEPS = 2;

/** Measures steps at two batches. @throws {UserError} where the images do not fill a batch */
export async function measureCost(request: CostRequest): Promise<Cost> {
  const { root, method: name, preset, facts, sample, input, plugins } = request;
  for (const file of plugins) await loadPlugin(file);
  const flags = { method: name, preset, channels: input.channels };
  const device = chooseDevice("auto", engineInfo());
  const kind = device === "cpu" ? ("cpu" as const) : ("gpu" as const);
  const fitted = preset === AUTO ? fit(methodNamed(name).about, { ...facts, device: kind }, {}).settings : {};
  const config = withColorForm(resolveConfig({ flags, fitted }), device);
  const threads = chooseThreads(config.threads);
  setThreads(threads);
  giveWayWhenShort(threads);
  const precision = choosePrecision(config.precision, device, engineInfo());
  keepHeap();
  manualSeed(config.seed);
  const { train } = await openImagesAs(root, input);
  const reader = new ImageReader({ threads });
  const method = createMethod(config).to({ device, memoryFormat: "channels_last" }).train();
  const optimizer = makeOptimizer(config, method);
  const average = averageOf(config, method);
  const run = async (batch: number): Promise<CostPoint> => {
    trimHeap();
    forgetMemoryPeak();
    const [first, last] = extremeSizes(config);
    const small = await measure(batch, first);
    const seconds = averageCost(config, small, last === undefined ? small : await measure(batch, last));
    return { batch, seconds, peak_mb: memory().peakRssMb };
  };
  const measure = async (batch: number, size: number): Promise<number> => {
    const loader = new Loader(train, viewsAt(config, size), { batch, seed: config.seed, device, reader });
    const stream = loader.batches();
    let seconds = 0;
    try {
      for (let step = 1; step <= STEPS; step++) {
        const began = performance.now();
        const { value } = await stream.next();
        if (!value) throw new Error("Expected a batch, got the end of the data");
        trainStep({
          method,
          optimizer,
          average,
          views: value.views,
          images: value.indices,
          progress: { step, total: STEPS, epoch: 1 },
          device,
          precision,
          ...stepSettings(config),
          microBatch: null,
        });
        for (const view of value.views) view.dispose();
        seconds = (performance.now() - began) / 1000;
      }
    } finally {
      await stream.return();
    }
    return seconds;
  };
  const [few, many] = batches(config, sample);
  const points: [CostPoint, CostPoint] = [await run(few), await run(many)];
  average?.[Symbol.dispose]();
  optimizer.dispose();
  method.dispose();
  const { encoder, size, batch, epochs } = config;
  return { device, threads, points, settings: { encoder, size, batch, epochs } };
}

/** Two batches to draw a line through: the preset's own and half of it for small images, else a few images; one image is no batch to a norm. */
function batches({ size, batch }: Config, available: number): [number, number] {
  const most = Math.min(available, size <= 96 ? batch : 4);
  return [Math.min(most, Math.max(2, Math.floor(most / 2))), most];
}
