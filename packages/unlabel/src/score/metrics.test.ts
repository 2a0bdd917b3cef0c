import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { judge, scoreClasses, topK } from "./metrics.ts";

interface Case {
  name: string;
  classes: number;
  scores: number[];
  labels: number[];
  top1: number;
  top3: number;
  top5: number;
  f1: number;
  balanced: number;
  precision: number[];
  recall: number[];
  per_class_f1: number[];
  support: number[];
  confusion: number[][];
}

const fixtures = join(import.meta.dirname, "..", "..", "..", "..", "fixtures", "eval");
const cases = JSON.parse(readFileSync(join(fixtures, "metrics.json"), "utf8")) as Case[];

describe("metrics equal scikit-learn's", () => {
  it.each(cases)("$name", (given) => {
    const scores = Float32Array.from(given.scores);
    const labels = Int32Array.from(given.labels);
    const found = judge(scores, labels, given.classes);
    expect(found.top1).toBeCloseTo(given.top1, 12);
    expect(topK(scores, labels, given.classes, 3)).toBeCloseTo(given.top3, 12);
    if (given.classes > 5) expect(found.top5).toBeCloseTo(given.top5, 12);
    else expect(found.top5).toBeNull();
    expect(found.balanced).toBeCloseTo(given.balanced, 12);
    expect(found.f1).toBeCloseTo(given.f1, 12);
    expect(found.confusion).toEqual(given.confusion);
    found.per_class.forEach((score, c) => {
      expect(score.precision).toBeCloseTo(given.precision[c]!, 12);
      expect(score.recall).toBeCloseTo(given.recall[c]!, 12);
      expect(score.f1).toBeCloseTo(given.per_class_f1[c]!, 12);
      expect(score.support).toBe(given.support[c]);
    });
  });
});

describe("edges", () => {
  it("gives ties to the lower class, so that constant scores are right by chance", () => {
    const labels = Int32Array.from({ length: 40 }, (_, i) => i % 10);
    expect(topK(new Float32Array(400), labels, 10, 1)).toBe(0.1);
    expect(topK(new Float32Array(400), labels, 10, 5)).toBe(0.5);
  });

  it("never counts a class for which nothing speaks", () => {
    const none = Number.NEGATIVE_INFINITY;
    const scores = Float32Array.from([1, none, none, none, none, none, 0, -3, none, none, none, none]);
    expect(topK(scores, Int32Array.of(1, 1), 6, 5)).toBe(0.5);
    expect(topK(scores, Int32Array.of(0, 5), 6, 6)).toBe(0.5);
    expect(judge(scores, Int32Array.of(0, 1), 6)).toMatchObject({ top1: 0.5, top5: 1 });
  });

  it("has no class with a score above 1 or a division by nothing", () => {
    expect(scoreClasses([[0]])).toEqual([{ precision: 0, recall: 0, f1: 0, support: 0 }]);
    expect(judge(new Float32Array(0), new Int32Array(0), 3)).toMatchObject({ top1: 0, top5: null, f1: 0, balanced: 0 });
  });

  it("refuses what would be judged wrongly", () => {
    expect(() => topK(Float32Array.of(Number.NaN, 0), Int32Array.of(0), 2, 1)).toThrow("got NaN in row 0");
    expect(() => topK(new Float32Array(2), Int32Array.of(2), 2, 1)).toThrow("labels from 0 to 1, got 2");
    expect(() => topK(new Float32Array(3), Int32Array.of(0), 2, 1)).toThrow("1 × 2 scores, got 3");
  });
});
