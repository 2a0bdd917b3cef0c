import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { listen, listenForStop, type StopSources } from "./stop.ts";

it("notes the first signal, tells once, and stops listening when released", () => {
  const before = process.listenerCount("SIGTERM");
  let asked = 0;
  const request = listenForStop(() => {
    asked++;
  });
  expect(request.signal).toBeNull();
  expect(process.listenerCount("SIGTERM")).toBe(before + 1);
  process.emit("SIGTERM", "SIGTERM");
  process.emit("SIGINT", "SIGINT");
  expect([request.signal, asked]).toEqual(["SIGTERM", 1]);
  request.release();
  expect(process.listenerCount("SIGTERM")).toBe(before);
});

/** The built modules in a process of their own, whose one step blocks JavaScript as a long native call does. */
const step = (ms: number) => `
  import { listenForStop, turn } from "./dist/train/stop.js";
  const stop = listenForStop(() => console.log("asked"));
  console.log("begun");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${ms});
  console.log("done");
  await turn();
  console.log(stop.signal);
  stop.release();
  process.exitCode = 130;
`;

/** Sends `signals`, in ms after the step has begun, and returns what was written and how it ended. */
async function ended(program: string, signals: readonly (readonly [NodeJS.Signals, number])[]): Promise<unknown[]> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    cwd: join(import.meta.dirname, "..", ".."),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  const begun = new Promise<void>((resolve) => {
    child.stdout.on("data", (piece) => {
      out += piece;
      if (out.includes("begun")) resolve();
    });
  });
  const end = new Promise<unknown[]>((resolve) => child.on("close", (code, signal) => resolve([out, code, signal])));
  await Promise.race([begun, end]);
  let at = 0;
  for (const [signal, ms] of signals) {
    await setTimeout(ms - at);
    at = ms;
    child.kill(signal);
  }
  return end;
}

it("hears one signal within a step right after it", async () => {
  expect(await ended(step(500), [["SIGINT", 0]])).toEqual(["begun\ndone\nasked\nSIGINT\n", 130, null]);
});

it("takes two signals at once for one, as launchers pass them on", async () => {
  const found = await ended(step(1000), [
    ["SIGINT", 0],
    ["SIGINT", 20],
  ]);
  expect(found).toEqual(["begun\ndone\nasked\nSIGINT\n", 130, null]);
});

it("ends at once at the second signal, in the middle of a step", async () => {
  for (const [first, second] of [
    ["SIGINT", "SIGINT"],
    ["SIGTERM", "SIGHUP"],
  ] as const) {
    const found = await ended(step(120_000), [
      [first, 0],
      [second, 400],
    ]);
    expect(found).toEqual(["begun\n", null, second]);
  }
});

it("leaves signals to their default once released", async () => {
  const program = `
    import { listenForStop } from "./dist/train/stop.js";
    const outer = listenForStop(() => {});
    listenForStop(() => {}).release();
    outer.release();
    console.log("begun");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 120000);
  `;
  expect(await ended(program, [["SIGTERM", 0]])).toEqual(["begun\n", null, "SIGTERM"]);
});

it("listens to what it is given alone: a program's signal, the process's, both or none", () => {
  const before = process.listenerCount("SIGINT");
  const controller = new AbortController();
  const told: boolean[] = [];
  const of = (sources: StopSources) => listen(sources, (process) => told.push(process));
  const [none, own, both] = [
    of({}),
    of({ signal: controller.signal }),
    of({ signal: controller.signal, processSignals: true }),
  ];
  expect(process.listenerCount("SIGINT")).toBe(before + 1);
  process.emit("SIGINT", "SIGINT");
  expect([none.signal, own.signal, both.signal, told]).toEqual([null, null, "SIGINT", [true]]);
  controller.abort();
  expect([none.signal, own.signal, told]).toEqual([null, "abort", [true, false, false]]);
  for (const request of [none, own, both]) request.release();
  expect(process.listenerCount("SIGINT")).toBe(before);
});
