import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseDuration } from "../base/duration.ts";
import { resolveConfig } from "../methods/registry.ts";

import { temporaryFolder, writeImages } from "../testing/data.ts";
import { Clock, stepsOf, withSteps } from "./budget.ts";
import { pretrain } from "./pretrain.ts";

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

  it("ends a run at once that has overrun", () => {
    expect(new Clock(100, 100).plan(37, 104, 100)).toBe(37);
  });
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
    // However often the steps left are planned again, it is said once.
    const planned = info.notes?.filter((note) => note.includes("steps became")) ?? [];
    expect(log.split("steps became").length - 1).toBe(Math.min(1, planned.length));
    expect(info.config.warmup_epochs).toBeLessThanOrEqual((0.1 * result.steps) / 2 + 1);
  });

  it("takes no epochs or steps beside it", async () => {
    const given = { ...flags, epochs: 3 };
    await expect(pretrain({ data, settings: { flags: given }, stream })).rejects.toThrow(
      "Expected no epochs with a budget, which sets it",
    );
  });
});
