// When the encoder is looked at while it trains, and with how many images: looking takes one percent of a run's time; of a short
// run a tenth, twenty seconds at most. What an image costs is measured on a few, once an estimate from training says that these fit.
import type { Config } from "../config/common.ts";
import type { MetricsRow } from "../run/metrics.ts";

/** Images whose features are measured, at most. */
export const MEASURED = 256;
/** Images of which kNN tells a third apart by the labels of the others, at most. */
export const VOTING = 768;
/** Images of a training batch whose two views are compared, at most: one for four of those measured. */
export const COMPARED = 64;

/** Of a run's time: all looks together; of it those before the last one; of a short run all of them, in so many seconds. */
const SHARE = 0.01;
const SHARE_BEFORE_END = 0.006;
const SHORT = { share: 0.1, seconds: 20 };
/** Looks that a run should have room for: where 256 images are too many, fewer are looked at. */
const POINTS = 10;
/** The images that a cost is first measured on, and the fewest that tell anything: at the end, before it, by kNN. */
const TRIED = 4;
const FEWEST = { end: 16, before: 32, votes: 96 };
/** The fewest images that kNN is asked of. */
export const FEWEST_VOTING = FEWEST.votes;

/** Where a run stands after a step, or before it. */
export interface Moment {
  step: number;
  total: number;
  stepsPerEpoch: number;
  /** That the run has taken, looks and all. */
  seconds: number;
  /** That the last step took, waiting for its images included. */
  stepSeconds: number;
}

/** Images to encode: features of the first `measured` are measured, `voting` are told apart by kNN. */
export interface LookSize {
  measured: number;
  voting: number;
}

export interface LookPlanOptions {
  config: Pick<Config, "health_every" | "batch">;
  /** Whether kNN is wanted. */
  votes: boolean;
  /** Views that a step makes of an image, smaller ones counted by their area, and whether two of one kind can be compared. */
  views: number;
  compares: boolean;
  /** Images that there are to look at. */
  available: number;
  /**
   * Of a source that is read in blocks: how many of them the first n images lie in, for n from 0 to `available`. By default each image
   * is read by itself.
   */
  blocks?: readonly number[] | undefined;
}

/** Seconds that an image takes to be read, and to be encoded, and that a block takes to be fetched. */
interface Cost {
  read: number;
  encode: number;
  block: number;
}

const NOTHING: Cost = { read: 0, encode: 0, block: 0 };

export class LookPlan {
  readonly #every: number | null;
  readonly #votes: boolean;
  readonly #compares: boolean;
  readonly #batch: number;
  readonly #views: number;
  readonly #available: number;
  readonly #blocks: readonly number[] | undefined;
  #read = 0;
  #cost: Cost | null = null;
  #spent = 0;
  #measuredAt = 0;
  #votedAt = 0;

  constructor({ config, votes, views, compares, available, blocks }: LookPlanOptions) {
    this.#every = config.health_every;
    this.#batch = config.batch;
    this.#votes = votes;
    this.#views = views;
    this.#compares = compares;
    this.#available = available;
    this.#blocks = blocks;
  }

  /** Seconds that all looks of the run have taken. */
  get spent(): number {
    return this.#spent;
  }

  /** Takes in a row of the run, also of an earlier process. */
  observe(row: MetricsRow): void {
    this.#spent += row["watch/seconds"] ?? 0;
    if (row["health/images"] !== undefined) this.#measuredAt = row.seconds;
    if (row["online/knn_top1"] !== undefined) this.#votedAt = row.seconds;
  }

