// Whole trainings by two ranks: what one process would have made of the same batches, in one run directory, and on with another number.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RunDirectory, type RunInfo } from "../run/directory.ts";
import { tarOf } from "../testing/archives.ts";
import { sampleImage, temporaryFolder, writeImages } from "../testing/data.ts";
import { runRanks } from "../testing/ranks.ts";
import "../testing/narrow.ts";
import type { Asked } from "../testing/run-pretrain.ts";
import { pretrain } from "./pretrain.ts";

const SETTINGS = {
  ...{
    method: "simclr",
    preset: "small",
    encoder: "vit_tiny",
    patch: 8,
    size: 32,
    warmup_epochs: 0,
    schedule: "constant",
  },
  ...{
    optimizer: "sgd",
    lr: 0.05,
    lr_scaling: "linear",
    device: "cpu",
    precision: "fp32",
    health_every: 4,
    steps: 6,
    hold_out: false,
  },
};

/** Of an encoder that narrow.ts leaves as it is, so that its weights are known. */
const WHOLE = { ...SETTINGS, encoder: "vit_small" };

interface Said {
  info: RunInfo;
  error?: string;
  log: string;
  events: number;
}

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
const images = at("images");
let [first, second]: [Said[], Said[]] = [[], []];

/** Images in two tar shards, and in a Parquet file of several pages. */
const ARCHIVES = [
  ["tar", "train-{0..1}.tar"],
  ["parquet", "train.parquet"],
] as const;

async function writeArchives() {
  const pictures = await Promise.all(
    Array.from({ length: 24 }, async (_, i) => new Uint8Array(await sampleImage(40, 40, i).png().toBuffer())),
  );
  for (const shard of [0, 1]) {
    const own = pictures.slice(12 * shard, 12 * (shard + 1));
    const entries = own.flatMap((content, i) => [
      { path: `${i}.png`, content },
      { path: `${i}.cls`, content: String(i % 2) },
    ]);
    writeFileSync(at(`train-${shard}.tar`), tarOf(entries));
  }
  const columnData = [
    { name: "image", data: pictures, type: "BYTE_ARRAY" as const },
    { name: "label", data: pictures.map((_, i) => i % 2), type: "INT32" as const },
  ];
  writeFileSync(at("train.parquet"), new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 6 })));
}

/** One process, in this one. */
const alone = (out: string, flags: Record<string, unknown>, more = {}) =>
  pretrain({ data: images, settings: { flags }, out: at(out), stream: { write: () => true }, ...more });

beforeAll(async () => {
  for (const kind of ["cat", "dog"]) {
    await writeImages(
      join(images, "train", kind),
      Array.from({ length: 12 }, (_, i) => `${i}.png`),
      40,
    );
  }
  writeFileSync(join(images, "train", "dog", "torn.png"), "not an image");
  mkdirSync(at("elsewhere"));
  await writeArchives();
  await alone("one", { ...SETTINGS, batch: 8 });
  await alone("whole", { ...WHOLE, batch: 8, steps: 1 });
  await alone("half", { ...SETTINGS, batch: 8, steps: 3 });
  for (const [kind, data] of ARCHIVES) await alone(`${kind}-one`, { ...SETTINGS, batch: 8 }, { data: at(data) });
  const request = (out: string, flags: Record<string, unknown>, more = {}) => ({
    ...{ data: images, settings: { flags }, out: at(out), ...more },
  });
  const { steps: _, ...timed } = SETTINGS;
  const asked: Asked[] = [
    { request: request("two", { ...SETTINGS, batch: 4 }) },
    { request: request("half", { ...SETTINGS, batch: 4 }, { resume: "auto" }) },
    { request: request("fixed", { ...SETTINGS, global_batch: 8, steps: 1 }) },
    {
      request: request("lr", { ...SETTINGS, batch: 4 }),
      otherwise: { 1: { settings: { flags: { ...SETTINGS, batch: 4, lr: 0.1 } } } },
    },
    { request: request("data", { ...SETTINGS, batch: 4 }), otherwise: { 1: { data: at("elsewhere") } } },
    { request: request("two", { ...SETTINGS, batch: 4 }) },
    { request: request("uneven", { ...SETTINGS, global_batch: 9 }) },
    ...ARCHIVES.map(([kind, data]) => ({
      request: request(`${kind}-two`, { ...SETTINGS, batch: 4 }, { data: at(data) }),
    })),
    { request: request("budget", { ...timed, batch: 4, budget: 2 }) },
    { request: request("begun", { ...WHOLE, batch: 4, steps: 2, init: at("whole") }) },
  ];
  const outcomes = await runRanks(2, fileURLToPath(new URL("../testing/run-pretrain.ts", import.meta.url)), {
    args: [JSON.stringify(asked)],
  });
  expect(outcomes.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ""],
    [0, ""],
  ]);
  [first, second] = outcomes.map(({ said }) => said) as [Said[], Said[]];
}, 600_000);

