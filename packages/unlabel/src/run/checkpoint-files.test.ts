import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../base/errors.ts";
import { info, placeForEach, row, save, stepOf } from "../testing/run-folder.ts";
import { RunDirectory, type RunInfo } from "./directory.ts";
import { LostLock } from "./lock.ts";

const place = placeForEach();

describe("a checkpoint that is gone", () => {
  /** A run of two steps an epoch that stopped after `steps`. */
  function stopped(steps: number, changes: Partial<RunInfo> = {}): RunDirectory {
    const run = RunDirectory.create(place.path, info);
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
    rmSync(join(place.path, "checkpoints"), { recursive: true });
    expect(run.recover(stepOf)).toBeNull();
  });
});

describe("checkpoint", () => {
  const files = () => readdirSync(join(place.path, "checkpoints")).sort();
  const FOUR = ["last.safetensors", "last.state.safetensors", "previous.safetensors", "previous.state.safetensors"];
  const previous = (run: RunDirectory) =>
    [run.weights.replace("last", "previous"), run.state.replace("last", "previous")] as const;

  it("replaces the last one as a whole, which becomes the previous one", () => {
    const run = RunDirectory.create(place.path, info);
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
    const run = RunDirectory.create(place.path, info);
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
    const run = RunDirectory.create(place.path, info);
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
    const written = () => ["run.json", "metrics.jsonl"].map((name) => readFileSync(join(place.path, name), "utf8"));
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
    const run = RunDirectory.create(place.path, info);
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
    const run = RunDirectory.create(place.path, info);
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
    const run = RunDirectory.create(place.path, info);
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
    const run = RunDirectory.create(place.path, info);
    save(run, 1);
    writeFileSync(run.state, "half");
    expect(() => run.recover(stepOf)).toThrow(
      /Expected a whole checkpoint .*, got none: last.state.safetensors is damaged/,
    );
    writeFileSync(run.weights, "half");
    expect(() => run.newestWeights(stepOf)).toThrow(/Expected whole weights .*, got none: last.safetensors is damaged/);
  });
});
