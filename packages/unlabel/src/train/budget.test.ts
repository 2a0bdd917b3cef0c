import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parseDuration } from "../base/duration.ts";
import { resolveConfig } from "../methods/registry.ts";
import { RunDirectory } from "../run/directory.ts";

import { temporaryFolder, writeImages } from "../testing/data.ts";
import { Clock, stepsOf, withinBudget, withSteps } from "./budget.ts";
import { averageCost, Growth } from "./growth.ts";
import { pretrain } from "./pretrain.ts";

// What is held here does not depend on the encoder.
vi.mock("../encoders/registry.ts", async (original) =>
  (await import("../testing/small-encoders.ts")).withSmallEncoders(original),
);

it.each([
  ["90", 90],
  ["90s", 90],
  ["8m", 480],
  ["1h30m", 5400],
  ["1.5h", 5400],
  ["2h 5m 1s", 7501],
  ["", null],
  ["m", null],
  ["8 minutes", null],
  ["-3m", null],
])("parseDuration(%j) is %s", (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

it("steps overrule epochs, be they more or fewer", () => {
  expect(stepsOf({ epochs: 3, steps: null }, 10)).toBe(30);
  expect(stepsOf({ epochs: 3, steps: 7 }, 10)).toBe(7);
  expect(stepsOf({ epochs: 3, steps: 100 }, 10)).toBe(100);
  // More steps than the preset's epochs, and a warm-up that no longer has to fit into those.
  const config = resolveConfig({ flags: { method: "mae", preset: "paper", epochs: 1, steps: 10_000 } });
  expect(stepsOf(config, 10)).toBe(10_000);
});

it("withSteps keeps a preset's warm-up within a tenth of the steps", () => {
  const config = resolveConfig({ flags: { method: "simclr", warmup_epochs: 1, epochs: 20 } });
  expect(withSteps(config, 300, 100)).toMatchObject({ steps: 300, epochs: 3, warmup_epochs: 0.3 });
  expect(withSteps(config, 30_001, 100)).toMatchObject({ steps: 30_001, epochs: 301, warmup_epochs: 1 });
});

describe("Clock", () => {
  it("leaves a run alone that ends in time", () => {
    const clock = new Clock(100, 200);
    for (let step = 1; step <= 200; step++) expect(clock.plan(step, step * 0.51, 200)).toBe(200);
  });

  it.each([
    ["slower", 2, 50],
    ["faster", 0.5, 200],
  ])("plans a run on a %s machine again, so that it ends in time", (_, perStep, expected) => {
    const clock = new Clock(100, 100);
    let total = 100;
    let step = 0;
    while (step < total) {
      step++;
      total = clock.plan(step, step * perStep, total);
    }
    expect(total).toBe(expected);
  });

  it("tells nothing of the steps to come from what no step took", () => {
    // Each of 100 steps takes a second; 50 more went into something else.
    expect(new Clock(150, 100).plan(20, 70, 100, 50)).toBe(100);
    expect(new Clock(150, 100).plan(20, 70, 100)).toBeLessThan(50);
    // The time itself is gone all the same.
    expect(new Clock(100, 100).plan(20, 70, 100, 50)).toBe(50);
  });

  it("ends a run at once that has overrun", () => {
    expect(new Clock(100, 100).plan(37, 104, 100)).toBe(37);
  });
});

describe("Clock of a run whose views grow", () => {
  const config = resolveConfig({ flags: { method: "simclr", size: 64, size_start: 32 } });
  /** Trains by a clock that stands still but for steps, which take what they do; `sizes` of each. */
  function trained(budget: number, planned: number, secondsAt: (size: number) => number, cost: number | null = null) {
    const growth = new Growth(config, planned, cost);
    const clock = new Clock(budget, planned);
    let [total, step, seconds] = [planned, 0, 0];
    const [sizes, plans]: [number[], number[]] = [[], [planned]];
    while (step < total) {
      sizes.push(growth.sizeAt(step));
      seconds += secondsAt(growth.sizeAt(step));
      step++;
      const now = clock.plan(step, seconds, total, 0, growth);
      if (now === total) continue;
      total = now;
      growth.plan(step, total);
      plans.push(total);
    }
    return { sizes, seconds, plans };
  }

  it("leaves a run alone whose later steps take as long as was planned", () => {
    const secondsAt = (size: number) => 0.1 + size ** 2 / 4096;
    const [small, large] = [secondsAt(32), secondsAt(64)];
    const planned = Math.round(300 / averageCost(config, small, large));
    const { seconds, plans, sizes } = trained(300, planned, secondsAt, small / large);
    expect(plans).toEqual([planned]);
    expect(Math.abs(seconds - 300)).toBeLessThan(1);
    expect(sizes.filter((size) => size === 64).length / planned).toBeCloseTo(0.3, 2);
  });

  it.each([
    ["slower", 2],
    ["faster", 0.5],
  ])("plans a run on a %s machine again, so that it ends in time and still grows to its size", (_, factor) => {
    const secondsAt = (size: number) => (factor * size ** 2) / 4096;
    const planned = Math.round(400 / averageCost(config, secondsAt(32) / factor, secondsAt(64) / factor));
    const { seconds, sizes } = trained(400, planned, secondsAt);
    expect(Math.abs(seconds - 400)).toBeLessThanOrEqual(0.03 * 400);
    expect(sizes.filter((size) => size === 64).length / sizes.length).toBeCloseTo(0.3, 1);
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
  });

  it("keeps the budget where larger views turn out to take longer than was thought", () => {
    const { seconds, sizes } = trained(400, 600, (size) => (size / 64) ** 3, 0.5);
    expect(seconds).toBeLessThanOrEqual(1.03 * 400 + 1);
    expect(seconds).toBeGreaterThanOrEqual(0.97 * 400 - 1);
    expect(sizes.at(-1)).toBe(64);
  });
});

it("another budget of a run whose views grow counts what its later steps take", async () => {
  const config = resolveConfig({
    flags: { method: "simclr", size: 64, size_start: 32, grow_until: 0.5, budget: 1000 },
  });
  // Of 100 steps in four sizes below 64 px, and half of them at it: the first 12 take a quarter each.
  const { growth } = new Growth(config, 100).recorded;
  const done = { steps: 12, seconds: 12, watching: 0, stepsPerEpoch: 10, growth };
  const { config: planned } = await withinBudget({ ...config, steps: null, budget: 1000 }, { done } as never);
  // 4 s a whole step, of which 250 less 3 are left; on average one is as much as these shares of area.
  const average = 0.5 + (0.5 / 4) * ((32 ** 2 + 40 ** 2 + 48 ** 2 + 56 ** 2) / 64 ** 2);
  expect(Math.abs(planned.steps! - 250 / average)).toBeLessThan(2);
});

describe("a run with a budget", () => {
  const folder = temporaryFolder();
  afterAll(() => folder[Symbol.dispose]());
  const data = join(folder.path, "images");
  beforeAll(() =>
    writeImages(
      data,
      [..."abcdefgh"].map((name) => `${name}.png`),
      32,
    ),
  );
  const flags = { method: "mae", size: 32, batch: 4, budget: "3s", decoder_depth: 1, device: "cpu", precision: "fp32" };
  let log = "";
  const stream = { write: (text: string) => (log += text) };

  it("has as many steps as there is time for, which run.json keeps with the shortened warm-up", async () => {
    const { info, result } = await pretrain({ data, settings: { flags }, out: join(folder.path, "run"), stream });
    expect(info.status).toBe("done");
    expect(info.config).toMatchObject({ budget: 3, steps: result.steps, epochs: Math.ceil(result.steps / 2) });
    expect(result.steps).toBeGreaterThan(1);
    expect(log).toContain("measuring the time of a step: the budget of 00:03 has as many as fit\n");
    // However often the steps left are planned again, it is said once.
    const planned = info.notes?.filter((note) => note.includes("steps became")) ?? [];
    expect(log.split("steps became").length - 1).toBe(Math.min(1, planned.length));
    expect(info.config.warmup_epochs).toBeLessThanOrEqual((0.1 * result.steps) / 2 + 1);
  });

  it("is saved where it is planned anew, before run.json says so: a kill between leaves steps with the plan that they had", async () => {
    using _ = vi
      .spyOn(Clock.prototype, "plan")
      .mockImplementation((step, _seconds, total) => (step === 2 ? 5 : step === 1 ? 4 : total));
    const out = join(folder.path, "anew");
    const seen: string[] = [];
    const { result } = await pretrain({
      ...{ data, settings: { flags }, out, stream },
      onEvent: (event) => {
        if (event.type !== "checkpoint" && event.type !== "plan") return;
        const { steps } = RunDirectory.open(out).info.config;
        seen.push(`${event.type} ${event.step}: ${event.type === "plan" ? event.total : steps}`);
      },
    });
    expect(result.steps).toBe(5);
    // The first plan is what the time of a step gave; the second has been written before the third is saved.
    expect(seen[0]).toMatch(/^checkpoint 1: \d+$/);
    expect(seen.slice(1)).toEqual(["plan 1: 4", "checkpoint 2: 4", "plan 2: 5", "checkpoint 4: 5", "checkpoint 5: 5"]);
  });

  describe("that goes on", () => {
    const out = join(folder.path, "longer");
    const resume = async (asked: Record<string, unknown>) => {
      log = "";
      const run = await pretrain({ settings: { flags: asked }, out, resume: true, stream });
      return { ...run, notes: run.info.notes ?? [], log };
    };
    let [steps, seconds] = [0, 0];
    beforeAll(async () => {
      const { result } = await pretrain({ data, settings: { flags: { ...flags, budget: "1s" } }, out, stream });
      steps = result.steps;
    });

    it("has nothing to do where the same is asked for", async () => {
      for (const asked of [{}, { budget: "1s" }, { budget: 1, warmup_epochs: 40 }]) {
        const { info, result, log } = await resume(asked);
        expect(result.steps).toBe(steps);
        expect(log).toContain("ask for more with --epochs, --steps or --budget");
        expect(log).not.toContain("measuring");
        expect(info.config).toMatchObject({ budget: 1, steps });
      }
    });

    it("has as many steps as are asked for, which end the budget", async () => {
      const { info, result, notes, log } = await resume({ steps: steps + 3 });
      expect(result.steps).toBe(steps + 3);
      expect(info.config).toMatchObject({ budget: null, steps: steps + 3 });
      const note = `${steps} steps became ${steps + 3} at step ${steps} (--steps ${steps + 3}): the schedule is planned anew`;
      expect(notes.join("\n")).toContain(note);
      expect(log).toContain(note);
      steps += 3;
    });

    it("has as many epochs as are asked for", async () => {
      const epochs = Math.ceil(steps / 2) + 1;
      const { info, result } = await resume({ epochs });
      expect(result.steps).toBe(2 * epochs);
      expect(info.config).toMatchObject({ budget: null, steps: null, epochs });
      ({ steps, seconds } = result);
    });

    it("takes another budget, of which what is done has used a part", async () => {
      // Twice what it has taken so far, and enough where that is little.
      const budget = Math.ceil(2 * seconds) + 2;
      const { info, result, notes } = await resume({ budget });
      expect(result.steps).toBeGreaterThan(steps);
      expect(info.config).toMatchObject({ budget, steps: result.steps });
      const note = `${steps} steps became \\d+ at step ${steps} \\(--budget ${budget}\\)`;
      expect(notes.join("\n")).toMatch(new RegExp(note));
    });
  });

  it("takes no epochs or steps beside it", async () => {
    const given = { ...flags, epochs: 3 };
    await expect(pretrain({ data, settings: { flags: given }, stream })).rejects.toThrow(
      "Expected no epochs with a budget, which sets it",
    );
  });
});
