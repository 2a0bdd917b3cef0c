// The protocols as a whole, on images in which the label is written, is not, or belongs to another image.

import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { memory, scope } from "@unlabel/torch";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resolveConfig } from "../methods/registry.ts";

import { PROTOCOLS as ALL, type EvaluationPictures, type Evaluations, type Protocol } from "../run/evaluations.ts";
import { decodePredictions } from "../run/predictions.ts";
import { pairedDifference, wilson } from "../score/shares.ts";
import { temporaryFolder } from "../testing/data.ts";
import { FOUR_CLASSES, SIDE, writeCheckpoint, writeLabelled } from "../testing/labelled.ts";
import { untrainedMethod } from "./baselines.ts";
import { evaluate, sizeFor } from "./evaluate.ts";
import type { EvaluateOptions } from "./options.ts";

// A small ViT: building it costs a tenth of a ResNet.
const config = resolveConfig({
  flags: { method: "simclr", encoder: "vit_tiny", patch: 8, size: SIDE, batch: 8, device: "cpu" },
});
/** Those that need labels; indicators.test.ts has the other. */
const PROTOCOLS = ALL.filter((one) => one !== "indicators");
const quiet = { write: () => true };
const options: EvaluateOptions = {
  protocols: PROTOCOLS,
  stream: quiet,
  linear: { lr: 0.03, weight_decay: 0, epochs: 30 },
  shares: [1],
  network: { epochs: 2, batch: 24, lr: 1e-3 },
};
/** Four standard errors of a guess among four on 60 images. */
const NOISE = 0.224;
const root = temporaryFolder();
afterAll(() => root[Symbol.dispose]());

let [labelled, shuffled, own, zeros] = ["", "", "", ""];
beforeAll(async () => {
  labelled = await writeLabelled(join(root.path, "labelled"), { train: 30, val: 15 }, "labelled");
  shuffled = await writeLabelled(join(root.path, "shuffled"), { train: 30, val: 15 }, "shuffled");
  const method = untrainedMethod(config);
  own = await writeCheckpoint(join(root.path, "own"), method, config);
  scope(() => {
    for (const tensor of method.encoder.parameters()) tensor.detach().zero_();
  });
  zeros = await writeCheckpoint(join(root.path, "zeros"), method, config);
  method.dispose();
});

/** Top-1 of each protocol's main score; retrieval's is recall@1. */
function tops(found: Evaluations): Record<Exclude<Protocol, "indicators">, number> {
  return {
    linear: found.linear!.top1,
    knn: found.knn!.top1,
    "few-shot": found["few-shot"]!.points.at(-1)!.trained.top1,
    retrieval: found.retrieval!.recall["1"],
    "fine-tune": found["fine-tune"]!.top1,
    supervised: found.supervised!.top1,
  };
}

