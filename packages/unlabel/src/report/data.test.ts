import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { afterAll, expect, it } from "vitest";
import { UserError } from "../base/errors.ts";
import { temporaryFolder } from "../testing/data.ts";
import { writeRun } from "../testing/run-fixture.ts";
import { reportData } from "./data.ts";
import { writeReport } from "./report.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());

/** What is drawn and stands in no table: among so many numbers, any could be found. */
const DRAWN = ["points", "means", "confusion", "drawn", "per_class", "config"];

/** All numbers within a value that tables are made from. */
function numbersIn(value: unknown, found = new Set<number>()): Set<number> {
  if (typeof value === "number") found.add(value);
  else if (typeof value === "object" && value !== null) {
    for (const [key, one] of Object.entries(value)) {
      const fewShot = key === "points" && Array.isArray(one) && !Array.isArray(one[0]);
      if (!DRAWN.includes(key) || fewShot) numbersIn(one, found);
    }
  }
  return found;
}

/** As it is, in percent, minutes, hours, millions of parameters, gigabytes. */
const UNITS = [1, 100, 1 / 60, 1 / 3600, 1e-6, 1e-3];

/** Whether `text` is how the page would write one of `numbers`, with the precision that it shows. */
function known(text: string, numbers: readonly number[], units = UNITS): boolean {
  const shown = Number(text.replaceAll(",", "").replace("−", "-"));
  const digits = text.split(".")[1]?.length ?? 0;
  const step = 10 ** -digits;
  return numbers.some((number) => units.some((unit) => Math.abs(number * unit - shown) <= step * 0.51));
}

it("holds every number that the tables of the page show, and nothing that JSON loses", async () => {
  const dirs = [
    await writeRun(join(folder.path, "simclr-0"), { steps: 200, knn: 0.52 }),
    await writeRun(join(folder.path, "simclr-1"), { steps: 200, knn: 0.5, seed: 1, top1: 0.6 }),
    await writeRun(join(folder.path, "mae-0"), { steps: 200, method: "mae", top1: 0.5, knn: 0.44 }),
  ];
  const { path, data } = await writeReport(dirs, join(folder.path, "report.html"));
  expect(JSON.parse(JSON.stringify(data))).toEqual(JSON.parse(JSON.stringify(await reportData(dirs))));
  const numbers = [...numbersIn(JSON.parse(JSON.stringify(data)))];
  const { document } = parseHTML(readFileSync(path, "utf8"));
  let seen = 0;
  for (const cell of document.querySelectorAll("td.n")) {
    for (const [text] of (cell.textContent ?? "").matchAll(/−?\d[\d,]*(?:\.\d+)?(?!\d*e)/g)) {
      seen += 1;
      expect(known(text, numbers), `${text} in "${cell.textContent}"`).toBe(true);
    }
  }
  expect(seen).toBeGreaterThan(200);
  // Numbers that are not there are not found, so that the above means something.
  expect(["58.37", "71.3", "0.77", "1,984"].filter((text) => known(text, numbers))).toEqual([]);
});

/** Numbers that are names or fixed words of the page, and no results. */
const NAMES = [
  /top[-\u2011][15]\b/gi,
  /\bF1\b/g,
  /95\u00a0%/g,
  /recall@\d+/gi,
  /\d+ px\b/g,
  /ResNet-\d+/g,
  /(simclr|mae)-\d+\b/g,
  /PCA \d+/g,
  /\d{4}-\d\d-\d\d( \d\d:\d\d)?/g,
  /features scaled to length 1|\(0 is closest\)/g,
];

interface Node {
  nodeType: number;
  textContent: string | null;
  childNodes: Iterable<Node>;
  tagName?: string;
  getAttribute?(name: string): string | null;
}

/** Text of an element, a line a leaf, without axes (their numbers are a scale's, not a run's), code, styles and scripts. */
function textOf(node: Node): string {
  if (node.nodeType === 3) return node.textContent ?? "";
  const tag = node.tagName ?? "";
  if (/^(script|style|title|code|pre|nav|aside)$/i.test(tag)) return "";
  if (/tick/.test(node.getAttribute?.("aria-label") ?? "")) return "";
  return [...node.childNodes]
    .map(textOf)
    .join(/^(b|span|a|small)$/i.test(tag) ? " " : "\n")
    .concat("\n");
}

/** What a number on the page is of the number in the data, by what follows it. */
function unitsOf(number: string, after: string): number[] {
  const units: [RegExp, number[]][] = [
    [/^\u00a0%/, [100]],
    [/^\u00a0min/, [1 / 60]],
    [/^\u00a0s\b/, [1]],
    [/^\u00a0M\b/, [1e-6]],
    [/^\u00a0GB/, [1e-3]],
    [/^ points|^ to|^\)/, [100, 1]],
  ];
  const found = units.find(([pattern]) => pattern.test(after));
  if (found) return found[1];
  // Differences in points have a sign; labels of bars say percent, and times, how many times one is the other.
  return /^[−+]/.test(number) || /^\d+(\.\d)?$/.test(number) ? [100, 1] : [1];
}

