import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { ABOUTS } from "../packages/unlabel/src/methods/abouts.ts";
import { resolveConfig } from "../packages/unlabel/src/methods/registry.ts";
import { copiesOf, scoresIn } from "./methods-measure.ts";
import { contenders, LOOKED, NO_ROW, NOT_ABOVE, PEERS, rowNames, settingsOf, trialsOf } from "./methods-plan.ts";
import { best, type KeptRow, markdownWords, outdated, plainWords, problems, type TrainedRow } from "./methods-rows.ts";
import { measuredText } from "./methods-table.ts";

const folder = mkdtempSync(join(tmpdir(), "unlabel-methods-"));
afterAll(() => rmSync(folder, { recursive: true }));

const score = (trained: number, initial: number | null = 0.3) => ({
  ...{ trained, initial, interval: [trained - 0.02, trained + 0.02] as [number, number] },
});
const row = (contender: string, linear: number, more: Partial<TrainedRow> = {}): TrainedRow => ({
  ...{ kind: "trained", contender, minutes: 5, seed: 0, trial: "preset", settings: "abc", steps: 100, batch: 64 },
  ...{ seconds: 301, images_per_s: 21.3, mb: 900, commit: null },
  ...{
    linear: score(linear),
    knn: score(linear - 0.1),
    few: { "0.01": score(0.2) },
    indicators: { rank_me: 31.2, alpha_req: null },
  },
  ...more,
});
const all = [
  ...contenders().flatMap(({ name }) => (name in NO_ROW ? [] : [name])),
  ...PEERS.map((method) => `lightly ${method}`),
];

describe("contenders", () => {
  it("are all methods that come with unlabel, on what they are for; some on both", () => {
    const found = contenders();
    expect(new Set(found.map(({ method }) => method))).toEqual(new Set(ABOUTS.map(({ name }) => name)));
    const of = (name: string) => found.filter(({ method }) => method === name).map(({ encoder }) => encoder);
    expect(of("lejepa")).toEqual(["resnet18", "vit_tiny"]);
    expect(of("simclr")).toEqual(["resnet18", "resnet18", "resnet18"]);
    for (const name of ["mae", "simmim", "ijepa", "mocov3"]) expect(of(name)).toEqual(["vit_tiny"]);
    // Variants are a method's settings, under a name of their own.
    const dclw = found.find(({ name }) => name === "dclw resnet18")!;
    expect(settingsOf(dclw, trialsOf(dclw)[0]!)).toMatchObject({
      ...{ method: "simclr", decoupled: true, positive_sigma: 0.5 },
    });
  });

  it("have at most four trials, of settings that make sense together", () => {
    for (const contender of contenders().filter(({ name }) => !(name in NO_ROW))) {
      const trials = trialsOf(contender);
      expect(trials.length).toBeLessThanOrEqual(4);
      expect(new Set(trials.map(({ name }) => name)).size).toBe(trials.length);
      // A lower rate is needless where the higher one, which is tried before it, has won.
      const names = trials.map(({ name }) => name);
      expect(names.indexOf(trials.find(({ name }) => name === "lr × ⅓")!.unless!)).toBe(1);
      for (const trial of trials) {
        const config = resolveConfig({ flags: settingsOf(contender, trial) });
        expect(config).toMatchObject({
          ...trial.settings,
          method: contender.method,
          encoder: contender.encoder,
          size: 64,
        });
      }
    }
  });

  it("are named in reasons by names that there are", () => {
    const known = rowNames();
    for (const name of Object.keys({ ...NO_ROW, ...NOT_ABOVE })) expect(known).toContain(name);
  });
});

describe("check", () => {
  const rows = () => all.map((name) => row(name, 0.5));

  it("is content with a row or a failure for each", () => {
    expect(problems(rows(), 5)).toEqual([]);
    const broken: KeptRow = {
      ...{ kind: "failed", contender: all[0]!, minutes: 5, seed: 0, trial: "preset", settings: "abc" },
      failed: "Expected a finite loss",
    };
    expect(problems([...rows().slice(1), broken], 5)).toEqual([]);
  });

  it("names who has neither, and who stands no higher than where it began", () => {
    expect(problems(rows().slice(1), 5)).toEqual([
      `${all[0]} has neither a row of 5 minutes nor a reason; measure it: npm run bench -- methods --rows '^${all[0]}$'`,
    ]);
    // Rows of another length, or a trial that broke, are none.
    expect(problems([...rows().slice(1), row(all[0]!, 0.5, { minutes: 12 })], 5)).toHaveLength(1);
    const [first, ...rest] = rows();
    expect(problems([{ ...first!, linear: score(0.25) }, ...rest], 5)[0]).toContain(
      `${all[0]} has 25.0 % by linear probe, its initial encoder 30.0 %`,
    );
    expect(problems([], 5)).toHaveLength(all.length);
  });

  it("are of settings that are tried today", () => {
    const tried = new Map([[all[0]!, new Set(["abc", "def"])]]);
    expect(outdated(rows(), 5, tried)).toEqual([]);
    const before = row(all[0]!, 0.5, { settings: "of before", trial: "queue", commit: "0123456789" });
    expect(outdated([before], 5, tried)).toEqual([
      `${all[0]} was measured with settings (queue, at 0123456789) that no trial has today; measure it again: npm run bench -- methods --rows '^${all[0]}$'`,
    ]);
    // Measured again since, or another table's.
    expect(outdated([before, ...rows()], 5, tried)).toEqual([]);
    expect(outdated([{ ...before, minutes: 12 }], 5, tried)).toEqual([]);
  });
});

