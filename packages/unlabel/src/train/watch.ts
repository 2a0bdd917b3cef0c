// The watch: it looks at the encoder now and then while a run trains, and changes nothing of it: no random number is drawn, no
// statistic of BatchNorm moved, no gradient touched. A look is what it does once, with some images (look.ts); look-plan.ts says when,
// and with how many; `health_every` counts steps instead, whatever they take. Its own seconds are `watch/seconds` in a row.
import { performance } from "node:perf_hooks";
import { autocast, distributed, fromTypedArray, noGrad, scope, type Tensor } from "@unlabel/torch";
import { round } from "../base/numbers.ts";
import type { SettledConfig } from "../config/common.ts";
import type { Dataset, Split } from "../data/folder.ts";
import { isOrdinary, PHOTOGRAPHS } from "../data/input.ts";
import type { ImageReader } from "../data/reader.ts";
import { drawnSample } from "../data/sample.ts";
import { learntShare } from "../methods/about.ts";
import type { Method } from "../methods/method.ts";
import { methodNamed } from "../methods/registry.ts";
import type { Health, StartLook } from "../run/health.ts";
import type { MetricsRow } from "../run/metrics.ts";
import type { WeightsAverage } from "./average.ts";
import { HealthRecord } from "./health.ts";
import { encodeHeldOut, type HeldOut } from "./held-out.ts";
import { firstViews, type Look, measure, twoViews, type ViewPlace, voteOf } from "./look.ts";
import { FEWEST_VOTING, LookPlan, type LookSize, MEASURED, type Moment, VOTING } from "./look-plan.ts";
import { LookedImages } from "./looked-images.ts";
import { OnlineProbe } from "./online.ts";
import { type DrawnMoment, PicturesOverTimeWatch } from "./pictures-over-time.ts";
import type { RankGroup } from "./rank-group.ts";
import { WatchedPictures } from "./watched-pictures.ts";

export interface WatchOptions {
  config: SettledConfig;
  data: Dataset;
  method: Method;
  /** Of the encoder's weights: it is what is looked at where there is one, as evaluation will. */
  average?: WeightsAverage | null;
  device: string;
  precision: "fp32" | "bf16";
  reader: ImageReader;
  stepsPerEpoch: number;
  /** Of several ranks the first alone looks, and all learn the probe alike, from all images of a batch. */
  group?: RankGroup;
  /** Whether it began with weights that looks are held against. */
  start?: boolean;
}

/** Told before a look that may take a while: with how many images, and about how many seconds. */
export type OnLook = (images: number, seconds: number) => void;

/** Begins to look on; null where config asks for nothing to be looked at, or where there are too few images. */
export function startWatch(options: WatchOptions): Watch | null {
  const { config, data, method, device } = options;
  const labels = Int32Array.from(data.train.items, ({ label }) => label);
  const labelled = new Set(labels.filter((label) => label >= 0)).size > 1;
  const online = config.online && labelled;
  if ((config.health_every === 0 && !online) || labels.length < 2) return null;
  const probe = online ? new OnlineProbe(labels, data.classes.length, method.encoder.dim, device) : null;
  return new Watch(options, probe);
}

export class Watch {
  readonly record: HealthRecord;
  /** Null without labels, or where `online` is off. */
  readonly probe: OnlineProbe | null;
  readonly #options: WatchOptions;
  readonly #plan: LookPlan;
  /** What is compared of each image; null where a method has no two views of one size. */
  readonly #pair: [ViewPlace, ViewPlace] | null;
  readonly #images: LookedImages;
  /** Of the last look. */
  #size: LookSize = { measured: 0, voting: 0 };
  /** Whether this is the process that looks. */
  readonly #looks: boolean;
  /** Null where nothing is to be looked at but by the online probe. */
  readonly #pictures: WatchedPictures | null;
  /** Seconds before the first step, for its row. */
  #before = 0;

