// Indicators from end to end: on images without labels and with, of encoders that are broken on purpose and of one that sees colours alone.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { memory, ones, randn, scope, type Tensor } from "@unlabel/torch";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Rng } from "../base/rng.ts";
import { openFolder } from "../data/folder.ts";
import { holdOut } from "../data/hold-out.ts";
import { ImageReader } from "../data/reader.ts";
import { resolveConfig } from "../methods/registry.ts";
import { INDICATORS, type Indicators } from "../run/indicators.ts";
import { readEvaluations } from "../run/read/evaluations.ts";
import { temporaryFolder } from "../testing/data.ts";
import { writeCheckpoint, writeLabelled } from "../testing/labelled.ts";
import { untrainedMethod } from "./baselines.ts";
import { evaluate } from "./evaluate.ts";
import { pixelFeatures } from "./features.ts";
import { seenFeatures } from "./indicator-features.ts";
import { toldOf } from "./indicator-values.ts";

// What is held here does not depend on the encoder.
vi.mock("../encoders/registry.ts", async (original) =>
  (await import("../testing/small-encoders.ts")).withSmallEncoders(original),
);

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const at = (name: string) => join(folder.path, name);
const quiet = { write: () => true };
const SIDE = 32;
const COUNT = 120;
const config = resolveConfig({
  flags: { method: "simclr", encoder: "vit_tiny", patch: 8, size: 16, batch: 8, device: "cpu" },
});

/** Stripes of any width and direction in two colours of any hue: images that differ in colours and in shapes. */
async function writeStripes(root: string, count: number): Promise<void> {
  mkdirSync(root, { recursive: true });
  for (let i = 0; i < count; i++) {
    const rng = new Rng(7, "stripes", i);
    const [a, b] = [0, 1].map(() => [0, 1, 2].map(() => rng.uniform(0, 255)));
    const [angle, width, start] = [rng.uniform(0, Math.PI), rng.uniform(3, 9), rng.uniform(0, 9)];
    const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, n) => {
      const [x, y] = [Math.floor(n / 3) % SIDE, Math.floor(n / 3 / SIDE)];
      const wave = Math.sin((x * Math.cos(angle) + y * Math.sin(angle) + start) / (width / 3));
      return (wave > 0.3 ? a : b)![n % 3]!;
    });
    await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } }).toFile(join(root, `${i}.png`));
  }
}

let run = "";
beforeAll(async () => {
  await writeStripes(at("stripes"), COUNT);
  const method = untrainedMethod(config);
  run = await writeCheckpoint(at("run"), method, config);
  method.dispose();
});

