// What training would cost here: a few real steps of each method and preset at two small batches, in a process of their own,
// and a straight line through both to the preset's batch. Time and memory are measured, the line is the only assumption.

import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { copyFile, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, extname, join, resolve } from "node:path";
import { allowedMemory } from "../base/allowed-memory.ts";
import { sourceOf } from "../data/described.ts";
import { imagesOf } from "../data/images.ts";
import { PHOTOGRAPHS } from "../data/input.ts";
import { IMAGE_EXTENSIONS } from "../data/walk.ts";
import type { About } from "../methods/about.ts";
import { METHODS } from "../methods/list.ts";
import { loadedPlugins, pluginMethods } from "../methods/plugins.ts";
import { AUTO, presetOf, presetsIn } from "../methods/presets.ts";
import { methodNamed } from "../methods/registry.ts";
import type { Cost, CostRequest } from "./cost.ts";
import type { Seen } from "./look.ts";

/** What one preset would take; `problem` where it could not be measured. */
export interface PresetForecast {
  /** The method's name. */
  method: string;
  /** The preset's name. */
  preset: string;
  /** The preset's encoder. */
  encoder: string;
  /** Edge of the images in pixels. */
  size: number;
  /** Images a step. */
  batch: number;
  /** Passes over the images. */
  epochs: number;
  /** Steps of one pass. */
  steps_per_epoch: number;
  /** Seconds of one step; null where it could not be measured. */
  step_s: number | null;
  /** Seconds of one pass; null where it could not be measured. */
  epoch_s: number | null;
  /** Seconds of all passes; null where it could not be measured. */
  total_s: number | null;
  /** Of main memory; null on a GPU, whose own is what counts there. */
  memory_mb: number | null;
  /** Why it could not be measured, or null. */
  problem: string | null;
}

/** What training would take here, measured by a few steps. */
export interface Forecast {
  /** Where it was measured. */
  device: string;
  /** Threads that operators computed with. */
  threads: number;
  /** The machine's main memory, MB (10^6 bytes). */
  memory_total_mb: number;
  /** One for each method and preset measured. */
  presets: PresetForecast[];
  /** The preset to begin with, and why; null where paper and auto were not both measured. */
  choice: { preset: string; why: string } | null;
  /** How it was measured, in a sentence. */
  how: string;
}

/** Images that the steps are made of. */
const SAMPLE = 64;
/** What people wait for: a night. */
export const PATIENCE_S = 12 * 3600;
/** Share of the memory that a run may take. */
const ROOM = 0.8;
const MINUTES = 5;
/** Steps are measured in a process of their own, which has the methods of files alone. */
const UNKNOWN_THERE =
  "its method was added by a program: only those that come with unlabel or from a --plugin file can be measured";

/**
 * Measures methods with each preset asked for on a sample of the images.
 *
 * @param seen the images that can be read
 * @param wanted which methods, and which of their presets
 * @returns null where there are too few images for a step
 */
