import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UserError } from "../base/errors.ts";
import { temporaryName } from "../base/files.ts";
import { withoutImages } from "../config/channels.ts";
import { BEFORE_CHANNELS } from "../config/defaults.ts";
import { PHOTOGRAPHS } from "../data/input.ts";
import { resolveConfig } from "../methods/registry.ts";

import { temporaryFolder, withoutPrivileges } from "../testing/data.ts";
import { RunDirectory, type RunInfo } from "./directory.ts";
import { LostLock } from "./lock.ts";
import { migrate } from "./migrate.ts";

const info: RunInfo = {
  schema: 2,
  status: "running",
  method: "simclr",
  config: withoutImages(resolveConfig({ flags: { method: "simclr" } })),
  seed: 0,
  created: "2026-01-01T00:00:00.000Z",
  finished: null,
  versions: { unlabel: "0.1.0", libtorch: "2.15.0", node: "20.19.0" },
  device: "cpu",
  precision: "fp32",
  threads: 1,
  commit: null,
  command: "unlabel pretrain DATA --method simclr",
  data: { root: "DATA", layout: "flat", fingerprint: "f", train: 10, val: 0, classes: [], input: PHOTOGRAPHS },
  parameters: { encoder: 1, total: 2 },
  chance: null,
  floor: null,
  steps_per_epoch: 2,
  result: null,
};

let folder: ReturnType<typeof temporaryFolder>;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, "run");
});
afterEach(() => folder[Symbol.dispose]());
const row = (step: number) => ({ step, epoch: 1, seconds: step, "train/loss": 1 / step });
/** Stands in for weights: a file that holds its step. */
const stepOf = (file: string) => {
  const text = readFileSync(file, "utf8");
  if (!/^\d+$/.test(text)) throw new Error(`${file}: it is damaged`);
  return Number(text);
};
const save = (run: RunDirectory, step: number) =>
  run.checkpoint((weights, state) => {
    writeFileSync(weights, String(step));
    writeFileSync(state, String(step));
  }, stepOf);

describe("create and open", () => {
  it("says in one line what may not be written", async () => {
    const run = RunDirectory.create(path, info);
    run.log(row(1));
    save(run, 1);
    chmodSync(join(path, "metrics.jsonl"), 0o444);
    for (const name of [join(path, "checkpoints"), path, folder.path]) chmodSync(name, 0o555);
    await withoutPrivileges(() => {
      const denied = /Expected to be able to write .*run.*, got no permission \(EACCES\)/;
      expect(() => run.update({ status: "done" })).toThrow(denied);
      expect(() => run.log(row(2))).toThrow(denied);
      expect(() => run.rewind(0)).toThrow(denied);
      expect(() => save(run, 2)).toThrow(denied);
      expect(() => RunDirectory.create(join(path, "other"), info)).toThrow(denied);
    });
  });

  it("gives back what was written", () => {
    const run = RunDirectory.create(path, info);
    run.update({ status: "done", finished: "2026-01-01T00:01:00.000Z" });
    expect(RunDirectory.open(path).info).toEqual({ ...info, status: "done", finished: "2026-01-01T00:01:00.000Z" });
    expect(readdirSync(path).sort()).toEqual(["checkpoints", "run.json"]);
  });

  it("takes a folder that is empty but for a lock and what was cut off, refuses a full one and says what to do", () => {
    mkdirSync(path);
    writeFileSync(join(path, "lock"), "");
    writeFileSync(temporaryName(join(path, "run.json")), '{"schema": 1, "sta');
    RunDirectory.create(path, info);
    expect(() => RunDirectory.create(path, info)).toThrow(UserError);
    expect(() => RunDirectory.create(path, info)).toThrow(/got .*run; continue it with --resume or name another --out/);
    const other = join(path, "checkpoints", "x");
    mkdirSync(other);
    expect(() => RunDirectory.create(join(path, "checkpoints"), info)).toThrow(/; name another --out/);
  });

  it.each([
    ["no folder", undefined, "Expected a run directory"],
    ["half a run.json", '{"schema": 1', "Expected JSON in"],
    ["a later version's run", '{"schema": 3, "versions": {"unlabel": "9.1.0"}}', "open it with unlabel 9.1.0"],
    [
      "an older version's run that cannot be read",
      '{"schema": 0}',
      "got 0 (too old for it); open it with unlabel an older",
    ],
    ["no object", "null", "Expected a schema number in"],
    ["a schema that is no number", '{"schema": "1"}', 'got "1"; it is damaged'],
    ["a run.json without its parts", '{"schema": 1}', "got something else at status"],
    [
      "a config that makes no sense",
      JSON.stringify({ ...info, config: { method: "simclr", batch: 0.5 } }),
      "batch, got 0.5",
    ],
    [
      "a removed setting",
      JSON.stringify({ ...info, config: { ...info.config, gone: 1 } }),
      "; the run was begun by unlabel 0.1.0",
    ],
  ])("refuses %s", (_, content, message) => {
    if (content !== undefined) {
      mkdirSync(path);
      writeFileSync(join(path, "run.json"), content);
    }
    expect(() => RunDirectory.open(path)).toThrow(message);
  });

  it("keeps the old run.json where writing the new one was cut off", () => {
    RunDirectory.create(path, info);
    writeFileSync(join(path, "run.json.tmp"), '{"schema": 1, "sta');
    expect(RunDirectory.open(path).info).toEqual(info);
  });
});

