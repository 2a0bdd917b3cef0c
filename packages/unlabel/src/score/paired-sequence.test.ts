import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Rng } from "../base/rng.ts";
import { BETS, type Difference, leastSum, logCapital, PairedSequence } from "./paired-sequence.ts";

/** Made by fixtures/confidence.py. */
const fixture: {
  cases: {
    population: number;
    truth: number;
    differences: Difference[];
    looks: { draws: number; capital: number; interval: [number, number, number] }[];
  }[];
  sums: { wins: number; losses: number; alpha: number; sum: number }[];
} = JSON.parse(readFileSync(new URL("../../../../fixtures/confidence.json", import.meta.url), "utf8"));

/** A sequence of differences that do not change. */
function sequenceOf(population: number, differences: readonly Difference[]): PairedSequence {
  const sequence = new PairedSequence(population);
  let sum = 0;
  for (const one of differences) {
    sequence.push(one, sum);
    sum += one;
  }
  return sequence;
}

describe("held against the formulas in fractions and 40 digits", () => {
  it("capital at no difference is what each bet makes, draw by draw", () => {
    for (const { differences, looks } of fixture.cases)
      for (const { draws, capital } of looks) {
        const some = differences.slice(0, draws);
        const count = (of: Difference) => some.filter((one) => one === of).length;
        expect(logCapital(count(1), count(-1))).toBeCloseTo(capital, 9);
      }
  });

  it("sums", () => {
    for (const { wins, losses, alpha, sum } of fixture.sums)
      expect(leastSum(wins, losses, 100_000, alpha)).toBeCloseTo(sum, 6);
  });

  it("intervals without replacement", () => {
    for (const { population, differences, looks } of fixture.cases)
      for (const { draws, interval } of looks) {
        const found = sequenceOf(population, differences.slice(0, draws)).estimate(0.025);
        const [low, mean, high] = interval;
        expect(found.interval[0]).toBeCloseTo(low, 9);
        expect(found.mean).toBeCloseTo(mean, 9);
        expect(found.interval[1]).toBeCloseTo(high, 9);
      }
  });

  it("holds the truth of the fixture's draws", () => {
    for (const { population, truth, differences } of fixture.cases) {
      const [low, high] = sequenceOf(population, differences).estimate(0.025).interval;
      expect(low).toBeLessThanOrEqual(truth);
      expect(high).toBeGreaterThanOrEqual(truth);
    }
  });
});

describe("closed forms", () => {
  it("without draws nothing is known, and without differences only ties are", () => {
    expect(new PairedSequence(10).estimate(0.025)).toEqual({ mean: 0, interval: [-1, 1] });
    // Of one bet b and no difference: s = ln α / b; of many, between those of the extremes.
    const sum = leastSum(0, 0, 1000, 0.025);
    expect(sum).toBeGreaterThan(Math.log(0.025 / BETS.length) / BETS.at(-1)!);
    expect(sum).toBeGreaterThan((Math.log(0.025) / BETS[0]!) * 1.0001);
    expect(sum).toBeLessThan(Math.log(0.025) / BETS.at(-1)!);
  });

  it("is even-handed: turned round it is mirrored", () => {
    const differences: Difference[] = [1, 0, 0, -1, 1, 1, 0, 1];
    const [one, other] = [
      sequenceOf(40, differences).estimate(0.025),
      sequenceOf(
        40,
        differences.map((d) => -d as Difference),
      ).estimate(0.025),
    ];
    expect(other.mean).toBeCloseTo(-one.mean, 12);
    expect(other.interval[0]).toBeCloseTo(-one.interval[1], 9);
    expect(other.interval[1]).toBeCloseTo(-one.interval[0], 9);
  });

  it("is ahead just where the interval leaves 0 out", () => {
    let [ahead, behind] = [0, 0];
    for (let seed = 0; seed < 30; seed++) {
      const rng = new Rng(seed, "ahead");
      const sequence = new PairedSequence(60);
      for (let i = 0, sum = 0; i < 50; i++) {
        const value = (rng.chance(0.5) ? 0 : rng.chance(0.8) ? 1 : -1) as Difference;
        sequence.push(value, sum);
        sum += value;
        const isAhead = sequence.isAhead(0.025);
        expect(isAhead).toBe(sequence.estimate(0.025).interval[0] > 0);
        if (isAhead) ahead++;
        else behind++;
      }
    }
    expect(ahead).toBeGreaterThan(50);
    expect(behind).toBeGreaterThan(50);
  });

  it("refuses more draws than there are images", () => {
    const sequence = sequenceOf(2, [1, 0]);
    expect(() => sequence.push(0, 1)).toThrow(/^Expected at most 2 draws/);
  });
});