  constructor(options: WatchOptions, probe: OnlineProbe | null) {
    const { config, data, method, stepsPerEpoch } = options;
    this.#options = options;
    this.#looks = options.group?.first ?? true;
    this.probe = probe;
    this.#pair = twoViews(method.views);
    const most = Math.min(probe ? VOTING : MEASURED, data.train.items.length);
    const blocks = blocksOfSample(data.train, most, config.seed);
    const available = blocks ? blocks.length - 1 : most;
    // Smaller views cost less.
    const largest = Math.max(...method.views.map(({ size }) => size));
    const views = method.views.reduce((sum, { count, size }) => sum + count * (size / largest) ** 2, 0);
    const compares = this.#pair !== null;
    this.#plan = new LookPlan({ config, votes: probe !== null, views, compares, available, blocks });
    const looked = new LookedImages(data.train, config, options.reader, (...read) => this.#plan.learnRead(...read));
    this.#images = looked;
    const ordinary = isOrdinary(data.train.input ?? PHOTOGRAPHS);
    const { device, reader } = options;
    this.#pictures =
      config.health_every === 0
        ? null
        : new WatchedPictures(new PicturesOverTimeWatch({ config, method, device, views, available, ordinary }), {
            ...{ split: data.train, config, reader, looked, inBlocks: blocks !== undefined },
            evaluating: (body) => this.#evaluating(body),
          });
    const { about } = methodNamed(config.method);
    this.record = new HealthRecord({
      method: { ...about.health, learnt: learntShare(about, config) },
      dim: method.encoder.dim,
      images: Math.min(MEASURED, available),
      floor: method.floor,
      warmup: Math.round(config.warmup_epochs * stepsPerEpoch),
    });
  }

  get health(): Health {
    return this.record.now;
  }

  /** Seconds that looking has taken in all of the run's processes. */
  get seconds(): number {
    return this.#plan.spent;
  }

  /** Goes on with the pictures of a run directory, of which so many steps are done. */
  open(run: string, start: number): void {
    if (this.#looks) this.#pictures?.open(run, start);
  }

  /** Looks before the first step: draws what pictures there is time for. */
  async begin(moment: Moment): Promise<void> {
    this.#before = (await this.#pictures?.begin(moment)) ?? 0;
  }

  /** The pictures drawn since this was last asked, to be written. */
  takePictures(): DrawnMoment[] {
    return this.#pictures?.take() ?? [];
  }

  /** What lets the online probe learn from a step's features; undefined where there is none. */
  learner(indices: Int32Array): ((features: Tensor) => Record<string, Tensor>) | undefined {
    const { probe } = this;
    if (!probe) return undefined;
    return (features) => {
      if (distributed.getWorldSize() === 1) return { "online/linear_top1": probe.learn(features, indices) };
      const all = distributed.gatherRows(features.detach(), features.shape[0]! / indices.length);
      return { "online/linear_top1": probe.learn(all, gathered(indices)) };
    };
  }

  /** Whether the features will be measured after the step that comes now. */
  due(moment: Moment): boolean {
    return this.#looks && !this.#images.blind && this.#plan.due(moment);
  }

  /**
   * Looks at the encoder after a step, where it is time and there is time.
   *
   * @param due what {@link due} said before the step
   * @param views the step's, of which the first images are compared
   * @returns what was found, and the seconds that it took; nothing where nothing was looked at
   */
  async look(moment: Moment, due: boolean, views: readonly Tensor[], onLook: OnLook = () => {}): Promise<Look> {
    if (this.#images.blind || !this.#looks) return {};
    const began = performance.now();
    const trial = this.#plan.trial(moment);
    if (trial > 0) await this.#tryOut(trial);
    const size = this.#plan.size(moment, due);
    this.#size = size;
    const images = Math.max(size.measured, size.voting);
    if (images > 0) onLook(images, this.#plan.seconds(size, moment));
    const found = images > 0 ? await this.#lookAt(size, views) : {};
    const pictured = (await this.#pictures?.after(moment)) ?? false;
    if (trial + images === 0 && !pictured && this.#before === 0) return {};
    const seconds = this.#before + (performance.now() - began) / 1000;
    this.#before = 0;
    return { ...found, "watch/seconds": round(seconds) };
  }

  /** Encodes what has waited for its time, as before a run is left. */
  async flush(): Promise<void> {
    await this.#pictures?.flush();
  }

  /** Why there will be no more pictures, to be said once; null where nothing went wrong. */
  takeComplaint(): string | null {
    return this.#pictures?.takeComplaint() ?? null;
  }

  /** What there was no time for after the last step; null where there was. */
  leftOut(moment: Moment): string | null {
    if (!this.#looks) return null;
    if (this.#images.blind)
      return "The features were not looked at: fewer than two of the images drawn for it can be read";
    return this.#plan.leftOut(this.#size, moment);
  }

  /**
   * The encoder before the first step, looked at with all images that later looks may have: what a run that begins with weights is held
   * against. Null where too few can be read.
   */
  async lookAtStart(onLook: OnLook = () => {}): Promise<StartLook | null> {
    const { config, device, data } = this.#options;
    const most = (count: number) => Math.min(count, data.train.items.length);
    const measured = config.health_every === 0 ? 0 : most(MEASURED);
    const voting = this.probe ? most(VOTING) : 0;
    if (Math.max(measured, voting) < 2) return null;
    onLook(Math.max(measured, voting), 0);
    const heldOut = await this.#images.read(Math.max(measured, voting));
    if (heldOut === null) return null;
    const rows = this.#images.rows(heldOut.labels.length, heldOut.labels.length);
    return this.#evaluating((features): StartLook => {
      const encoded = this.#encode(heldOut, rows, features);
      const of = (count: number) => chosen(encoded, this.#images.rows(count, rows.length)).to({ device });
      const votes = halvings(Math.min(voting, rows.length)).flatMap((images) => {
        const asked = this.#images.rows(images, rows.length);
        const labels = asked.map((row) => heldOut.labels[row]!);
        const files = heldOut.files && asked.map((row) => heldOut.files![row]!);
        const { "online/knn_top1": top1 } = voteOf(of(images), labels, data.classes.length, files);
        return top1 === undefined ? [] : [{ images, top1 }];
      });
      const { "health/images": images, ...health } =
        measured > 0 ? measure(of(Math.min(measured, rows.length)), null) : ({} as Look);
      return { votes, health: images === undefined ? null : { images, values: health } };
    });
  }

  /** Takes in a row that was noted; says whether the verdict has changed. */
  observe(row: MetricsRow, chance: number | null): boolean {
    this.#plan.observe(row);
    return this.record.observe(row, chance);
  }

  [Symbol.dispose](): void {
    this.#images[Symbol.dispose]();
    this.#pictures?.[Symbol.dispose]();
    this.probe?.dispose();
  }

  async #lookAt({ measured, voting }: LookSize, views: readonly Tensor[]): Promise<Look> {
    const heldOut = await this.#images.read(Math.max(measured, voting));
    if (heldOut === null) return {};
    const began = performance.now();
    const [looked, voters] = [measured, voting].map((count) => Math.min(count, heldOut.labels.length)) as [
      number,
      number,
    ];
    const { method, device, data } = this.#options;
    const places = this.#pair;
    // Of few images none; before the first step there are none to compare, and those of other ranks are not here.
    const here = views[0] ? views[0].shape[0]! / method.views[0]!.count : Number.POSITIVE_INFINITY;
    const compared = Math.max(1, Math.min(here, this.#plan.compared(looked) / 2));
    const rows = this.#images.rows(Math.max(looked, voters), heldOut.labels.length);
    const labels = rows.map((row) => heldOut.labels[row]!);
    const files = heldOut.files && rows.map((row) => heldOut.files![row]!);
    const look = this.#evaluating((features): Look => {
      const encoded = this.#encode(heldOut, rows, features);
      const some = (count: number) =>
        count === rows.length ? encoded : chosen(encoded, this.#images.rows(count, rows.length));
      const pair = places && (() => features(firstViews(views, method.views, places, compared).to({ device })));
      return {
        ...(looked > 0 && measure(some(looked), pair)),
        ...(looked > 0 && this.#images.identical && { "health/identical": 1 }),
        // Beside the encoder that it began with, how many were asked matters.
        ...(voters > 0 && this.#options.start && { "online/images": voters }),
        ...(voters > 0 &&
          voteOf(
            some(voters),
            this.#images.rows(voters, rows.length).map((row) => labels[row]!),
            data.classes.length,
            files && this.#images.rows(voters, rows.length).map((row) => files[row]!),
          )),
      };
    });
    const images = Math.max(looked, voters) + this.#plan.compared(looked);
    this.#plan.learnCost(images, (performance.now() - began) / 1000);
    return look;
  }

  /** Learns on a few images what one costs. */
  async #tryOut(images: number): Promise<void> {
    const heldOut = await this.#images.read(images);
    if (heldOut === null) return;
    const began = performance.now();
    const { length } = heldOut.labels;
    this.#evaluating((features) => this.#encode(heldOut, this.#images.rows(length, length), features).sum().item());
    this.#plan.learnCost(length, (performance.now() - began) / 1000);
  }

  #encode(heldOut: HeldOut, rows: Int32Array, features: (images: Tensor) => Tensor): Tensor {
    const { config, device } = this.#options;
    return encodeHeldOut(chosen(heldOut.pixels, rows), config, features, device);
  }

  /** Calls with the encoder as evaluation sees it, and puts every module back as it was. */
  #evaluating<T>(body: (features: (images: Tensor) => Tensor) => T): T {
    const { method, average, device, precision } = this.#options;
    const modules = [...method.modules()];
    const training = modules.map((module) => module.training);
    method.eval();
    try {
      const features = (images: Tensor) =>
        autocast({ device, enabled: precision === "bf16" }, () => method.encoder.features(images));
      const look = () => noGrad(() => scope(() => body(features)));
      return average ? average.lend(look) : look();
    } finally {
      for (const [i, module] of modules.entries()) module.training = training[i]!;
    }
  }
}

/** The indices of all ranks' images, in order. */
function gathered(indices: Int32Array): Int32Array {
  return scope(() => Int32Array.from(distributed.allGatherIntoTensor(fromTypedArray(indices)).toNumbers()));
}

/**
 * How many blocks of the source the first n images of the sample lie in, for n from 0 to as many as it has, `most` at most; undefined
 * where each image is read by itself.
 */
function blocksOfSample(split: Split, most: number, seed: number): number[] | undefined {
  const { blockOf } = split;
  if (!split.sample || !blockOf) return undefined;
  const seen = new Set<number>();
  return [0, ...drawnSample(split, most, seed).items.map((item) => seen.add(blockOf(item)).size)];
}

/** All, a half, a quarter, …, as looks have them. */
function halvings(most: number): number[] {
  const counts = new Set([most]);
  for (let count = VOTING; count >= FEWEST_VOTING; count /= 2) if (count < most) counts.add(count);
  return [...counts].filter((count) => count > 2);
}

function chosen(tensor: Tensor, rows: Int32Array): Tensor {
  return tensor.indexSelect(0, fromTypedArray(rows, undefined, { device: tensor.device }));
}
