import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { memory } from "@unlabel/torch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withoutImages } from "../config/channels.ts";
import { openFolder } from "../data/folder.ts";
import { cutIntoTiles } from "../data/tiles.ts";
import { resolveConfig } from "../methods/registry.ts";
import { RunDirectory } from "../run/directory.ts";
import type { LinearEvaluation } from "../run/evaluations.ts";
import { evaluationSchema } from "../run/read/evaluation-schema.ts";
import { pairedDifference } from "../score/shares.ts";
import { temporaryFolder } from "../testing/data.ts";
import { FOUR_CLASSES, SIDE, writeCheckpoint, writeLabelled } from "../testing/labelled.ts";
import { writeRun } from "../testing/run-fixture.ts";
import { trainedMethod, untrainedMethod } from "./baselines.ts";
import { checksum, extract, frozen } from "./features.ts";
import { probe } from "./probe.ts";
import { probeSplits } from "./splits.ts";

const config = withoutImages(
  resolveConfig({
    flags: { method: "simclr", encoder: "resnet18", stem: "7x7", size: SIDE, batch: 8, device: "cpu" },
  }),
);
const quiet = { write: () => true };
/** Enough for these small sets; the search for a rate has its own test. */
const quick = { stream: quiet, settings: { lr: 0.03, epochs: 30 } };
const root = temporaryFolder();
afterAll(() => root[Symbol.dispose]());

describe("probe", () => {
  let labelled = "";
  let untold = "";
  beforeAll(async () => {
    labelled = await writeLabelled(join(root.path, "labelled"), { train: 30, val: 15 }, "labelled");
    untold = await writeLabelled(join(root.path, "none"), { train: 30, val: 15 }, "none");
  });

  it("finds a label that is written into the pixels, and writes what the report reads", async () => {
    const method = untrainedMethod(config);
    const run = await writeCheckpoint(join(root.path, "run-labelled"), method, config);
    const live = memory().liveTensors;
    const found = await probe(run, labelled, { stream: quiet, settings: { epochs: 20 } });
    expect(memory().liveTensors).toBe(live);
    expect(found.pixels?.top1).toBe(1);
    expect(found.pixels?.f1).toBe(1);
    expect(found.top1).toBeGreaterThan(0.9);
    expect(found).toMatchObject({ train_images: 120, val_images: 60, step: 42, protocol: "linear", split: "val" });
    expect(found.confusion.flat().reduce((a, b) => a + b, 0)).toBe(60);

    const written: unknown = JSON.parse(readFileSync(join(run, "eval", "linear.json"), "utf8"));
    expect(written).toEqual(found);
    expect(evaluationSchema.safeParse(written).error).toBeUndefined();
    // The checkpoint is the seed's own initial state, so trained and untrained are one encoder.
    const { top1, top5, f1, balanced, per_class, interval, lr, weight_decay } = found;
    expect(found.untrained).toEqual({ top1, top5, f1, balanced, per_class, interval, lr, weight_decay });
    expect(found.lead.untrained).toEqual({ top1: 0, interval: pairedDifference(0, 0, 60) });
    method.dispose();
  });

  it("gives the same numbers again", async () => {
    const run = join(root.path, "run-labelled");
    const strip = ({ seconds: _, ...rest }: LinearEvaluation) => rest;
    expect(strip(await probe(run, labelled, quick))).toEqual(strip(await probe(run, labelled, quick)));
  });

  it("scores chance with an encoder of zeros, and with images that say nothing", async () => {
    const method = untrainedMethod(config);
    for (const tensor of method.parameters()) tensor.detach().zero_();
    const run = await writeCheckpoint(join(root.path, "run-zero"), method, config);
    const blind = await probe(run, labelled, { ...quick, pixels: false });
    expect(blind.top1).toBe(0.25);
    expect(blind.untrained.top1).toBeGreaterThan(0.9);
    expect(blind.pixels).toBeUndefined();
    const nothing = await probe(run, untold, quick);
    // Four standard errors of a guess among four on 60 images.
    expect(Math.abs(nothing.untrained.top1 - 0.25)).toBeLessThan(0.224);
    expect(Math.abs(nothing.pixels!.top1 - 0.25)).toBeLessThan(0.224);
    method.dispose();
  });

  it("probes MAE's encoder too", async () => {
    const mae = resolveConfig({
      flags: { method: "mae", size: SIDE, patch: 4, batch: 8, device: "cpu" },
    });
    const method = untrainedMethod(mae);
    const run = await writeCheckpoint(join(root.path, "run-mae"), method, mae);
    // Far above a guess among four on 60 images, whose standard error is 5.6 points.
    expect((await probe(run, labelled, quick)).top1).toBeGreaterThan(0.5);
    method.dispose();
  });

  it("leaves out images that cannot be read, and says so", async () => {
    const torn = join(labelled, "train", "ant", "torn.png");
    writeFileSync(torn, "no image");
    const found = await probe(join(root.path, "run-labelled"), labelled, quick);
    rmSync(torn);
    expect(found.train_images).toBe(120);
    expect(found.notes).toEqual(["1 image could not be read: left out"]);
  });

  it("refuses a run without a checkpoint", async () => {
    const run = await writeRun(join(root.path, "run-bare"), { config, top1: null });
    await expect(probe(run, labelled, { stream: quiet })).rejects.toThrow(
      /Expected a checkpoint in .*run-bare, got none/,
    );
  });

  it("refuses classes that train lacks before encoding anything, unless told to go on", async () => {
    const folder = await writeLabelled(join(root.path, "short"), { train: 4 }, "none", FOUR_CLASSES.slice(0, 1));
    await writeLabelled(folder, { val: 4 }, "none");
    const run = join(root.path, "run-zero");
    await expect(probe(run, folder, { stream: quiet })).rejects.toThrow(
      "train has 1 of the 4 classes in val: a probe cannot exceed 25.0 %. Missing: bee, cat, dog. " +
        "Add their images to train, or go on with --allow-class-mismatch",
    );
    expect(existsSync(join(folder, "eval"))).toBe(false);
    const forced = await probe(run, folder, { ...quick, allowClassMismatch: true });
    expect(forced.top1).toBe(0.25);
    expect(forced.confusion).toHaveLength(4);
    expect(forced.notes[0]).toContain("cannot exceed 25.0 %");
  });

  it("holds a fifth of train out where there is no val, and needs labels", async () => {
    const folder = await writeLabelled(join(root.path, "flat"), { "": 10 }, "none");
    const { train, val, notes } = probeSplits(openFolder(folder), 0);
    expect([train.items.length, val.items.length]).toEqual([32, 8]);
    expect(new Set([...train.items, ...val.items].map(({ path }) => path)).size).toBe(40);
    expect(FOUR_CLASSES.map((_, c) => val.items.filter(({ label }) => label === c).length)).toEqual([2, 2, 2, 2]);
    expect(notes[0]).toContain("a fifth of train (8 images, stratified) is held out");
    expect(() => probeSplits(openFolder(join(folder, "ant")), 0)).toThrow("Expected labels to evaluate with");
  });
});