it("holds every number in the whole text of the page", async () => {
  const health = {
    verdict: "healthy",
    since: null,
    text: "healthy: loss 3.21 (chance 4.84), features vary in 49 directions of 512",
  };
  const parent = join(folder.path, "whole");
  const dirs = [
    await writeRun(join(parent, "simclr-0"), { steps: 200, knn: 0.52, run: { health } }),
    await writeRun(join(parent, "simclr-1"), { steps: 200, knn: 0.5, seed: 1, top1: 0.6 }),
    await writeRun(join(parent, "mae-0"), { steps: 200, method: "mae", top1: 0.5, knn: 0.44 }),
  ];
  const budget = { kind: "time", value: 510 };
  const runs = [{ name: "mae-1", status: "failed", error: "Expected a finite loss, got NaN at step 77" }];
  writeFileSync(join(parent, "compare.json"), JSON.stringify({ schema: 1, budget, runs }));
  const { path, data } = await writeReport(dirs, join(parent, "report.html"));
  const plain = JSON.parse(JSON.stringify(data));
  const words = stringsIn(plain);
  const numbers = [...new Set(allNumbers(plain))];
  const { document } = parseHTML(readFileSync(path, "utf8"));
  const text = NAMES.reduce((left, name) => left.replaceAll(name, " "), textOf(document.body));
  expect(text).toContain("is not in this report: Expected a finite loss, got NaN at step 77");
  expect(text).toContain("Lines are another protocol");
  let seen = 0;
  const missing = new Set<string>();
  for (const line of text.split("\n")) {
    for (const { 0: number, index } of line.matchAll(/[−+]?\d+(?:,\d{3})*(?:\.\d+)?/g)) {
      seen += 1;
      const units = unitsOf(number, line.slice(index + number.length));
      if (!known(number.replace("+", ""), numbers, units) && !words.some((word) => word.includes(number)))
        missing.add(`${number} in "${line.trim()}"`);
    }
  }
  expect([...missing]).toEqual([]);
  expect(seen).toBeGreaterThan(800);
  // Most numbers are not there, so that the above means something.
  const shares = Array.from({ length: 1000 }, (_, i) => (i / 10).toFixed(1));
  const there = shares.filter((share) => known(share, numbers, [100]) || words.some((word) => word.includes(share)));
  expect(there.length).toBeLessThan(500);
});

/** All numbers within, also of drawings, and how many there are of lists, since the page counts them. */
function allNumbers(value: unknown, found: number[] = []): number[] {
  if (typeof value === "number") found.push(value);
  else if (Array.isArray(value)) {
    found.push(value.length);
    // A curve's points are drawn and not written.
    if (!Array.isArray(value[0]) || value.length < 150) for (const one of value) allNumbers(one, found);
  } else if (typeof value === "object" && value !== null)
    for (const one of Object.values(value)) allNumbers(one, found);
  return found;
}

/** All texts within. */
function stringsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

it("groups runs that differ in their seed alone, under the name that they share", async () => {
  const data = await reportData([
    await writeRun(join(folder.path, "seeds", "simclr-0"), { steps: 20, pictures: 0, top1: 0.58 }),
    await writeRun(join(folder.path, "seeds", "simclr-1"), { steps: 20, pictures: 0, top1: 0.59, seed: 1 }),
    await writeRun(join(folder.path, "seeds", "mae-0"), { method: "mae", steps: 20, pictures: 0, top1: 0.5 }),
  ]);
  expect(data.groups.map(({ name, runs }) => [name, runs.length])).toEqual([
    ["SimCLR", 2],
    ["MAE", 1],
  ]);
  expect(data.runs.map(({ group }) => group)).toEqual([0, 0, 1]);
  expect(data.groups[0]?.linear?.top1).toBeCloseTo(0.585, 12);
  expect(data.groups[0]?.linear?.std).toBeCloseTo(0.01 / Math.SQRT2, 12);
  expect(data.headline).toMatch(/^SimCLR scores highest: 58\.5/);
});

it("refuses what is no list of run directories", async () => {
  for (const given of ["run", undefined, 3, [undefined]]) {
    const asked = reportData(given as unknown as string[]);
    await expect(asked).rejects.toMatchObject({
      name: "UsageError",
      message: `Expected a list of run directories, got ${JSON.stringify(given)}`,
    });
  }
});

it("tells a comparison's folder, and a file in it, by the command that reports on the runs", async () => {
  const compared = join(folder.path, "a comparison");
  await writeRun(join(compared, "simclr-0"), { steps: 20, pictures: 0, top1: 0.58 });
  await writeRun(join(compared, "mae-0"), { method: "mae", steps: 20, pictures: 0, top1: 0.5 });
  const runs = ["simclr-0", "mae-0", "mae-1"].map((name) => ({ name, status: "done" }));
  writeFileSync(join(compared, "compare.json"), JSON.stringify({ budget: { kind: "epochs", value: 1 }, runs }));
  writeFileSync(join(compared, "report.html"), "");
  // As `report FOLDER/*` gives them.
  const command = `of a comparison; this reports on its runs: unlabel report '${join(compared, "simclr-0")}' '${join(compared, "mae-0")}'`;
  const asked = (path: string) => expect(reportData([path])).rejects;
  await asked(compared).toThrow(`Expected a run directory for ${compared}, got the folder ${command}`);
  for (const name of ["compare.json", "report.html"]) {
    const path = join(compared, name);
    await asked(path).toThrow(`Expected a run directory for ${path}, got a file in the folder ${command}`);
  }
  const file = join(folder.path, "alone.txt");
  writeFileSync(file, "");
  await asked(file).toThrow(new UserError(`Expected a run directory for ${file}, got a file`));
  await asked(join(folder.path, "none")).toThrow("got no such folder; this makes one: unlabel pretrain");
});
