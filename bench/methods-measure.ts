// What bench `methods` does: speed where nothing else runs, short trials on part of train, trainings, and lightly's beside them.
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { loadavg } from "node:os";
import { basename, join, resolve } from "node:path";
import { engineInfo } from "@unlabel/torch";
import { commitOf } from "../packages/unlabel/src/base/commit.ts";
import { UserError } from "../packages/unlabel/src/base/errors.ts";
import { openData } from "../packages/unlabel/src/data/open.ts";
import type { BaselineMemory } from "../packages/unlabel/src/eval/baseline-memory.ts";
import { evaluate } from "../packages/unlabel/src/eval/evaluate.ts";
import { RunDirectory } from "../packages/unlabel/src/run/directory.ts";
import type { Protocol } from "../packages/unlabel/src/run/evaluations.ts";
import { choosePrecision } from "../packages/unlabel/src/train/precision.ts";
import { numberIn, type Outcome, runUnlabel } from "./child.ts";
import { flagsOf, type Given, LOOKED } from "./methods-plan.ts";
import type { Score, Scores } from "./methods-rows.ts";
import { type Peers, runPeer } from "./peers.ts";
import type { BenchOptions } from "./row.ts";

/** Steps of a measurement of speed, and how many there are: other work makes one slower, never faster. */
const SPEED = { steps: 14, times: 2 };
/** One of so many images of a class is held out from train for trials. */
const HELD = 10;
/** A trial's probe is fitted on one of so many of the images that it trained on: which of four settings is best shows as well. */
const FITTED = 3;

const QUIET = { write: () => true };

export const commit = () => commitOf(import.meta.dirname)?.slice(0, 10) ?? null;

/** Folders `train` and `val` of class folders, as both sides read them. */
export interface Copies {
  /** The images themselves. */
  whole: string;
  /** Train less one image in ten, which are its val. */
  held: string;
  /** What trials on `held` are scored with: some of its train, all of its val. */
  judged: string;
}

/**
 * @param every one of so many images of a class is held out
 * @throws {UserError} where the images have no val
 */
export async function copiesOf(images: string, folder: string, every = HELD): Promise<Copies> {
  const { train, val, classes } = await openData(images);
  if (!val) throw new UserError(`Expected images with train and val in ${images}, got no val`);
  const [whole, held, judged] = [join(folder, "whole"), join(folder, "held"), join(folder, "judged")];
  const link = (root: string, path: string, to: string) => {
    mkdirSync(to, { recursive: true });
    symlinkSync(resolve(root, path), join(to, basename(path)));
  };
  const counts = classes.map(() => 0);
  for (const { path, label } of train.items) {
    const { id } = classes[label]!;
    link(train.root, path, join(whole, "train", id));
    const count = counts[label]!++;
    const isHeld = count % every === every - 1;
    link(train.root, path, join(held, isHeld ? "val" : "train", id));
    if (isHeld || count % FITTED === 0) link(train.root, path, join(judged, isHeld ? "val" : "train", id));
  }
  for (const { path, label } of val.items) link(val.root, path, join(whole, "val", classes[label]!.id));
  return { whole, held, judged };
}

/** A run of ours, or of lightly's, on some images. */
export interface Side {
  /** Trains for so many steps; what it says, and where its encoder lies. */
  train(images: string, steps: number, seed: number, out: string): Promise<Trained>;
  /** Edge in pixels at which it is evaluated; undefined where its run says so. */
  evalSize?: number;
}

interface Trained {
  outcome: Outcome;
  encoder: string;
  /** Images a step. */
  batch: number;
  step_s: number;
  seconds: number;
}

/** Our command line. @param settings over preset auto's */
export function ours(settings: Given, options: BenchOptions): Side {
  const machine = machineOf(options);
  return {
    async train(images, steps, seed, out) {
      const unwatched = ["--set", "online=false", "--set", "health_every=0"];
      const length = ["--steps", String(steps), "--seed", String(seed)];
      const outcome = await runUnlabel(
        ["pretrain", images, ...flagsOf(settings), ...unwatched, ...length, ...machine, "--out", out],
        options.threads,
      );
      const { result, config } = RunDirectory.open(out).info;
      if (!result) throw new UserError(`Expected a run that is done in ${out}, got one without a result`);
      const step_s = numberIn(outcome, "step_s");
      return { outcome, encoder: out, batch: config.batch, step_s, seconds: result.seconds };
    },
  };
}

const PEER = { batch: 64, size: 64, eval_size: 128 };