it("takes back to the bit", () => {
  const rng = new Rng(1, "undo");
  const sequence = new PairedSequence(300);
  const states: string[] = [];
  const state = () =>
    JSON.stringify([
      sequence.draws,
      sequence.wins,
      sequence.losses,
      sequence.estimate(0.025),
      sequence.drawsToGo(0.025),
    ]);
  for (let i = 0; i < 40; i++) {
    states.push(state());
    sequence.push((rng.below(3) - 1) as Difference, rng.below(20) - 10);
  }
  for (const before of states.reverse()) {
    sequence.pop();
    expect(state()).toBe(before);
  }
  sequence.pop();
  expect(sequence.draws).toBe(0);
});

describe("how many more", () => {
  it("says what goes on as it has would take, to the draw", () => {
    // Wins on every third draw, and nothing else.
    const differences = (count: number) => Array.from({ length: count }, (_, i) => (i % 3 === 2 ? 1 : 0) as Difference);
    const sequence = sequenceOf(1000, differences(12));
    const more = sequence.drawsToGo(0.025)!;
    expect(more).toBeGreaterThan(3);
    expect(sequenceOf(1000, differences(12 + more + 2)).isAhead(0.025)).toBe(true);
    expect(sequenceOf(1000, differences(12 + more - 4)).isAhead(0.025)).toBe(false);
    expect(sequenceOf(1000, differences(12 + more + 2)).drawsToGo(0.025)).toBe(0);
  });

  it("says nothing where nobody is ahead, or all images would not do", () => {
    expect(sequenceOf(1000, [1, -1, 0]).drawsToGo(0.025)).toBe(null);
    expect(sequenceOf(1000, [-1, 0]).drawsToGo(0.025)).toBe(null);
    expect(sequenceOf(12, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]).drawsToGo(0.025)).toBe(null);
  });

  it("of the other side", () => {
    const sequence = sequenceOf(1000, [-1, 0, -1, 0, -1, 0]);
    expect(sequence.drawsToGo(0.025)).toBe(null);
    expect(sequence.drawsToGo(0.025, -1)).toBe(sequenceOf(1000, [1, 0, 1, 0, 1, 0]).drawsToGo(0.025));
  });
});

describe("coverage", () => {
  /** How often a true mean is ever outside, over sessions that look after every draw to the end of the population. */
  const missed = (population: number, wins: number, losses: number, sessions: number): number => {
    let failures = 0;
    for (let session = 0; session < sessions; session++) {
      const rng = new Rng(session, "coverage", population, wins, losses);
      const pool = Array.from(
        { length: population },
        (_, i) => (i < wins ? 1 : i < wins + losses ? -1 : 0) as Difference,
      );
      const sequence = new PairedSequence(population);
      const truth = (wins - losses) / population;
      for (let i = 0, sum = 0; i < population; i++) {
        const j = i + rng.below(population - i);
        [pool[i], pool[j]] = [pool[j]!, pool[i]!];
        sequence.push(pool[i]!, sum);
        sum += pool[i]!;
        const { interval } = sequence.estimate(0.025);
        if (interval[0] > truth + 1e-9 || interval[1] < truth - 1e-9) {
          failures++;
          break;
        }
      }
    }
    return failures / sessions;
  };

  it.each([
    [40, 20, 20],
    [60, 6, 0],
    [60, 30, 6],
    [100, 12, 12],
  ])("of %i images with %i wins and %i losses, at every look", (population, wins, losses) => {
    expect(missed(population, wins, losses, 200)).toBeLessThanOrEqual(0.05);
  });
});
