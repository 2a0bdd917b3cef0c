import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/data.ts";
import { type RunOptions, writeRun } from "../testing/run-fixture.ts";
import { reportData } from "./data.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
let made = 0;

async function sentencesOf(runs: Record<string, RunOptions>, budget?: object) {
  made += 1;
  const parent = join(folder.path, String(made));
  const dirs = [];
  for (const [name, options] of Object.entries(runs)) {
    dirs.push(await writeRun(join(parent, name), { steps: 20, pictures: 0, ...options }));
  }
  if (budget) writeFileSync(join(parent, "compare.json"), JSON.stringify({ schema: 1, budget }));
  const data = await reportData(dirs);
  const plain = (text: string) => text.replaceAll("\u00a0", " ");
  return { sentences: data.answer.map(plain), headline: plain(data.headline) };
}

describe("the three sentences", () => {
  it("say which, by how much, and at what cost under which budget", async () => {
    const { sentences } = await sentencesOf(
      { a: { top1: 0.58, knn: 0.52 }, b: { method: "mae", top1: 0.5, knn: 0.4 } },
      { kind: "time", value: 480 },
    );
    expect(sentences).toHaveLength(3);
    expect(sentences[0]).toMatch(
      /^a suits these images best so far: 58\.0 % \(95 % interval 56\.4 to 59\.5\) in the linear probe, top-1, 8\.0 points \(\+5\.8 to \+10\.2\) above b; kNN agrees, 52\.0 % against 40\.0 % \(\+9\.8 to \+14\.2\)\.$/,
    );
    expect(sentences[1]).toMatch(/^a gains 17\.3 points over its own untrained encoder .*; b gains 9\.3 points/);
    expect(sentences[2]).toBe(
      "Under a budget of 8 min a run, a took 12.1 s for 20 steps and b took 7.66 s for 20 steps on CPU (2 threads).",
    );
  });

  it("say that two cannot be told apart, and that protocols disagree", async () => {
    const tie = await sentencesOf({ a: { top1: 0.55 }, b: { method: "mae", top1: 0.54 } });
    expect(tie.sentences[0]).toMatch(
      /^These numbers do not tell which suits these images best: a 55\.0 % .* lie too close/,
    );
    const split = await sentencesOf({ a: { top1: 0.58, knn: 0.3 }, b: { method: "mae", top1: 0.5, knn: 0.45 } });
    expect(split.headline).toBe("The protocols disagree: the linear probe puts a first, kNN puts b first.");
    expect(split.sentences[0]).toMatch(
      /kNN disagrees and puts b first, 45\.0 % against 30\.0 % \(\+12\.9 to \+17\.1\)\.$/,
    );
  });

  it.each([
    ["a budget of time", { kind: "time", value: 480 }, "Under a budget of 8 min a run, a took"],
    ["epochs", { kind: "epochs", value: 3 }, "Under a budget of 3 epochs a run, a took"],
    ["operations", { kind: "flops", value: 2e15 }, "Under a budget of 2,000 TFLOP a run, a took"],
    ["steps", { kind: "steps", value: { simclr: 20 } }, "Under a set number of steps for each method, a took"],
  ])("state %s", async (_, budget, words) => {
    expect((await sentencesOf({ a: {} }, budget)).sentences.at(-1)).toContain(words);
  });

  it.each([
    ["level scores", 0.5, 0.5, "; by kNN it and b are level (50.0 % each)."],
    [
      "a little less",
      0.5,
      0.51,
      "; kNN does not tell it from b (50.0 % against 51.0 %, a difference within the uncertainty).",
    ],
    [
      "a little more",
      0.51,
      0.5,
      "; kNN does not tell it from b (51.0 % against 50.0 %, a difference within the uncertainty).",
    ],
  ])("put nobody first by kNN for %s", async (_, a, b, words) => {
    const { sentences } = await sentencesOf({ a: { top1: 0.58, knn: a }, b: { method: "mae", top1: 0.5, knn: b } });
    expect(sentences[0]?.endsWith(words), sentences[0]).toBe(true);
  });

  it("let kNN speak where the linear probe does not decide", async () => {
    const tied = async (a: number, b: number) =>
      (await sentencesOf({ a: { top1: 0.55, knn: a }, b: { method: "mae", top1: 0.55, knn: b } })).sentences[0];
    expect(await tied(0.5, 0.4)).toMatch(/; kNN puts a first, 50\.0 % against 40\.0 % \(\+7\.8 to \+12\.2\)\.$/);
    expect(await tied(0.3, 0.4)).toMatch(/; kNN puts b first, 40\.0 % against 30\.0 %/);
    expect(await tied(0.4, 0.4)).toMatch(/; kNN does not tell them apart either \(40\.0 % and 40\.0 %\)\.$/);
  });

  it("take runs under one budget of time for seeds of one method, though the machine gave each its own number of steps", async () => {
    const under = (method: "simclr" | "mae", seed: number, steps: number, top1: number) => ({
      [`${method}-${seed}`]: {
        method,
        seed,
        top1,
        config: { budget: 480, steps, epochs: 3, warmup_epochs: steps / 1e4 },
      },
    });
    const { headline } = await sentencesOf({
      ...under("simclr", 0, 301, 0.57),
      ...under("simclr", 1, 299, 0.58),
      ...under("mae", 0, 700, 0.4),
    });
    expect(headline).toMatch(/^SimCLR scores highest: 57\.5 % \(± 0\.7 over 2 seeds\) .* above MAE\.$/);
  });

  it("say where a run did not train soundly, and where nothing was scored", async () => {
    const health = { verdict: "dimensional-collapse", since: 12, text: "features vary in 1.2 directions of 512" };
    const sick = await sentencesOf({ a: { run: { health } } });
    expect(sick.sentences[0]).toContain(
      "Read this with care: a (dimensional collapse) did not train soundly, see Health.",
    );
    expect((await sentencesOf({ a: { top1: null } })).sentences[0]).toBe(
      "No run has a linear probe or a kNN score, so nothing can be said of which features suit these images.",
    );
  });

  it("take seeds into account: a lead within the spread of seeds is none", async () => {
    const seeds = (low: number, high: number, method: "simclr" | "mae") => ({
      [`${method}-0`]: { method, top1: low },
      [`${method}-1`]: { method, top1: high, seed: 1 },
    });
    const wide = await sentencesOf({ ...seeds(0.5, 0.64, "simclr"), ...seeds(0.47, 0.55, "mae") });
    expect(wide.headline).toMatch(
      /^SimCLR with 57\.0 % \(± 9\.9 over 2 seeds\) and MAE with 51\.0 % \(± 5\.7 over 2 seeds\) cannot be told apart/,
    );
    const narrow = await sentencesOf({ ...seeds(0.57, 0.572, "simclr"), ...seeds(0.509, 0.511, "mae") });
    expect(narrow.headline).toMatch(/^SimCLR scores highest: 57\.1 % \(± 0\.1 over 2 seeds\) linear-probe top-1/);
    expect(narrow.sentences[0]).toMatch(/^SimCLR suits these images best so far: 57\.1 % \(± 0\.1 over 2 seeds\)/);
  });
});
