import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resolveConfig } from "../config/resolve.ts";
import { UserError } from "../errors.ts";
import { temporaryFolder } from "../testing/data.ts";
import { RunDirectory, type RunInfo } from "./run.ts";

const info: RunInfo = {
  schema: 1,
  status: "running",
  method: "simclr",
  config: resolveConfig({ flags: { method: "simclr" } }),
  seed: 0,
  created: "2026-01-01T00:00:00.000Z",
  finished: null,
  versions: { unlabel: "0.1.0", libtorch: "2.15.0", node: "20.19.0" },
  device: "cpu",
  precision: "fp32",
  threads: 1,
  commit: null,
  command: "unlabel pretrain DATA --method simclr",
  data: { root: "DATA", layout: "flat", fingerprint: "f", train: 10, val: 0, classes: [] },
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
const stepOf = (file: string) => Number(readFileSync(file, "utf8"));
const save = (run: RunDirectory, step: number) =>
  run.checkpoint((weights, state) => {
    writeFileSync(weights, String(step));
    writeFileSync(state, String(step));
  });

describe("create and open", () => {
  it("gives back what was written", () => {
    const run = RunDirectory.create(path, info);
    run.update({ status: "done", finished: "2026-01-01T00:01:00.000Z" });
    expect(RunDirectory.open(path).info).toEqual({ ...info, status: "done", finished: "2026-01-01T00:01:00.000Z" });
    expect(readdirSync(path).sort()).toEqual(["checkpoints", "run.json"]);
  });

  it("takes a folder that is empty but for a lock, refuses a full one and says what to do", () => {
    mkdirSync(path);
    writeFileSync(join(path, "lock"), "");
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
    ["a later version's run", '{"schema": 2}', "Expected schema 1"],
    ["no object", "null", "Expected schema 1 in"],
    ["a run.json without its parts", '{"schema": 1}', "Expected config and data in"],
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
    expect(run.rewind(5)).toHaveLength(5);
    run.log(row(6));
    expect(run.metrics()).toEqual([1, 2, 3, 4, 5, 6].map(row));
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
    expect(run.recover(stepOf)).toBe(false);
  });
});

describe("checkpoint", () => {
  it("replaces the last one as a whole", () => {
    const run = RunDirectory.create(path, info);
    save(run, 1);
    save(run, 2);
    expect([stepOf(run.weights), stepOf(run.state)]).toEqual([2, 2]);
    expect(readdirSync(join(path, "checkpoints")).sort()).toEqual(["last.safetensors", "last.state.safetensors"]);
  });

  it("leaves the last one alone where writing fails", () => {
    const run = RunDirectory.create(path, info);
    save(run, 1);
    const fail = () =>
      run.checkpoint((weights) => {
        writeFileSync(weights, "half");
        throw new Error("disk full");
      });
    expect(fail).toThrow("disk full");
    expect([stepOf(run.weights), stepOf(run.state)]).toEqual([1, 1]);
    expect(run.recover(stepOf)).toBe(true);
    expect(existsSync(`${run.weights}.tmp`)).toBe(false);
  });

  it("is completed where a crash came between its two renames", () => {
    const run = RunDirectory.create(path, info);
    save(run, 1);
    writeFileSync(run.state, "2");
    writeFileSync(`${run.weights}.tmp`, "2");
    run.recover(stepOf);
    expect([stepOf(run.weights), stepOf(run.state)]).toEqual([2, 2]);
  });

  it("is none where a crash came before the first was whole", () => {
    const run = RunDirectory.create(path, info);
    writeFileSync(`${run.weights}.tmp.123.tmp`, "half");
    expect(run.recover(stepOf)).toBe(false);
    expect(readdirSync(join(path, "checkpoints"))).toEqual([]);
  });

  it("is called damaged where weights and state are of different steps", () => {
    const run = RunDirectory.create(path, info);
    save(run, 1);
    writeFileSync(run.state, "3");
    expect(() => run.recover(stepOf)).toThrow(/Expected weights of step 3 .* damaged/);
  });
});
