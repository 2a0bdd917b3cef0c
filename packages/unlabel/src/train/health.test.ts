import { manualSeed, rand, randn } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { learntShare } from "../methods/about.ts";
import { about as maeAbout } from "../methods/mae/about.ts";
import { presetConfig } from "../methods/presets.ts";
import { ntXentChance, ntXentFloor } from "../methods/shared/nt-xent-bounds.ts";
import { about as simclr } from "../methods/simclr/about.ts";
import { spreadOf } from "../score/spread.ts";
import { type HealthFacts, HealthRecord } from "./health.ts";

const preset = presetConfig("simclr", "small");
const method = { ...simclr.health, learnt: learntShare(simclr, preset) };
const FACTS: HealthFacts = { method, dim: 64, images: 128, floor: 0.1, warmup: 0 };
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

describe("a run that began with weights", () => {
  const START = { votes: [768, 384, 192].map((images) => ({ images, top1: 0.8 })), health: null };
  const RANK = { votes: [], health: { images: 128, values: { "health/rank": 60 } } };
  const judged = (start: typeof START | typeof RANK, looks: Record<string, number>[]) => {
    const record = new HealthRecord(FACTS);
    record.beganWith(start as typeof START);
    for (const [i, look] of looks.entries())
      record.observe({ step: 200 + 10 * i, epoch: 1, seconds: i, "train/loss": falling(200), ...look }, 5);
    return record.now;
  };
  const knn = (top1: number, images = 768) => ({ "online/knn_top1": top1, "online/images": images });

  it("is worse than its start where kNN falls beyond chance, with what to try; and no longer once it has come back", () => {
    const found = judged(START, [{ ...WELL, ...knn(0.79) }, knn(0.25)]);
    expect(found).toMatchObject({ verdict: "worse-than-start", since: 210 });
    expect(found.text).toMatch(
      /^worse than start since step 210: kNN fell from 80\.0 % at the start to 25\.0 % \(of 256 images\): .*tenth of the lr, freeze_encoder_steps.*layer_decay/,
    );
    expect(judged(START, [knn(0.25), WELL])).toMatchObject({ verdict: "worse-than-start", since: 200 });
    expect(judged(START, [knn(0.25), { ...WELL, ...knn(0.81) }]).verdict).not.toBe("worse-than-start");
  });

  it.each([
    ["a fall within chance", START, { ...WELL, ...knn(0.74) }],
    ["a fall among few images that many would not show", START, { ...WELL, ...knn(0.68, 192) }],
    ["kNN among as many as the start was not asked with", START, { ...WELL, ...knn(0.1, 96) }],
    ["a rank that is half of the start's", RANK, { ...WELL, "health/rank": 31 }],
    ["a rank of other images", RANK, { ...WELL, "health/rank": 10, "health/images": 64 }],
  ])("is not, by %s", (_, start, look) => {
    expect(judged(start, [look]).verdict).not.toBe("worse-than-start");
  });

  it("without labels is where features lose more than half of their directions", () => {
    const found = judged(RANK, [{ ...WELL, "health/rank": 12 }]);
    expect(found.text).toMatch(/features vary in 12 directions, in 60 at the start: training unlearns/);
  });
});

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
    expect(fares(falling, look)).toMatchObject({ verdict: "dimensional-collapse", since: 100 });
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

  it("of a loss that goes below 0, by how far it is from its floor", () => {
    const cosine = { floor: -1, method: { ...method, learnt: 0.02 } };
    const near = (step: number) => -0.9 * (1 - Math.exp(-step / 50)) + (step < 20 ? 0.02 : 0);
    expect(fares(near, undefined, cosine, 0).verdict).toBe("healthy");
    expect(fares(() => 0.03, undefined, cosine, 0).verdict).toBe("not-learning");
    const decoupled = { floor: -5 };
    expect(fares((step) => 4 + step / 10, undefined, decoupled, 4.8).verdict).toBe("diverging");
  });

  it("exploding and vanishing gradients of the encoder", () => {
    const norm = (step: number, value: number) => ({ ...WELL, "health/grad_norm": step < 290 ? 1 : value });
    expect(fares(falling, (step) => norm(step, 5000))).toMatchObject({ verdict: "exploding-gradient", since: 290 });
    expect(fares(falling, (step) => norm(step, 0))).toMatchObject({ verdict: "vanishing-gradient", since: 290 });
  });

  it("decoupled SimCLR: as much is asked of it as of the plain loss, though it has twice as far to go", () => {
    const form = { decoupled: true };
    const decoupled = { ...preset, ...form };
    const [chance, floor] = [ntXentChance(64, form), ntXentFloor(64, 0.1, form)];
    const facts = { method: { ...simclr.health, learnt: learntShare(simclr, decoupled) }, floor };
    const after = (fall: number) =>
      fares((step) => chance - fall + Math.exp(-step / 10), undefined, facts, chance).verdict;
    // A half per cent of the plain loss's way is 0.024.
    expect([after(0.02), after(0.03)]).toEqual(["not-learning", "healthy"]);
    const end = (loss: number) => fares((step) => loss + 4 * Math.exp(-step / 10), undefined, facts, chance);
    expect(end(-3)).toMatchObject({ verdict: "healthy", text: expect.stringContaining("loss -3 (chance 4.84)") });
    expect(end(floor - 0.1).verdict).toBe("below-floor");
  });

  const mae = { method: maeAbout.health, floor: 0 } as const;
  it("not learning: MAE that has only learnt how bright a patch is", () => {
    const found = fares(
      (step) => 0.97 + Math.exp(-step / 10),
      () => ({ ...WELL, "health/rank": 6 }),
      mae,
      0.98,
    );
    expect(found).toMatchObject({ verdict: "not-learning" });
    expect(found.text).toContain("the loss (0.97) is what guessing gives (0.98)");
    expect(fares((step) => 0.9 + Math.exp(-step / 10), undefined, mae, 0.98).verdict).toBe("healthy");
  });

  it("dimensional collapse: features that lose most of their directions while the loss falls", () => {
    const sinking = (step: number) => ({ ...WELL, "health/rank": 4 + 30 * Math.exp(-step / 20) });
    expect(fares(falling, sinking)).toMatchObject({ verdict: "dimensional-collapse", since: 100 });
    // Few directions from the start are the images', not a loss of any.
    expect(fares(falling, () => ({ ...WELL, "health/rank": 6 })).verdict).toBe("healthy");
  });

  it("says of a run that ends early that it was too short, and of no other", () => {
    const record = new HealthRecord({ ...FACTS, warmup: 50 });
    for (let step = 1; step <= 60; step++) record.observe({ step, epoch: 1, seconds: 1, "train/loss": 4, ...WELL }, 5);
    record.ends(60);
    expect(record.now).toEqual({
      verdict: "too-early",
      since: null,
      text: "too short to tell whether it learns: 60 steps, where 100 after a warm-up of 50 are needed",
    });
    for (let step = 61; step <= 160; step++)
      record.observe({ step, epoch: 1, seconds: 1, "train/loss": 1, ...WELL }, 5);
    record.ends(160);
    expect(record.now.verdict).toBe("healthy");
  });

  it("is too early to tell in the warm-up, and recovers from a verdict", () => {
    expect(fares(() => 5, undefined, { warmup: 250 }).verdict).toBe("too-early");
    expect(fares(falling, (step) => (step < 100 ? { ...WELL, "health/std": 0 } : WELL)).verdict).toBe("healthy");
  });
});
