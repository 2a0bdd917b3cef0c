import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { openData } from "../data/open.ts";
import { probeSplits } from "../eval/splits.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { compare } from "./compare.ts";
import { alike, unscored } from "./halved.ts";
import { canHalve, decided, stoppedWords } from "./halving.ts";
import { type Comparison, plannedRuns } from "./plan.ts";

// What is held here does not depend on the encoder.
vi.mock("../encoders/registry.ts", async (original) =>
  (await import("../testing/small-encoders.ts")).withSmallEncoders(original),
);

const found = (scores: Record<string, [knn: number | null, rank: number]>) =>
  Object.entries(scores).map(([name, [knn, rank]]) => ({ name, knn, rank, images: 90 }));

it("keeps the better half by kNN, of an odd number the larger, and two at the least", () => {
  const five = found({ a: [0.1, 9], b: [0.5, 1], c: [0.3, 1], d: [0.2, 1], e: [0.4, 1] });
  expect(decided(0.25, five)).toEqual({
    ...{ share: 0.25, by: "knn", images: 90, kept: ["b", "e", "c"], stopped: ["d", "a"] },
    scores: { a: 0.1, b: 0.5, c: 0.3, d: 0.2, e: 0.4 },
  });
  expect(decided(0.5, found({ a: [0.1, 1], b: [0.5, 1], c: [0.3, 1] })).kept).toEqual(["b", "c"]);
  // As they came where none is better.
  expect(decided(0.5, found({ a: [0.2, 1], b: [0.2, 1], c: [0.2, 1], d: [0.2, 1] })).kept).toEqual(["a", "b"]);
  expect([2, 3].map(canHalve)).toEqual([false, true]);
});

it("goes by effective rank where one has no kNN, which is for images without labels", () => {
  const rung = decided(0.25, found({ a: [0.9, 3], b: [null, 40], c: [null, 20], d: [null, 8] }));
  expect([rung.by, rung.kept, rung.stopped]).toEqual(["rank", ["b", "c"], ["d", "a"]]);
  expect(stoppedWords("d", rung)).toBe(
    "given up after 25 % of its steps: effective rank of 90 training images 8.0, the last to go on 20.0",
  );
});

it("says why one was given up", () => {
  const rung = decided(0.5, found({ a: [0.125, 1], b: [0.5, 1], c: [0.3, 1] }));
  expect(stoppedWords("a", rung)).toBe(
    "given up after 50 % of its steps: kNN among 90 training images 12.5 %, the last to go on 30.0 %",
  );
});

it("takes what one seed of a method came to for its others", () => {
  const runs = plannedRuns({ methods: ["simclr", "mae"], seeds: [0, 1] });
  expect(alike(runs, "mae-0").map(({ name }) => name)).toEqual(["mae-0", "mae-1"]);
});

it("looks at no image that scores will rest on, where these are a part of train", async () => {
  using folder = temporaryFolder();
  await writeImages(
    folder.path,
    ["ant", "bee"].flatMap((name) => Array.from({ length: 10 }, (_, i) => `${name}/${i}.png`)),
    16,
  );
  const images = await openData(folder.path);
  const comparison = { split_seed: 3, seeds: [0] } as unknown as Comparison;
  const settled = { images, evaluated: images, isLabelled: true, comparison };
  const paths = (split: { items: readonly { path: string }[] }) => split.items.map(({ path }) => path).sort();
  expect(paths(unscored(settled))).toEqual(paths(probeSplits(images, 3).train));
  expect(unscored(settled).items).toHaveLength(16);
  expect(unscored({ ...settled, isLabelled: false })).toBe(images.train);
  expect(unscored({ ...settled, evaluated: { ...images, val: images.train } })).toBe(images.train);
});

const root = temporaryFolder();
afterAll(() => root[Symbol.dispose]());
const data = join(root.path, "data");
const names = (split: string, count: number) =>
  ["ant", "bee"].flatMap((name) => Array.from({ length: count }, (_, i) => `${split}/${name}/${i}.png`));
beforeAll(() => writeImages(data, [...names("train", 8), ...names("val", 4)], 16));

it("trains a part of each, gives up one of three, goes on after it was stopped, and never evaluates what it gave up", async () => {
  const out = join(root.path, "out");
  let log = "";
  const stop = new AbortController();
  const request = {
    ...{ data, out, report: join(out, "r.html"), methods: ["simclr", "barlow", "simsiam"], seeds: [0] },
    ...{ budget: { kind: "epochs", value: 1 } as const, preset: "small", backbone: "vit_tiny", halve: true },
    settings: {
      size: 16,
      patch: 8,
      batch: 4,
      device: "cpu",
      precision: "fp32",
      eval_size: 16,
      health_every: 0,
      threads: 1,
    },
    stream: {
      write: (text: string) => {
        log += text;
      },
    },
  };
  const kept = () => JSON.parse(readFileSync(join(out, "compare.json"), "utf8")) as Comparison;
  const first = await compare({
    ...request,
    signal: stop.signal,
    onEvent: (event, run) => {
      if (run === "barlow-0" && event.type === "begin") stop.abort();
    },
  });
  expect(first).toBeNull();
  expect(
    kept()
      .runs.map(({ status }) => status)
      .slice(0, 3),
  ).toEqual(["paused", "interrupted", "waiting"]);
  const ended = (await compare(request))!;
  const { rungs, runs } = kept();
  // Of three two go on, and of two there is nothing to halve.
  expect(rungs).toHaveLength(1);
  const [rung] = rungs!;
  expect(rung).toMatchObject({ share: 0.25, by: "knn", images: 16 });
  expect(rung!.kept).toHaveLength(2);
  const [gone] = rung!.stopped;
  expect(runs.map(({ name, status }) => [name, status]).sort()).toEqual(
    [...rung!.kept.map((name) => [name, "done"]), [gone, "stopped"]].sort(),
  );
  // One step of four.
  const steps = (name: string) =>
    readFileSync(join(out, name, "metrics.jsonl"), "utf8")
      .trim()
      .split("\n").length;
  expect(steps(gone!)).toBe(1);
  for (const name of rung!.kept) expect(steps(name)).toBe(4);
  expect(existsSync(join(out, gone!, "eval"))).toBe(false);
  expect(log).toContain(`${gone}: given up after 25 % of its steps: kNN among 16 training images`);
  expect(ended.report.data.absent.map(({ status }) => status)).toEqual(["stopped"]);
  const page = readFileSync(ended.report.path, "utf8");
  expect(page).toContain("is not in this report: given up after 25 % of its steps");
  expect(page).toContain("Test images had no part in it");
  // The same again has nothing left to do; without halving it is another comparison.
  log = "";
  await compare(request);
  expect(log).not.toContain("the first 25 %");
  await expect(compare({ ...request, halve: undefined })).rejects.toThrow("Expected --halve as");
}, 300_000);
