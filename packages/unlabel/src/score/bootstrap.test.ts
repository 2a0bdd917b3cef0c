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
    expect(bootstrap(labels, [labels], 4, 0, { resamples: 50 })).toEqual({
      top1: [1, 1],
      f1: [1, 1],
      balanced: [1, 1],
    });
  });

  it("takes the mean of several draws", () => {
    const [a, b] = [predictions(30), predictions(60)];
    const [low, high] = bootstrap(labels, [a, b], 4, 0, { resamples: 200 }).top1;
    const middle = (countMetrics(labels, a, 4).top1 + countMetrics(labels, b, 4).top1) / 2;
    expect(low).toBeLessThan(middle);
    expect(high).toBeGreaterThan(middle);
    expect(bootstrap(labels, [a, a], 4, 0, { resamples: 50 })).toEqual(bootstrap(labels, [a], 4, 0, { resamples: 50 }));
  });

  it("depends on the seed alone", () => {
    const predicted = predictions(50);
    expect(bootstrap(labels, [predicted], 4, 1, { resamples: 100 })).toEqual(
      bootstrap(labels, [predicted], 4, 1, { resamples: 100 }),
    );
    expect(bootstrap(labels, [predicted], 4, 1, { resamples: 100 })).not.toEqual(
      bootstrap(labels, [predicted], 4, 2, { resamples: 100 }),
    );
  });

  it("draws the rounds once for all scores of an evaluation, and others for another", () => {
    const drawn = vi.spyOn(Rng.prototype, "bits");
    const draws = (work: () => unknown) => {
      drawn.mockClear();
      work();
      return drawn.mock.calls.length;
    };
    const [count, predicted] = [labels.length * 40, predictions(50)];
    expect(draws(() => bootstrap(labels, [predicted], 4, 77, { resamples: 40 }))).toBe(count);
    expect(draws(() => bootstrap(labels, [predictions(60), predictions(20)], 4, 77, { resamples: 40 }))).toBe(0);
    expect(draws(() => bootstrapMean(predicted, 77, { resamples: 40 }))).toBe(0);
    expect(draws(() => bootstrapMean(predicted, 78, { resamples: 40 }))).toBe(count);
    expect(draws(() => bootstrapMean(predicted.subarray(1), 78, { resamples: 40 }))).toBe(count - 40);
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
      const [low, high] = bootstrap(labels, [predicted], 4, 5, { resamples: rounds })[name];
      // 59 · 0.025 = 1.475
      expect(low).toBe(sorted[1]! + (0.025 * 59 - 1) * (sorted[2]! - sorted[1]!));
      expect(high).toBeCloseTo(sorted[57]! + (0.975 * 59 - 57) * (sorted[58]! - sorted[57]!), 12);
    }
  });

  it("resamples the same images for a mean as for a score", () => {
    const predicted = predictions(50);
    const hits = Uint8Array.from(labels, (label, n) => Number(label === predicted[n]));
    expect(bootstrapMean(hits, 3, { resamples: 100 })).toEqual(
      bootstrap(labels, [predicted], 4, 3, { resamples: 100 }).top1,
    );
  });

  it("draws whole files where several images are parts of one", () => {
    // Each of 40 files with its 25 tiles, all of which are right or wrong together, is worth one image.
    const ofFiles = Int32Array.from({ length: 40 }, (_, file) => file % 4);
    const said = ofFiles.map((label, file) => (file % 3 === 0 ? (label + 1) % 4 : label));
    const files = Int32Array.from({ length: 1000 }, (_, i) => 7 + Math.floor(i / 25));
    const spread = (values: Int32Array) => files.map((file) => values[file - 7]!);
    const found = bootstrap(spread(ofFiles), [spread(said)], 4, 2, { files });
    expect(found).toEqual(bootstrap(ofFiles, [said], 4, 2));
    const asImages = bootstrap(spread(ofFiles), [spread(said)], 4, 2).top1;
    expect(found.top1[1] - found.top1[0]).toBeGreaterThan(4 * (asImages[1] - asImages[0]));
  });

  it("has the mean of what is drawn where files differ in their parts", () => {
    const files = Int32Array.of(0, 0, 0, 1, 2, 2);
    const values = Float64Array.of(1, 0, 0.5, 0.25, -1, 0);
    const rounds = 41;
    const means: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const rng = new Rng(9, "bootstrap", round);
      const drawn = Array.from({ length: 3 }, () => Math.floor((rng.bits() / 0x100000000) * 3));
      const parts = drawn.flatMap((file) => [...values].filter((_, i) => files[i] === file));
      means.push(parts.reduce((sum, value) => sum + value, 0) / parts.length);
    }
    means.sort((a, b) => a - b);
    // 40 · 0.025 = 1
    const [low, high] = bootstrapMean(values, 9, { resamples: rounds, files });
    expect(low).toBeCloseTo(means[1]!, 12);
    expect(high).toBeCloseTo(means[39]!, 12);
  });

  it("draws images where there is but one file", () => {
    const predicted = predictions(50);
    const files = new Int32Array(COUNT);
    expect(bootstrap(labels, [predicted], 4, 1, { files })).toEqual(bootstrap(labels, [predicted], 4, 1));
  });
});
