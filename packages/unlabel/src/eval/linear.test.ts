import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromTypedArray, manualSeed, memory, randn, scope, zeros } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { type Features, fit, linearProbe, PROBE, pick, standardOf } from "./linear.ts";
import { stratified } from "./splits.ts";

interface Fixture {
  dim: number;
  classes: number;
  train: number[];
  train_labels: number[];
  val: number[];
  val_labels: number[];
  weight_decay: number;
  top1: number;
  weights: number[];
  bias: number[];
}

const fixtures = join(import.meta.dirname, "..", "..", "..", "..", "fixtures", "eval");
const fixture = JSON.parse(readFileSync(join(fixtures, "probe.json"), "utf8")) as Fixture;

function features(values: number[], labels: number[]): Features {
  return {
    x: fromTypedArray(Float32Array.from(values), [labels.length, values.length / labels.length]),
    labels: Int32Array.from(labels),
  };
}

/** Labels that take turns. */
const turns = (count: number, classes: number) => Array.from({ length: count }, (_, i) => i % classes);

describe("the linear probe", () => {
  const train = features(fixture.train, fixture.train_labels);
  const val = features(fixture.val, fixture.val_labels);

  it("reaches scikit-learn's LogisticRegression: the same optimum, accuracy within 0.5 points", () => {
    const settings = { ...PROBE, lr: 0.1, epochs: 1500, batch: 500, weight_decay: fixture.weight_decay };
    const { models } = fit(train, fixture.classes, [settings], settings);
    const largest = Math.max(...fixture.weights.map(Math.abs));
    models[0]!.weight.toNumbers().forEach((w, i) => {
      expect(Math.abs(w - fixture.weights[i]!) / largest).toBeLessThan(1e-3);
    });
    models[0]!.bias.toNumbers().forEach((b, i) => {
      expect(Math.abs(b - fixture.bias[i]!)).toBeLessThan(1e-3);
    });
    for (const [batch, epochs] of [
      [500, 1500],
      [64, 200],
    ] as const) {
      const outcome = linearProbe(train, val, fixture.classes, { ...settings, batch, epochs });
      expect(Math.abs(outcome.top1 - fixture.top1)).toBeLessThanOrEqual(0.005);
    }
  });

  it("comes within 2 points of it with the defaults, which choose rate and penalty on images held out from train", () => {
    const outcome = linearProbe(train, val, fixture.classes, PROBE);
    expect(Math.abs(outcome.top1 - fixture.top1)).toBeLessThan(0.02);
    expect(outcome.tried).toHaveLength(10);
    const best = Math.max(...outcome.tried.map(({ top1 }) => top1));
    const taken = outcome.tried.find(({ lr, weight_decay: d }) => lr === outcome.lr && d === outcome.weight_decay);
    expect(taken?.top1).toBe(best);
    expect(outcome.curve).toHaveLength(100);
    expect(outcome.curve.at(-1)!.loss).toBeLessThan(outcome.curve[0]!.loss);
  });

  it("reaches the same optimum by L-BFGS, in far fewer passes", () => {
    const settings = { ...PROBE, solver: "lbfgs" as const, weight_decay: fixture.weight_decay };
    const { models, curve } = fit(train, fixture.classes, [{ lr: null, weight_decay: fixture.weight_decay }], settings);
    const largest = Math.max(...fixture.weights.map(Math.abs));
    models[0]!.weight.toNumbers().forEach((w, i) => {
      expect(Math.abs(w - fixture.weights[i]!) / largest).toBeLessThan(1e-3);
    });
    expect(curve.length).toBeLessThan(100);
    const outcome = linearProbe(train, val, fixture.classes, settings);
    expect(Math.abs(outcome.top1 - fixture.top1)).toBeLessThanOrEqual(0.005);
    expect(outcome).toMatchObject({ lr: null, weight_decay: fixture.weight_decay, tried: [], chosen: true });
    const swept = linearProbe(train, val, fixture.classes, { ...settings, weight_decay: null });
    expect(swept.tried.map(({ weight_decay }) => weight_decay)).toEqual([1e-1, 1e-2, 1e-3, 1e-4, 1e-5]);
  });

  it("takes fixed settings where no image can be held out to choose on", () => {
    const single = pick(train, [0, 1, 2, 3, 4]);
    const outcome = linearProbe(single, val, fixture.classes, PROBE);
    expect(outcome).toMatchObject({ chosen: false, tried: [], lr: 0.01, weight_decay: 1e-3 });
    const by = linearProbe(single, val, fixture.classes, { ...PROBE, solver: "lbfgs" });
    expect(by).toMatchObject({ chosen: false, tried: [], lr: null, weight_decay: 1e-3 });
  });

  it("starts at the loss of a guess, ln C", () => {
    const { curve } = fit(train, fixture.classes, [{ lr: 1e-6, weight_decay: 0 }], { ...PROBE, epochs: 1 });
    expect(curve[0]!.loss).toBeCloseTo(Math.log(fixture.classes), 3);
  });

  it("fits several candidates side by side as it fits each alone", () => {
    const settings = { ...PROBE, epochs: 3 };
    const candidates = [
      { lr: 0.01, weight_decay: 0.1 },
      { lr: 0.1, weight_decay: 0 },
    ];
    const both = fit(train, fixture.classes, candidates, settings);
    for (const [i, candidate] of candidates.entries()) {
      const alone = fit(train, fixture.classes, [candidate], settings);
      expect(both.models[i]!.weight.allclose(alone.models[0]!.weight, 1e-4, 1e-5)).toBe(true);
    }
  });

  it.each([
    ["rates and penalties to choose", { epochs: 3 }],
    ["nothing to choose", { epochs: 3, lr: 0.01, weight_decay: 0 }],
  ])("tells each pass over the features, with %s", (_, given) => {
    const heard: [number, number][] = [];
    linearProbe(train, val, fixture.classes, { ...PROBE, ...given }, (done, total) => heard.push([done, total]));
    const total = heard[0]![1];
    expect(heard).toEqual(Array.from({ length: total }, (_, i) => [i + 1, total]));
    expect(total).toBe("lr" in given ? 3 : 3 * (1 + Math.ceil(Math.min(10, 1000 / (train.labels.length / 10)))));
  });

  it("has LibTorch's mean and variance for features to be standardised by", () => {
    scope(() => {
      manualSeed(1);
      const x = randn([301, 7]).mul(3).add(50);
      const { mean, scale } = standardOf(x);
      const exact = x.to({ dtype: "float64" }).var([0], { correction: 0 }).add(1e-6).rsqrt().toNumbers();
      for (const [i, value] of scale.toNumbers().entries()) expect(value / exact[i]!).toBeCloseTo(1, 5);
      expect(mean.equal(x.mean([0]))).toBe(true);
    });
  });

  it("depends on the seed alone and leaves no tensor behind", () => {
    const settings = { ...PROBE, epochs: 2 };
    const first = linearProbe(train, val, fixture.classes, settings);
    const live = memory().liveTensors;
    manualSeed(99);
    const again = linearProbe(train, val, fixture.classes, settings);
    expect(memory().liveTensors).toBe(live);
    expect({ ...again, seconds: 0 }).toEqual({ ...first, seconds: 0 });
    const other = linearProbe(train, val, fixture.classes, { ...settings, seed: 1 });
    expect(other.curve).not.toEqual(first.curve);
  });

  it("scores chance on features that say nothing", () => {
    const labels = turns(400, 10);
    const nothing = { x: zeros([400, 16]), labels: Int32Array.from(labels) };
    const outcome = linearProbe(nothing, nothing, 10, { ...PROBE, epochs: 2 });
    expect(outcome.top1).toBeCloseTo(0.1, 12);
    expect(outcome.top5).toBeCloseTo(0.5, 12);
  });

  it("scores chance on shuffled labels and everything on features that tell", () => {
    manualSeed(0);
    const x = randn([2000, 16]);
    const told = scope(() => x.narrow(1, 0, 4).argmax(1).toNumbers());
    const shuffled = turns(2000, 4);
    const split = (labels: number[]): [Features, Features] => [
      { x: x.narrow(0, 0, 1000), labels: Int32Array.from(labels.slice(0, 1000)) },
      { x: x.narrow(0, 1000, 1000), labels: Int32Array.from(labels.slice(1000)) },
    ];
    const settings = { ...PROBE, lr: 0.1, epochs: 50 };
    expect(linearProbe(...split(told), 4, settings).top1).toBeGreaterThan(0.9);
    // Four standard errors of a guess among four on a thousand images: 5.5 points.
    expect(Math.abs(linearProbe(...split(shuffled), 4, settings).top1 - 0.25)).toBeLessThan(0.055);
  });
});

