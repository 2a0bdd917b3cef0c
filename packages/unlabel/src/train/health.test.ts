import { join } from "node:path";
import { manualSeed, rand, randn } from "@unlabel/torch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { type HealthFacts, HealthRecord } from "./health.ts";
import { pretrain } from "./pretrain.ts";
import { RunDirectory } from "./run.ts";
import { spreadOf } from "./spread.ts";

const FACTS: HealthFacts = { method: "simclr", dim: 64, images: 128, identical: false, floor: 0.1, warmup: 0 };
const WELL = { "health/std": 0.1, "health/rank": 30, "health/grad_norm": 1 };

/** What is said of a run whose loss goes by `loss`, looked at every ten steps. */
function fares(
  loss: (step: number) => number,
  look: (step: number) => Record<string, number> = () => WELL,
  facts: Partial<HealthFacts> = {},
  chance: number | null = 5,
) {
  const record = new HealthRecord({ ...FACTS, ...facts });
  for (let step = 1; step <= 300; step++) {
    const looked = step % 10 === 0 ? look(step) : {};
    record.observe({ step, epoch: 1, seconds: step, "train/loss": loss(step), ...looked }, chance);
  }
  return record.now;
}
const falling = (step: number) => 1 + 4 * Math.exp(-step / 50);

describe("what is said of a run", () => {
  it("healthy: the loss falls, features are spread", () => {
    expect(fares(falling)).toEqual({
      verdict: "healthy",
      since: null,
      text: "healthy: loss 1.02 (chance 5), features vary in 30 directions of 64",
    });
  });

  it("collapsed, since when, and what to try", () => {
    const { verdict, since, text } = fares(falling, (step) => ({ ...WELL, "health/std": step < 200 ? 0.1 : 0.0004 }));
    expect([verdict, since]).toEqual(["collapsed", 200]);
    expect(text).toContain(
      "collapsed since step 200: all images get the same features (std 0.0004, 0.125 expected); try",
    );
  });

  it("dimensional collapse: features of rank 2", () => {
    manualSeed(0);
    const { std, rank } = spreadOf(randn([128, 2]).matmul(randn([2, 64])));
    const look = () => ({ ...WELL, "health/std": std, "health/rank": rank });
    expect(fares(falling, look)).toMatchObject({ verdict: "dimensional-collapse", since: 10 });
    expect(spreadOf(rand([128, 64])).rank).toBeGreaterThan(20);
  });

  it.each([
    ["not-learning", () => 5, {}, "the loss (5) is what guessing gives (5)"],
    ["not-learning", () => 4, {}, "the loss (4) has not fallen since the start (4)"],
    ["below-floor", () => 0.05, {}, "less than it can be (0.1)"],
    ["diverging", (step: number) => (step < 150 ? 4 : 4 * 1.05 ** (step - 150)), {}, "far above its start (4)"],
  ] as const)("%s by its loss (%#)", (verdict, loss, facts, text) => {
    const found = fares(loss, undefined, facts);
    expect(found.verdict).toBe(verdict);
    expect(found.text).toContain(text);
  });

  it("exploding and vanishing gradients of the encoder", () => {
    const norm = (step: number, value: number) => ({ ...WELL, "health/grad_norm": step < 290 ? 1 : value });
    expect(fares(falling, (step) => norm(step, 5000))).toMatchObject({ verdict: "exploding-gradient", since: 290 });
    expect(fares(falling, (step) => norm(step, 0))).toMatchObject({ verdict: "vanishing-gradient", since: 290 });
  });

  it("is too early to tell in the warm-up, and recovers from a verdict", () => {
    expect(fares(() => 5, undefined, { warmup: 250 }).verdict).toBe("too-early");
    expect(fares(falling, (step) => (step < 100 ? { ...WELL, "health/std": 0 } : WELL)).verdict).toBe("healthy");
  });
});

describe("a run broken on purpose", () => {
  const folder = temporaryFolder();
  afterAll(() => folder[Symbol.dispose]());
  const data = join(folder.path, "images");
  const same = join(folder.path, "same");
  const names = [..."abcdefgh"].map((name) => `${name}.png`);
  beforeAll(async () => {
    await writeImages(data, names, 32);
    for (const name of names) await writeImages(same, [name], 32);
  });
  const SMALL = {
    encoder: "vit_tiny",
    size: 32,
    batch: 4,
    schedule: "constant",
    warmup_epochs: 0,
    health_every: 10,
    device: "cpu",
    precision: "fp32",
  };
  const train = (name: string, flags: Record<string, unknown>, from = data) => {
    let log = "";
    const stream = { write: (text: string) => (log += text) };
    const settings = { flags: { ...SMALL, epochs: 1000, ...flags } };
    const out = join(folder.path, "runs", name);
    const health = () => RunDirectory.open(out).info.health;
    return pretrain({ data: from, settings, out, stream }).then(
      () => ({ health: health(), log }),
      (error: Error) => ({ health: health(), log: log + error.message }),
    );
  };

  it("on images that are all the same has collapsed, and says so in the log and in run.json", async () => {
    const { health, log } = await train("same", { method: "simclr", steps: 10 }, same);
    expect(health).toMatchObject({ verdict: "collapsed", since: 10 });
    expect(health!.text).toContain("the images looked at are all the same: check the data");
    expect(log).toContain(health!.text);
  });

  it("with a learning rate that moves nothing does not learn", async () => {
    const { health } = await train("still", { method: "mae", mask_ratio: 0.5, batch: 2, lr: 1e-12, steps: 110 });
    expect(health).toMatchObject({ verdict: "not-learning" });
  }, 180_000);

  it("with an absurd learning rate has collapsed, diverged or left the finite numbers", async () => {
    const { health } = await train("absurd", { method: "mae", mask_ratio: 0.5, optimizer: "sgd", lr: 100, steps: 60 });
    expect(["collapsed", "diverging", "not-finite", "exploding-gradient"]).toContain(health!.verdict);
    expect(health!.since).toBeGreaterThan(0);
  });
});
