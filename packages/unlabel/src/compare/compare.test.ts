import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { getThreads, setThreads } from "@unlabel/torch";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { evaluate } from "../eval/evaluate.ts";
import { resolveConfig } from "../methods/registry.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { trainingFlops } from "../train/flops.ts";
import { compare } from "./compare.ts";
import { evaluateWithLabels } from "./evaluate-with-labels.ts";
import type { Comparison, Terms } from "./plan.ts";
import type { CompareRequest } from "./request.ts";
import { settingsOf } from "./run-settings.ts";

// What is held here does not depend on the encoder.
vi.mock("../encoders/registry.ts", async (original) =>
  (await import("../testing/small-encoders.ts")).withSmallEncoders(original),
);

const root = temporaryFolder();
afterAll(() => root[Symbol.dispose]());

const TERMS: Terms = {
  data: join(root.path, "data"),
  methods: ["simclr", "mae"],
  seeds: [0],
  budget: { kind: "epochs", value: 2 },
  preset: "small",
  backbone: "vit_tiny",
  settings: { size: 32, batch: 8, device: "cpu", precision: "fp32" },
};

describe("settingsOf", () => {
  const settings = (changes: Partial<Terms>, method: "simclr" | "mae" = "simclr") =>
    settingsOf({ ...TERMS, ...changes }, method, 3, 100);

  it("turns a budget into epochs, steps or time, and keeps warm-up within a tenth", () => {
    expect(settings({})).toMatchObject({ method: "simclr", seed: 3, encoder: "vit_tiny", epochs: 2 });
    expect(settings({}).warmup_epochs).toBeCloseTo(0.2);
    expect(settings({ budget: { kind: "time", value: 60 } })).toMatchObject({ budget: 60 });
    const steps = settings({ budget: { kind: "steps", value: { simclr: 30, mae: 7 } } }, "mae");
    expect(steps).toMatchObject({ steps: 7, epochs: 1 });
  });

  it("has settings of one method alone over those for all", () => {
    const own = { mae: { size: 64, mask_ratio: 0.6 } };
    expect(settings({ own }, "mae")).toMatchObject({ size: 64, mask_ratio: 0.6, batch: 8 });
    expect(settings({ own })).toMatchObject({ size: 32, batch: 8 });
    expect(settings({ own })).not.toHaveProperty("mask_ratio");
    expect(() => settings({ own: { simclr: { mask_ratio: 0.6 } } })).toThrow("mask_ratio");
  });

  it("gives methods the same number of operations", () => {
    const budget = { kind: "flops", value: 1e13 } as const;
    for (const method of ["simclr", "mae"] as const) {
      const config = resolveConfig({ flags: settings({ budget }, method) });
      expect((config.steps! * config.batch * trainingFlops(config)) / budget.value).toBeCloseTo(1, 1);
    }
  });

  it("plans by what preset auto fits to the images, which each run then chooses again", () => {
    const facts = { images: 100, side: 64, channels: 3, device: "cpu" } as const;
    const auto = { ...TERMS, preset: "auto", backbone: null, settings: {}, facts };
    const given = settingsOf({ ...auto, budget: { kind: "epochs", value: 2 } }, "simclr", 3, 100);
    expect(given).toMatchObject({ preset: "auto", epochs: 2 });
    expect(given).not.toHaveProperty("batch");
    // A quarter of the images is a batch.
    const budget = { kind: "flops", value: 1e13 } as const;
    const { steps } = settingsOf({ ...auto, budget }, "simclr", 3, 100) as { steps: number };
    const config = resolveConfig({ flags: { method: "simclr", channels: 3 } });
    expect((steps * 25 * trainingFlops(config)) / budget.value).toBeCloseTo(1, 1);
  });

  it("refuses an encoder that a method cannot have", () => {
    expect(() => settings({ backbone: "resnet18" }, "mae")).toThrow(
      "Expected one of vit_tiny, vit_small, vit_base, vit_large",
    );
  });
});

const names = (split: string, count: number) =>
  ["ant", "bee"].flatMap((name) => Array.from({ length: count }, (_, i) => `${split}/${name}/${i}.png`));
beforeAll(() => writeImages(TERMS.data, [...names("train", 8), ...names("val", 4)], 16));

