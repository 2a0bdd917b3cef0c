import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { afterAll, expect, it } from "vitest";
import { readRuns } from "../run/read/run.ts";
import { temporaryFolder } from "../testing/data.ts";
import { type RunOptions, writeRun } from "../testing/run-fixture.ts";
import { groupRuns } from "./groups.ts";
import { rankingOf } from "./ranking.ts";
import { writeReport } from "./report.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
let made = 0;

async function runsOf(runs: Record<string, RunOptions>): Promise<string[]> {
  made += 1;
  const dirs = [];
  for (const [name, options] of Object.entries(runs)) {
    dirs.push(await writeRun(join(folder.path, String(made), name), { steps: 20, pictures: 0, ...options }));
  }
  return dirs;
}

const ranked = async (runs: Record<string, RunOptions>) => {
  const read = await readRuns(await runsOf(runs));
  return rankingOf(groupRuns(read));
};

it("orders by score, and says of each which places cannot be told from it", async () => {
  const found = (await ranked({ a: { top1: 0.5 }, b: { top1: 0.6 }, c: { top1: 0.59 }, d: { top1: 0.49 } }))!;
  expect(found.protocol).toBe("linear");
  expect(found.places.map(({ group, top1 }) => [group, top1])).toEqual([
    [1, 0.6],
    [2, 0.59],
    [0, 0.5],
    [3, 0.49],
  ]);
  expect(found.places.map(({ like }) => like)).toEqual([[2], [1], [4], [3]]);
  expect(found.places[0]!.behind).toBeNull();
  const [low, high] = found.places[2]!.behind!;
  expect([low > 0.07, high < 0.13, low < 0.1 && high > 0.1]).toEqual([true, true, true]);
});

it("shows the mean of several seeds with their deviation", async () => {
  const seeds = [0, 1, 2].map((seed) => [`m-${seed}`, { seed, top1: 0.5 + 0.01 * seed }] as const);
  const found = (await ranked({
    ...Object.fromEntries(seeds),
    b: { top1: 0.7, config: { lr: 1 } },
    c: { top1: 0.2, config: { lr: 2 } },
  }))!;
  const several = found.places[1]!;
  expect(several.top1).toBeCloseTo(0.51, 10);
  expect(several.interval.map((x) => Number(x.toFixed(6)))).toEqual([0.5, 0.52]);
});

it("is there from three on, and not where scores measure different things", async () => {
  expect(await ranked({ a: { top1: 0.5 }, b: { top1: 0.6 } })).toBeNull();
  expect(await ranked({ a: { top1: 0.5 }, b: { top1: 0.6 }, c: { top1: 0.6, valImages: 100 } })).toBeNull();
  expect(await ranked({ a: { top1: null }, b: { top1: null }, c: { top1: null } })).toBeNull();
});

it("shows many legibly: a ranking, marks against minutes and memory by their places, small charts on shared axes", async () => {
  const scores = [0.61, 0.6, 0.5, 0.45, 0.44, 0.3, 0.2];
  const dirs = await runsOf(
    Object.fromEntries(scores.map((top1, i) => [`r${i}`, { top1, knn: top1, config: { lr: 0.1 + i } }])),
  );
  const { path } = await writeReport(dirs, join(folder.path, "many.html"));
  const { document } = parseHTML(readFileSync(path, "utf8"));
  const section = document.querySelector("#ranking")!;
  expect(section.querySelectorAll("tbody tr")).toHaveLength(7);
  expect(
    [...section.querySelectorAll("tbody tr")].map((row) => row.querySelectorAll("td")[3]!.textContent.trim()),
  ).toEqual(["2", "1", "–", "5", "4", "–", "–"]);
  const titles = [...section.querySelectorAll("svg title")].map(({ textContent }) => textContent);
  expect(titles).toContain("Top-1 against minutes of training");
  expect(titles).toContain("Top-1 against peak memory");
  // Each has its own small chart of loss and of accuracy over time.
  expect(document.querySelectorAll("#curves > .curves figure")).toHaveLength(7);
  expect(document.querySelectorAll("#time .curves figure")).toHaveLength(7);
  expect(document.querySelectorAll("#curves details")).toHaveLength(7);
});