describe("metrics", () => {
  it("are rewound to a step, torn last line included, and go on without a gap or a double", () => {
    const run = RunDirectory.create(path, info);
    for (let step = 1; step <= 7; step++) run.log(row(step));
    appendFileSync(join(path, "metrics.jsonl"), '{"step": 8, "epo');
    expect(run.metrics().map((r) => r.step)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(run.rewind(5)).toEqual([]);
    run.log(row(6));
    expect(run.metrics()).toEqual([1, 2, 3, 4, 5, 6].map(row));
    expect(readFileSync(join(path, "metrics.jsonl"), "utf8").split("\n")).toHaveLength(7);
    expect(run.lastRow()).toEqual(row(6));
  });

  it("that were damaged are told of: lines lost in the middle, at the end, and steps that are senseless", () => {
    const run = RunDirectory.create(path, info);
    const file = join(path, "metrics.jsonl");
    const lines = [1, 2, "{torn", 4, 900, 5, 5, 3].map((n) => (typeof n === "number" ? JSON.stringify(row(n)) : n));
    writeFileSync(file, `${lines.join("\n")}\nnull\n[]\n{"step":6}\n${"x".repeat(3_000_000)}\n`);
    writeFileSync(`${file}.tmp`, "another's");
    expect(run.rewind(8)).toEqual([
      [3, 3],
      [6, 8],
    ]);
    expect(readFileSync(file, "utf8")).toBe([1, 2, 4, 5].map((n) => `${JSON.stringify(row(n))}\n`).join(""));
    expect(readdirSync(path).sort()).toEqual(["checkpoints", "metrics.jsonl", "metrics.jsonl.tmp", "run.json"]);
    expect(readFileSync(`${file}.tmp`, "utf8")).toBe("another's");
    rmSync(file);
    expect(run.rewind(2)).toEqual([[1, 2]]);
  });

  it("of any length are read in pieces and cut at a byte", () => {
    const run = RunDirectory.create(path, info);
    const file = join(path, "metrics.jsonl");
    const long = (step: number) => ({ ...row(step), "train/é": step });
    for (let from = 0; from < 40_000; from += 10_000) {
      const rows = Array.from({ length: 10_000 }, (_, i) => `${JSON.stringify(long(from + i + 1))}\n`);
      appendFileSync(file, rows.join(""));
    }
    const { size, ino } = statSync(file);
    expect(size).toBeGreaterThan(2 ** 21);
    expect(run.lastRow()).toEqual(long(40_000));
    expect(run.rewind(39_999)).toEqual([]);
    // Cut, not written anew.
    expect(statSync(file)).toMatchObject({ ino, size: size - JSON.stringify(long(40_000)).length - 2 });
    let sum = 0;
    for (const { step } of run.rows()) sum += step;
    expect(sum).toBe((39_999 * 40_000) / 2);
  });

  it("are none before the first step", () => {
    expect(RunDirectory.create(path, info).rewind(0)).toEqual([]);
  });

  it("tell unreadable images apart from steps", () => {
    const run = RunDirectory.create(path, info);
    run.skip("a.jpg", "truncated");
    expect(run.skipped()).toEqual([{ path: "a.jpg", reason: "truncated" }]);
    expect(run.metrics()).toEqual([]);
  });
});

describe("a checkpoint that is gone", () => {
  /** A run of two steps an epoch that stopped after `steps`. */
  function stopped(steps: number, changes: Partial<RunInfo> = {}): RunDirectory {
    const run = RunDirectory.create(path, info);
    run.update(changes);
    for (let step = 1; step <= steps; step++) run.log(row(step));
    return run;
  }
  const missing = (file: string) => `Expected ${file} to resume from, got nothing; bring it back, or start a new run`;

  it.each([
    ["a finished run", 4, { status: "done" }],
    ["an interrupted run", 1, { status: "interrupted" }],
    ["a run that went on after its first epoch", 3, {}],
    ["a diverged run that went on after its first epoch", 3, { status: "failed" }],
  ] as const)("is missed in %s", (_, steps, changes) => {
    const run = stopped(steps, changes);
    expect(() => run.refuseLost()).toThrow(UserError);
    expect(() => run.refuseLost()).toThrow(missing(run.state));
    save(run, steps);
    expect(() => run.refuseLost()).not.toThrow();
  });

  it("is missed where half of it is there", () => {
    const run = stopped(0);
    writeFileSync(run.weights, "1");
    expect(() => run.refuseLost()).toThrow(missing(run.state));
    renameSync(run.weights, run.state);
    expect(() => run.refuseLost()).toThrow(missing(run.weights));
    writeFileSync(`${run.weights}.tmp`, "1");
    expect(() => run.refuseLost()).not.toThrow();
  });

  it("is not missed where none can have been saved yet", () => {
    // Step 2 ends the epoch: the process may have died while it saved.
    const run = stopped(2);
    expect(() => run.refuseLost()).not.toThrow();
    rmSync(join(path, "checkpoints"), { recursive: true });
    expect(run.recover(stepOf)).toBeNull();
  });
});

describe("checkpoint", () => {
  const files = () => readdirSync(join(path, "checkpoints")).sort();
  const FOUR = ["last.safetensors", "last.state.safetensors", "previous.safetensors", "previous.state.safetensors"];
  const previous = (run: RunDirectory) =>
    [run.weights.replace("last", "previous"), run.state.replace("last", "previous")] as const;

  it("replaces the last one as a whole, which becomes the previous one", () => {
    const run = RunDirectory.create(path, info);
    save(run, 1);
    expect(files()).toEqual(FOUR.slice(0, 2));
    save(run, 2);
    save(run, 3);
    expect([run.weights, run.state, ...previous(run)].map(stepOf)).toEqual([3, 3, 2, 2]);
    expect(files()).toEqual(FOUR);
    expect(run.recover(stepOf)).toEqual({ step: 3, notes: [] });
    expect(run.newestWeights(stepOf)).toEqual({ path: run.weights, step: 3, notes: [] });
  });

  it("leaves the last one alone where writing fails, or where what was written does not read back", () => {
    const run = RunDirectory.create(path, info);
    save(run, 1);
    const attempt = (fail: () => void) =>
      run.checkpoint((weights, state) => {
        writeFileSync(state, "2");
        writeFileSync(weights, "half");
        fail();
      }, stepOf);
    const full = () => {
      throw new Error("disk full");
    };
    expect(() => attempt(full)).toThrow("disk full");
    expect(() => attempt(() => {})).toThrow("it is damaged");
    expect(files()).toEqual(FOUR.slice(0, 2));
    expect(run.recover(stepOf)).toEqual({ step: 1, notes: [] });
  });

  it("is another process's once that has taken the run over, before a checkpoint is written or while it is", () => {
    const run = RunDirectory.create(path, info);
    save(run, 1);
    run.log(row(1));
    let lost = false;
    run.guard(() => {
      if (lost) throw new LostLock("taken over");
    });
    const theirs = () => {
      lost = true;
      for (const file of [run.weights, run.state]) writeFileSync(file, "7");
      for (const file of [run.weights, run.state]) writeFileSync(`${file}.tmp`, "8");
    };
    const now = () => [run.weights, run.state].flatMap((file) => [file, `${file}.tmp`]).map(stepOf);
    const saving = () =>
      run.checkpoint((weights, state) => {
        for (const file of [weights, state]) writeFileSync(file, "2");
        theirs();
      }, stepOf);
    expect(saving).toThrow(LostLock);
    expect(now()).toEqual([7, 8, 7, 8]);
    const written = () => ["run.json", "metrics.jsonl"].map((name) => readFileSync(join(path, name), "utf8"));
    const before = written();
    for (const write of [
      () => save(run, 3),
      () => run.update({ status: "done" }),
      () => run.log(row(2)),
      () => run.skip("a.jpg", "none"),
      () => run.rewind(0),
    ]) {
      expect(write).toThrow(LostLock);
    }
    expect([now(), written(), run.skipped(), run.info.status]).toEqual([[7, 8, 7, 8], before, [], "running"]);
  });

  // What a process leaves that dies between two of the renames that make 3 the last and 2 the previous one.
  it.each([
    ["before the first", { last: [2, 2], previous: [1, 1], waiting: [3, 3] }, 2],
    ["after the previous state", { last: [2, 2], previous: [1, 2], waiting: [3, 3] }, 2],
    ["after the previous weights", { last: [2, 2], previous: [2, 2], waiting: [3, 3] }, 2],
    ["after the last state", { last: [2, 3], previous: [2, 2], waiting: [3, null] }, 3],
    ["after all", { last: [3, 3], previous: [2, 2], waiting: [null, null] }, 3],
    ["of the very first checkpoint", { last: [null, 1], previous: [null, null], waiting: [1, null] }, 1],
  ] as const)("is the newest whole one where a crash came %s", (_, { last, previous: before, waiting }, step) => {
    const run = RunDirectory.create(path, info);
    const names = [run.weights, run.state, ...previous(run), `${run.weights}.tmp`, `${run.state}.tmp`];
    for (const [i, saved] of [...last, ...before, ...waiting].entries()) {
      if (saved !== null) writeFileSync(names[i]!, String(saved));
    }
    expect(run.recover(stepOf)).toEqual({ step, notes: [] });
    expect([stepOf(run.weights), stepOf(run.state)]).toEqual([step, step]);
    expect(files().filter((name) => name.endsWith(".tmp"))).toEqual([]);
    save(run, step + 1);
    expect([run.weights, run.state, ...previous(run)].map(stepOf)).toEqual([step + 1, step + 1, step, step]);
    expect(files()).toEqual(FOUR);
  });

  it("is none where a crash came before the first was whole", () => {
    const run = RunDirectory.create(path, info);
    writeFileSync(`${run.weights}.tmp.123.tmp`, "half");
    expect(run.recover(stepOf)).toBeNull();
    expect(files()).toEqual([]);
  });

  it.each([
    ["weights damaged", "weights", "half", "last.safetensors is damaged (it is damaged)"],
    ["weights gone", "weights", null, "last.safetensors is missing"],
    ["state damaged", "state", "", "last.state.safetensors is damaged (it is damaged)"],
    ["state gone", "state", null, "last.state.safetensors is missing"],
    ["state of another step", "state", "9", "weights and state are of different steps"],
  ] as const)("goes back to the one before, and says so: %s", (_, part, content, story) => {
    const run = RunDirectory.create(path, info);
    save(run, 1);
    save(run, 2);
    if (content === null) rmSync(run[part]);
    else writeFileSync(run[part], content);
    run.refuseLost();
    const reading = run.newestWeights(stepOf);
    expect(reading.step).toBe(part === "weights" ? 1 : 2);
    expect(reading.notes.join()).toContain(part === "weights" ? `${story}; the weights of step 1 are used` : "");
    expect(run.recover(stepOf)).toEqual({ step: 1, notes: [`${story}; the checkpoint of step 1 is used`] });
    expect([run.weights, run.state, ...previous(run)].map(stepOf)).toEqual([1, 1, 1, 1]);
    save(run, 2);
    expect([run.weights, run.state, ...previous(run)].map(stepOf)).toEqual([2, 2, 1, 1]);
    expect(files()).toEqual(FOUR);
  });

  it("is refused where none is whole, saying what is wrong with each file", () => {
    const run = RunDirectory.create(path, info);
    save(run, 1);
    writeFileSync(run.state, "half");
    expect(() => run.recover(stepOf)).toThrow(
      /Expected a whole checkpoint .*, got none: last.state.safetensors is damaged/,
    );
    writeFileSync(run.weights, "half");
    expect(() => run.newestWeights(stepOf)).toThrow(/Expected whole weights .*, got none: last.safetensors is damaged/);
  });
});

describe("run.json of another version", () => {
  it("is brought to this one step by step", () => {
    const migrations = {
      1: (info: object) => ({ ...info, colour: "red" }),
      2: ({ colour, ...info }: Record<string, unknown>) => ({ ...info, colours: [colour] }),
    };
    expect(migrate({ schema: 1, a: 1 }, "run.json", migrations, 3)).toEqual({ schema: 3, a: 1, colours: ["red"] });
    expect(() => migrate({ schema: 0 }, "run.json", migrations, 3)).toThrow("Expected schema 3 in run.json");
  });

  it("from before there was a choice of channels has three of photographs, whatever today's defaults are", () => {
    const { channels, bands, range, tiles, ...config } = info.config;
    const { input, ...data } = info.data;
    const run = RunDirectory.create(path, info);
    writeFileSync(join(path, "run.json"), JSON.stringify({ ...info, schema: 1, config, data }));
    const opened = RunDirectory.open(run.path).info;
    expect(opened).toEqual({ ...info, config: { ...config, ...BEFORE_CHANNELS } });
    expect(opened.data.input).toEqual({ channels: 3, bands: null, range: null, tiles: null });
  });

  it("from before there was an average of weights has none, whatever a preset says now, and nothing held out", () => {
    const averageOf = (config: object) => migrate({ schema: 2, config }, "run.json").config as typeof info.config;
    expect(averageOf({ lr: 1 })).toEqual({ lr: 1, weights_average: null, hold_out: false });
    expect(averageOf({ weights_average: 0.9, hold_out: true })).toEqual({ weights_average: 0.9, hold_out: true });
    const { weights_average: _, ...config } = info.config;
    const run = RunDirectory.create(path, info);
    writeFileSync(join(path, "run.json"), JSON.stringify({ ...info, config }));
    expect(RunDirectory.open(run.path).info).toEqual(info);
  });

  it("is refused where its settings are of other channels than its images", () => {
    const run = RunDirectory.create(path, info);
    const edited = { ...info, config: { ...info.config, channels: 4 } };
    writeFileSync(join(path, "run.json"), JSON.stringify(edited));
    expect(() => RunDirectory.open(run.path)).toThrow(/Expected 4 numbers for mean/);
    const data = { ...info.data, input: { ...PHOTOGRAPHS, channels: 4 } };
    writeFileSync(join(path, "run.json"), JSON.stringify({ ...info, data }));
    expect(() => RunDirectory.open(run.path)).toThrow("for 4 channels");
    for (const odd of [{ bands: [1, 2] }, { range: [[0, 1]] }, { range: [0, 1, 2].map(() => [1, 1]) }]) {
      const other = { ...info.data, input: { ...PHOTOGRAPHS, ...odd } };
      writeFileSync(join(path, "run.json"), JSON.stringify({ ...info, data: other }));
      expect(() => RunDirectory.open(run.path)).toThrow(/got something else at data\.input/);
    }
  });

  it("without a setting that has come since takes the preset's", () => {
    const { micro_batch, ...config } = info.config;
    const run = RunDirectory.create(path, info);
    writeFileSync(join(path, "run.json"), JSON.stringify({ ...info, config }));
    expect(RunDirectory.open(run.path).info.config).toEqual({ ...config, micro_batch });
  });
});
