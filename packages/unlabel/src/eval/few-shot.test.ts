import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromTypedArray, memory } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { drawsFor, fewShot } from "./few-shot.ts";
import type { Features } from "./linear.ts";

interface Fixture {
  dim: number;
  classes: number;
  train: number[];
  train_labels: number[];
  val: number[];
  val_labels: number[];
  few_shot: { top1: number; f1: number; balanced: number };
}

const path = join(import.meta.dirname, "..", "..", "..", "..", "fixtures", "eval", "probe.json");
const fixture = JSON.parse(readFileSync(path, "utf8")) as Fixture;
const features = (values: number[], labels: number[]): Features => ({
  x: fromTypedArray(Float32Array.from(values), [labels.length, fixture.dim]),
  labels: Int32Array.from(labels),
});
const train = features(fixture.train, fixture.train_labels);
const val = features(fixture.val, fixture.val_labels);

describe("few-shot", () => {
  it("draws each class by its share, at least one image of each, other images in each draw", () => {
    const labels = Int32Array.from([...new Array<number>(200).fill(0), ...new Array<number>(40).fill(1), 2]);
    const draws = drawsFor(labels, 0.1, 0);
    expect(draws).toHaveLength(3);
    for (const draw of draws) {
      expect([0, 1, 2].map((c) => draw.filter((i) => labels[i] === c).length)).toEqual([20, 4, 1]);
      expect(new Set(draw).size).toBe(draw.length);
    }
    expect(draws[0]).not.toEqual(draws[1]);
    expect(drawsFor(labels, 0.1, 0)).toEqual(draws);
    expect(drawsFor(labels, 0.001, 0).map((draw) => draw.length)).toEqual([3, 3, 3, 3, 3]);
    expect(drawsFor(labels, 1, 0)).toEqual([Array.from(labels.keys())]);
  });

  it("with all labels scores what scikit-learn's LogisticRegression with the same penalty scores", () => {
    const live = memory().liveTensors;
    let fits = 0;
    const found = fewShot(train, val, fixture.classes, drawsFor(train.labels, 1, 0), 0, () => fits++);
    expect(fits).toBe(1);
    expect(memory().liveTensors).toBe(live);
    for (const name of ["top1", "f1", "balanced"] as const) {
      expect(Math.abs(found[name] - fixture.few_shot[name])).toBeLessThanOrEqual(0.005);
      expect(found.interval![name][0]).toBeLessThan(found[name]);
    }
    expect(found.std).toBeUndefined();
  });

  it("learns less from fewer labels, and says how much draws differ", () => {
    const at = (share: number) => fewShot(train, val, fixture.classes, drawsFor(train.labels, share, 0), 0);
    const [one, ten, all] = [at(0.01), at(0.1), at(1)];
    expect(one.top1).toBeLessThan(ten.top1);
    expect(ten.top1).toBeLessThan(all.top1);
    expect(one.std!.top1).toBeGreaterThan(0);
    expect(one.std!.top1).toBeLessThan(0.2);
  });
});