describe("evaluate", () => {
  it("finds a label that is written into the pixels, by every protocol", async () => {
    const live = memory().liveTensors;
    const found = await evaluate(own, labelled, options);
    expect(memory().liveTensors).toBeLessThanOrEqual(live);
    for (const [protocol, top1] of Object.entries(tops(found))) expect([protocol, top1]).toEqual([protocol, 1]);
    for (const { pixels, majority } of [found.linear!, found.knn!]) {
      expect([pixels?.top1, pixels?.f1, pixels?.balanced]).toEqual([1, 1, 1]);
      expect(majority).toMatchObject({ top1: 0.25, balanced: 0.25 });
    }
    // As far as so few images can tell.
    const all = [expect.closeTo(wilson(1, found.linear!.val_images)[0], 9), 1];
    expect(found.linear!.interval).toEqual({ top1: all, f1: all, balanced: all });
    // Four classes: five guesses are always right, and so are not reported.
    expect(found.linear!.top5).toBeNull();

    for (const protocol of PROTOCOLS) {
      const written: unknown = JSON.parse(readFileSync(join(own, "eval", `${protocol}.json`), "utf8"));
      expect(written).toEqual(found[protocol]);
      expect(written).toMatchObject({
        protocol,
        split: "val",
        seed: 0,
        step: 42,
        data: labelled,
        val_images: 60,
        notes: [],
      });
    }
    // What was predicted for each test image stands beside its score, and the scores follow from it.
    const files = [found.linear!, found.knn!, found["fine-tune"]!, found.supervised!];
    expect(new Set(files.map(({ predictions }) => predictions!.images)).size).toBe(1);
    for (const { predictions, top1, ...one } of files) {
      const { labels, trained, ...others } = decodePredictions(predictions!, 4, 60)!;
      const right = (said: Uint16Array) => labels.filter((label, n) => label === said[n]).length / 60;
      expect(right(trained!)).toBe(top1);
      expect(Object.keys(others)).toEqual("pixels" in one ? ["untrained", "pixels"] : []);
      if ("pixels" in one)
        expect([right(others.untrained!), right(others.pixels!)]).toEqual([one.untrained.top1, one.pixels!.top1]);
      expect(JSON.stringify(predictions).length).toBeLessThan(90 * 4 + 200);
    }
    const scratch = found["fine-tune"]!.scratch!;
    expect(scratch.top1).toBe(found.supervised!.top1);
    expect(found["fine-tune"]!.settings).toMatchObject({ layer_decay: 0.75, epochs: 2, batch: 24 });
    expect(found.supervised!.settings.layer_decay).toBe(1);
    expect(found["fine-tune"]!.curve).toHaveLength(2);
    // The checkpoint is the seed's own initial state, so the trained encoder is no better than the untrained one.
    expect(found.knn!.lead.untrained).toEqual({ top1: 0, interval: pairedDifference(0, 0, found.knn!.val_images) });
  });

  it("encodes each image once, whatever the protocols and epochs", async () => {
    const linear = { lr: 0.03, weight_decay: 0, epochs: 100 };
    const found = await evaluate(own, labelled, {
      ...options,
      protocols: ["linear", "knn", "few-shot", "retrieval"],
      linear,
      pixels: false,
      pictures: false,
    });
    expect(found.linear!.curve).toHaveLength(100);
    for (const one of [found.linear!, found.knn!, found["few-shot"]!, found.retrieval!]) {
      expect(one.settings.encoded).toBe(180);
    }
    // A pass over train for each epoch would encode fifty times as many, and more.
    expect((100 * 120) / found.linear!.settings.encoded).toBeGreaterThan(50);
  });

  it("tells what each phase took, in the order of the work", async () => {
    const phases: string[] = [];
    const began = performance.now();
    let sum = 0;
    await evaluate(own, labelled, {
      ...options,
      protocols: ["linear", "knn", "few-shot", "retrieval"],
      onPhase: (phase, seconds) => {
        phases.push(phase);
        sum += seconds;
      },
    });
    expect([...new Set(phases)]).toEqual(["encoding", "linear probe", "kNN", "few-shot", "retrieval", "pictures"]);
    // None is counted twice.
    expect(sum).toBeLessThanOrEqual((performance.now() - began) / 1000);
  });

  it("scores chance with an encoder of zeros, by every protocol", async () => {
    const found = await evaluate(zeros, labelled, {
      ...options,
      protocols: PROTOCOLS.filter((one) => one !== "supervised"),
    });
    for (const protocol of ["linear", "knn", "fine-tune"] as const) {
      expect([protocol, found[protocol]!.top1, found[protocol]!.balanced]).toEqual([protocol, 0.25, 0.25]);
    }
    for (const { trained } of found["few-shot"]!.points) expect(trained.top1).toBe(0.25);
    expect(found.retrieval!.recall["1"]).toBe(0.25);
    expect(found.linear!.untrained.top1).toBe(1);
    // Always the same class: as much as always the most frequent one.
    expect(found.linear!.lead.untrained.top1).toBe(-0.75);
  });

  it("scores chance where labels are shuffled, by every protocol", async () => {
    const found = await evaluate(own, shuffled, { ...options, pictures: false });
    for (const [protocol, top1] of Object.entries(tops(found))) {
      expect([protocol, Math.abs(top1 - 0.25) < NOISE]).toEqual([protocol, true]);
    }
    for (const { untrained, pixels } of [found.linear!, found.knn!]) {
      for (const score of [untrained, pixels!]) expect(Math.abs(score.top1 - 0.25)).toBeLessThan(NOISE);
    }
    const { recall, chance } = found.retrieval!;
    for (const k of ["1", "5", "10"] as const) expect(Math.abs(recall[k] - chance[k])).toBeLessThan(NOISE);
  });

  it("draws pictures: a map, neighbours and confused classes over one sprite", async () => {
    await evaluate(own, shuffled, { ...options, protocols: ["knn"] });
    const pictures = JSON.parse(readFileSync(join(own, "eval", "pictures.json"), "utf8")) as EvaluationPictures;
    expect(pictures).toMatchObject({ protocol: "pictures", tile: 48, predicted_by: "knn", step: 42, val_images: 60 });
    const { map, neighbours, confused, tiles, columns } = pictures;
    expect(map.points).toHaveLength(60);
    expect(new Set(map.points.map(({ tile }) => tile)).size).toBe(60);
    expect(neighbours).toHaveLength(12);
    expect(FOUR_CLASSES.map((_, c) => neighbours.filter(({ label }) => label === c).length)).toEqual([3, 3, 3, 3]);
    for (const { label, found } of neighbours) {
      expect(found).toHaveLength(8);
      expect(found.every((one) => one.right === (one.label === label))).toBe(true);
      const similarities = found.map(({ similarity }) => similarity);
      expect(similarities).toEqual(similarities.toSorted((a, b) => b - a));
    }
    const wrong = map.points.filter(({ label, predicted }) => label !== predicted);
    const [first] = confused;
    expect(first!.images).toBe(
      wrong.filter(({ label, predicted }) => label === first!.truth && predicted === first!.taken).length,
    );
    expect(first!.share).toBeCloseTo(first!.images / 15, 12);
    const used = [
      ...map.points.map(({ tile }) => tile),
      ...neighbours.flatMap(({ tile, found }) => [tile, ...found.map((one) => one.tile)]),
      ...confused.flatMap((one) => one.tiles),
    ];
    expect(new Set(used).size).toBe(tiles);
    const sprite = join(own, "eval", pictures.sprite);
    const { width, height, format } = await sharp(sprite).metadata();
    expect({ width, height, format }).toEqual({
      width: 48 * columns,
      height: 48 * Math.ceil(tiles / columns),
      format: "jpeg",
    });
    expect(statSync(sprite).size).toBeLessThan(2e6);
  });

  it("clamps k to the training images and says so", async () => {
    const found = await evaluate(own, labelled, { ...options, protocols: ["knn"], knn: { k: 500 }, pictures: false });
    expect(found.knn!.settings.k).toBe(120);
    expect(found.knn!.notes).toEqual(["k is 120, not 500: train has no more images"]);
  });

  it("evaluates two classes, two training images each", async () => {
    const tiny = await writeLabelled(
      join(root.path, "tiny"),
      { train: 2, val: 3 },
      "labelled",
      FOUR_CLASSES.slice(0, 2),
    );
    const found = await evaluate(own, tiny, {
      ...options,
      protocols: PROTOCOLS.filter((one) => one !== "supervised"),
      shares: [0.01, 0.1, 1],
      linear: { epochs: 20 },
      network: { epochs: 1 },
    });
    expect(found.knn!.settings.k).toBe(4);
    expect(found.linear!.confusion).toHaveLength(2);
    expect(found.linear!.top5).toBeNull();
    const { points, notes } = found["few-shot"]!;
    expect(points.map(({ share, images, draws }) => [share, images, draws])).toEqual([
      [0.01, 2, 5],
      [0.1, 2, 3],
      [1, 4, 1],
    ]);
    expect(notes).toContain("1 % of the labels are fewer than the classes: one of each was taken");
    expect(existsSync(join(own, "eval", "pictures.json"))).toBe(true);
  });

  it("refuses one class alone, no protocol, and a ViT at a size that its patch does not divide, before encoding anything", async () => {
    const one = await writeLabelled(join(root.path, "one"), { train: 2, val: 2 }, "labelled", FOUR_CLASSES.slice(0, 1));
    await expect(evaluate(own, one, options)).rejects.toThrow(
      `Expected two classes or more to tell apart in ${one}, got ant alone; add a class folder`,
    );
    await expect(evaluate(own, labelled, { ...options, protocols: [] })).rejects.toThrow(
      "one protocol or more, got none",
    );
    await expect(evaluate(own, labelled, { ...options, size: 20 })).rejects.toThrow(
      "Expected a size that patch 8 of this vit_tiny divides, got 20",
    );
  });

  it("encodes at another size that a ViT's patch divides, fine-tuning too", async () => {
    const run = await writeCheckpoint(join(root.path, "larger"), untrainedMethod(config), config);
    const protocols = ["knn", "fine-tune"] as const;
    const found = await evaluate(run, labelled, { ...options, protocols, size: 32, network: { epochs: 1, batch: 24 } });
    expect(found.knn!.top1).toBe(1);
    expect(found["fine-tune"]!.settings.size).toBe(32);
  });
});

it("the size is the one asked for, else the run's eval_size, else the one trained at", () => {
  const resnet = resolveConfig({ flags: { method: "simclr", encoder: "resnet18", size: 64 } });
  expect(sizeFor({ ...resnet, eval_size: null })).toBe(64);
  const convnext = { ...resnet, encoder: "convnext_tiny" };
  expect(sizeFor(convnext, 32)).toBe(32);
  expect(() => sizeFor(convnext, 31)).toThrow("Expected a size of at least 32 px with convnext_tiny, got 31");
  expect(sizeFor({ ...resnet, eval_size: 96 })).toBe(96);
  expect(sizeFor({ ...resnet, eval_size: 96 }, 80)).toBe(80);
  expect(sizeFor(config, 24)).toBe(24);
});
