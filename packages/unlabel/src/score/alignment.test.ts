import { fromTypedArray, manualSeed, memory, randn, type Tensor } from "@unlabel/torch";
import { expect, it } from "vitest";
import { Rng } from "../base/rng.ts";
import { alignmentRatio, alignmentRatioWithin, alignments, uniformity } from "./alignment.ts";
import { spreadOf } from "./spread.ts";

const unit = (row: number[]) => row.map((x) => x / Math.hypot(...row));
const rowsOf = (numbers: number[], dim: number) =>
  Array.from({ length: numbers.length / dim }, (_, i) => unit(numbers.slice(i * dim, (i + 1) * dim)));
const square = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0);

it("alignment, its ratio and uniformity are what loops over pairs come to", () => {
  manualSeed(0);
  const [count, dim] = [12, 5];
  const [a, b] = [randn([count, dim]), randn([count, dim])];
  const live = memory().liveTensors;
  const [x, y] = [rowsOf(a.toNumbers(), dim), rowsOf(b.toNumbers(), dim)];
  const found = alignments(a, b) as Float64Array;
  for (let n = 0; n < count; n++) expect(found[n]).toBeCloseTo(square(x[n]!, y[n]!), 6);

  let [same, other, near] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      if (i === j) same += square(x[i]!, y[i]!) / count;
      else {
        other += square(x[i]!, y[j]!) / (count * (count - 1));
        near += Math.exp(-2 * square(x[i]!, x[j]!)) / (count * (count - 1));
      }
    }
  }
  expect(alignmentRatio(a, b)).toBeCloseTo(same / other, 6);
  const { value, interval } = uniformity(a, 0) as { value: number; interval: [number, number] };
  expect(value).toBeCloseTo(Math.log(near), 5);
  expect(value).toBeCloseTo(spreadOf(a).uniformity, 4);
  expect(interval[0]).toBeLessThan(value);
  expect(interval[1]).toBeGreaterThan(value);
  expect(memory().liveTensors).toBe(live);
});

it("views that are one have alignment 0, and unrelated ones a ratio of 1", () => {
  manualSeed(1);
  const a = randn([400, 20]);
  expect(Math.max(...(alignments(a, a.mul(3)) as Float64Array))).toBeLessThan(1e-10);
  expect(alignmentRatio(a, a)).toBeCloseTo(0, 10);
  expect(alignmentRatio(a, randn([400, 20]))).toBeCloseTo(1, 1);
});

it("an interval of tiles comes from drawing whole files", () => {
  const dim = 3;
  const corners = Array.from({ length: 30 }, (_, i) => [Math.cos(i), Math.sin(i), Math.sin(3 * i)]);
  const features = fromTypedArray(Float32Array.from(corners.flat()), [30, dim]);
  const files = Int32Array.from({ length: 30 }, (_, i) => Math.floor(i / 10));
  const width = (resampling: { files?: Int32Array }) => {
    const { interval } = uniformity(features, 0, resampling) as { interval: [number, number] };
    return interval[1] - interval[0];
  };
  expect(width({ files })).not.toBe(width({}));
});

it("of two images a draw of one alone says nothing of the ratio", () => {
  manualSeed(3);
  const [a, b] = [randn([2, 8]), randn([2, 8])];
  const { value, interval } = alignmentRatioWithin(a, b, 0) as { value: number; interval: readonly [number, number] };
  // Half of all draws are of one image, whose ratio is taken to be 1; the others are of both.
  expect(interval[0]).toBeCloseTo(Math.min(value, 1), 6);
  expect(interval[1]).toBeCloseTo(Math.max(value, 1), 6);
  for (const tensor of [a, b]) tensor.dispose();
});

it("the ratio has an interval, which an encoder that puts all images nearer together does not move", () => {
  manualSeed(3);
  const [count, dim] = [60, 8];
  const images = randn([count, dim]);
  const views = [0, 1].map(() => images.add(randn([count, dim]).mul(0.5)));
  const told = (features: readonly Tensor[]) =>
    alignmentRatioWithin(features[0]!, features[1]!, 0) as { value: number; interval: [number, number] };
  const { value, interval } = told(views);
  expect(value).toBeCloseTo(alignmentRatio(views[0]!, views[1]!) as number, 10);
  expect(interval[0]).toBeLessThan(value);
  expect(interval[1]).toBeGreaterThan(value);
  // By loops over a few draws of images.
  const [x, y] = views.map((one) => rowsOf(one.toNumbers(), dim));
  const drawn = (seed: number) => {
    const rng = new Rng(seed, "a draw");
    const rows = Array.from({ length: count }, () => rng.below(count));
    let [same, other, pairs] = [0, 0, 0];
    for (const i of rows) {
      same += square(x![i]!, y![i]!) / count;
      for (const j of rows) {
        if (i === j) continue;
        other += square(x![i]!, y![j]!);
        pairs++;
      }
    }
    return same / (other / pairs);
  };
  const draws = Array.from({ length: 40 }, (_, seed) => drawn(seed));
  const within = draws.filter((one) => one >= interval[0] && one <= interval[1]).length;
  expect(within).toBeGreaterThanOrEqual(34);
  expect(within).toBeLessThanOrEqual(40);
  // A large mean for all: alignment is a hundred times better, and nothing is told apart that was not.
  const nearer = views.map((one) => one.add(30));
  const mean = (features: readonly Tensor[]) => {
    const all = Array.from(alignments(features[0]!, features[1]!) as Float64Array);
    return all.reduce((sum, one) => sum + one, 0) / count;
  };
  expect(mean(nearer)).toBeLessThan(mean(views) / 50);
  expect(Math.abs(told(nearer).value - value)).toBeLessThan(0.15);
});
