import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromTypedArray, manualSeed, memory, randn, scope, zeros } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { KNN, nearest, vote } from "./knn.ts";
import { judge } from "./metrics.ts";

interface Fixture {
  dim: number;
  classes: number;
  train: number[];
  train_labels: number[];
  val: number[];
  val_labels: number[];
  knn: { k: number; temperature: number; top1: number; f1: number; balanced: number; predicted: number[] };
}

const path = join(import.meta.dirname, "..", "..", "..", "..", "fixtures", "eval", "probe.json");
const fixture = JSON.parse(readFileSync(path, "utf8")) as Fixture;
const rows = (values: number[]) =>
  fromTypedArray(Float32Array.from(values), [values.length / fixture.dim, fixture.dim]);

describe("weighted nearest neighbours", () => {
  it("predict what scikit-learn's KNeighborsClassifier predicts", () => {
    const { knn, classes } = fixture;
    const [labels, truth] = [Int32Array.from(fixture.train_labels), Int32Array.from(fixture.val_labels)];
    const found = judge(
      vote(nearest(rows(fixture.train), rows(fixture.val), knn.k), labels, classes, knn),
      truth,
      classes,
    );
    const differing = found.predicted.filter((one, n) => one !== knn.predicted[n]).length;
    // Cosines of single precision may order two neighbours of one vote otherwise.
    expect(differing / truth.length).toBeLessThanOrEqual(0.005);
    for (const name of ["top1", "f1", "balanced"] as const) {
      expect(Math.abs(found[name] - knn[name])).toBeLessThanOrEqual(0.005);
    }
  });

  it("are found as a loop over all pairs finds them", () => {
    manualSeed(0);
    const [bank, queries] = [randn([40, 6]), randn([7, 6])];
    const [keys, asked] = [bank.toNumbers(), queries.toNumbers()];
    const row = (all: number[], n: number) => all.slice(n * 6, n * 6 + 6);
    const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
    const cosine = (a: number[], b: number[]) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    const live = memory().liveTensors;
    const heard: number[] = [];
    const { k, indices, similarities } = nearest(bank, queries, 5, (done) => heard.push(done));
    expect(heard).toEqual([7]);
    expect(memory().liveTensors).toBe(live);
    expect(k).toBe(5);
    for (let n = 0; n < 7; n++) {
      const all = Array.from({ length: 40 }, (_, m) => ({ m, s: cosine(row(asked, n), row(keys, m)) }));
      const wanted = all.toSorted((a, b) => b.s - a.s).slice(0, 5);
      expect(Array.from(indices.slice(n * 5, n * 5 + 5))).toEqual(wanted.map(({ m }) => m));
      wanted.forEach(({ s }, j) => {
        expect(similarities[n * 5 + j]).toBeCloseTo(s, 5);
      });
    }
  });

  it("are all there are where k exceeds the bank", () => {
    const found = nearest(rows(fixture.train.slice(0, 3 * fixture.dim)), rows(fixture.val), 20);
    expect(found.k).toBe(3);
    const scores = vote(found, Int32Array.of(0, 1, 1), 2, { ...KNN, temperature: 1e6 });
    // So hot that each vote counts one.
    expect(scores[0]).toBeCloseTo(1, 4);
    expect(scores[1]).toBeCloseTo(2, 4);
  });

  it("let the nearest alone decide as the temperature falls to zero, without overflow", () => {
    const found = nearest(rows(fixture.train), rows(fixture.val), 20);
    const labels = Int32Array.from(fixture.train_labels);
    const first = Int32Array.from(fixture.val_labels, (_, n) => labels[found.indices[n * found.k]!]!);
    const scores = vote(found, labels, fixture.classes, { k: 20, temperature: 1e-12 });
    expect(scores.every((score) => score < Number.POSITIVE_INFINITY)).toBe(true);
    expect(judge(scores, Int32Array.from(fixture.val_labels), fixture.classes).predicted).toEqual(first);
  });

  it.each([1, 2, 3, 6, 20])("have among their five guesses classes that got a vote alone, of %i neighbours", (k) => {
    const classes = 8;
    const labels = Int32Array.from({ length: 48 }, (_, i) => i % classes);
    manualSeed(k);
    const [bank, queries] = [randn([48, 6]), randn([30, 6])];
    const truth = Int32Array.from({ length: 30 }, (_, n) => (n * 5) % classes);
    const found = nearest(bank, queries, k);
    // The faintest votes are below what a float holds.
    for (const temperature of [0.07, 1e-6]) {
      const { top1, top5 } = judge(vote(found, labels, classes, { k, temperature }), truth, classes);
      const voted = (n: number) => Array.from(found.indices.slice(n * k, n * k + k), (at) => labels[at]!);
      const right = truth.filter((label, n) => voted(n).includes(label)).length / truth.length;
      expect(top5).toBeLessThanOrEqual(right);
      if (k <= 5) expect(top5).toBe(right);
      if (k === 1) expect(top5).toBe(top1);
    }
  });

  it("say the same of every query where features are zeros", () => {
    const labels = Int32Array.from({ length: 40 }, (_, i) => i % 4);
    const scores = scope(() => vote(nearest(zeros([40, 8]), zeros([40, 8]), 20), labels, 4, KNN));
    expect(judge(scores, labels, 4).top1).toBe(0.25);
  });
});