  /** How many images to try first, to learn what one costs; 0 where that is known, or where even these may be too many. */
  trial({ step, total, seconds, stepSeconds }: Moment): number {
    if (this.#cost !== null || this.#every) return 0;
    const images = Math.min(TRIED, this.#available);
    const room = (step === total ? longest(seconds) : SHARE_BEFORE_END * seconds) - this.#spent;
    return images * this.#guess(stepSeconds) <= room ? images : 0;
  }

  /**
   * Learns what reading so many images took; they are there from now on.
   *
   * @param fetching of those seconds, what a source in blocks took to hand them out: that grows with the blocks, not with the images
   */
  learnRead(images: number, seconds: number, fetching = 0): void {
    this.#read = images;
    const inBlocks = this.#blocks ? Math.min(fetching, seconds) : 0;
    const block = inBlocks / Math.max(1, this.#blocksOf(images));
    this.#cost = { ...(this.#cost ?? NOTHING), read: (seconds - inBlocks) / images, block };
  }

  /** Learns what it took to encode so many images, and to draw conclusions from them. */
  learnCost(images: number, seconds: number): void {
    this.#cost = { ...(this.#cost ?? NOTHING), encode: seconds / images };
  }

  /** Whether features will be measured after the step that comes now. */
  due({ step, total, seconds }: Moment): boolean {
    if (this.#every === 0) return false;
    if (step === total) return true;
    if (this.#every !== null) return step % this.#every === 0;
    const images = this.#usual(seconds, step, total);
    return this.#fits({ measured: images, voting: 0 }, seconds, seconds - this.#measuredAt);
  }

  /** What to look at after a step; `due` is what was said before it. */
  size(moment: Moment, due: boolean): LookSize {
    const { step, total, seconds, stepsPerEpoch } = moment;
    const last = step === total;
    const epochEnds = step % stepsPerEpoch === 0;
    if (this.#every) {
      // kNN at the ends of epochs, but no more often than features are measured.
      const passed = Math.floor(step / this.#every) > Math.floor((step - stepsPerEpoch) / this.#every);
      const votes = this.#votes && (last || (epochEnds && passed));
      const all = (most: number) => Math.min(most, this.#available);
      return { measured: due || last ? all(MEASURED) : 0, voting: votes ? all(VOTING) : 0 };
    }
    if (last) return this.#lastSize(seconds);
    const measured = due ? this.#usual(seconds, step, total) : 0;
    if (!this.#votes || !epochEnds || this.#cost === null) return { measured, voting: 0 };
    const wanted = this.#affordable(VOTING, FEWEST.votes, (voting) => ({ measured: 0, voting }), step, total, seconds);
    const vote = { measured, voting: wanted };
    return this.#fits(vote, seconds, seconds - this.#votedAt) ? vote : { measured, voting: 0 };
  }

  /** What a look costs in seconds, as far as that is known or can be guessed. */
  seconds({ measured, voting }: LookSize, { stepSeconds }: Pick<Moment, "stepSeconds">): number {
    const { encode } = this.#cost ?? { encode: this.#guess(stepSeconds) };
    const images = Math.max(measured, voting);
    return encode * (images + this.compared(measured)) + this.#reading(images);
  }

  /** Seconds that it takes to have so many images in memory. Those read before are read again with the others. */
  #reading(images: number): number {
    const { read, block } = this.#cost ?? NOTHING;
    return images > this.#read ? read * images + block * this.#blocksOf(images) : 0;
  }

  #blocksOf(images: number): number {
    return this.#blocks?.[Math.min(images, this.#blocks.length - 1)] ?? 0;
  }

  /** A step reads, encodes and derives each view: as much as a look does with an image, whatever the method, and mostly far more. */
  #guess(stepSeconds: number): number {
    return stepSeconds / (this.#batch * this.#views);
  }

  /** Views of a batch that are encoded beside so many images. */
  compared(measured: number): number {
    return this.#compares ? 2 * Math.min(COMPARED, this.#batch, Math.floor(measured / 4)) : 0;
  }

  /** What the last step was not looked at with, since it would take too long; null where it was with all. */
  leftOut({ measured, voting }: LookSize, moment: Moment): string | null {
    const smallest = (size: LookSize) => {
      const seconds = this.seconds(size, moment);
      const about = this.#cost === null ? "up to" : "about";
      return `${Math.max(size.measured, size.voting)} images, ${about} ${Number(seconds.toPrecision(2))} s`;
    };
    const fewest = (count: number) => Math.min(count, this.#available);
    const missing = [
      ...(this.#every !== 0 && measured === 0
        ? [`a look at the features (${smallest({ measured: fewest(FEWEST.end), voting: 0 })})`]
        : []),
      ...(this.#votes && voting === 0 ? [`online kNN (${smallest({ measured, voting: fewest(FEWEST.votes) })})`] : []),
    ];
    if (missing.length === 0) return null;
    const advice = this.#every === 0 ? "" : "; --set health_every=N looks whatever it takes";
    return `Left out at the end of so short a run: ${missing.join(" and ")}${advice}`;
  }

  /** As much as the time left for looking allows, features before kNN. */
  #lastSize(seconds: number): LookSize {
    if (this.#cost === null) return { measured: 0, voting: 0 };
    const room = longest(seconds) - this.#spent;
    const largest = (counts: number[], size: (count: number) => LookSize) =>
      counts.find((count) => this.seconds(size(count), { stepSeconds: 0 }) <= room) ?? 0;
    const counts = this.#counts(MEASURED, FEWEST.end);
    const measured = this.#every === 0 ? 0 : largest(counts, (count) => ({ measured: count, voting: 0 }));
    const votes = this.#votes ? this.#counts(VOTING, FEWEST.votes) : [];
    return { measured, voting: largest(votes, (voting) => ({ measured, voting })) };
  }

  /** Images whose features are measured again and again. */
  #usual(seconds: number, step: number, total: number): number {
    return this.#affordable(MEASURED, FEWEST.before, (measured) => ({ measured, voting: 0 }), step, total, seconds);
  }

  /** So many that the run has room for several looks of that kind. */
  #affordable(
    most: number,
    fewest: number,
    size: (count: number) => LookSize,
    step: number,
    total: number,
    seconds: number,
  ): number {
    const counts = this.#counts(most, fewest);
    const room = this.#share() * (seconds / Math.max(1, step)) * total;
    const all = (count: number) => {
      const once = this.seconds(size(count), { stepSeconds: 0 });
      // Blocks are far dearer than the looks at their images, and fetched before the first of these alone.
      return this.#blocks ? POINTS * once - (POINTS - 1) * this.#reading(count) : POINTS * once;
    };
    return counts.find((count) => all(count) <= room) ?? counts.at(-1)!;
  }

  #fits(size: LookSize, seconds: number, since: number): boolean {
    if (this.#cost === null) return false;
    const cost = this.seconds(size, { stepSeconds: 0 });
    return cost <= this.#share() * since && this.#spent + cost <= SHARE_BEFORE_END * seconds;
  }

  /** Of the time: for each of the two kinds of look half. */
  #share(): number {
    return this.#votes && this.#every === null ? SHARE_BEFORE_END / 2 : SHARE_BEFORE_END;
  }

  /** All, a half, a quarter, …: curves of numbers that hang on how many images there were should jump seldom. */
  #counts(most: number, fewest: number): number[] {
    const all = Math.min(most, this.#available);
    const counts = [all];
    for (let count = most; count >= fewest; count /= 2) if (count < all) counts.push(count);
    return counts;
  }
}

/** Seconds that all looks of a run may take together that has taken so long. */
function longest(seconds: number): number {
  return Math.max(SHARE * seconds, Math.min(SHORT.share * seconds, SHORT.seconds));
}
