// Which of two is better, told while people still label: a confidence sequence for the mean of paired differences in {−1, 0, 1} on
// images drawn uniformly without replacement from N, valid at every look, so that one may stop whenever one likes what one sees.
//
// Images are told before their label is known, by classifiers that learn on the way. So there is not one difference an image, as in
// "Estimating means of bounded random variables by betting" (Waudby-Smith and Ramdas, arXiv:2010.09686), but one an image and draw:
// gᵢ(x), what the i-th draw would give if it met x. Let Mᵢ be its mean over all N images. The i-th draw dᵢ has the mean
//   mᵢ = (N·Mᵢ − aᵢ) / (N − i + 1),   aᵢ = Σ gᵢ(x) over the images drawn before (known)
// given all that came before. For 0 < λ < 1, Π(1 + λ·dᵢ) · exp(−λ·Σmᵢ) is a supermartingale, because (1 + λm)·e^(−λm) ≤ 1, and so is
// its mean over fixed λ. By Ville's inequality it never reaches 1/α but with probability α, which bounds Σmᵢ from below at every i, and
// with it the mean of the Mᵢ with weights N / (N − i + 1), those of the paper for drawing without replacement.
//
// Why this form: at Σmᵢ = 0 it is the paper's capital itself, so nothing is lost where it is decided which is better, while a capital
// with the candidate inside each factor would hold for one difference an image alone. Of {−1, 0, 1} only counts matter, ties cost
// nothing, and sums of exponentials of logarithms neither overflow nor need bets that are tuned. Empirical-Bernstein forms bound
// variances of differences with range 2 and are wider at the few dozen labels that people give.

/** The bets λ, each with the same share of the capital. They are a mixture by themselves, and approximate no integral. */
export const BETS: readonly number[] = Array.from({ length: 50 }, (_, k) => (k + 0.5) / 50);

/** Logarithms of what a win and a loss make of each bet. */
const WON = BETS.map((bet) => Math.log1p(bet));
const LOST = BETS.map((bet) => Math.log1p(-bet));

/** A difference of one image: 1 where the first alone is right, −1 where the second alone is, 0 where both or neither are. */
export type Difference = -1 | 0 | 1;

/** What a sequence has come to. */
export interface Estimate {
  /** How much more often the first is right than the second, in [−1, 1]; 0 before anything was drawn. */
  mean: number;
  /** Holds the truth at every look with the probability that was asked for. */
  interval: readonly [low: number, high: number];
}

/**
 * Logarithm of the capital of a gambler who bets on wins, against those who hold that the means add up to `sum`.
 *
 * @param wins, losses how many draws were 1 and −1, from 0; fractions stand for draws that are expected
 */
export function logCapital(wins: number, losses: number, sum = 0): number {
  let most = Number.NEGATIVE_INFINITY;
  const logs = BETS.map((bet, k) => {
    const log = wins * WON[k]! + losses * LOST[k]! - bet * sum;
    most = Math.max(most, log);
    return log;
  });
  let total = 0;
  for (const log of logs) total += Math.exp(log - most);
  return most + Math.log(total / BETS.length);
}

/** The largest sum of means that is too low to be believed at level `alpha`; from −draws to wins. */
export function leastSum(wins: number, losses: number, draws: number, alpha: number): number {
  const limit = -Math.log(alpha);
  // At `wins` no factor exceeds 1.
  let [low, high] = [-draws, wins];
  if (logCapital(wins, losses, low) < limit) return low;
  for (let step = 0; step < 60 && high - low > 1e-12 * Math.max(1, draws); step++) {
    const middle = (low + high) / 2;
    if (logCapital(wins, losses, middle) < limit) high = middle;
    else low = middle;
  }
  return low;
}

/** The differences of two that are compared, draw by draw; the last can be taken back. */
export class PairedSequence {
  readonly #population: number;
  readonly #drawn: Difference[] = [];
  /** Sums over the draws so far: of `aᵢ / (N − i + 1)` and of `N / (N − i + 1)`, one entry a draw, so that taking back is exact. */
  readonly #known: number[] = [0];
  readonly #weights: number[] = [0];
  #wins = 0;
  #losses = 0;

