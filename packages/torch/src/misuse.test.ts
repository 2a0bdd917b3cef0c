import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { misuses } from "./testing/misuses.ts";

const script = (name: string) => fileURLToPath(new URL(`testing/${name}`, import.meta.url));
const tsx = ["--import", "tsx"];

interface Outcome {
  what: string;
  outcome: string;
}

let outcomes: Outcome[] = [];
let stillWorks = false;

describe("misuse is refused with a clear error, and never ends the process", () => {
  beforeAll(() => {
    const child = spawnSync(process.execPath, [...tsx, script("run-misuses.ts")], { encoding: "utf8" });
    const last = child.stderr.trim().split("\n").at(-1);
    expect(child.status, `the process ended with ${child.status ?? child.signal} in: ${last}`).toBe(0);
    ({ outcomes, stillWorks } = JSON.parse(child.stdout.trim().split("\n").at(-1)!));
  });

  it("tried what it meant to, and the engine still works after it", () => {
    expect(misuses.length).toBeGreaterThan(60);
    expect(outcomes.length).toBeGreaterThan(misuses.length);
    expect(new Set(outcomes.map(({ what }) => what)).size).toBe(outcomes.length);
    expect(stillWorks).toBe(true);
  });

  it("refused every one", () => {
    expect(outcomes.filter(({ outcome }) => outcome !== "refused")).toEqual([]);
  });
});

describe("threads", () => {
  const run = promisify(execFile);
  const inWorker = async (mode: string) =>
    JSON.parse((await run(process.execPath, [script("in-worker.mjs"), mode])).stdout);

  it("refuses a worker beside the main thread, which goes on", async () => {
    expect(await inWorker("beside")).toEqual({
      worker: expect.stringMatching(/^Expected LibTorch on one JavaScript thread, got a second/),
      main: [2, 2],
    });
  });

  it("serves one worker after another, each from a clean table", async () => {
    const own = { liveTensors: 3, liveBytes: 24 };
    expect(await inWorker("alone")).toEqual({ workers: [own, own] });
  });
});
