// What the protocols of one call share: the run, its images, the machine, the seed, and what people are told on the way.

import { engineInfo, setThreads } from "@unlabel/torch";
import type { Config } from "../config/common.ts";

import type { Dataset, Split } from "../data/folder.ts";
import { ImageReader, type ReaderOptions } from "../data/reader.ts";
import { filesOf } from "../data/sample.ts";
import type { Header, Protocol } from "../run/evaluations.ts";
import { giveWayWhenShort } from "../train/give-way.ts";
import { chooseDevice, chooseThreads } from "../train/machine.ts";
import { choosePrecision } from "../train/precision.ts";
import { Progress, type ProgressStream } from "../train/progress.ts";
import type { RankGroup } from "../train/rank-group.ts";
import type { EvaluationView } from "./features.ts";
import type { Test } from "./scores.ts";
import type { ProbeSplits } from "./splits.ts";

/** Where to compute, and where progress goes; each as in training. */
export interface MachineOptions {
  /** Default: a GPU where there is one that LibTorch can use. */
  device?: Config["device"] | undefined;
  /** Threads that operators compute with; default a choice by the machine. */
  threads?: Config["threads"] | undefined;
  /** Default: bf16 where it is faster, else fp32. */
  precision?: Config["precision"] | undefined;
  /** By default stderr. */
  stream?: ProgressStream | undefined;
  /** Ranks that have met, among which images are shared; rank 0 alone has what came of it. By default this process is the only one. */
  ranks?: RankGroup | undefined;
  /** Ends it when aborted, after the batch or the protocol at hand: the promise is rejected with its reason, and nothing is written. */
  signal?: AbortSignal | undefined;
}

/** Hears of each phase of an evaluation when it is over, and the seconds that it took. */
export type OnPhase = (phase: string, seconds: number) => void;

/** Milliseconds that a phase runs without a bar. */
const QUIET = 1000;

/** A piece of an evaluation's work; `using` ends it. */
export interface Phase extends Disposable {
  /** How much of it is done, and of how much where that has turned out to be other than was thought. */
  update(done: number, total?: number): void;
}

/** Settles each `auto` and tells the engine and the reader, which is made as `readerOptions` say. */
export function settleMachine(
  { device = "auto", threads = "auto", precision = "auto", signal, ranks }: MachineOptions,
  readerOptions: ReaderOptions = {},
) {
  const settled = chooseDevice(device, engineInfo(), ranks?.ranks.localRank);
  const count = chooseThreads(threads, process.env, ranks?.ranks.localWorldSize);
  setThreads(count);
  giveWayWhenShort(count, ranks?.ranks.localWorldSize);
  return {
    device: settled,
    precision: choosePrecision(precision, settled, engineInfo()),
    reader: new ImageReader({ ...readerOptions, threads: count }),
    signal,
    ranks,
  };
}

export class EvaluationSession {
  readonly data: Dataset;
  readonly train: Split;
  readonly val: Split;
  readonly seed: number;
  /** Of the fifth that val is, where it was held out of train. */
  readonly splitSeed: number | null;
  readonly view: EvaluationView;
  readonly machine: ReturnType<typeof settleMachine>;
  readonly #weightsAverage: number | null;
  readonly #notes: string[];
  readonly #skipped = new Set<string>();
  readonly #stream: ProgressStream;
  readonly #onPhase: OnPhase | undefined;
  #bar: Progress | null = null;

  /** @param weightsAverage decay of the average that the trained encoder's weights are; null where they are a step's own */
  constructor(
    data: Dataset,
    splits: ProbeSplits,
    seed: number,
    view: EvaluationSession["view"],
    options: MachineOptions & { onPhase?: OnPhase | undefined },
    weightsAverage: number | null = null,
  ) {
    this.data = data;
    this.train = splits.train;
    this.val = splits.val;
    this.seed = seed;
    this.splitSeed = splits.seed;
    this.view = view;
    this.machine = settleMachine(options);
    this.#weightsAverage = weightsAverage;
    this.#notes = splits.notes;
    this.#stream = options.stream ?? process.stderr;
    this.#onPhase = options.onPhase;
    for (const note of splits.notes) this.log(`note: ${note}`);
  }

  /** Notes an image that cannot be read, once. */
  readonly onSkip = ({ path, reason }: { path: string; reason: string }): void => {
    if (this.#skipped.has(path)) return;
    this.#skipped.add(path);
    this.log(`skipped ${path}: ${reason}`);
  };

  /** Begins a bar; the one before is left on the screen. */
  bar(total: number, unit: string): Progress {
    this.end();
    this.#bar = new Progress({ total, unit, stream: this.#stream });
    return this.#bar;
  }

  /**
   * Begins a piece of work, which has a bar once it has taken a second.
   *
   * @param name for people, such as `linear probe: trained`; what stands before the colon is the phase that is timed
   */
  phase(name: string, total: number, unit: string, quiet = QUIET): Phase {
    this.end();
    const began = performance.now();
    const bar = new Progress({ total, unit, stream: this.#stream, quiet });
    this.#bar = bar;
    return {
      update: (done, known) => {
        if (known !== undefined) bar.expect(known);
        bar.update(done, "", name);
      },
      [Symbol.dispose]: () => {
        if (this.#bar === bar) this.end();
        this.#onPhase?.(name.split(":")[0]!, (performance.now() - began) / 1000);
      },
    };
  }

  log(text: string): void {
    const bar = this.#bar ?? new Progress({ total: 0, stream: this.#stream });
    bar.log(text);
  }

  end(): void {
    this.#bar?.end();
    this.#bar = null;
  }

  /**
   * What predictions on `labels` are judged in the light of.
   *
   * @param kept which items of val they are the labels of
   */
  test(labels: Int32Array, kept: Int32Array): Test {
    const items = Array.from(kept, (i) => this.val.items[i]!);
    return { labels, items, classes: this.data.classes, seed: this.seed, files: filesOf(items) };
  }

  header<P extends Protocol | "pictures">(
    protocol: P,
    step: number,
    { train, val }: { train: number; val: number },
    seconds: number,
    notes: string[] = [],
  ): Header<P> {
    const lost = this.#skipped.size;
    const unread = lost > 0 ? [`${lost === 1 ? "1 image" : `${lost} images`} could not be read: left out`] : [];
    return {
      protocol,
      split: "val",
      seed: this.seed,
      split_seed: this.splitSeed,
      step,
      // From scratch it is not where training began.
      ...(this.#weightsAverage !== null && protocol !== "supervised" && { weights_average: this.#weightsAverage }),
      fingerprint: this.data.fingerprint,
      data: this.data.root,
      train_images: train,
      val_images: val,
      classes: this.data.classes,
      seconds,
      notes: [...this.#notes, ...unread, ...notes],
    };
  }
}
