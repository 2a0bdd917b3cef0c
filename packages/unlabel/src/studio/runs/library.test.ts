// The runs below a folder as they come, change, die and go.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { lockRun } from "../../run/lock.ts";
import { temporaryFolder } from "../../testing/data.ts";
import { writeRun } from "../../testing/run-fixture.ts";
import type { StudioEvent } from "../messages/runs.ts";
import { Events } from "../server/events.ts";
import { Folders } from "./folders.ts";
import { RunLibrary } from "./library.ts";

let folder: ReturnType<typeof temporaryFolder>;
let library: RunLibrary;
let told: StudioEvent[];
beforeEach(async () => {
  folder = temporaryFolder();
  told = [];
  class Heard extends Events {
    override send(event: StudioEvent) {
      told.push(event);
    }
  }
  library = new RunLibrary(await Folders.of([folder.path]), new Heard(), { live: 30, rest: 120 });
});
afterEach(() => {
  library[Symbol.dispose]();
  folder[Symbol.dispose]();
});

const row = (name: string) => library.all().find((run) => run.name === name)?.row;

it("finds runs at any depth, comparisons, and what cannot be read; follows no link", async () => {
  await writeRun(join(folder.path, "a"), { steps: 50, top1: 0.5 });
  await writeRun(join(folder.path, "deep", "er", "b"), { steps: 5, method: "mae", top1: null });
  await writeRun(join(folder.path, "both", "simclr-0"), { steps: 5, top1: null, run: { status: "interrupted" } });
  writeFileSync(join(folder.path, "both", "compare.json"), "{}");
  mkdirSync(join(folder.path, "<b>broken"));
  writeFileSync(join(folder.path, "<b>broken", "run.json"), '{"schema": 99}');
  using elsewhere = temporaryFolder();
  await writeRun(join(elsewhere.path, "secret"), { steps: 5 });
  symlinkSync(join(elsewhere.path, "secret"), join(folder.path, "link"));
  const latin1 = Buffer.concat([Buffer.from(join(folder.path, "caf")), Buffer.from([0xe9])]);
  mkdirSync(latin1);
  await library.start();
  expect(library.all().map(({ name }) => name)).toEqual(["<b>broken", "a", "both/simclr-0", "deep/er/b"]);
  expect(row("a")).toMatchObject({
    state: "done",
    method: "simclr",
    title: "SimCLR",
    encoder: "ResNet-18",
    data: "imagenette",
    step: 50,
    total: 1480,
    eta: null,
    group: null,
    probe: { top1: 0.5, untrained: 0.407, online: false },
    knn: null,
    dir: join(folder.path, "a"),
  });
  expect(row("a")!.spark).toHaveLength(25);
  expect(row("both/simclr-0")).toMatchObject({ state: "interrupted", group: "both" });
  expect(row("<b>broken")).toMatchObject({ state: "unread", method: "" });
  expect(row("<b>broken")!.problem).toContain("schema");
  expect(library.notes).toEqual([
    expect.stringContaining("1 link to runs not followed"),
    expect.stringMatching(/^1 folder has a name that is not UTF-8 .* rename it$/),
  ]);
});

it("tells of a run that begins, grows, is killed and is removed", async () => {
  await library.start();
  const dir = join(folder.path, "run");
  // A process that has ended: its id names nobody.
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  await writeRun(dir, { steps: 10, top1: null, run: { status: "running", result: null } });
  const lock = { pid: child.pid, host: hostname(), start: new Date().toISOString() };
  writeFileSync(join(dir, "lock"), `${JSON.stringify(lock)}\n`);
  await expect.poll(() => row("run")?.state).toBe("live");
  expect(row("run")).toMatchObject({ step: 10, trainer: `process ${child.pid} on ${hostname()}` });
  expect(row("run")!.eta).toBeCloseTo((1470 * 128) / 212, 0);
  const next = { step: 11, epoch: 1, seconds: 7, "train/loss": 1.5, "online/knn_top1": 0.25 };
  appendFileSync(join(dir, "metrics.jsonl"), `${JSON.stringify(next)}\n{"step": 12, "se`);
  await expect.poll(() => row("run")?.step).toBe(11);
  expect(row("run")).toMatchObject({ loss: 1.5, knn: { top1: 0.25, online: true } });
  expect(told.some((event) => event.type === "topic" && event.topic === `run:${row("run")!.id}`)).toBe(true);
  child.kill("SIGKILL");
  await once(child, "exit");
  await expect.poll(() => row("run")?.state).toBe("stale");
  rmSync(dir, { recursive: true });
  await expect.poll(() => library.all()).toEqual([]);
  // Pages that list images ask again.
  expect(told.at(-1)).toEqual({ type: "topic", topic: "data" });
  expect(told.at(-2)).toMatchObject({ type: "runs", gone: [expect.any(String)] });
});

it("a lock of this process is live, whatever run.json says; nothing is written into the run", async () => {
  const dir = join(folder.path, "run");
  await writeRun(dir, { steps: 3, run: { status: "interrupted" } });
  using _ = lockRun(dir);
  const before = readFileSync(join(dir, "lock"), "utf8");
  await library.start();
  expect(row("run")?.state).toBe("live");
  expect(readFileSync(join(dir, "lock"), "utf8")).toBe(before);
});

it("a lock from elsewhere counts as long as it gives signs of life", async () => {
  const dir = join(folder.path, "run");
  await writeRun(dir, { steps: 3, run: { status: "running" } });
  const lock = { pid: 1, host: "another-machine", start: new Date().toISOString() };
  writeFileSync(join(dir, "lock"), JSON.stringify(lock));
  await library.start();
  expect(row("run")?.state).toBe("live");
  const { utimesSync } = await import("node:fs");
  const old = Date.now() / 1000 - 600;
  utimesSync(join(dir, "lock"), old, old);
  await expect.poll(() => row("run")?.state).toBe("stale");
});