describe("the tables", () => {
  const speed = { batch: 64, step_s: 1, all: [1], load: [0], threads: 2, cpu: "EPYC", commit: null };
  const rows: KeptRow[] = [
    { kind: "speed", contender: "simclr resnet18", settings: "abc", ...speed },
    { kind: "speed", contender: "mae vit_tiny", settings: "abc", ...speed },
    row("simclr resnet18", 0.5),
    row("simclr resnet18", 0.6),
    row("mae vit_tiny", 0.4, { looked: LOOKED }),
    row("dcl resnet18", 0.35),
    row("lightly simclr", 0.7, { linear: score(0.7, null) }),
    ...[0, 1, 2].map((seed) => row("simclr resnet18", 0.7 + 0.01 * seed, { minutes: 12, seed })),
  ];

  it("are of the last row of each, best first, with lightly's beside", () => {
    const words = plainWords(rows, 5, 12);
    const lines = words
      .split("\n")
      .filter((line) => /resnet18|vit_tiny|lightly/.test(line) && !/has no row|Not measured yet|RankMe and/.test(line));
    // Indicators that follow how many images they are of say so where these are not as many as elsewhere.
    expect(words).toContain(
      "RankMe and α-ReQ are of 2048 images, but of as many as a fifth of their training allowed for SimCLR, resnet18; DCL, resnet18; lightly's SimCLR\n",
    );
    expect(words).toContain("\n\nNot measured yet: DCLW, resnet18; ");
    expect(lines.map((line) => line.trim().split(/ {2,}/)[0])).toEqual([
      "lightly's SimCLR",
      "SimCLR, resnet18",
      "MAE, vit_tiny",
      "DCL, resnet18",
      "SimCLR, resnet18",
    ]);
    expect(lines[1]).toContain("60.0 (58.0–62.0)");
    expect(lines[4]).toContain("71.0 (70.0, 71.0, 72.0)");
    expect(words).toContain("at the speed of a quiet machine, once: EPYC, 2 threads\n");
    expect(markdownWords(rows, 5, 12)).toContain("| SimCLR, resnet18 | 60.0 (58.0–62.0) | 30.0 | 50.0");
  });

  it("choose the best of ours for the longer stage, and tell the program", () => {
    const trained = rows.filter((one): one is TrainedRow => one.kind === "trained" && one.minutes === 5).slice(1);
    expect(best(trained, 4)).toEqual(["simclr resnet18", "mae vit_tiny", "dcl resnet18"]);
    const text = measuredText(trained, 5);
    expect(text).toContain(
      'method: "simclr", encoder: "resnet18", linear: 0.6, initial: 0.3, interval: [0.58, 0.62], knn: 0.5 },',
    );
    expect(text).not.toContain("lightly simclr");
    expect(text.match(/method: "simclr"/g)).toHaveLength(1);
    expect(measuredText([], 5)).toContain("MEASURED: readonly MeasuredMethod[] = [];");
  });
});

it("holds every tenth image of a class out from train for trials, and shows both sides the same folders", async () => {
  const files = ["a", "b"].flatMap((name) => [
    ...Array.from({ length: 20 }, (_, i) => `train/${name}/${i}.png`),
    `val/${name}/v.png`,
  ]);
  for (const file of files) {
    const path = join(folder, "images", file);
    mkdirSync(dirname(path), { recursive: true });
    await sharp({ create: { width: 8, height: 8, channels: 3, background: "#888" } })
      .png()
      .toFile(path);
  }
  const { whole, held, judged } = await copiesOf(join(folder, "images"), join(folder, "copies"));
  const count = (root: string, split: string) => readdirSync(join(root, split, "a")).length;
  expect([count(whole, "train"), count(whole, "val"), count(held, "train"), count(held, "val")]).toEqual([
    20, 1, 18, 2,
  ]);
  // Every third of those that trials train on, and what they are judged on: 0, 3, 6, 12, 15, 18 without 9.
  expect([count(judged, "train"), count(judged, "val")]).toEqual([6, 2]);
  const [fitted, trained] = [judged, held].map((root) => readdirSync(join(root, "train", "a")));
  expect(fitted!.filter((name) => !trained!.includes(name))).toEqual([]);
  const [train, val] = ["train", "val"].map((split) => readdirSync(join(held, split, "b")));
  expect(train!.filter((name) => val!.includes(name))).toEqual([]);
  expect(val).not.toContain("v.png");
});

it("reads what evaluate found, and says what it lacks", () => {
  const found = { top1: 0.5, interval: { top1: [0.4, 0.6] }, untrained: { top1: 0.3 } };
  const points = [{ share: 0.01, trained: { top1: 0.2, interval: { top1: [0.1, 0.3] } }, untrained: { top1: 0.1 } }];
  const json = {
    ...{ linear: found, knn: found, "few-shot": { points } },
    indicators: { trained: { rank_me: { value: 12 }, place: { refused: "too few" } } },
  };
  expect(scoresIn(json)).toEqual({
    linear: { trained: 0.5, interval: [0.4, 0.6], initial: 0.3 },
    knn: { trained: 0.5, interval: [0.4, 0.6], initial: 0.3 },
    few: { "0.01": { trained: 0.2, interval: [0.1, 0.3], initial: 0.1 } },
    indicators: { rank_me: 12, place: null },
  });
  expect(() => scoresIn({ knn: found })).toThrow("Expected linear and knn in what evaluate found, got knn");
});
