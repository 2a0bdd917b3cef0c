import { fromTypedArray, manualSeed, memory, randn } from "@unlabel/torch";
import { expect, it } from "vitest";
import { alignmentRatio, alignments, uniformity } from "./alignment.ts";
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
