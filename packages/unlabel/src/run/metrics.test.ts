import { appendFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { info, placeForEach, row } from "../testing/run-folder.ts";
import { RunDirectory } from "./directory.ts";

const place = placeForEach();

describe("metrics", () => {
  it("are rewound to a step, torn last line included, and go on without a gap or a double", () => {
    const run = RunDirectory.create(place.path, info);
    for (let step = 1; step <= 7; step++) run.log(row(step));
    appendFileSync(join(place.path, "metrics.jsonl"), '{"step": 8, "epo');
    expect(run.metrics().map((r) => r.step)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(run.rewind(5)).toEqual([]);
    run.log(row(6));
    expect(run.metrics()).toEqual([1, 2, 3, 4, 5, 6].map(row));
    expect(readFileSync(join(place.path, "metrics.jsonl"), "utf8").split("\n")).toHaveLength(7);
    expect(run.lastRow()).toEqual(row(6));
  });

  it("that were damaged are told of: lines lost in the middle, at the end, and steps that are senseless", () => {
    const run = RunDirectory.create(place.path, info);
    const file = join(place.path, "metrics.jsonl");
    const lines = [1, 2, "{torn", 4, 900, 5, 5, 3].map((n) => (typeof n === "number" ? JSON.stringify(row(n)) : n));
    writeFileSync(file, `${lines.join("\n")}\nnull\n[]\n{"step":6}\n${"x".repeat(3_000_000)}\n`);
    writeFileSync(`${file}.tmp`, "another's");
    expect(run.rewind(8)).toEqual([
      [3, 3],
      [6, 8],
    ]);
    expect(readFileSync(file, "utf8")).toBe([1, 2, 4, 5].map((n) => `${JSON.stringify(row(n))}\n`).join(""));
    expect(readdirSync(place.path).sort()).toEqual(["checkpoints", "metrics.jsonl", "metrics.jsonl.tmp", "run.json"]);
    expect(readFileSync(`${file}.tmp`, "utf8")).toBe("another's");
    rmSync(file);
    expect(run.rewind(2)).toEqual([[1, 2]]);
  });

  it("of any length are read in pieces and cut at a byte", () => {
    const run = RunDirectory.create(place.path, info);
    const file = join(place.path, "metrics.jsonl");
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
    expect(RunDirectory.create(place.path, info).rewind(0)).toEqual([]);
  });

  it("tell unreadable images apart from steps", () => {
    const run = RunDirectory.create(place.path, info);
    run.skip("a.jpg", "truncated");
    expect(run.skipped()).toEqual([{ path: "a.jpg", reason: "truncated" }]);
    expect(run.metrics()).toEqual([]);
  });
});
