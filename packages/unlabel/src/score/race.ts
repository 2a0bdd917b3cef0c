// Several runs in one race: each draw says which of them were right, and every two of them are compared by a confidence sequence. All
// intervals together hold with 95 %: each side of each has its share of the 5 % (Bonferroni over ordered pairs), whichever run turns
// out to lead, and however often one looks.
import { type Difference, PairedSequence } from "./paired-sequence.ts";

/** What may fail, over all pairs, both sides and all looks. */
export const ALPHA = 0.05;
/** Draws before which nothing is foretold. */
const EARLY = 10;

/** What a run told. */
export interface Told {
  /** Of the image drawn, before its label counted. */
  isRight: boolean;
  /** How many of the images drawn before it would get right now, each judged without its own label. */
  known: number;
}

/** How the leader stands to another run. */
export interface Rival {
  name: string;
  /** How much more often the leader is right, in [−1, 1]. */
  mean: number;
  /** Of all intervals together, with 95 % at every look. */
  interval: readonly [low: number, high: number];
  /** Whether the leader is better beyond doubt. */
  settled: boolean;
  /** About how many more draws would settle it; 0 where it is settled, null where it is too early to tell or all images would not do. */
  more: number | null;
}

/** How runs stand. */
export interface Standing {
  /** Images that counted. */
  draws: number;
  /** How many of those each run got right before their label was known. */
  runs: { name: string; right: number }[];
  /** The run that is ahead, if only by chance; null where none is. */
  leader: string | null;
  /** The others, the nearest first; of two that are level the second stands to the first. */
  rivals: Rival[];
  /** Whether the leader is better than every other beyond doubt. */
  settled: boolean;
  /** About how many more draws would settle all of it; as of {@link Rival}. */
  more: number | null;
  /** Whether there are too few draws to foretell anything. */
  early: boolean;
}

/** See the head of this file. */
export class Race {
  readonly #names: readonly string[];
  readonly #pairs: { first: number; second: number; sequence: PairedSequence }[];
  readonly #told: boolean[][] = [];
  readonly #alpha: number;
  /** Asked for more than once between draws. */
  #standing: Standing | null = null;

  /** @param population all images that can be drawn */
  constructor(names: readonly string[], population: number) {
    this.#names = names;
    // Both orders of each two: whoever is first, the lower end is what is asked for.
    this.#pairs = names.flatMap((_, first) =>
      names.flatMap((_, second) =>
        first < second ? [{ first, second, sequence: new PairedSequence(population) }] : [],
      ),
    );
    this.#alpha = ALPHA / Math.max(1, 2 * this.#pairs.length);
  }

  /** Adds a draw: what each run told. */
  push(told: readonly Told[]): void {
    for (const { first, second, sequence } of this.#pairs) {
      const [one, other] = [told[first]!, told[second]!];
      sequence.push((Number(one.isRight) - Number(other.isRight)) as Difference, one.known - other.known);
    }
    this.#told.push(told.map(({ isRight }) => isRight));
    this.#standing = null;
  }

  /** Takes the last draw back. */
  pop(): void {
    for (const { sequence } of this.#pairs) sequence.pop();
    this.#told.pop();
    this.#standing = null;
  }

  /** How the runs stand after the draws so far. */
  get standing(): Standing {
    this.#standing ??= this.#stand();
    return this.#standing;
  }

  #stand(): Standing {
    const draws = this.#told.length;
    const runs = this.#names.map((name, run) => ({ name, right: this.#told.filter((told) => told[run]).length }));
    const early = draws < EARLY;
    const between = (one: number, other: number) => this.#between(one, other);
    // Means of pairs add up, so that one order of all runs has them all.
    const ahead = this.#names.map((_, run) => (run === 0 ? 0 : -between(0, run).mean));
    const order = ahead.map((_, run) => run).sort((one, other) => ahead[other]! - ahead[one]! || one - other);
    const [best, second] = order;
    if (best === undefined || second === undefined)
      return { draws, runs, leader: null, rivals: [], settled: false, more: null, early };
    const rivals = order.slice(1).map((other): Rival => {
      const { name } = runs[other]!;
      const found = between(best, other);
      return { name, ...found, more: found.settled ? 0 : early ? null : found.more };
    });
    const settled = rivals.every((rival) => rival.settled);
    const needed = rivals.map(({ more }) => more);
    const more = needed.reduce((most, one) => (most === null || one === null ? null : Math.max(most, one)), 0);
    const isAhead = ahead[best]! > ahead[second]!;
    return { draws, runs, leader: isAhead ? runs[best]!.name : null, rivals, settled, more, early };
  }

  #between(one: number, other: number): Omit<Rival, "name"> {
    const [first, second] = [Math.min(one, other), Math.max(one, other)];
    const { sequence } = this.#pairs.find((pair) => pair.first === first && pair.second === second)!;
    const { mean, interval } = sequence.estimate(this.#alpha);
    const side = one < other ? 1 : -1;
    return {
      mean: side * mean,
      interval: side > 0 ? interval : [-interval[1], -interval[0]],
      settled: sequence.isAhead(this.#alpha, side),
      more: sequence.drawsToGo(this.#alpha, side),
    };
  }
}