export async function forecast(
  seen: readonly Seen[],
  { abouts, presets: wanted }: { abouts: readonly About[]; presets: readonly string[] },
  onMeasure: (what: string) => void,
  signal?: AbortSignal,
): Promise<Forecast | null> {
  const train = seen.filter(({ split }) => split.name === "train");
  if (train.length < 2) return null;
  const folder = mkdtempSync(join(tmpdir(), "unlabel-forecast-"));
  try {
    const sample = Array.from(
      { length: Math.min(SAMPLE, train.length) },
      (_, i, { length } = train) => train[Math.floor((i * length) / Math.min(SAMPLE, length))]!,
    );
    await copyImages(sample, folder);
    const presets: PresetForecast[] = [];
    const input = train[0]!.split.input ?? PHOTOGRAPHS;
    const sides = train.map(({ width, height }) => Math.min(width, height)).sort((a, b) => a - b);
    const side = sides[sides.length >> 1]!;
    const known = new Set([...METHODS.map(({ about }) => about.name), ...pluginMethods()]);
    let machine = { device: "cpu", threads: 1 };
    for (const preset of wanted) {
      for (const about of abouts) {
        if (!presetsIn(about).includes(preset)) continue;
        signal?.throwIfAborted();
        const method = about.name;
        onMeasure(`${method} ${preset}`);
        const request = {
          root: folder,
          method,
          preset,
          facts: { images: train.length, side, channels: input.channels },
          sample: sample.length,
          input,
          plugins: loadedPlugins(),
        };
        const costs = known.has(method) ? await measureApart(request, signal) : { problem: UNKNOWN_THERE };
        if ("device" in costs) machine = costs;
        presets.push(predict(method, preset, train.length, costs));
      }
    }
    const memory_total_mb = Math.round(allowedMemory() / 1e6);
    return {
      ...machine,
      memory_total_mb,
      presets,
      choice:
        wanted.includes("paper") && wanted.includes(AUTO)
          ? choose(
              presets.filter(({ method }) => known.has(method)),
              memory_total_mb,
            )
          : null,
      how: "Measured now with one step at each of two small batches, after one to warm up; a straight line through both gives the preset's batch. Other work on the machine counts in.",
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The sample as a folder, whatever it came from: the measuring process needs no source but that. */
async function copyImages(sample: readonly Seen[], folder: string): Promise<void> {
  // A file of many tiles is there once, and cut again; of these only the first knows its format, and readers go by content.
  const once = [...new Map(sample.map((seen) => [seen.item.tile ? seen.item.path : seen, seen])).values()];
  for (const [i, { split, item, format }] of once.entries()) {
    // As its source holds it: it is read as it should be over there.
    const [asked] = await imagesOf({ ...split, input: PHOTOGRAPHS }, [{ ...item, tile: undefined }]);
    const image = asked && sourceOf(asked);
    const name = join(folder, `${String(i).padStart(3, "0")}-${basename(item.path).slice(-40)}`);
    const encoded = IMAGE_EXTENSIONS.has(extname(name).toLowerCase()) ? name : `${name}.${format || "tif"}`;
    if (typeof image === "string") await linkOrCopy(image, encoded);
    else if (image instanceof Uint8Array) await writeFile(encoded, image);
    else if (image) {
      const { default: sharp } = await import("sharp");
      const { data, width, height } = image;
      // Pixels as sources hold them have three channels.
      await sharp(data, { raw: { width, height, channels: 3 } }).toFile(`${name}.png`);
    }
  }
}

/** Files of many tiles are large. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await symlink(resolve(from), to).catch(() => copyFile(from, to));
}

/** Runs the measurement in a process of its own, whose memory then is the run's alone. */
function measureApart(request: CostRequest, signal?: AbortSignal): Promise<Cost | { problem: string }> {
  return new Promise((answered) => {
    const child = fork(join(import.meta.dirname, "cost-main.js"), {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      ...(signal && { signal }),
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), MINUTES * 60_000);
    let answer: Cost | { problem: string } | null = null;
    let said = "";
    child.stderr?.on("data", (chunk) => {
      said += chunk;
    });
    child.on("message", (message) => {
      answer = message as Cost | { problem: string };
    });
    child.on("error", (error) => answered({ problem: error.message }));
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const killed = signal === "SIGKILL" ? `it took more than ${MINUTES} minutes, or all memory` : undefined;
      answered(answer ?? { problem: killed ?? (said.trim().split("\n").at(-1) || `it ended with ${code ?? signal}`) });
    });
    child.send(request);
  });
}

/** From two measured batches to the preset's. */
export function predict(
  method: string,
  preset: string,
  images: number,
  cost: Cost | { problem: string },
): PresetForecast {
  const { encoder, size, batch, epochs } =
    "problem" in cost ? presetOf(methodNamed(method).about, preset) : cost.settings;
  const steps_per_epoch = Math.floor(images / batch);
  const base = { method, preset, encoder, size, batch, epochs, steps_per_epoch };
  const none = { step_s: null, epoch_s: null, total_s: null, memory_mb: null };
  if ("problem" in cost) return { ...base, ...none, problem: cost.problem };
  const [low, high] = cost.points;
  const line = (of: (point: Cost["points"][0]) => number) => {
    const slope = high.batch > low.batch ? Math.max(0, (of(high) - of(low)) / (high.batch - low.batch)) : 0;
    return of(high) + slope * (batch - high.batch);
  };
  const step_s = line(({ seconds }) => seconds);
  const memory_mb = cost.device === "cpu" ? Math.round(line(({ peak_mb }) => peak_mb)) : null;
  if (steps_per_epoch === 0) {
    const problem = `${images} images do not fill its batch of ${batch}`;
    return { ...base, ...none, step_s, memory_mb, problem };
  }
  const epoch_s = step_s * steps_per_epoch;
  return { ...base, step_s, epoch_s, total_s: epoch_s * epochs, memory_mb, problem: null };
}

/** The paper's settings where a night and the memory suffice, else those that fit the images and the machine. */
export function choose(presets: readonly PresetForecast[], memoryMb: number): NonNullable<Forecast["choice"]> {
  const paper = presets.filter(({ preset }) => preset === "paper");
  const hours = Math.max(...paper.map(({ total_s }) => total_s ?? Number.POSITIVE_INFINITY)) / 3600;
  const memory = Math.max(...paper.map(({ memory_mb }) => memory_mb ?? 0));
  const problem = paper.find((one) => one.problem !== null)?.problem;
  if (problem) return { preset: AUTO, why: `paper does not go here: ${problem}` };
  if (memory > ROOM * memoryMb)
    return {
      preset: AUTO,
      why: `paper needs some ${(memory / 1000).toFixed(0)} GB of memory at its batch, and there are ${(memoryMb / 1000).toFixed(0)}`,
    };
  if (hours * 3600 > PATIENCE_S)
    return { preset: AUTO, why: `paper would take ${inWords(hours)} here, more than a night` };
  return { preset: "paper", why: `all of it takes ${inWords(hours)} here and fits in memory` };
}

function inWords(hours: number): string {
  if (hours < 1) return `${Math.ceil(hours * 60)} minutes`;
  return hours < 48 ? `${hours.toFixed(0)} hours` : `${(hours / 24).toFixed(0)} days`;
}