  /** @param population N, all images that can be drawn, from 1 */
  constructor(population: number) {
    this.#population = population;
  }

  /** Images drawn so far. */
  get draws(): number {
    return this.#drawn.length;
  }

  /** Draws that only the first got right. */
  get wins(): number {
    return this.#wins;
  }

  /** Draws that only the second got right. */
  get losses(): number {
    return this.#losses;
  }

  /**
   * Adds a draw.
   *
   * @param known sum over the images drawn before of what the difference would be if they were met now, each judged without its own
   * label; where differences do not change, the sum of those that were added
   * @throws {RangeError} where all images are drawn
   */
  push(difference: Difference, known: number): void {
    const left = this.#population - this.draws;
    if (left < 1) throw new RangeError(`Expected at most ${this.#population} draws, got one more`);
    this.#known.push(this.#known.at(-1)! + known / left);
    this.#weights.push(this.#weights.at(-1)! + this.#population / left);
    this.#drawn.push(difference);
    this.#count(difference, 1);
  }

  /** Takes the last draw back; everything is as it was before it. */
  pop(): void {
    const last = this.#drawn.pop();
    if (last === undefined) return;
    this.#known.pop();
    this.#weights.pop();
    this.#count(last, -1);
  }

  /** What the draws so far say. @param alpha probability, of each side, that the truth is ever beyond it, in (0, 1) */
  estimate(alpha: number): Estimate {
    if (this.draws === 0) return { mean: 0, interval: [-1, 1] };
    const [known, weight] = [this.#known.at(-1)!, this.#weights.at(-1)!];
    const { wins, losses, draws } = this;
    const within = (sum: number) => Math.max(-1, Math.min(1, (known + sum) / weight));
    return {
      mean: within(wins - losses),
      interval: [within(leastSum(wins, losses, draws, alpha)), within(-leastSum(losses, wins, draws, alpha))],
    };
  }

  /** Whether the first, or by `side` −1 the second, is better beyond doubt at level `alpha`. */
  isAhead(alpha: number, side: 1 | -1 = 1): boolean {
    const { wins, losses, known } = this.#from(side);
    return logCapital(wins, losses, -known) >= -Math.log(alpha);
  }

  /**
   * About how many more draws would show that the first, or by `side` −1 the second, is better, if wins and losses go on as they have; 0
   * where it is shown, null where it is not ahead or all images would not do.
   */
  drawsToGo(alpha: number, side: 1 | -1 = 1): number | null {
    if (this.isAhead(alpha, side)) return 0;
    const { draws } = this;
    const { wins, losses, known: start } = this.#from(side);
    if (!(wins > losses)) return null;
    const [win, loss] = [wins / draws, losses / draws];
    const limit = -Math.log(alpha);
    // How far the known part has come after each draw more.
    const known = [start];
    for (let before = draws; before < this.#population; before++)
      known.push(known.at(-1)! + (before * (win - loss)) / (this.#population - before));
    const isEnough = (more: number) => logCapital(wins + more * win, losses + more * loss, -known[more]!) >= limit;
    let [few, enough] = [0, known.length - 1];
    if (!isEnough(enough)) return null;
    while (enough - few > 1) {
      const middle = (few + enough) >> 1;
      if (isEnough(middle)) enough = middle;
      else few = middle;
    }
    return enough;
  }

  #from(side: 1 | -1): { wins: number; losses: number; known: number } {
    const known = side * this.#known.at(-1)!;
    return side > 0
      ? { wins: this.#wins, losses: this.#losses, known }
      : { wins: this.#losses, losses: this.#wins, known };
  }

  #count(difference: Difference, by: number): void {
    if (difference > 0) this.#wins += by;
    if (difference < 0) this.#losses += by;
  }
}
