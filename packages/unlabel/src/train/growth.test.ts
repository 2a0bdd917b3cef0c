import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { sizeAt } from "../config/growth.ts";
import { addMethod, resolveConfig, smallestView, viewsAt } from "../methods/registry.ts";
import { simclr } from "../methods/simclr/method.ts";
import { RunDirectory } from "../run/directory.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { averageCost, costAt, extremeSizes, Growth } from "./growth.ts";
import { type PretrainRequest, pretrain } from "./pretrain.ts";

// What is held here does not depend on the encoder.
vi.mock("../encoders/registry.ts", async (original) =>
  (await import("../testing/small-encoders.ts")).withSmallEncoders(original),
);

const grown = (more: Record<string, unknown> = {}) =>
  resolveConfig({ flags: { method: "simclr", size: 64, size_start: 32, blur_p: 0.5, ...more } });

describe("views", () => {
  it("are those of a config of that size: crops, colours and a kernel that goes with it", () => {
    const config = grown();
    for (const size of [32, 40, 64]) expect(viewsAt(config, size)).toEqual(viewsAt({ ...config, size }, size));
    expect(viewsAt(config, 64)[0]!.blur!.kernel).toBe(7);
    expect(viewsAt(config, 32)[0]!.blur!.kernel).toBe(3);
    expect(smallestView(config)).toBe(32);
    expect(smallestView(grown({ size_start: null }))).toBe(64);
  });

  it("of a size of their own grow by the same factor, with their kernel", () => {
    using _ = addMethod({
      ...simclr,
      about: { ...simclr.about, name: "crops" },
      views: (config: Parameters<typeof simclr.views>[0]) => [
        ...simclr.views(config),
        ...simclr.views({ ...config, size: 48 }),
      ],
    });
    const sizes = (config: ReturnType<typeof grown>, edge: number) =>
      viewsAt(config, edge).map(({ size, blur }) => [size, blur!.kernel]);
    const config = grown({ method: "crops", size: 96, size_start: 48 });
    expect(sizes(config, 96)).toEqual([
      [96, 9],
      [48, 5],
    ]);
    expect(sizes(config, 64)).toEqual([
      [64, 7],
      [32, 3],
    ]);
    expect(sizes(config, 48)).toEqual([
      [48, 5],
      [24, 3],
    ]);
    expect(smallestView(config)).toBe(24);
    const vit = grown({ method: "crops", encoder: "vit_tiny", patch: 16, size: 96, size_start: 48 });
    expect(viewsAt(vit, 80).map(({ size }) => size)).toEqual([80, 48]);
    expect(viewsAt(vit, 48).map(({ size }) => size)).toEqual([48, 32]);
  });
});

describe("Growth", () => {
  it("counts the work of steps by the area of their views, or by what was measured", () => {
    const growth = new Growth(grown({ grow_until: 0.5 }), 80);
    const area = [32, 40, 48, 56].map((size) => (size / 64) ** 2);
    expect(growth.of(10)).toBeCloseTo(10 * area[0]!, 10);
    expect(growth.of(25)).toBeCloseTo(10 * area[0]! + 10 * area[1]! + 5 * area[2]!, 10);
    expect(growth.of(80)).toBeCloseTo(10 * area.reduce((sum, one) => sum + one) + 40, 10);
    expect(new Growth(grown({ grow_until: 0.5 }), 80, 0.6).of(10)).toBeCloseTo(6, 10);
    const even = new Growth(grown({ size_start: null }), 80);
    expect([even.of(33), even.totalWithin(10, 12.4), even.recorded]).toEqual([33, 22, {}]);
  });

  it("finds the most steps that so much work has room for", () => {
    for (const [total, done] of [
      [80, 0],
      [80, 33],
      [80, 70],
      [1000, 420],
    ] as const)
      for (const work of [0, 3, 40, 700]) {
        const most = new Growth(grown(), total).totalWithin(done, work);
        const needed = (steps: number) => {
          const growth = new Growth(grown(), total);
          const before = growth.of(done);
          growth.plan(done, steps);
          return growth.of(steps) - before;
        };
        expect(needed(most)).toBeLessThanOrEqual(work + 0.5);
        expect(needed(most + 1)).toBeGreaterThan(work + 0.5);
      }
  });

  it("costs are in a line with area, and the average that of the shares", () => {
    expect(costAt(48, [32, 1], [64, 4])).toBeCloseTo(1 + (3 * (48 ** 2 - 32 ** 2)) / (64 ** 2 - 32 ** 2), 10);
    const config = grown({ grow_until: 0.6 });
    const steps = new Growth(config, 1000, 0.25).of(1000);
    expect(averageCost(config, 1, 4)).toBeCloseTo((4 * steps) / 1000, 6);
    expect(averageCost(grown({ size_start: null }), 3, 3)).toBe(3);
    expect([extremeSizes(config), extremeSizes(grown({ size_start: null }))]).toEqual([[32, 64], [64]]);
  });
});

