// Growing views in a training: which step has which, how much of the work steps are, and what becomes of both where the number of
// steps is planned again. The stages stand in run.json, so that a run that goes on has the sizes that it would have had.
import { UserError } from "../base/errors.ts";
import type { Config } from "../config/common.ts";
import { type Stage, sharesOf, sizeAt, sizesOf, stagesAnew, stagesOf } from "../config/growth.ts";
import { MAX_AHEAD } from "../data/loader.ts";
import type { ViewSpec } from "../data/views.ts";
import { isVit } from "../encoders/facts.ts";
import { viewsAt } from "../methods/registry.ts";
import type { SavedGrowth } from "../run/info.ts";

/** How much of a training's work steps are, in steps as the last ones are. */
export interface Work {
  /** Of the first `steps` of them. */
  of(steps: number): number;
  /** How many steps in all there is room for, if after `done` of them so much work may be done. */
  totalWithin(done: number, work: number): number;
}

/** Every step is as much work as any other. */
export const EVEN_WORK: Work = {
  of: (steps) => steps,
  totalWithin: (done, work) => done + Math.max(0, Math.round(work)),
};

/** Seconds of a step, or any other cost, for views of one size from those of the smallest and the largest: in a line with their area. */
export function costAt(size: number, [small, atSmall]: [number, number], [large, atLarge]: [number, number]): number {
  if (small === large) return atLarge;
  return atSmall + ((size ** 2 - small ** 2) / (large ** 2 - small ** 2)) * (atLarge - atSmall);
}

/** Seconds of a step on average over a training, from those at the smallest and at the largest size. */
export function averageCost(config: Config, atSmall: number, atLarge: number): number {
  const shares = sharesOf(config, isVit(config.encoder));
  const [small, large] = [shares[0]!.size, config.size];
  return shares.reduce((sum, { size, share }) => sum + share * costAt(size, [small, atSmall], [large, atLarge]), 0);
}

/** The smallest and the largest edge of a config's images: one where they do not grow. */
export function extremeSizes(config: Config): [number] | [number, number] {
  const sizes = sizesOf(config, isVit(config.encoder));
  return sizes.length === 1 ? [config.size] : [sizes[0]!, config.size];
}

/** The sizes of a training's views, step by step. */
export class Growth implements Work {
  readonly #config: Config;
  readonly #sizes: readonly number[];
  readonly #views = new Map<number, readonly ViewSpec[]>();
  /** Of a step at the smallest size, in steps at `size`. */
  readonly #cost: number;
  #stages: readonly Stage[];

  /** @param cost of a step at the smallest size, in steps at `size`; null for what its views' area says */
  constructor(config: Config, total: number, cost: number | null = null) {
    this.#config = config;
    this.#sizes = sizesOf(config, isVit(config.encoder));
    this.#cost = cost ?? (this.#sizes[0]! / config.size) ** 2;
    this.#stages = stagesOf(config, isVit(config.encoder), total);
  }

  /**
   * The growth of a run that goes on, with its own stages.
   *
   * @throws {UserError} where they have sizes that its settings do not give
   */
  static of(config: Config, total: number, saved: SavedGrowth | undefined): Growth {
    const growth = new Growth(config, total, saved?.cost);
    if (!saved || !growth.grows) return growth;
    const other = saved.stages.find(({ size }) => !growth.#sizes.includes(size));
    if (other) {
      throw new UserError(
        `Expected views of ${growth.#sizes.join(", ")} px in growth.stages of run.json, as its settings say, got ${other.size}; it was edited`,
      );
    }
    growth.#stages = saved.stages;
    return growth;
  }

  /** Whether there is more than one size. */
  get grows(): boolean {
    return this.#sizes.length > 1;
  }

  /** The stages, the first from step 0. */
  get stages(): readonly Stage[] {
    return this.#stages;
  }

  /** What run.json keeps of it: nothing where views do not grow. */
  get recorded(): { growth?: SavedGrowth } {
    return this.grows ? { growth: { stages: [...this.#stages], cost: this.#cost } } : {};
  }

  /** Edge of the images of a step. @param step counted from 0 */
  sizeAt(step: number): number {
    return sizeAt(this.#stages, step);
  }

  /** The views of a step. @param step counted from 0 */
  viewsAt(step: number): readonly ViewSpec[] {
    const size = this.sizeAt(step);
    const views = this.#views.get(size) ?? viewsAt(this.#config, size);
    this.#views.set(size, views);
    return views;
  }

  /** There will be `total` steps: sizes that have not begun after `done` of them begin when that says. @param prepared steps ahead that have their views */
  plan(done: number, total: number, prepared = MAX_AHEAD): void {
    this.#stages = this.#stagesFor(done, total, prepared);
  }

  of(steps: number): number {
    return this.#workOf(this.#stages, steps);
  }

  /** @param prepared steps ahead that have their views */
  totalWithin(done: number, work: number, prepared = MAX_AHEAD): number {
    if (!this.grows) return EVEN_WORK.totalWithin(done, work);
    // More steps are always more work: the last number that fits lies between none and as many as were all of the smallest.
    let [fits, exceeds] = [done, done + Math.ceil((Math.max(0, work) + 1) / Math.min(this.#cost, 1)) + 1];
    const before = this.of(done);
    while (exceeds - fits > 1) {
      const total = Math.floor((fits + exceeds) / 2);
      const needed = this.#workOf(this.#stagesFor(done, total, prepared), total) - before;
      if (needed <= work + 0.5) fits = total;
      else exceeds = total;
    }
    return fits;
  }

  #stagesFor(done: number, total: number, prepared: number): readonly Stage[] {
    if (!this.grows) return this.#stages;
    return stagesAnew(this.#stages, stagesOf(this.#config, isVit(this.#config.encoder), total), done + prepared);
  }

  #workOf(stages: readonly Stage[], steps: number): number {
    const [small, large] = [this.#sizes[0]!, this.#config.size];
    return stages.reduce((sum, { from, size }, i) => {
      const until = Math.min(steps, stages[i + 1]?.from ?? steps);
      return sum + Math.max(0, until - from) * costAt(size, [small, this.#cost], [large, 1]);
    }, 0);
  }
}
