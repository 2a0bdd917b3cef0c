// Run folders of strangers: whatever is in them, each question is answered in a line or with what can be known, soon, and nothing ends.
import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { temporaryFolder } from "../../testing/data.ts";
import { writeRun } from "../../testing/run-fixture.ts";
import type { RunDetail, RunsMessage } from "../messages/runs.ts";
import { Folders } from "../runs/folders.ts";
import { idOf, RunLibrary } from "../runs/library.ts";
import { studioApp } from "../server/app.ts";
import { Events } from "../server/events.ts";
import type { Studio } from "../server/part.ts";

const folder = temporaryFolder();
const at = (...parts: string[]) => join(folder.path, ...parts);
const HOST = "127.0.0.1:4321";
let studio: Studio;
let app: Hono;
const get = (path: string) =>
  app.request(`http://${HOST}${path}`, { headers: { host: HOST, cookie: "unlabel-4321=secret" } });

/** A run that is fine, with everything. */
const fine = writeRun(at("fine"), { steps: 12, pictures: 1, method: "mae", knn: 0.4 });

/** A run that is fine, with some of its files written over. */
async function damaged(name: string, files: Readonly<Record<string, string | Buffer>>, run = {}): Promise<string> {
  cpSync(await fine, at(name), { recursive: true });
  const info = JSON.parse(readFileSync(join(at(name), "run.json"), "utf8")) as object;
  writeFileSync(join(at(name), "run.json"), JSON.stringify({ ...info, ...run }));
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(join(at(name), file, ".."), { recursive: true });
    writeFileSync(join(at(name), file), content);
  }
  return at(name);
}
/** A report takes its time: of those where it reads what is damaged. */
const REPORTED = new Set(["lists", "round", "pipes"]);
const deep = (levels: number) => `${'{"a":['.repeat(levels)}${"]}".repeat(levels)}`;
const PNG_SVG = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>';
const NAMES = [
  '"><script>alert(1)</script>',
  "line\nbreak",
  "\u202Egnitirw ot tfel",
  "أسماء",
  "a'b\"c&d",
  "\u001b[31mred",
];

beforeAll(async () => {
  for (const [i, name] of NAMES.entries()) await writeRun(at("names", name), { steps: 3 + i, top1: null });
  await damaged("empty", { "run.json": "" });
  await damaged("no-json", { "run.json": Buffer.from([0, 255, 1, 254]) });
  await damaged("list", { "run.json": "[]" });
  await damaged("null", { "run.json": "null" });
  await damaged("large", { "run.json": `{"schema":2,"x":"${"y".repeat(6_000_000)}"}` });
  await damaged("deep", { "run.json": deep(100_000) });
  await damaged(
    "long-words",
    {},
    { error: "e".repeat(100_000), about: { title: "t".repeat(100_000), paper: "", loss: "" } },
  );
  const config = JSON.parse(readFileSync(join(at("long-words"), "run.json"), "utf8")).config as Record<string, unknown>;
  const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`key${i}`, i]));
  await damaged(
    "many-settings",
    {},
    { config: { ...config, ...many, long: "l".repeat(50_000), list: Array(5_000).fill(1) } },
  );
  await damaged(
    "wrong-types",
    {},
    { config: { ...config, batch: "many", encoder: 7, steps: null }, result: null, seed: null },
  );
  await damaged("metrics", {
    "metrics.jsonl": Buffer.concat([
      Buffer.from('{"step":1,"train/loss":NaN}\n{"step":2,"train/loss":null}\n{"step":3,"train/loss":"3"}\n[]\n7\n\n'),
      Buffer.from('{"step":4,"seconds":1e999,"train/loss":4}\n{"step":-1,"train/loss":1}\n{"step":1e999}\n{"step":5,"'),
      Buffer.from([0, 1, 2, 255, 10, 13, 10]),
      Buffer.from(`${JSON.stringify({ step: 6, ["k".repeat(5000)]: 1, __proto__x: 2, "train/loss": 6 })}\n`),
      Buffer.from('{"step":7,"__proto__":8,"constructor":9,"train/loss":7}\n{"step":8,"train/loss":8'),
    ]),
  });
  await damaged("binary", {
    "metrics.jsonl": Buffer.alloc(300_000, 0xfe),
    "skipped.jsonl": Buffer.alloc(3_000_000, 1),
    lock: Buffer.alloc(50, 3),
  });
  await damaged("lists", {
    "pictures/mae.json": JSON.stringify({
      size: 64,
      items: Array(3_000).fill({ original: "0.png", masked: "..", reconstructed: "/etc/passwd" }),
    }),
    "pictures/over-time.json": deep(10_000),
    "eval/linear.json": deep(10_000),
    "eval/knn.json": '{"protocol":"knn","top1":17}',
    "eval/x.json": "[",
  });
  const sprites = await damaged("sprites", {
    "pictures/0.png": PNG_SVG,
    "eval/pictures.jpg": "GIF89a",
    "pictures/a.jpg": "",
  });
  copyFileSync(join(sprites, "run.json"), join(sprites, "pictures", "b.png"));
  const round = await damaged("round", {});
  for (const name of ["one", "two"]) symlinkSync(round, join(round, "eval", name));
  symlinkSync(join(round, "checkpoints"), join(round, "checkpoints"));
  const pipes = await damaged("pipes", {});
  for (const name of ["metrics.jsonl", "eval/linear.json", "pictures/0.png", "lock"]) {
    rmSync(join(pipes, name), { force: true });
    execFileSync("mkfifo", [join(pipes, name)]);
  }
  mkdirSync(at("pipe"));
  execFileSync("mkfifo", [join(at("pipe"), "run.json")]);
  const folders = await Folders.of([folder.path]);
  const events = new Events();
  studio = { folders, events, runs: new RunLibrary(folders, events, { live: 1e6, rest: 1e6 }) };
  app = studioApp(studio, { token: "token", secret: "secret", port: 4321 }, { script: "", style: "" });
  await studio.runs.start();
});
afterAll(() => {
  studio.events[Symbol.dispose]();
  studio.runs[Symbol.dispose]();
  folder[Symbol.dispose]();
});

