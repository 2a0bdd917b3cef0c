// A labelling session without its server: which image comes next, what is learnt from a label, and what that says of the runs. Nothing
// in it is drawn but by the seed and nothing depends on time, so that the answers alone bring a session back.
//
// Every second image is the next of a random order of all images; the others are those farthest from what was shown. Before a label of
// the random order counts, each run's classifier, which knows the labels before it, has told it. An image of that order that was shown
// already counts when its turn comes, told without its own label. A skipped image counts for nobody.
import { Rng } from "../base/rng.ts";
import type { Draw } from "../data/labels-file.ts";
import { Coverage } from "../score/k-centre.ts";
import { LeastSquares, standardised } from "../score/least-squares.ts";
import { Race, type Standing } from "../score/race.ts";

/** What somebody said of an image. */
export interface Answer {
  /** Its number among the session's images. */
  image: number;
  /** The class's name; null where it was skipped. */
  label: string | null;
  draw: Draw;
}

/** An encoder's features of the session's images. */
export interface Contender {
  /** As people call the run. */
  name: string;
  /** float32 `[N · dim]`. */
  features: Float32Array;
  dim: number;
}

/** An answer, and how far the session was before it. */
interface Step extends Answer {
  draws: number;
  next: number;
}

/** The order in which images are drawn at random: a permutation of 0 … count − 1 by the seed and what it is for. */
export function uniformOrder(count: number, seed: number, stream = "label"): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const rng = new Rng(seed, stream);
  for (let i = 0; i < count - 1; i++) {
    const j = i + rng.below(count - i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** See the head of this file. */
export class LabelSession {
  readonly count: number;
  readonly #order: Uint32Array;
  readonly #learners: LeastSquares[];
  readonly #coverage: Coverage;
  readonly #race: Race;
  readonly #steps: Step[] = [];
  readonly #answered = new Map<number, Step>();
  /** Images of the random order whose turn has come, with the label that they have. */
  readonly #drawn: number[] = [];
  readonly #classes: string[] = [];
  readonly #sizes: number[] = [];
  #next = 0;
  #current: { image: number; draw: Draw } | null = null;

  /** @param count N, from 1; every contender has features of that many images */
  constructor(contenders: readonly Contender[], count: number, seed: number) {
    this.count = count;
    this.#order = uniformOrder(count, seed);
    const spaces = contenders.map(({ features, dim }) => ({ x: standardised(features, dim), dim }));
    this.#learners = spaces.map(({ x, dim }) => new LeastSquares(x, dim));
    this.#coverage = new Coverage(spaces, count);
    this.#race = new Race(
      contenders.map(({ name }) => name),
      count,
    );
    this.#advance();
  }

  /** The image to be labelled; null where all are. */
  get current(): { image: number; draw: Draw } | null {
    return this.#current;
  }

  /** All answers so far, in their order. */
  get answers(): readonly Answer[] {
    return this.#steps;
  }

  /** Images of the random order whose turn has come: a uniform sample, whichever way each was shown. */
  get counted(): ReadonlySet<number> {
    return new Set(this.#drawn);
  }

  /** Classes in the order in which they were made, with the number of their images. */
  get classes(): { name: string; images: number }[] {
    return this.#classes.map((name, label) => ({ name, images: this.#sizes[label]! }));
  }

  /** Images that may come next: one that will if it is of the random order, and the likeliest for coverage. */
  get upcoming(): number[] {
    const current = this.#current;
    if (!current) return [];
    const isFree = (image: number) => image !== current.image && !this.#answered.has(image);
    const drawn = this.#order.subarray(this.#next).find(isFree);
    const far = current.draw === "uniform" ? this.#coverage.farthest(isFree) : -1;
    return [...(far < 0 ? [] : [far]), ...(drawn === undefined || drawn === far ? [] : [drawn])];
  }

  /** Whether a run would tell an image's label now, if it did not know it; of no label nobody does. */
  tells(run: number, image: number, label: string | null): boolean {
    return this.#isRight(this.#learners[run]!, image, label);
  }

  /** How the runs stand. */
  get standing(): Standing {
    return this.#race.standing;
  }

  /** Says what the current image is; null skips it. @throws {RangeError} where all images are labelled */
  answer(label: string | null): void {
    if (!this.#current) throw new RangeError(`Expected an image to label, got all ${this.count} labelled`);
    this.#take({ ...this.#current, label });
  }

  /** Takes the last answer back, with all that followed from it. @returns it, or null where there is none */
  undo(): Answer | null {
    const step = this.#steps.pop();
    if (!step) return null;
    while (this.#drawn.length > step.draws) {
      this.#drawn.pop();
      this.#race.pop();
    }
    this.#next = step.next;
    this.#coverage.pop();
    this.#answered.delete(step.image);
    if (step.label !== null) {
      for (const learner of this.#learners) learner.pop();
      if (--this.#sizes[this.#classes.indexOf(step.label)]! === 0) {
        this.#classes.pop();
        this.#sizes.pop();
      }
    }
    this.#current = { image: step.image, draw: step.draw };
    return { image: step.image, label: step.label, draw: step.draw };
  }

  /**
   * Goes through answers that were given before, as if they were given now.
   *
   * @param other what is thrown at the first that is not this session's: of another seed, or of other images; rows count from 1
   */
  replay(answers: readonly Answer[], other: (row: number) => Error): void {
    for (const [i, answer] of answers.entries()) {
      const current = this.#current;
      const isNext = current?.draw === "uniform" ? current.image === answer.image : !this.#answered.has(answer.image);
      if (!current || current.draw !== answer.draw || !isNext) throw other(i + 1);
      this.#take(answer);
    }
  }

  #take({ image, label, draw }: Answer): void {
    const step: Step = { image, label, draw, draws: this.#drawn.length, next: this.#next };
    if (draw === "uniform") {
      this.#next++;
      this.#count(image, label);
    }
    if (label !== null) {
      let own = this.#classes.indexOf(label);
      if (own < 0) {
        own = this.#classes.push(label) - 1;
        this.#sizes.push(0);
      }
      this.#sizes[own]!++;
      for (const learner of this.#learners) learner.push(image, own);
    }
    this.#coverage.push(image);
    this.#steps.push(step);
    this.#answered.set(image, step);
    this.#advance();
  }

  /** Chooses the next image. Those of the random order that were shown already count on the way. */
  #advance(): void {
    const isCoverage = this.#steps.length % 2 === 1;
    const far = isCoverage ? this.#coverage.farthest((image) => !this.#answered.has(image)) : -1;
    if (far >= 0) {
      this.#current = { image: far, draw: "coverage" };
      return;
    }
    while (this.#next < this.count) {
      const image = this.#order[this.#next]!;
      const known = this.#answered.get(image);
      if (!known) {
        this.#current = { image, draw: "uniform" };
        return;
      }
      this.#next++;
      this.#count(image, known.label);
    }
    this.#current = null;
  }

  /** Lets every run tell an image of the random order, and what it would tell now of those before. */
  #count(image: number, label: string | null): void {
    const told = this.#learners.map((learner) => ({
      isRight: this.#isRight(learner, image, label),
      known: this.#drawn.reduce(
        (sum, other) => sum + Number(this.#isRight(learner, other, this.#answered.get(other)!.label)),
        0,
      ),
    }));
    this.#race.push(told);
    this.#drawn.push(image);
  }

  #isRight(learner: LeastSquares, image: number, label: string | null): boolean {
    const own = label === null ? -1 : this.#classes.indexOf(label);
    return own >= 0 && learner.guess(image) === own;
  }
}
