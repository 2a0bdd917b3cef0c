// What is read of a metrics.jsonl while somebody writes it, cuts it back, or fills it with something else.
import { appendFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { temporaryFolder } from "../../testing/data.ts";
import { Folders } from "./folders.ts";
import { glanceAt } from "./metric-lines.ts";
import { MetricsIndex } from "./metrics-index.ts";

const folder = temporaryFolder();
const path = join(folder.path, "metrics.jsonl");
let folders: Folders;
let index: MetricsIndex;
beforeAll(async () => {
  folders = await Folders.of([folder.path]);
});
beforeEach(() => {
  writeFileSync(path, "");
  index = new MetricsIndex(folders, path);
});
afterAll(() => folder[Symbol.dispose]());

const line = (step: number, loss: number | null = step) =>
  `${JSON.stringify({ step, epoch: 1, seconds: step / 2, "train/loss": loss })}\n`;
const points = () => index.series.get("train/loss")?.points() ?? [];

it("reads whole lines only, and goes on where it was", async () => {
  writeFileSync(path, `${line(1)}${line(2)}{"step":3,"seconds":1.5,"train/lo`);
  expect(await index.advance()).toBe(true);
  expect(points()).toEqual([
    [1, 1],
    [2, 2],
  ]);
  expect(await index.advance()).toBe(false);
  appendFileSync(path, `ss":30}\n${line(4)}`);
  expect(await index.advance()).toBe(true);
  expect(points().slice(2)).toEqual([
    [3, 30],
    [4, 4],
  ]);
  expect(index.last).toMatchObject({ step: 4, seconds: 2, epoch: 1 });
  expect(index.share).toBe(1);
});

it("begins again where the file was cut back and has grown since, and where it is another", async () => {
  writeFileSync(path, [1, 2, 3, 4].map((step) => line(step)).join(""));
  await index.advance();
  truncateSync(path, line(1).length + line(2).length);
  appendFileSync(path, [3, 4, 5].map((step) => line(step, step * 100)).join(""));
  expect(await index.advance()).toBe(true);
  expect(points()).toEqual([
    [1, 1],
    [2, 2],
    [3, 300],
    [4, 400],
    [5, 500],
  ]);
  writeFileSync(path, line(1, 7));
  await index.advance();
  expect(points()).toEqual([[1, 7]]);
});

it("counts torn lines, leaves out what is no number, and keeps every extreme of a long run", async () => {
  const steps = Array.from({ length: 20_000 }, (_, i) => i + 1);
  const lines = steps.map((step) => line(step, step === 12_345 ? 99 : step === 678 ? -99 : (step % 7) / 7));
  lines.splice(100, 0, "{oops\n", '["step", 3]\n', '{"step": 0}\n', line(50, 1e9));
  lines[5_000] = line(4_997, null);
  lines[6_000] = '{"step":5997,"train/loss":"<script>","x":{"y":1},"__proto__":{"polluted":1}}\n';
  writeFileSync(path, lines.join(""));
  await index.advance();
  const found = points();
  expect(found.length).toBeLessThanOrEqual(1_000);
  expect(Math.max(...found.map(([, value]) => value))).toBe(99);
  expect(Math.min(...found.map(([, value]) => value))).toBe(-99);
  expect(index.torn).toBe(3);
  expect(index.series.get("train/loss")).toMatchObject({ broken: 1, brokenAt: 4_997, count: 19_998 });
  expect([...index.series.keys()]).toEqual(["seconds", "train/loss"]);
});

it("is not filled by a line without an end, nor by a new metric in every line", async () => {
  writeFileSync(path, `${line(1)}${"x".repeat(3_000_000)}`);
  await index.advance();
  appendFileSync(path, `\n${line(2)}`);
  await index.advance();
  expect(points()).toEqual([
    [1, 1],
    [2, 2],
  ]);
  expect(index.torn).toBe(1);
  const rows = Array.from({ length: 1_000 }, (_, i) => `${JSON.stringify({ step: i + 3, [`k/${i}`]: 1 })}\n`);
  appendFileSync(path, rows.join(""));
  await index.advance();
  expect(index.series.size).toBe(200);
});

it("tells of the rest of a long file while it is read, and of nothing once it is", async () => {
  const lines = Array.from({ length: 30_000 }, (_, i) => line(i + 1, i));
  writeFileSync(path, lines.join(""));
  let early: ReadonlyMap<string, readonly (readonly [number, number])[]> | null = null;
  await index.advance(async () => {
    early ??= await index.ahead();
  });
  const points = early!.get("train/loss")!;
  expect(points.length).toBeGreaterThan(200);
  expect(points.at(-1)).toEqual([30_000, 29_999]);
  expect(points.every(([step, value], i) => value === step - 1 && step > (points[i - 1]?.[0] ?? 0))).toBe(true);
  expect(index.share).toBe(1);
  expect(await index.ahead()).toEqual(new Map());
});

it("refuses a link to somewhere else", async () => {
  using elsewhere = temporaryFolder();
  writeFileSync(join(elsewhere.path, "secret"), line(1));
  const link = join(folder.path, "link.jsonl");
  symlinkSync(join(elsewhere.path, "secret"), link);
  await expect(new MetricsIndex(folders, link).advance()).rejects.toThrow(/inside the folders given/);
});

it("glances at a file of any length: its end, its pace, and the way there", async () => {
  writeFileSync(
    path,
    Array.from({ length: 9_000 }, (_, i) => line(i + 1, 9_000 - i))
      .concat('{"step":9001')
      .join(""),
  );
  const { last, before, spark } = await glanceAt(folders, path);
  expect(last).toMatchObject({ step: 9_000, found: { "train/loss": 1 } });
  expect(last!.step - before!.step).toBe(30);
  expect(spark.length).toBe(40);
  expect(spark[0]).toBeGreaterThan(8_900);
  expect(spark.at(-1)).toBeLessThan(20);
  expect([...spark].sort((a, b) => b - a)).toEqual(spark);
});