describe("stratified", () => {
  it("takes its share of every class, once, whatever the order", () => {
    const labels = [...turns(100, 5), ...new Array<number>(50).fill(5), 6];
    const [rest, held] = stratified(labels, 0.1, 3);
    expect([...rest, ...held].sort((a, b) => a - b)).toEqual(labels.map((_, i) => i));
    const counts = [0, 1, 2, 3, 4, 5, 6].map((c) => held.filter((i) => labels[i] === c).length);
    expect(counts).toEqual([2, 2, 2, 2, 2, 5, 0]);
    expect(stratified(labels, 0.1, 3)).toEqual([rest, held]);
    expect(stratified(labels, 0.1, 4)).not.toEqual([rest, held]);
  });

  it("keeps the parts of a file together, and takes its share of files", () => {
    // Ten files a class of 2 to 11 parts each, side by side.
    const parts = turns(20, 2).flatMap((label, file) => new Array(2 + (file >> 1)).fill({ label, file }));
    const labels = parts.map(({ label }) => label);
    const files = Int32Array.from(parts, ({ file }) => file);
    for (const round of [0, 1, 2]) {
      const [rest, held] = stratified(labels, 0.2, 3, round, files);
      expect([...rest, ...held].sort((a, b) => a - b)).toEqual(labels.map((_, i) => i));
      const [kept, out] = [new Set(rest.map((i) => files[i])), new Set(held.map((i) => files[i]))];
      expect([...out].filter((file) => kept.has(file))).toEqual([]);
      expect([0, 1].map((label) => [...out].filter((file) => file! % 2 === label).length)).toEqual([2, 2]);
    }
  });

  it("holds nothing out of a class of one file", () => {
    expect(stratified([0, 0, 0, 0], 0.2, 0, 0, Int32Array.of(5, 5, 5, 5))).toEqual([[0, 1, 2, 3], []]);
  });
});
