import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { randn, recordFunction, scope } from "@unlabel/torch";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/data.ts";
import { Profiler, type StepProfile, summarize } from "./profile.ts";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder[Symbol.dispose]());

describe("summarize", () => {
  const operator = (name: string, start: number, duration: number, thread = 1) => {
    return { name, kind: "operator" as const, thread, start, duration };
  };
  const section = (name: string, start: number, duration: number) => {
    return { name, kind: "section" as const, thread: 0, start, duration };
  };

  it("gives an operator its own time, a phase all of its time, and the bridge what no operator took", () => {
    const found = summarize(
      [
        section("forward", 1000, 4000),
        operator("conv2d", 1500, 3000),
        operator("convolution", 1600, 2000),
        operator("relu", 4500, 400),
        section("backward", 5000, 6000),
        operator("ConvolutionBackward0", 5500, 5000, 2),
        operator("add", 11_500, 500),
      ],
      { steps: 1, wall: 15, waited: 2 },
    );
    expect(found.phases).toEqual([
      { name: "data", ms: 2 },
      { name: "forward", ms: 4 },
      { name: "backward", ms: 6 },
      { name: "rest", ms: 3 },
    ]);
    expect(found.bridge_ms).toBeCloseTo(0.6);
    expect(found.operators.map(({ name, phase, ms }) => [name, phase, Math.round(10 * ms) / 10])).toEqual([
      ["ConvolutionBackward0", "backward", 5],
      ["convolution", "forward", 2],
      ["conv2d", "forward", 1],
      ["add", "rest", 0.5],
      ["relu", "forward", 0.4],
    ]);
  });

  it("is per step", () => {
    const events = [operator("mm", 0, 3000), operator("mm", 4000, 1000)];
    expect(summarize(events, { steps: 2, wall: 10, waited: 4 })).toMatchObject({
      step_ms: 5,
      phases: [
        { name: "data", ms: 2 },
        { name: "rest", ms: 3 },
      ],
      operators: [{ name: "mm", calls: 1, ms: 2 }],
    });
  });
});

describe("Profiler", () => {
  const work = () => scope(() => void recordFunction("forward", () => randn([64, 64]).matmul(randn([64, 64]))));

  it.each([13, 5])("records what follows three steps of %d, and writes profile.json and a Chrome trace", (steps) => {
    const log: string[] = [];
    const profiler = new Profiler(folder.path, (line) => log.push(line));
    for (let step = 0; step < steps; step++) {
      work();
      profiler.stepDone(0);
    }
    if (steps < 13) profiler.end();
    const read = (name: string) => JSON.parse(readFileSync(join(folder.path, name), "utf8"));
    const profile: StepProfile = read("profile.json");
    expect(profile.steps).toBe(steps - 3);
    expect(profile.operators.find(({ name }) => name === "aten::mm")).toMatchObject({ phase: "forward", calls: 1 });
    const { traceEvents } = read("trace.json");
    const multiplied = traceEvents.filter(({ name, ph }: Record<string, string>) => name === "aten::mm" && ph === "X");
    expect(multiplied).toHaveLength(steps - 3);
    expect(log.join("\n")).toMatch(/^forward +\d/m);
    for (const line of log.slice(0, -1)) expect(line.length).toBeLessThanOrEqual(80);
  });

  it.each([3, 1])("says that %d steps are too few", (steps) => {
    const log: string[] = [];
    const profiler = new Profiler(folder.path, (line) => log.push(line));
    for (let step = 0; step < steps; step++) profiler.stepDone(0);
    profiler.end();
    expect(log).toEqual(["No profile: it needs more than 3 steps"]);
    expect(existsSync(join(folder.path, "profile.json"))).toBe(false);
  });
});