afterAll(() => folder[Symbol.dispose]());

const rows = (run: string) => RunDirectory.open(at(run)).metrics();

function expectSameLosses(run: string, one = "one") {
  const [found, expected] = [rows(run), rows(one)];
  expect(found.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  for (const [i, row] of found.entries()) {
    expect.soft(Math.abs(row["train/loss"]! - expected[i]!["train/loss"]!), `step ${i + 1}`).toBeLessThan(1e-4);
    expect.soft(row["train/lr"]).toBe(expected[i]!["train/lr"]);
    // The probe learns from the images of both.
    expect.soft(row["online/linear_top1"]).toBeCloseTo(expected[i]!["online/linear_top1"]!, 2);
  }
}

describe("two ranks of 4 images", () => {
  it("train as one process does on 8", () => {
    expect(first[0]!.error).toBeUndefined();
    expectSameLosses("two");
    const { info } = RunDirectory.open(at("two"));
    expect(info).toMatchObject({ status: "done", ranks: 2, config: { batch: 8, global_batch: 8 }, steps_per_epoch: 3 });
    expect(info.chance).toBe(RunDirectory.open(at("one")).info.chance);
    expect(rows("two").some((row) => row["health/std"] !== undefined)).toBe(true);
  });

  it("note an image that either could not read, once", () => {
    expect(
      RunDirectory.open(at("two"))
        .skipped()
        .map(({ path }) => path),
    ).toEqual([expect.stringMatching(/torn\.png$/)]);
  });

  it("are heard by rank 0 alone, and all are told what came of it", () => {
    expect(first[0]!.log).toContain("2 ranks of 4 images each, joined by Gloo");
    expect(first[0]!.events).toBeGreaterThan(2);
    expect(second.map(({ log, events }) => [log, events])).toEqual(second.map(() => ["", 0]));
    expect(second[0]!.info).toEqual(first[0]!.info);
  });

  it("go on with the run of one process, and one with theirs", { timeout: 60_000 }, async () => {
    expect(first[1]!.error).toBeUndefined();
    expectSameLosses("half");
    expect(RunDirectory.open(at("half")).info).toMatchObject({ ranks: 2, config: { batch: 8, global_batch: null } });
    const { info } = await alone("two", { ...SETTINGS, batch: 8, steps: 8 }, { resume: true });
    expect(info.result).toMatchObject({ steps: 8 });
    expect(info.ranks).toBeUndefined();
  });

  it.each(ARCHIVES)("train from %s as one process does", (kind) => {
    const at = 7 + ARCHIVES.findIndex(([other]) => other === kind);
    expect(first[at]!.error).toBeUndefined();
    expectSameLosses(`${kind}-two`, `${kind}-one`);
    const [two, one] = ["two", "one"].map((name) => RunDirectory.open(join(folder.path, `${kind}-${name}`)).info);
    expect(two!.data).toEqual(one!.data);
    expect(two).toMatchObject({ ranks: 2, data: { train: 24 } });
  });

  it("end a budget of time together", () => {
    const [one, two] = [first[9]!, second[9]!];
    expect([one.error, two.error]).toEqual([undefined, undefined]);
    expect(two.info.result).toEqual(one.info.result);
    const { result, status } = one.info;
    expect(status).toBe("done");
    expect(rows("budget")).toHaveLength(result!.steps);
    expect(result!.seconds).toBeGreaterThan(1);
  });

  it("begin with weights that rank 0 has looked at", () => {
    expect([first[10]!.error, second[10]!.error]).toEqual([undefined, undefined]);
    const { info } = RunDirectory.open(at("begun"));
    expect(info).toMatchObject({ status: "done", ranks: 2, init: { source: at("whole") } });
    expect(info.start?.health?.values["health/rank"]).toBeGreaterThan(0);
    expect(first[10]!.log).toContain("begins with");
  });

  it("share a global batch whatever their number", () => {
    expect(first[2]!.info.config).toMatchObject({ batch: 8, global_batch: 8 });
    for (const said of [first[6]!, second[6]!]) {
      expect(said.error).toMatch(
        /Expected a global batch that 2 ranks can share evenly, got 9; .*global_batch=8 or 10/,
      );
    }
  });

  it("refuse to go on where they differ, on both, naming the difference and the rank", () => {
    for (const said of [first, second]) {
      expect(said[3]!.error).toBe(
        "UserError: Expected the same settings on all ranks, got lr 0.05 on rank 0 and lr 0.1 on rank 1",
      );
      expect(said[5]!.error).toMatch(
        /^UserError: Expected an empty or new folder for --out, got .*two; continue it with --resume/,
      );
    }
    expect(second[4]!.error).toMatch(/^UserError: Expected .*elsewhere/);
    expect(first[4]!.error).toMatch(/^UserError: rank 1 failed: Expected .*elsewhere/);
  });
});
