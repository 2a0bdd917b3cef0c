// Looks on while a run trains, and changes nothing of it: no random number is drawn, no statistic of BatchNorm moved, no
// gradient touched. Looks are as frequent as they are cheap: one percent of the time, unless `health_every` counts steps.

import { performance } from "node:perf_hooks";
import { autocast, cat, fromTypedArray, noGrad, scope, type Tensor } from "@unlabel/torch";
import type { Config } from "../config/common.ts";

import type { Dataset } from "../data/folder.ts";
import type { ImageReader } from "../data/reader.ts";
import type { Method } from "../methods/method.ts";
import { methodNamed } from "../methods/registry.ts";
import type { Health } from "../run/health.ts";
import type { MetricsRow } from "../run/metrics.ts";
import { nearest, vote } from "../score/knn.ts";
import { topK } from "../score/metrics.ts";
import { alignmentOf, spreadOf } from "../score/spread.ts";
import { HealthRecord } from "./health.ts";
import { encodeHeldOut, type HeldOut, readHeldOut } from "./held-out.ts";
import { OnlineProbe } from "./online.ts";

/** Images that every look encodes, and labelled ones whose classes kNN votes with at the ends of epochs. */
const LOOKED_AT = 256;
const BANK = 512;
/** Images of a training batch whose views are compared. */
const ALIGNED = 64;
const SHARE = 0.01;
/** Few neighbours, since the bank is small. */
const KNN = { k: 10, temperature: 0.07 };

export interface WatchOptions {
  config: Config;
  data: Dataset;
  method: Method;
  device: string;
  precision: "fp32" | "bf16";
  reader: ImageReader;
  stepsPerEpoch: number;
}

/** The numbers that a look adds to a step's row. */
export type Look = { [name: `${string}/${string}`]: number };

/**
 * Begins to look on.
 *
 * @returns null where config asks for nothing to be looked at, or where too few images can be read to look at
 */
export async function startWatch(options: WatchOptions): Promise<Watch | null> {
  const { config, data, method, device, reader } = options;
  const labels = Int32Array.from(data.train.items, ({ label }) => label);
  const labelled = new Set(labels.filter((label) => label >= 0)).size > 1;
  const online = config.online && labelled;
  if (config.health_every === 0 && !online) return null;
  const count = LOOKED_AT + (online ? BANK : 0);
  const heldOut = await readHeldOut(data.train, count, { size: config.size, seed: config.seed, reader });
  if (heldOut === null || heldOut.labels.length < 2) return null;
  const probe = online ? new OnlineProbe(labels, data.classes.length, method.encoder.dim, device) : null;
  return new Watch(options, heldOut, probe);
}

export class Watch {
  readonly record: HealthRecord;
  /** Null without labels, or where `online` is off. */
  readonly probe: OnlineProbe | null;
  readonly #options: WatchOptions;
  readonly #heldOut: HeldOut;
  readonly #count: number;
  readonly #looks = new Pace();
  readonly #votes = new Pace();

