import { describe, expect, it } from "vitest";
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

  it("resamples the same images for a mean as for a score", () => {
    const predicted = predictions(50);
    const hits = Uint8Array.from(labels, (label, n) => Number(label === predicted[n]));
    expect(bootstrapMean(hits, 3, 100)).toEqual(bootstrap(labels, [predicted], 4, 3, 100).top1);
  });
});
