import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keepRow, readKept } from "./kept-rows.ts";
import { type Outcome, tableOf } from "./presets.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "unlabel-rows-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("kept rows", () => {
  it("come back in the order in which they were added", () => {
    const file = join(folder, "rows", "some.jsonl");
    expect(readKept(file)).toEqual([]);
    keepRow(file, { a: 1 });
    keepRow(file, { a: 2 });
    expect(readKept(file)).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it("name the line that an interruption cut", () => {
    const file = join(folder, "some.jsonl");
    writeFileSync(file, '{"a":1}\n\n{"a":');
    expect(() => readKept(file)).toThrow("Expected a JSON object in line 3 of");
  });
});

describe("the table of presets", () => {
  const one = (seed: number, settings: string, trained: number, chosen: string[] = []): Outcome => ({
    ...{ set: "few", method: "mae", seed, settings, commit: "abc", seconds: 120, chosen },
    linear: { trained, initial: 40 },
    knn: { trained: trained - 10, initial: 20 },
  });

  it("has the settings that were measured last, each seed once, with what auto warned of", () => {
    const kept = [
      one(0, "old", 10),
      one(1, "new", 50, ["batch 8: few"]),
      one(0, "new", 44),
      one(0, "new", 46, ["warning: mind"]),
    ];
    const rows = tableOf(kept);
    expect(rows.map(({ name, ours, peer }) => [name, ours, peer])).toEqual([
      ["few mae, linear", 48, 40],
      ["few mae, kNN", 38, 20],
    ]);
    expect(rows[0]!.note).toBe("seeds 0, 1: 48.00 ± 2.83, initial 40.00 ± 0.00; 2.0 minutes of training, at abc; mind");
  });

  it("leaves out what was not asked for", () => {
    expect(tableOf([one(0, "new", 50)], /photographs/)).toEqual([]);
  });
});
