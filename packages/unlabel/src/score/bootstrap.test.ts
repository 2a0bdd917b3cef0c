import { describe, expect, it, vi } from "vitest";
import { Rng } from "../base/rng.ts";
import { bootstrap, bootstrapMean } from "./bootstrap.ts";
import { countMetrics } from "./metrics.ts";

const COUNT = 1000;
const labels = Int32Array.from({ length: COUNT }, (_, i) => i % 4);
/** Right for the first `right` of every hundred images. */
const predictions = (right: number) =>
  Int32Array.from(labels, (label, i) => (Math.floor(i / 4) % 100 < right ? label : (label + 1) % 4));

describe("the bootstrap", () => {
  it("has the width that a binomial's standard error gives", () => {
    const predicted = predictions(70);
    const { top1 } = countMetrics(labels, predicted, 4);
    const [low, high] = bootstrap(labels, [predicted], 4, 0).top1;
    const error = Math.sqrt((top1 * (1 - top1)) / COUNT);
    expect(low).toBeLessThan(top1);
    expect(high).toBeGreaterThan(top1);
    // The ends of 1,000 resamples scatter by some 4 % of the width.
    expect((high - low) / (2 * 1.96 * error)).toBeGreaterThan(0.85);
    expect((high - low) / (2 * 1.96 * error)).toBeLessThan(1.15);
    expect((low + high) / 2).toBeCloseTo(top1, 1);
  });

  it("encloses the score for every metric, and is a point where nothing can differ", () => {
    const predicted = predictions(40);
    const found = countMetrics(labels, predicted, 4);
    const intervals = bootstrap(labels, [predicted], 4, 0);
    for (const name of ["top1", "f1", "balanced"] as const) {
      expect(intervals[name][0]).toBeLessThan(found[name]);
      expect(intervals[name][1]).toBeGreaterThan(found[name]);
    }
    expect(bootstrap(labels, [labels], 4, 0, 50)).toEqual({ top1: [1, 1], f1: [1, 1], balanced: [1, 1] });
  });

  it("takes the mean of several draws", () => {
    const [a, b] = [predictions(30), predictions(60)];
    const [low, high] = bootstrap(labels, [a, b], 4, 0, 200).top1;
    const middle = (countMetrics(labels, a, 4).top1 + countMetrics(labels, b, 4).top1) / 2;
    expect(low).toBeLessThan(middle);
    expect(high).toBeGreaterThan(middle);
    expect(bootstrap(labels, [a, a], 4, 0, 50)).toEqual(bootstrap(labels, [a], 4, 0, 50));
  });

  it("depends on the seed alone", () => {
    const predicted = predictions(50);
    expect(bootstrap(labels, [predicted], 4, 1, 100)).toEqual(bootstrap(labels, [predicted], 4, 1, 100));
    expect(bootstrap(labels, [predicted], 4, 1, 100)).not.toEqual(bootstrap(labels, [predicted], 4, 2, 100));
  });

  it("draws the rounds once for all scores of an evaluation, and others for another", () => {
    const drawn = vi.spyOn(Rng.prototype, "bits");
    const draws = (work: () => unknown) => {
      drawn.mockClear();
      work();
      return drawn.mock.calls.length;
    };
    const [count, predicted] = [labels.length * 40, predictions(50)];
    expect(draws(() => bootstrap(labels, [predicted], 4, 77, 40))).toBe(count);
    expect(draws(() => bootstrap(labels, [predictions(60), predictions(20)], 4, 77, 40))).toBe(0);
    expect(draws(() => bootstrapMean(predicted, 77, 40))).toBe(0);
    expect(draws(() => bootstrapMean(predicted, 78, 40))).toBe(count);
    expect(draws(() => bootstrapMean(predicted.subarray(1), 78, 40))).toBe(count - 40);
    drawn.mockRestore();
  });

  it("has the intervals that drawing image by image gives", () => {
    const [predicted, rounds] = [predictions(50), 60];
    const found: ReturnType<typeof countMetrics>[] = [];
    for (let round = 0; round < rounds; round++) {
      const rng = new Rng(5, "bootstrap", round);
      const order = Array.from(labels, () => Math.floor((rng.bits() / 0x100000000) * COUNT));
      const pick = (values: Int32Array) => Int32Array.from(order, (n) => values[n]!);
      found.push(countMetrics(pick(labels), pick(predicted), 4));
    }
    for (const name of ["top1", "f1", "balanced"] as const) {
      const sorted = found.map((one) => one[name]).sort((a, b) => a - b);
      const [low, high] = bootstrap(labels, [predicted], 4, 5, rounds)[name];
      // 59 · 0.025 = 1.475
      expect(low).toBe(sorted[1]! + (0.025 * 59 - 1) * (sorted[2]! - sorted[1]!));
      expect(high).toBeCloseTo(sorted[57]! + (0.975 * 59 - 57) * (sorted[58]! - sorted[57]!), 12);
    }
  });

  it("resamples the same images for a mean as for a score", () => {
    const predicted = predictions(50);
    const hits = Uint8Array.from(labels, (label, n) => Number(label === predicted[n]));
    expect(bootstrapMean(hits, 3, 100)).toEqual(bootstrap(labels, [predicted], 4, 3, 100).top1);
  });
});
