// A run's folder without a training: what its run.json says, rows of its metrics, and files that stand in for weights.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { withoutImages } from "../config/channels.ts";
import { PHOTOGRAPHS } from "../data/input.ts";
import { resolveConfig } from "../methods/registry.ts";
import type { RunDirectory, RunInfo } from "../run/directory.ts";
import { temporaryFolder } from "./data.ts";

export const info: RunInfo = {
  schema: 2,
  status: "running",
  method: "simclr",
  config: withoutImages(resolveConfig({ flags: { method: "simclr" } })),
  seed: 0,
  created: "2026-01-01T00:00:00.000Z",
  finished: null,
  versions: { unlabel: "0.1.0", libtorch: "2.15.0", node: "20.19.0" },
  device: "cpu",
  precision: "fp32",
  threads: 1,
  commit: null,
  command: "unlabel pretrain DATA --method simclr",
  data: { root: "DATA", layout: "flat", fingerprint: "f", train: 10, val: 0, classes: [], input: PHOTOGRAPHS },
  parameters: { encoder: 1, total: 2 },
  chance: null,
  floor: null,
  steps_per_epoch: 2,
  result: null,
};

/** A place for a run, a new one for each test. */
export function placeForEach(): { readonly folder: string; readonly path: string } {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder[Symbol.dispose]());
  return {
    get folder() {
      return folder.path;
    },
    get path() {
      return join(folder.path, "run");
    },
  };
}

export const row = (step: number) => ({ step, epoch: 1, seconds: step, "train/loss": 1 / step });

/** Stands in for weights: a file that holds its step. */
export function stepOf(file: string): number {
  const text = readFileSync(file, "utf8");
  if (!/^\d+$/.test(text)) throw new Error(`${file}: it is damaged`);
  return Number(text);
}

export function save(run: RunDirectory, step: number): void {
  run.checkpoint((weights, state) => {
    writeFileSync(weights, String(step));
    writeFileSync(state, String(step));
  }, stepOf);
}