/** lightly's method of that name on ResNet-18. */
export function lightlys(method: string, lr: number, peers: Peers, { threads, device }: BenchOptions): Side {
  const half = choosePrecision("auto", device, engineInfo()) === "bf16" ? ["--bf16"] : [];
  return {
    evalSize: PEER.eval_size,
    async train(images, steps, seed, out) {
      mkdirSync(out, { recursive: true });
      const encoder = join(out, "resnet18.pth");
      const what = ["--method", method, "--lr", String(lr), "--steps", String(steps), "--seed", String(seed)];
      const how = ["--size", String(PEER.size), "--batch", String(PEER.batch), ...half];
      const cores = ["--threads", String(threads), "--workers", String(Math.max(1, threads))];
      const outcome = await runPeer(
        peers,
        "method_lightly.py",
        [join(images, "train"), ...what, ...how, ...cores, "--save", encoder],
        threads,
      );
      const [step_s, seconds] = [numberIn(outcome, "step_s"), numberIn(outcome, "seconds")];
      return { outcome, encoder, batch: PEER.batch, step_s, seconds };
    },
  };
}

function machineOf({ threads, device }: BenchOptions): string[] {
  return ["--threads", String(threads), "--device", device];
}

/** How long a step takes, the least of a few short runs, and what else ran as each began. */
export async function speedOf(
  side: Side,
  images: string,
  folder: string,
  quick: boolean,
): Promise<{ step_s: number; batch: number; all: number[]; load: number[] }> {
  const [all, load]: [number[], number[]] = [[], []];
  let batch = 0;
  for (let i = 0; i < (quick ? 1 : SPEED.times); i++) {
    load.push(Math.round(100 * (loadavg()[0] ?? 0)) / 100);
    const out = join(folder, `speed-${i}`);
    const found = await side.train(images, quick ? 3 : SPEED.steps, 0, out);
    all.push(found.step_s);
    batch = found.batch;
    rmSync(out, { recursive: true, force: true });
  }
  return { step_s: Math.min(...all), batch, all, load };
}

/** What is trained on, for how long, and what scores it. */
export interface Training {
  images: string;
  /** Images that it is scored on; those that it was trained on share their folder where these are the same. */
  scored: string;
  steps: number;
  seed: number;
  out: string;
  protocols: readonly Protocol[];
  /** Encoders that begin alike are encoded once. */
  baselines: BaselineMemory;
}

/** Trains, evaluates, and takes the run away again. */
export async function trainedAndScored(
  side: Side,
  { images, scored, steps, seed, out, protocols, baselines }: Training,
  { threads, device }: BenchOptions,
): Promise<{ trained: Trained; scores: Scores }> {
  try {
    const trained = await side.train(images, steps, seed, out);
    const found = await evaluate(trained.encoder, scored, {
      ...{ protocols, baselines, size: side.evalSize, looked: LOOKED, pixels: false, pictures: false },
      ...{ threads, device, tellData: false, stream: QUIET },
    });
    return { trained, scores: scoresIn(found) };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

interface Found {
  top1: number;
  interval: { top1: [number, number] };
  untrained?: { top1: number };
}

/** What `evaluate` wrote, as rows keep it. */
export function scoresIn(json: unknown): Scores {
  const { linear, knn, ...more } = json as {
    linear: Found;
    knn: Found;
    "few-shot"?: {
      points: {
        share: number;
        trained: { top1: number; interval?: { top1: [number, number] } };
        untrained?: { top1: number };
      }[];
    };
    indicators?: { trained: Record<string, { value?: number }> };
  };
  if (typeof linear?.top1 !== "number" || typeof knn?.top1 !== "number") {
    throw new UserError(
      `Expected linear and knn in what evaluate found, got ${Object.keys(json as object).join(", ")}`,
    );
  }
  const scoreOf = ({ top1, interval, untrained }: Found): Score => ({
    trained: top1,
    interval: interval.top1,
    initial: untrained?.top1 ?? null,
  });
  const few = more["few-shot"]?.points ?? [];
  return {
    linear: scoreOf(linear),
    knn: scoreOf(knn),
    few: Object.fromEntries(
      few.map(({ share, trained, untrained }) => [
        String(share),
        { trained: trained.top1, interval: trained.interval?.top1 ?? [0, 1], initial: untrained?.top1 ?? null },
      ]),
    ),
    indicators: Object.fromEntries(
      Object.entries(more.indicators?.trained ?? {}).map(([name, one]) => [name, one.value ?? null]),
    ),
  };
}