describe("indicators of", () => {
  const encode = (images: Tensor) => images.mean([2, 3]);
  const told: Record<string, Indicators> = {};
  beforeAll(async () => {
    const split = openFolder(at("stripes")).train;
    const functions: Record<string, (images: Tensor) => Tensor> = {
      colours: encode,
      pixels: pixelFeatures,
      zero: (images) => encode(images).mul(0),
      constant: (images) => ones([images.shape[0]!, 8]),
      nearly: (images) => ones([images.shape[0]!, 8]).add(randn([images.shape[0]!, 8]).mul(1e-5)),
      nan: (images) => encode(images).mul(Number.NaN),
      noise: (images) => randn([images.shape[0]!, 8]),
    };
    const seen = await seenFeatures(
      split,
      functions,
      { seed: 0, viewed: 512 },
      {
        view: { size: 16, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
        batch: 64,
        device: "cpu",
        precision: "fp32",
        reader: new ImageReader(),
      },
    );
    expect([seen.kept.length, seen.numbers.length]).toEqual([COUNT, COUNT]);
    for (const [name, features] of Object.entries(seen.features)) told[name] = toldOf(features, seen, 0);
    using same = ones([COUNT, 8]);
    told.same = toldOf({ ...seen.features.pixels!, plain: same }, seen, 0);
  });

  it("an encoder that sees colours alone: other colours lose an image, and nothing else does", () => {
    const { found_colour, found_rotation, found_blur } = told.colours!;
    expect(found_rotation.value).toBeGreaterThan(0.95);
    expect(found_blur.value).toBeGreaterThan(0.6);
    expect(found_colour.value).toBeLessThan(0.25);
    expect(found_colour.interval![1]).toBeLessThan(found_blur.interval![0]);
    // The mean of an image is that of the image turned: nothing is told of its rotation.
    expect(told.colours!.rotation.interval![0]).toBeLessThanOrEqual(0.26);
    expect(told.pixels!.rotation.value).toBeGreaterThan(0);
  });

  it("broken encoders: words, no numbers", () => {
    for (const name of ["zero", "constant", "nearly", "nan"]) {
      for (const [indicator, { value, refused }] of Object.entries(told[name]!))
        expect([name, indicator, value, typeof refused]).toEqual([name, indicator, undefined, "string"]);
    }
    expect(told.nan!.rank_me.refused).toMatch(/not finite$/);
    expect(told.nearly!.alignment.refused).toMatch(/alike: the encoder has collapsed, or the images are the same$/);
  });

  it("images that are all the same: nothing is told, however views of them lie", () => {
    for (const { refused } of Object.values(told.same!)) expect(refused).toMatch(/or the images are the same$/);
  });

  it("noise: no rank is told, views are unrelated, and nothing is found beyond chance", () => {
    const { rank_me, lidar, uniformity, cluster_learnability, intrinsic_dimension, ...others } = told.noise!;
    for (const one of [rank_me, lidar, uniformity, cluster_learnability, intrinsic_dimension])
      expect(one.refused).toMatch(/features do not follow the images$/);
    expect(others.alignment_ratio.value).toBeGreaterThan(0.9);
    for (const change of ["crop", "colour", "blur", "rotation"] as const)
      expect(others[`found_${change}`].interval![0]).toBeLessThan(0.02);
    expect(others.rotation.interval![0]).toBeLessThan(0.27);
    expect(others.place.interval![0]).toBeLessThan(0.27);
  });

  it("all images lie in their ranges", () => {
    for (const kind of ["colours", "pixels"]) {
      for (const { name, share } of INDICATORS) {
        const { value, interval } = told[kind]![name];
        if (value === undefined) continue;
        expect(Number.isFinite(value)).toBe(true);
        if (share) expect(value >= 0 && value <= 1).toBe(true);
        if (interval) expect(interval[0] <= value + 1e-9 && value <= interval[1] + 1e-9).toBe(true);
      }
    }
  });
});

describe("evaluate on images without labels", () => {
  it("runs indicators alone, on trained, initial and pixels, and keeps them", { timeout: 180_000 }, async () => {
    const live = memory().liveTensors;
    const found = await evaluate(run, at("stripes"), { stream: quiet });
    expect(memory().liveTensors).toBeLessThanOrEqual(live);
    expect(Object.keys(found)).toEqual(["indicators"]);
    const { indicators } = found;
    expect(indicators).toMatchObject({
      protocol: "indicators",
      split: "train",
      step: 42,
      val_images: COUNT,
      settings: { size: 16, images: COUNT, viewed: COUNT, seed: 0 },
    });
    expect(indicators!.notes[0]).toMatch(/other images than the run was trained on/);
    // The checkpoint is what the seed begins with.
    expect(indicators!.trained).toEqual(indicators!.untrained);
    expect(indicators!.agreement.untrained.value).toBe(1);
    expect(indicators!.agreement.pixels!.value).toBeLessThan(1);
    expect(Buffer.from(indicators!.neighbours!.indices, "base64")).toHaveLength(2 * 10 * COUNT);
    expect(JSON.parse(readFileSync(join(run, "eval", "indicators.json"), "utf8"))).toEqual(indicators);
    expect(existsSync(join(run, "eval", "linear.json"))).toBe(false);
    const read = await readEvaluations(join(run, "eval"));
    expect(read.left).toEqual([]);
    expect(read.indicators!.trained.found_crop).toEqual(indicators!.trained.found_crop);
    // Again: the same to the bit, whatever the run's seed.
    const again = await evaluate(run, at("stripes"), { stream: quiet, seed: 0 });
    const timeless = { seconds: 0, notes: [] };
    expect({ ...again.indicators, ...timeless }).toEqual({ ...indicators, ...timeless });
    const other = await evaluate(run, at("stripes"), { stream: quiet, seed: 1, pixels: false });
    expect(other.indicators!.pixels).toBeUndefined();
    expect(other.indicators!.trained.found_crop.value).not.toBe(indicators!.trained.found_crop.value);
  });

  it("looks at what training held out, found again by what the run kept", async () => {
    const { fingerprint } = openFolder(at("stripes"));
    const held = holdOut(openFolder(at("stripes"))).heldOut!;
    const file = join(run, "run.json");
    const before = readFileSync(file, "utf8");
    const info = JSON.parse(before) as { data: object };
    const saved = { up_to: held.up_to, images: held.images, copies: held.copies };
    writeFileSync(file, JSON.stringify({ ...info, data: { ...info.data, fingerprint, held_out: saved } }));
    const { indicators } = await evaluate(run, at("stripes"), { stream: quiet, pixels: false });
    expect(indicators).toMatchObject({ split: "held out", val_images: held.images });
    // Of a run that held out nothing, some of what it saw.
    writeFileSync(file, JSON.stringify({ ...info, data: { ...info.data, fingerprint } }));
    const old = await evaluate(run, at("stripes"), { stream: quiet, pixels: false });
    expect(old.indicators).toMatchObject({ split: "train", val_images: COUNT });
    expect(old.indicators!.notes[0]).toMatch(/some of those that training saw$/);
    writeFileSync(file, before);
  });

  it("names what labels are for where a protocol needs them", async () => {
    await expect(evaluate(run, at("stripes"), { protocols: ["knn", "indicators"], stream: quiet })).rejects.toThrow(
      "Expected labels to evaluate with",
    );
  });

  it("goes on where most of a broken run's indicators are refused", async () => {
    const method = untrainedMethod(config);
    scope(() => {
      for (const tensor of method.encoder.parameters()) tensor.detach().zero_();
    });
    const broken = await writeCheckpoint(at("broken"), method, config);
    method.dispose();
    const { indicators } = await evaluate(broken, at("stripes"), { stream: quiet, pixels: false });
    for (const { name } of INDICATORS) expect(typeof indicators!.trained[name].refused).toBe("string");
    expect(indicators!.untrained.found_blur.value).toBeGreaterThan(0);
    expect(indicators!.neighbours).toBeUndefined();
    expect(indicators!.agreement.untrained.refused).toMatch(/no features/);
  });
});

it("with labels it is one more protocol, on val", async () => {
  const labelled = await writeLabelled(at("labelled"), { train: 10, val: 20 }, "labelled");
  const found = await evaluate(run, labelled, { protocols: ["knn", "indicators"], pictures: false, stream: quiet });
  expect(Object.keys(found).sort()).toEqual(["indicators", "knn"]);
  expect(found.indicators).toMatchObject({ split: "val", val_images: 80, train_images: 0 });
  const alone = await evaluate(run, labelled, { pictures: false, stream: quiet, linear: { epochs: 1 }, shares: [1] });
  expect(alone.indicators).toBeUndefined();
});