it("goes on after it was killed, in training and in evaluation, without doing anything twice", async () => {
  const out = join(root.path, "killed");
  const file = join(out, "simclr-0", "run.json");
  const first = () => (JSON.parse(readFileSync(join(out, "compare.json"), "utf8")) as Comparison).runs[0]!;
  const status = () => first().status;
  let log = "";
  /** Begins, or goes on, until a line is `fatal`; what is left is what a killed process leaves. */
  const run = (fatal: (text: string) => boolean = () => false) => {
    log = "";
    const write = (text: string) => {
      log += text;
      if (fatal(text)) throw new Error("killed");
    };
    // Without its preset: it goes on with the one that it began with.
    const { preset, ...rest } = TERMS;
    const terms = existsSync(join(out, "compare.json")) ? rest : { ...rest, preset };
    return compare({ ...terms, methods: ["simclr"], out, report: join(root.path, "k.html"), stream: { write } });
  };

  await expect(run((text) => text.includes(" 1/4 "))).rejects.toThrow("killed");
  expect(status()).toBe("training");
  await expect(run(() => status() === "evaluating")).rejects.toThrow("killed");
  expect(log).toContain("training begins again from step 0");
  expect(status()).toBe("evaluating");
  const trained = statSync(file).mtimeMs;
  const { runs } = (await run())!;
  expect(log).not.toMatch(/\d\/4 \[|has already done/);
  expect(statSync(file).mtimeMs).toBe(trained);
  expect(runs[0]).toMatchObject({ status: "done", info: { result: { steps: 4 } } });
  expect(existsSync(join(out, "simclr-0", "eval", "pictures.json"))).toBe(true);
}, 300_000);

describe("without a val", () => {
  const data = join(root.path, "no-val");
  const out = join(root.path, "one-fifth");
  beforeAll(() =>
    writeImages(
      data,
      names("", 12).map((name) => name.slice(1)),
      16,
    ),
  );
  const request = (): CompareRequest => ({
    ...TERMS,
    data,
    methods: ["mae"],
    seeds: [3, 4],
    settings: { ...TERMS.settings, threads: 1 },
    budget: { kind: "epochs", value: 1 },
    out,
    report: join(root.path, "f.html"),
    stream: { write: () => true },
  });
  type Kept = { seed: number; split_seed: number; predictions: { images: string } };
  const kept = (protocol = "linear") =>
    ["mae-3", "mae-4"].map(
      (run) => JSON.parse(readFileSync(join(out, run, "eval", `${protocol}.json`), "utf8")) as Kept,
    );
  const fifths = (protocol?: string) => new Set(kept(protocol).map(({ predictions }) => predictions.images)).size;
  const comparison = join(out, "compare.json");

  it("scores all runs on one fifth, which compare.json notes, and a run that was scored on another again", async () => {
    const { report } = (await compare(request()))!;
    expect(JSON.parse(readFileSync(comparison, "utf8"))).toMatchObject({ split_seed: 0 });
    expect(kept().map(({ seed, split_seed }) => [seed, split_seed])).toEqual([
      [3, 0],
      [4, 0],
    ]);
    expect([fifths("linear"), fifths("knn")]).toEqual([1, 1]);
    expect(readFileSync(report.path, "utf8")).toMatch(/unlabel evaluate \S+mae-3 --data \S+ --split-seed 0/);

    // By hand, on the fifth of the run's own seed.
    const quiet = { stream: { write: () => true }, pictures: false };
    await evaluate(join(out, "mae-4"), data, { protocols: ["linear"], ...quiet });
    expect([fifths("linear"), kept()[1]!.split_seed]).toEqual([2, 4]);
    await compare(request());
    expect(fifths("linear")).toBe(1);
  }, 300_000);

  it("goes on as it began where an older version began it: each seed with its own fifth", async () => {
    const { split_seed: _, ...older } = JSON.parse(readFileSync(comparison, "utf8")) as Comparison;
    writeFileSync(comparison, JSON.stringify(older));
    for (const run of older.runs) rmSync(join(out, run.name, "eval"), { recursive: true });
    setThreads(3);
    await compare(request());
    // Nothing was trained: evaluation, too, computes on what the comparison was given.
    expect(getThreads()).toBe(1);
    expect(kept().map(({ split_seed }) => split_seed)).toEqual([3, 4]);
    expect(fifths()).toBe(2);
    expect(JSON.parse(readFileSync(comparison, "utf8"))).not.toHaveProperty("split_seed");
  }, 300_000);
});

it("goes on where it stopped, keeps the runs that end well, and takes no other terms", async () => {
  const out = join(root.path, "runs");
  const report = join(root.path, "c.html");
  let log = "";
  const request = (changes: Partial<CompareRequest> = {}): CompareRequest => ({
    ...TERMS,
    out,
    report,
    stream: { write: (text) => (log += text) },
    ...changes,
  });
  const states = () =>
    (JSON.parse(readFileSync(join(out, "compare.json"), "utf8")) as Comparison).runs.map((run) => [
      run.name,
      run.status,
    ]);

  // Ctrl-C in the first run, once its first step has been told of.
  const stopping = (text: string) => text.includes(" 1/4 ") && process.emit("SIGINT", "SIGINT");
  expect(await compare(request({ stream: { write: stopping }, processSignals: true }))).toBeNull();
  expect(states()).toEqual([
    ["simclr-0", "interrupted"],
    ["mae-0", "waiting"],
  ]);

  // The second run cannot begin: its folder is taken.
  mkdirSync(join(out, "mae-0"), { recursive: true });
  writeFileSync(join(out, "mae-0", "notes.txt"), "taken");
  const first = await compare(request());
  expect(first!.runs.map(({ status }) => status)).toEqual(["done", "failed"]);
  expect(first!.runs[1]!.error).toContain("Expected an empty or new folder");
  expect(Object.keys(first!.runs[0]!.evaluations)).toEqual(["linear", "knn", "few-shot", "retrieval"]);
  expect(log).toContain("1/2 simclr-0");
  expect(log).toContain("mae-0 failed: Expected an empty or new folder");
  expect(existsSync(report)).toBe(true);

  // Only what is missing is done.
  rmSync(join(out, "mae-0"), { recursive: true });
  const before = statSync(join(out, "simclr-0", "eval", "linear.json")).mtimeMs;
  const second = await compare(request());
  expect(second!.runs.map(({ status, info }) => [status, info!.result!.steps])).toEqual([
    ["done", 4],
    ["done", 4],
  ]);
  expect(statSync(join(out, "simclr-0", "eval", "linear.json")).mtimeMs).toBe(before);

  await expect(compare(request({ seeds: [0, 1] }))).rejects.toThrow(
    /Expected --seeds 1 as .* began with, got --seeds 2; name another --out/,
  );
  await expect(compare(request({ budget: { kind: "time", value: 90 } }))).rejects.toThrow(
    /Expected --epochs 2 as .* began with, got --budget 90s;/,
  );
  await expect(compare(request({ backbone: null }))).rejects.toThrow(
    /Expected --backbone vit_tiny as .* began with, got no --backbone;/,
  );
  await expect(compare(request({ settings: { size: 32, lr: 0.1 } }))).rejects.toThrow(
    "got --set size=32 --set lr=0.1;",
  );
}, 300_000);

it("stops for a program's signal, in training and in evaluation, and goes on where it stopped", async () => {
  const out = join(root.path, "asked");
  const run = (when: (event: string, run: string) => boolean, inEvaluation = false) => {
    const stop = new AbortController();
    const write = (text: string) => {
      if (inEvaluation && text.includes("encod")) stop.abort();
      return true;
    };
    return compare({
      ...{
        ...TERMS,
        methods: ["simclr"],
        out,
        report: join(root.path, "a.html"),
        stream: { write },
        signal: stop.signal,
      },
      onEvent: (event, name) => {
        expect(listening()).toEqual(before);
        if (when(event.type, name)) stop.abort();
      },
    });
  };
  const first = () => (JSON.parse(readFileSync(join(out, "compare.json"), "utf8")) as Comparison).runs[0]!;
  const status = () => first().status;
  const listening = () => ["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => process.listenerCount(signal));
  const before = listening();
  expect(await run((event, name) => event === "begin" && name === "simclr-0")).toBeNull();
  expect(status()).toBe("interrupted");
  const spent = first().seconds!;
  expect(spent).toBeGreaterThan(0);
  expect(await run(() => false, true)).toBeNull();
  expect(status()).toBe("evaluating");
  // What was spent on it is counted on, however it was stopped.
  expect(first().seconds).toBeGreaterThan(spent);
  expect(existsSync(join(out, "simclr-0", "eval"))).toBe(false);
  const done = await run(() => false);
  expect(done!.runs[0]).toMatchObject({ status: "done" });
  expect(done!.runs[0]!.info!.command).toBe("compare() of a program");
  expect(listening()).toEqual(before);
}, 300_000);

it("evaluates images without labels by a file's, anew where there are more by the next time, and not twice by the same", async () => {
  const data = join(root.path, "flat");
  const images = Array.from({ length: 16 }, (_, i) => `${i}.png`);
  await writeImages(data, images, 16);
  const labels = join(root.path, "labels.csv");
  const write = (count: number) =>
    writeFileSync(
      labels,
      `path,label\n${images
        .slice(0, count)
        .map((name, i) => `${name},${["ant", "bee"][i % 2]}\n`)
        .join("")}`,
    );
  const out = join(root.path, "by-hand");
  let log = "";
  const stream = {
    write: (text: string) => {
      log += text;
    },
  };
  const request = {
    ...TERMS,
    data,
    methods: ["simclr"],
    budget: { kind: "epochs", value: 1 } as const,
    out,
    labels,
    stream,
  };
  const run = async () => {
    log = "";
    const { runs } = (await compare({ ...request, report: join(out, "r.html") }))!;
    const { train_images, val_images, notes } = runs[0]!.evaluations.linear!;
    return { images: train_images + val_images, note: notes[0] };
  };
  write(10);
  expect(await run()).toEqual({ images: 10, note: `labels are those of ${labels}` });
  expect(log).toContain("10 images of 16 have one, the other 6 are left aside");
  expect((await run()).images).toBe(10);
  expect(log).not.toContain("linear probe on");
  write(16);
  expect((await run()).images).toBe(16);
  const file = join(out, "simclr-0", "eval", "linear.json");
  const before = statSync(file).mtimeMs;
  await evaluateWithLabels([join(out, "simclr-0")], labels);
  expect(statSync(file).mtimeMs).toBe(before);
  await expect(
    compare({ ...request, labels: join(root.path, "none.csv"), report: join(out, "r.html") }),
  ).rejects.toThrow("which does not exist");
}, 300_000);
