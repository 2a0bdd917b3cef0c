import { expect, it } from "vitest";
import { PairedSequence } from "./paired-sequence.ts";
import { ALPHA, Race } from "./race.ts";

/** Draws told by runs: a word a draw, a letter a run, `x` where it was right. */
function raceOf(names: readonly string[], draws: readonly string[]): Race {
  const race = new Race(names, 500);
  const known = names.map(() => 0);
  for (const draw of draws) {
    race.push([...draw].map((letter, run) => ({ isRight: letter === "x", known: known[run]! })));
    for (const [run, letter] of [...draw].entries()) known[run]! += Number(letter === "x");
  }
  return race;
}
const times = (count: number, ...draws: string[]) => Array.from({ length: count }, () => draws).flat();

it("of two runs it is one confidence sequence, whichever is first", () => {
  const draws = times(8, "x.", "xx", ".x", "x.", "..");
  const sequence = new PairedSequence(500);
  for (let i = 0, sum = 0; i < draws.length; i++) {
    const [a, b] = [...draws[i]!].map((letter) => Number(letter === "x"));
    sequence.push((a! - b!) as -1 | 0 | 1, sum);
    sum += a! - b!;
  }
  const { mean, interval } = sequence.estimate(ALPHA / 2);
  const { standing } = raceOf(["a", "b"], draws);
  expect(standing).toMatchObject({ draws: 40, leader: "a", settled: false, early: false });
  expect(standing.runs).toEqual([
    { name: "a", right: 24 },
    { name: "b", right: 16 },
  ]);
  expect(standing.rivals).toEqual([{ name: "b", mean, interval, settled: false, more: sequence.drawsToGo(ALPHA / 2) }]);
  const mirrored = raceOf(
    ["b", "a"],
    draws.map((draw) => [...draw].reverse().join("")),
  ).standing;
  expect(mirrored.leader).toBe("a");
  expect(mirrored.rivals[0]!.mean).toBeCloseTo(mean, 12);
  expect(mirrored.rivals[0]!.interval[0]).toBeCloseTo(interval[0], 9);
  expect(mirrored.more).toBe(standing.more);
});

it("of three, intervals are wider, and the leader is settled once it is better than both", () => {
  const two = raceOf(["a", "b"], times(20, "x.", "..")).standing.rivals[0]!;
  const three = raceOf(["a", "b", "c"], times(20, "x.x", "...")).standing;
  expect(three.leader).toBe(null);
  expect(three.rivals.map(({ name }) => name)).toEqual(["c", "b"]);
  const [level, beaten] = three.rivals;
  expect(level).toMatchObject({ mean: 0, settled: false, more: null });
  expect(beaten!.settled).toBe(true);
  expect(beaten!.interval[0]).toBeLessThan(two.interval[0]);
  expect([three.settled, three.more]).toEqual([false, null]);
  const won = raceOf(["a", "b", "c"], times(20, "..x")).standing;
  expect(won).toMatchObject({ leader: "c", settled: true, more: 0 });
});

it("foretells nothing from a few draws, and nothing where runs are level or there is but one", () => {
  expect(raceOf(["a", "b"], times(9, "x.")).standing).toMatchObject({ early: true, settled: true, more: 0 });
  expect(raceOf(["a", "b"], [...times(2, "x."), ...times(7, "..")]).standing).toMatchObject({
    early: true,
    more: null,
  });
  expect(raceOf(["a", "b"], times(10, "xx", "..")).standing).toMatchObject({
    leader: null,
    more: null,
    settled: false,
  });
  expect(raceOf(["a"], ["x", "."]).standing).toMatchObject({ leader: null, rivals: [], settled: false, more: null });
});

it("takes back what was added", () => {
  const race = raceOf(["a", "b", "c"], times(5, "x..", ".xx"));
  const before = structuredClone(race.standing);
  race.push([
    { isRight: true, known: 3 },
    { isRight: false, known: 1 },
    { isRight: false, known: 0 },
  ]);
  expect(race.standing).not.toEqual(before);
  race.pop();
  expect(race.standing).toEqual(before);
});
