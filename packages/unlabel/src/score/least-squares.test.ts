import { expect, it } from "vitest";
import { Rng } from "../base/rng.ts";
import { LeastSquares, standardised } from "./least-squares.ts";

const DIM = 5;
/** Three clouds. */
function clouds(count: number, spread: number, seed: number): { x: Float32Array; labels: number[] } {
  const rng = new Rng(seed, "clouds");
  const labels = Array.from({ length: count }, () => rng.below(3));
  const x = Float32Array.from({ length: count * DIM }, (_, at) => {
    const [image, axis] = [Math.floor(at / DIM), at % DIM];
    return Number(axis === labels[image]) + spread * (rng.uniform() + rng.uniform() + rng.uniform() - 1.5);
  });
  return { x: standardised(x, DIM), labels };
}

/** Solves A·X = B by Gauss and Jordan, with pivots. */
function solve(a: number[][], b: number[][]): number[][] {
  const rows = a.map((row, i) => [...row, ...b[i]!]);
  for (let i = 0; i < rows.length; i++) {
    const pivot = rows
      .slice(i)
      .reduce((best, row, at) => (Math.abs(row[i]!) > Math.abs(rows[best]![i]!) ? at + i : best), i);
    [rows[i], rows[pivot]] = [rows[pivot]!, rows[i]!];
    rows[i] = rows[i]!.map((value) => value / rows[i]![i]!);
    for (let k = 0; k < rows.length; k++) {
      if (k !== i) rows[k] = rows[k]!.map((value, at) => value - rows[k]![i]! * rows[i]![at]!);
    }
  }
  return rows.map((row) => row.slice(a.length));
}

/** The primal: weights of ridge regression with a constant feature, fitted on some images; the classes' scores of an image. */
function naive(x: Float32Array, some: readonly number[], labels: readonly number[], image: number): number {
  const rowOf = (i: number) => [...x.subarray(i * DIM, (i + 1) * DIM), 1];
  const size = DIM + 1;
  const a = Array.from({ length: size }, (_, p) =>
    Array.from({ length: size }, (_, q) => some.reduce((sum, i) => sum + rowOf(i)[p]! * rowOf(i)[q]!, Number(p === q))),
  );
  const b = Array.from({ length: size }, (_, p) =>
    [0, 1, 2].map((c) => some.reduce((sum, i) => sum + rowOf(i)[p]! * Number(labels[i] === c), 0)),
  );
  const weights = solve(a, b);
  const scores = [0, 1, 2].map((c) => rowOf(image).reduce((sum, value, p) => sum + value * weights[p]![c]!, 0));
  const seen = new Set(some.map((i) => labels[i]));
  return [0, 1, 2]
    .filter((c) => seen.has(c))
    .reduce((best, c) => (best < 0 || scores[c]! > scores[best]! ? c : best), -1);
}

it("is ridge regression with a constant feature, and of its own images without their label", () => {
  const { x, labels } = clouds(24, 1.2, 3);
  const learner = new LeastSquares(x, DIM);
  // Classes are numbered as they come.
  const first = [0, 1, 2].map((c) => labels.indexOf(c));
  const order = [...first, ...labels.keys()].filter((image, at, all) => all.indexOf(image) === at);
  const some: number[] = [];
  for (const image of order.slice(0, 14)) {
    learner.push(image, labels[image]!);
    some.push(image);
    if (some.length < 3) continue;
    for (let other = 0; other < 24; other++) {
      const without = some.filter((one) => one !== other);
      expect(learner.guess(other), `${other} after ${some.length}`).toBe(naive(x, without, labels, other));
    }
  }
  const right = labels.filter((label, image) => learner.guess(image) === label).length;
  expect(right).toBeGreaterThan(14);
});

it("guesses nothing before there is a label, nor a class of which it knows no other image", () => {
  const { x } = clouds(10, 1, 1);
  const learner = new LeastSquares(x, DIM);
  expect(learner.guess(0)).toBe(-1);
  learner.push(0, 0);
  expect([learner.guess(0), learner.guess(1)]).toEqual([-1, 0]);
  learner.push(1, 1);
  expect([learner.guess(0), learner.guess(1)]).toEqual([1, 0]);
});

it("forgets to the bit, and learns the same again", () => {
  const { x, labels } = clouds(50, 2, 9);
  const learner = new LeastSquares(x, DIM);
  const all = () => Array.from({ length: 50 }, (_, image) => learner.guess(image));
  const before: number[][] = [];
  for (let image = 0; image < 30; image++) {
    before.push(all());
    learner.push(image, labels[image]!);
  }
  const after = all();
  for (const expected of before.toReversed()) {
    learner.pop();
    expect(all()).toEqual(expected);
  }
  for (let image = 0; image < 30; image++) learner.push(image, labels[image]!);
  expect(all()).toEqual(after);
  for (let i = 0; i < 40; i++) learner.pop();
  expect(learner.guess(3)).toBe(-1);
});

it("bears features that tell nothing, and images that are alike", () => {
  const flat = standardised(new Float32Array(8 * 4).fill(0.1), 4);
  expect(Array.from(flat).every((value) => value === 0)).toBe(true);
  const learner = new LeastSquares(flat, 4);
  for (let image = 0; image < 6; image++) learner.push(image, image < 4 ? 0 : 1);
  expect([learner.guess(6), learner.guess(5), learner.guess(0)]).toEqual([0, 0, 0]);
});

it("standardises each axis", () => {
  const x = standardised(Float32Array.of(1, 10, 3, 10, 5, 10), 2);
  const deviation = Math.sqrt(8 / 3);
  expect(Array.from(x, (value) => value * Math.SQRT2)).toEqual(
    [-2 / deviation, 0, 0, 0, 2 / deviation, 0].map((value) => expect.closeTo(value, 6)),
  );
});
