import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { afterAll, expect, it } from "vitest";
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

/** Whether `text` is how the page would write one of `numbers`, with the precision that it shows. */
function known(text: string, numbers: readonly number[]): boolean {
  const shown = Number(text.replaceAll(",", "").replace("−", "-"));
  const digits = text.split(".")[1]?.length ?? 0;
  const step = 10 ** -digits;
  return numbers.some((number) =>
    // As it is, in percent, minutes, hours, millions of parameters, gigabytes.
    [1, 100, 1 / 60, 1 / 3600, 1e-6, 1e-3].some((unit) => Math.abs(number * unit - shown) <= step * 0.51),
  );
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

it("groups runs that differ in their seed alone, under the name that they share", async () => {
  const data = await reportData([
    await writeRun(join(folder.path, "seeds", "simclr-0"), { steps: 20, pictures: 0, top1: 0.58 }),
    await writeRun(join(folder.path, "seeds", "simclr-1"), { steps: 20, pictures: 0, top1: 0.6, seed: 1 }),
    await writeRun(join(folder.path, "seeds", "mae-0"), { method: "mae", steps: 20, pictures: 0, top1: 0.5 }),
  ]);
  expect(data.groups.map(({ name, runs }) => [name, runs.length])).toEqual([
    ["SimCLR", 2],
    ["MAE", 1],
  ]);
  expect(data.runs.map(({ group }) => group)).toEqual([0, 0, 1]);
  expect(data.groups[0]?.linear?.top1).toBeCloseTo(0.59, 12);
  expect(data.groups[0]?.linear?.std).toBeCloseTo(0.02 / Math.SQRT2, 12);
  expect(data.headline).toMatch(/^SimCLR scores highest: 59\.0/);
});