it("tiles of one file never lie on both sides of what is held out", async () => {
  const folder = await writeLabelled(join(root.path, "cut"), { "": 10 }, "none");
  const whole = openFolder(folder);
  const { split } = await cutIntoTiles(whole.train, 8);
  const { train, val, notes } = probeSplits({ ...whole, train: split }, 0);
  const [fitted, asked] = [train, val].map(({ items }) => new Set(items.map(({ path }) => path)));
  expect([fitted!.size, asked!.size]).toEqual([32, 8]);
  expect([...asked!].filter((path) => fitted!.has(path))).toEqual([]);
  expect(train.items.length + val.items.length).toBe(split.items.length);
  expect(notes[0]).toMatch(/\d+ tiles, all of a file together, stratified/);
  expect(notes[1]).toBe("test images are tiles of 8 files: intervals come from drawing whole files");
  const first = split.items.filter(({ path }) => path === split.items[0]!.path);
  const one = { ...whole, train: split, val: { ...split, name: "val" as const, items: first } };
  expect(probeSplits(one, 0).notes.at(-1)).toContain("all test images are tiles of one file");
});

describe("the frozen encoder", () => {
  it("is unchanged by encoding, in training mode or not, and a change is noticed", async () => {
    const method = untrainedMethod(config).train();
    const { encoder } = method;
    const before = checksum(encoder);
    const data = openFolder(join(root.path, "labelled"));
    const options = { view: config, batch: 32, device: "cpu", precision: "fp32" as const };
    const found = await frozen(
      encoder,
      (fast) => extract(data.val!, { own: (x) => fast.features(x) }, options),
      options,
    );
    const { own } = found.features;
    expect(found.indices).toEqual(Int32Array.from({ length: 60 }, (_, i) => i));
    expect(own.x.shape).toEqual([60, encoder.dim]);
    expect(own.x.requiresGrad).toBe(false);
    expect(checksum(encoder)).toBe(before);

    // In training mode BatchNorm moves its statistics: exactly what must not go unnoticed.
    const careless = frozen(
      encoder,
      async () => {
        encoder.train();
        return extract(data.val!, { own: (x) => encoder.features(x) }, options);
      },
      options,
    );
    await expect(careless).rejects.toThrow("Expected an encoder that evaluation leaves unchanged");
    own.x.dispose();
    method.dispose();
  });

  it("starts a run from the weights that config and seed give", async () => {
    const [first, second] = [untrainedMethod(config), untrainedMethod(config)];
    expect(checksum(first)).toBe(checksum(second));
    const other = untrainedMethod({ ...config, seed: 1 });
    expect(checksum(other)).not.toBe(checksum(first));
    for (const method of [first, second, other]) method.dispose();
  });
});

it("a checkpoint gives the saved weights back", async () => {
  const method = untrainedMethod({ ...config, seed: 7 });
  const run = await writeCheckpoint(join(root.path, "run-seven"), method, config);
  const loaded = trainedMethod(RunDirectory.open(run));
  expect(checksum(loaded.method)).toBe(checksum(method));
  expect(loaded.step).toBe(42);
});