describe("a training whose views grow", { timeout: 240_000 }, () => {
  const folder = temporaryFolder();
  afterAll(() => folder[Symbol.dispose]());
  const data = join(folder.path, "images");
  beforeAll(() =>
    writeImages(
      data,
      [..."abcdefgh"].map((name) => `${name}.png`),
      40,
    ),
  );
  const FLAGS = {
    ...{ method: "simclr", size: 32, size_start: 16, grow_until: 0.6, batch: 4, epochs: 5, warmup_epochs: 0 },
    ...{ device: "cpu", precision: "fp32", health_every: 0, blur_p: 0.5 },
    // Little to write: a checkpoint is most of what a short run does.
    ...{ optimizer: "sgd", lr: 0.01, checkpoint_every_epochs: 2 },
  };
  const { epochs: _, ...WITHOUT_LENGTH } = FLAGS;
  // 10 steps: six of them in two sizes.
  const SIZES = [16, 16, 16, 24, 24, 24, 32, 32, 32, 32];

  async function train(name: string, flags: Record<string, unknown> = {}, more: Partial<PretrainRequest> = {}) {
    let log = "";
    const stream = { write: (text: string) => (log += text) };
    const out = join(folder.path, name);
    return { ...(await pretrain({ data, settings: { flags }, out, stream, ...more })), log };
  }
  const stoppedAt = (step: number): Partial<PretrainRequest> => {
    const stop = new AbortController();
    return { signal: stop.signal, onStep: (row) => row.step === step && stop.abort() };
  };
  const rows = (run: string) =>
    RunDirectory.open(run)
      .metrics()
      .map((row) => [row.step, row["train/loss"], row["data/size"]]);
  const weights = (run: string) =>
    createHash("sha256")
      .update(readFileSync(RunDirectory.open(run).weights))
      .digest("hex");

  let whole: Awaited<ReturnType<typeof train>>;
  beforeAll(async () => {
    whole = await train("whole", FLAGS);
  }, 240_000);

  it("has each size when its plan says, and says so", () => {
    expect(rows(whole.run).map(([, , size]) => size)).toEqual(SIZES);
    expect(whole.info.growth!.stages).toEqual([
      { from: 0, size: 16 },
      { from: 3, size: 24 },
      { from: 6, size: 32 },
    ]);
    expect(whole.log).toContain("views grow: 16 px, 24 px from step 4 on, 32 px from step 7 on");
    expect(whole.log.match(/views of \d+ px from now on/g)).toEqual([
      "views of 24 px from now on",
      "views of 32 px from now on",
    ]);
    expect(RunDirectory.open(whole.run).info).toEqual(whole.info);
  });

  it.each([3, 5])("interrupted after step %i and resumed, gives the same losses and weights to the bit", async (at) => {
    const first = await train(`stopped-${at}`, FLAGS, stoppedAt(at));
    expect(first.interrupted).toBe(true);
    const second = await train(`stopped-${at}`, {}, { resume: true });
    expect(rows(second.run)).toEqual(rows(whole.run));
    expect(weights(second.run)).toBe(weights(whole.run));
    expect(second.info.growth).toEqual(whole.info.growth);
  });

  it("broken off between two checkpoints, does the same steps again with the same views", async () => {
    const onStep = ({ step }: { step: number }) => {
      if (step === 5) throw new Error("gone");
    };
    await expect(train("broken", FLAGS, { onStep })).rejects.toThrow("gone");
    const { run, log } = await train("broken", {}, { resume: true });
    expect(log).toContain("from step 4");
    expect(rows(run)).toEqual(rows(whole.run));
    expect(weights(run)).toBe(weights(whole.run));
  });

  it("made longer, keeps the sizes that it had and moves those to come", async () => {
    await train("longer", FLAGS, stoppedAt(4));
    const { info, run } = await train("longer", { epochs: 10 }, { resume: true });
    expect(info.growth!.stages).toEqual([
      { from: 0, size: 16 },
      { from: 3, size: 24 },
      { from: 12, size: 32 },
    ]);
    expect(rows(run).map(([, , size]) => size)).toEqual([16, 16, 16, ...Array(9).fill(24), ...Array(8).fill(32)]);
    // Once grown, views do not shrink, however much longer it gets.
    const { info: again, run: longest } = await train("longer", { epochs: 12 }, { resume: true });
    expect(again.growth).toEqual(info.growth);
    expect(
      rows(longest)
        .slice(20)
        .map(([, , size]) => size),
    ).toEqual(Array(4).fill(32));
  });

  it("goes through stages with a ViT, whose positions are learnt at every size", async () => {
    const flags = { ...FLAGS, encoder: "vit_tiny", patch: 8, epochs: 3, grow_until: 1 };
    const { run } = await train("vit", flags);
    expect(rows(run).map(([, , size]) => size)).toEqual([16, 16, 16, 24, 24, 24]);
    await train("vit-stopped", flags, stoppedAt(4));
    const { run: resumed } = await train("vit-stopped", {}, { resume: true });
    expect(weights(resumed)).toBe(weights(run));
  });

  it("with a budget measures small and large views, and keeps its plan in run.json", async () => {
    const { info, result, run } = await train("budget", { ...WITHOUT_LENGTH, budget: "4s" });
    const { stages, cost } = info.growth!;
    expect(cost).toBeGreaterThan(0);
    expect(info.config.steps).toBe(result.steps);
    const sizes = rows(run).map(([, , size]) => size);
    expect(sizes).toEqual(sizes.map((_, step) => sizeAt(stages, step)));
    expect(sizes[0]).toBe(16);
  });

  it("refuses stages that its settings do not give", async () => {
    await train("edited", FLAGS, stoppedAt(2));
    const file = join(folder.path, "edited", "run.json");
    const info = JSON.parse(readFileSync(file, "utf8"));
    for (const [stages, line] of [
      [[{ from: 0, size: 20 }], "Expected views of 16, 24, 32 px in growth.stages of run.json"],
      [[{ from: 1, size: 16 }], "Expected stages from step 0 on, ascending"],
      [[], "Expected stages from step 0 on, ascending"],
    ] as const) {
      writeFileSync(file, JSON.stringify({ ...info, growth: { ...info.growth, stages } }));
      await expect(train("edited", {}, { resume: true })).rejects.toThrow(line);
    }
  });
});