  constructor(options: WatchOptions, heldOut: HeldOut, probe: OnlineProbe | null) {
    const { config, method, stepsPerEpoch } = options;
    this.#options = options;
    this.#heldOut = heldOut;
    this.probe = probe;
    // What is left is the bank; of few images half.
    const all = heldOut.labels.length;
    this.#count = probe ? Math.min(LOOKED_AT, Math.ceil(all / 2)) : Math.min(LOOKED_AT, all);
    const looked = heldOut.pixels.narrow(0, 0, this.#count);
    this.record = new HealthRecord({
      method: methodNamed(config.method).about.health,
      dim: method.encoder.dim,
      images: this.#count,
      identical:
        scope(() =>
          looked
            .eq(looked.narrow(0, 0, 1))
            .all()
            .item(),
        ) === 1,
      floor: method.floor,
      warmup: Math.round(config.warmup_epochs * stepsPerEpoch),
    });
  }

  get health(): Health {
    return this.record.now;
  }

  /** What lets the online probe learn from a step's features; undefined where there is none. */
  learner(indices: Int32Array): ((features: Tensor) => Record<string, Tensor>) | undefined {
    const { probe } = this;
    return probe ? (features) => ({ "online/linear_top1": probe.learn(features, indices) }) : undefined;
  }

  /** Whether to look after this step. */
  due(step: number, total: number): boolean {
    const { health_every: every } = this.#options.config;
    if (every === 0) return false;
    return step === total || (every === null ? this.#looks.due() : step % every === 0);
  }

  /** Looks at the encoder after a step. @param views the step's, of which the first images are compared */
  look(views: readonly Tensor[]): Look {
    return this.#looks.timed(() =>
      this.#evaluating((features) => {
        const encoded = this.#encode(0, this.#count, features);
        const broken = this.#count - encoded.sum([1]).isfinite().sum().item();
        if (broken > 0) return { "health/not_finite": broken };
        const found = spreadOf(encoded);
        const look: Look = {
          "health/std": found.std,
          "health/rank": found.rank,
          "health/uniformity": found.uniformity,
        };
        const spec = this.#options.method.views[0]!;
        if (spec.count === 2)
          look["health/alignment"] = alignmentOf(features(firstViews(views[0]!).to({ device: this.#options.device })));
        return look;
      }),
    );
  }

  /** At the end of an epoch: kNN accuracy on the images looked at, by the labels of as many others. */
  vote(step: number, total: number): Look {
    const { stepsPerEpoch, data } = this.#options;
    const all = this.#heldOut.labels.length;
    const last = step === total;
    if (!this.probe || (step % stepsPerEpoch !== 0 && !last) || (!last && !this.#votes.due())) return {};
    return this.#votes.timed(() =>
      this.#evaluating((features): Look => {
        const encoded = this.#encode(0, all, features);
        if (encoded.isfinite().all().item() !== 1) return {};
        const labels = this.#heldOut.labels;
        const rows = [...labels.keys()].filter((i) => labels[i]! >= 0);
        const [queries, bank] = [rows.filter((i) => i < this.#count), rows.filter((i) => i >= this.#count)];
        if (queries.length === 0 || bank.length === 0) return {};
        const pick = (at: number[]) => Int32Array.from(at, (i) => labels[i]!);
        const of = (at: number[]) => encoded.indexSelect(0, indexOf(at, encoded.device));
        const voted = vote(nearest(of(bank), of(queries), KNN.k), pick(bank), data.classes.length, KNN);
        return { "online/knn_top1": topK(voted, pick(queries), data.classes.length, 1) };
      }),
    );
  }

  /** Takes in a row that was noted; says whether the verdict has changed. */
  observe(row: MetricsRow, chance: number | null): boolean {
    return this.record.observe(row, chance);
  }

  dispose(): void {
    this.#heldOut.pixels.dispose();
    this.probe?.dispose();
  }

  #encode(from: number, count: number, features: (images: Tensor) => Tensor): Tensor {
    const { config, device } = this.#options;
    return encodeHeldOut(this.#heldOut.pixels.narrow(0, from, count), config, features, device);
  }

  /** Calls with the encoder as evaluation sees it, and puts every module back as it was. */
  #evaluating<T>(body: (features: (images: Tensor) => Tensor) => T): T {
    const { method, device, precision } = this.#options;
    const modules = [...method.encoder.modules()];
    const training = modules.map((module) => module.training);
    method.encoder.eval();
    try {
      return noGrad(() =>
        scope(() =>
          body((images) => autocast({ device, enabled: precision === "bf16" }, () => method.encoder.features(images))),
        ),
      );
    } finally {
      for (const [i, module] of modules.entries()) module.training = training[i]!;
    }
  }
}

/** Both views of the first images of a batch. */
function firstViews(views: Tensor): Tensor {
  const batch = views.shape[0]! / 2;
  const count = Math.min(batch, ALIGNED);
  return cat([views.narrow(0, 0, count), views.narrow(0, batch, count)], 0);
}

function indexOf(at: number[], device: string): Tensor {
  return fromTypedArray(Int32Array.from(at)).to({ device });
}

/** Something that costs time may take a share of it: it is due when enough has passed for what it cost the last time. */
class Pace {
  #ended = performance.now();
  #cost = 100;

  due(): boolean {
    return performance.now() - this.#ended >= this.#cost / SHARE;
  }

  timed<T>(body: () => T): T {
    const began = performance.now();
    try {
      return body();
    } finally {
      this.#ended = performance.now();
      this.#cost = this.#ended - began;
    }
  }
}