describe("a stranger's runs", () => {
  it("are all in the table, each line short, their names as they are", async () => {
    const text = await (await get("/api/runs")).text();
    const { runs } = JSON.parse(text) as RunsMessage;
    const found = Object.fromEntries(runs.map((row) => [row.name, row]));
    expect(Object.keys(found)).toEqual(expect.arrayContaining(NAMES.map((name) => `names/${name}`)));
    for (const name of ["empty", "no-json", "list", "null", "large", "deep", "pipe"])
      expect(found[name], name).toMatchObject({ state: "unread", problem: expect.stringMatching(/^Expected/) });
    expect(found["long-words"]).toMatchObject({ state: "done", problem: expect.stringMatching(/^e{500}…$/) });
    expect(found.metrics).toMatchObject({ step: 7, loss: 7 });
    expect(found["wrong-types"]).toMatchObject({ state: "done", rate: null, encoder: "" });
    expect(text.length).toBeLessThan(100_000);
  });

  it("are answered for on every address, in a line or with what can be known", async () => {
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    for (const { id, name } of studio.runs.all()) {
      for (const path of [
        `/api/run/${id}`,
        `/api/curves?runs=${id}`,
        `/api/settings?runs=${id}`,
        `/api/over-time/${id}`,
        ...(REPORTED.has(name) ? [`/api/report?runs=${id}`] : []),
      ]) {
        const response = await get(path);
        const text = await response.text();
        expect([200, 422], `${name} ${path}: ${text.slice(0, 300)}`).toContain(response.status);
        if (response.status === 422) expect(JSON.parse(text).error, name).toMatch(/^Expected [^\n]+$/);
        expect(text.length, `${name} ${path}`).toBeLessThan(3_000_000);
      }
    }
    expect(said).not.toHaveBeenCalled();
    said.mockRestore();
    expect((await get("/api/data")).status).toBe(200);
  });

  it("of metrics what is a number is taken, and what is not is counted", async () => {
    const { runs } = (await (await get(`/api/curves?runs=${idOf(at("metrics"))}`)).json()) as {
      runs: { keys: string[]; series: Record<string, { points: number[][] }>; torn: number }[];
    };
    const [run] = runs;
    expect(run!.keys).toEqual(["__proto__", "__proto__x", "constructor", "train/loss"]);
    expect(run!.series["train/loss"]!.points).toEqual([
      [4, 4],
      [6, 6],
      [7, 7],
    ]);
    expect(run!.torn).toBeGreaterThan(3);
  });

  it("of settings and lists so many are shown as a page can hold", async () => {
    const many = (await (await get(`/api/run/${idOf(at("many-settings"))}`)).json()) as RunDetail;
    expect(Object.keys(many.config)).toHaveLength(500);
    const lists = (await (await get(`/api/run/${idOf(at("lists"))}`)).json()) as RunDetail;
    expect(lists.pictures!.items).toHaveLength(100);
  });

  it("what is no picture is sent as none", async () => {
    const id = idOf(at("sprites"));
    expect((await get(`/api/run/${id}/file/pictures/none.png`)).status).toBe(404);
    for (const name of ["0.png", "a.jpg", "b.png"])
      expect((await get(`/api/run/${id}/file/pictures/${name}`)).status, name).toBe(422);
    expect((await get(`/api/run/${id}/file/eval/pictures.jpg`)).status).toBe(422);
    expect((await get(`/api/run/${idOf(at("pipes"))}/file/pictures/0.png`)).status).toBe(422);
  });
});
