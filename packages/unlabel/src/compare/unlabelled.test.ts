// What a comparison of images without labels holds out stays held out, for all its runs, whenever it goes on.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import { evaluate } from "../eval/evaluate.ts";
import { RunDirectory } from "../run/directory.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { compare } from "./compare.ts";
import { demo } from "./demo.ts";
import type { Comparison } from "./plan.ts";
import type { CompareRequest } from "./request.ts";

// What is held here does not depend on the encoder.
vi.mock("../encoders/registry.ts", async (original) =>
  (await import("../testing/small-encoders.ts")).withSmallEncoders(original),
);

const root = temporaryFolder();
afterAll(() => root[Symbol.dispose]());
const data = join(root.path, "photos");
const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `${from + i}.png`);
let log = "";
const request = (changes: Partial<CompareRequest> = {}): CompareRequest => ({
  data,
  methods: ["simclr", "mae"],
  seeds: [0],
  budget: { kind: "epochs", value: 1 },
  preset: "small",
  backbone: "vit_tiny",
  settings: { size: 32, batch: 8, device: "cpu", precision: "fp32", health_every: 0 },
  out: join(root.path, "runs"),
  report: join(root.path, "r.html"),
  stream: { write: (text) => (log += text) },
  ...changes,
});
const comparison = () => JSON.parse(readFileSync(join(root.path, "runs", "compare.json"), "utf8")) as Comparison;
const dataOf = (name: string) => RunDirectory.open(join(root.path, "runs", name)).info.data;

it("goes on with the same images held out, and is evaluated with labels by a later call", async () => {
  await writeImages(data, numbered(110), 32);
  const stop = new AbortController();
  const onEvent: CompareRequest["onEvent"] = ({ type }, run) => {
    if (type === "begin" && run === "mae-0") stop.abort();
  };
  expect(await compare(request({ signal: stop.signal, onEvent }))).toBeNull();
  const before = comparison();
  expect(before.held_out!.images).toBe(22);
  expect(before.runs.map(({ status }) => status)).toEqual(["done", "interrupted"]);

  const done = (await compare(request()))!;
  expect(done.runs.map(({ status, evaluations }) => [status, Object.keys(evaluations)])).toEqual([
    ["done", ["indicators"]],
    ["done", ["indicators"]],
  ]);
  const { indicators } = done.runs[0]!.evaluations;
  expect(indicators!.neighbours!.images).toBe(done.runs[1]!.evaluations.indicators!.neighbours!.images);
  expect(dataOf("simclr-0").held_out).toEqual(dataOf("mae-0").held_out);
  expect(done.report.data.without_labels).not.toBeNull();

  // As many images are looked at for every run, also where one is looked at again by itself.
  const { images, viewed } = indicators!.settings.budget!;
  expect(comparison().looked).toEqual({ images, viewed });
  const alone = await evaluate(join(root.path, "runs", "mae-0"), data, {
    ...{ protocols: ["indicators"], pixels: false, pictures: false, stream: { write: () => true } },
  });
  for (const one of [done.runs[1]!.evaluations.indicators!, alone.indicators!])
    expect(one.settings.budget).toMatchObject({ images, viewed, allowed_s: null });

  // With labels the same runs are scored; the indicators stand beside.
  const labels = join(root.path, "labels.csv");
  const rows = numbered(30).map((name, i) => `${name},${["ant", "bee"][i % 2]}\n`);
  writeFileSync(labels, `path,label\n${rows.join("")}`);
  const scored = (await compare(request({ labels })))!;
  expect(Object.keys(scored.runs[1]!.evaluations)).toEqual(["linear", "knn", "few-shot", "retrieval", "indicators"]);
  expect(scored.report.data.without_labels).toBeNull();
  expect(scored.report.data.runs[0]!.indicators).not.toBeNull();
}, 300_000);

it("trains a run that begins later on what the comparison began with, though images have been added since", async () => {
  const out = join(root.path, "later");
  const quiet = { out, report: join(root.path, "later.html"), methods: ["simclr", "mae"] };
  const stop = new AbortController();
  const onEvent: CompareRequest["onEvent"] = () => stop.abort();
  expect(await compare(request({ ...quiet, signal: stop.signal, onEvent }))).toBeNull();
  const file = join(out, "compare.json");
  const before = JSON.parse(readFileSync(file, "utf8")) as Comparison;
  // Of more images another share would be held out.
  await writeImages(data, numbered(60, 110), 32);
  const failing = (await compare(request(quiet)))!;
  const mae = failing.runs.find(({ name }) => name === "mae-0")!;
  expect(mae.status).toBe("done");
  expect(mae.info!.data.held_out!.up_to).toBe(before.held_out!.up_to);
}, 300_000);

it("holds nothing out where it is told to, and the demo takes no images without labels", async () => {
  const out = join(root.path, "all");
  const settings = { ...request().settings, hold_out: false };
  const { runs } = (await compare(request({ out, settings, methods: ["mae"] })))!;
  expect([runs[0]!.info!.data.train, runs[0]!.info!.data.held_out]).toEqual([170, undefined]);
  expect(runs[0]!.evaluations.indicators!.split).toBe("train");
  await expect(demo({ data, out: join(root.path, "demo"), stream: { write: () => true } })).rejects.toThrow(
    "Expected labels to evaluate with",
  );
}, 300_000);
