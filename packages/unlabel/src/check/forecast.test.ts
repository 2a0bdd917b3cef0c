import { describe, expect, it } from "vitest";
import { PHOTOGRAPHS } from "../data/input.ts";
import { presetConfig } from "../methods/presets.ts";

import { temporaryFolder, writeImages } from "../testing/data.ts";
import { type Cost, measureCost } from "./cost.ts";
import { choose, type PresetForecast, predict } from "./forecast.ts";

const cost = (device = "cpu"): Cost => ({
  device,
  threads: 2,
  points: [
    { batch: 2, seconds: 1.5, peak_mb: 500 },
    { batch: 4, seconds: 2.5, peak_mb: 700 },
  ],
  settings: presetConfig("simclr", "paper"),
});

describe("predict", () => {
  it("draws a straight line to the preset's batch", () => {
    const { batch, epochs } = presetConfig("simclr", "paper");
    expect(batch).toBe(256);
    const found = predict("simclr", "paper", 2600, cost());
    // 0.5 s and 100 MB an image, on top of 0.5 s and 300 MB.
    expect(found).toMatchObject({ steps_per_epoch: 10, problem: null, memory_mb: 300 + 256 * 100 });
    expect(found.step_s).toBeCloseTo(0.5 + 256 * 0.5);
    expect(found.epoch_s).toBeCloseTo(10 * (0.5 + 256 * 0.5));
    expect(found.total_s).toBeCloseTo(epochs * 10 * (0.5 + 256 * 0.5));
  });

  it("knows nothing of a GPU's memory, and says where images do not fill a batch", () => {
    expect(predict("simclr", "paper", 2600, cost("cuda:0")).memory_mb).toBeNull();
    expect(predict("simclr", "paper", 100, cost())).toMatchObject({
      total_s: null,
      problem: "100 images do not fill its batch of 256",
    });
    expect(predict("mae", "small", 2600, { problem: "out of memory" })).toMatchObject({
      step_s: null,
      problem: "out of memory",
    });
  });
});

describe("choose", () => {
  const paper = (total_s: number | null, memory_mb: number | null, problem: string | null = null): PresetForecast => ({
    ...predict("simclr", "paper", 2600, cost()),
    total_s,
    memory_mb,
    problem,
  });

  it.each([
    [paper(3600 * 40, 10_000), "auto", "paper would take 40 hours here, more than a night"],
    [paper(3600 * 2400, 10_000), "auto", "paper would take 100 days here, more than a night"],
    [paper(3600, 30_000), "auto", "paper needs some 30 GB of memory at its batch, and there are 16"],
    [paper(3600 * 3, 10_000), "paper", "all of it takes 3 hours here and fits in memory"],
    [paper(null, null, "no memory"), "auto", "paper does not go here: no memory"],
  ])("weighs time and memory %#", (one, preset, why) => {
    expect(choose([one], 16_000)).toEqual({ preset, why });
  });
});

describe("measureCost", () => {
  it("times real steps, and finds that more images take more memory", async () => {
    using folder = temporaryFolder();
    await writeImages(
      folder.path,
      Array.from({ length: 16 }, (_, i) => `${i}.jpg`),
      80,
    );
    const { points, device } = await measureCost({
      root: folder.path,
      method: "simclr",
      preset: "small",
      plugins: [],
      input: PHOTOGRAPHS,
      facts: { images: 16, side: 80, channels: 3 },
      sample: 16,
    });
    expect(points.map(({ batch }) => batch)).toEqual([8, 16]);
    for (const { seconds } of points) expect(seconds).toBeGreaterThan(0);
    if (device === "cpu") expect(points[1].peak_mb - points[0].peak_mb).toBeGreaterThan(5);
  });
});
