import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { labelsNote } from "../run/evaluations.ts";
import { readRuns } from "../run/read/run.ts";
import { temporaryFolder } from "../testing/data.ts";
import { type RunOptions, writeRun } from "../testing/run-fixture.ts";
import { compare } from "./comparison.ts";
import { groupRuns } from "./groups.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
let made = 0;

async function compared(runs: Record<string, RunOptions>) {
  made += 1;
  const dirs = [];
  for (const [name, options] of Object.entries(runs)) {
    dirs.push(await writeRun(join(folder.path, String(made), name), { steps: 20, pictures: 0, ...options }));
  }
  const read = await readRuns(dirs);
  const found = compare(read, groupRuns(read));
  // Sentences use no-break spaces; tests are easier to read without them.
  const plain = (text: string) => text.replaceAll("\u00a0", " ");
  return {
    headline: plain(found.headline),
    findings: found.findings.map(plain),
    costs: found.costs.map(plain),
    caveats: found.caveats.map(plain),
    method: plain(found.method),
  };
}

describe("the written comparison", () => {
  it("names the winner where the lead is beyond the uncertainty", async () => {
    const { headline, findings, method } = await compared({
      a: { top1: 0.58 },
      b: { method: "mae", top1: 0.54 },
    });
    expect(headline).toBe("a scores highest: 58.0 % linear-probe top-1, 4.0 points above b.");
    expect(findings).toEqual([
      "a (58.0 %) against b (54.0 %): 4.0 points higher, beyond the uncertainty (95 % interval +1.8 to +6.2).",
      "a gains 17.3 points over its own untrained encoder (40.7 %; 95 % interval +15.1 to +19.5) and gains 26.8 points over raw pixels (31.2 %; 95 % interval +24.7 to +28.9).",
      "b gains 13.3 points over its own untrained encoder (40.7 %; 95 % interval +11.1 to +15.5) and gains 22.8 points over raw pixels (31.2 %; 95 % interval +20.7 to +24.9).",
    ]);
    expect(method).toContain("from the 3,925 test images alone: Wilson's for a score, Newcombe's for a difference");
  });

  it("says whose labels the scores are by, where these are a file's", async () => {
    const dir = await writeRun(join(folder.path, "by-labels"), { steps: 20 });
    const file = join(dir, "eval", "linear.json");
    const linear = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, JSON.stringify({ ...linear, notes: [labelsNote("own.csv")] }));
    const read = await readRuns([dir]);
    expect(compare(read, groupRuns(read)).method).toMatch(/ Labels are those of own\.csv\.$/);
  });

  it("ranks by score, not by the order of the folders", async () => {
    const { headline } = await compared({ a: { top1: 0.5 }, b: { top1: 0.6 } });
    expect(headline).toBe("b scores highest: 60.0 % linear-probe top-1, 10.0 points above a.");
  });

  it("calls a tie a tie, and needs more images to see a small lead", async () => {
    const scores = { a: { top1: 0.55 }, b: { top1: 0.53 } };
    const tie = await compared(scores);
    expect(tie.headline).toBe("a and b cannot be told apart: 53.0 % to 55.0 % linear-probe top-1.");
    expect(tie.findings[0]).toBe(
      "a (55.0 %) against b (53.0 %): the difference of 2.0 points is within the uncertainty (95 % interval −0.2 to +4.2), so neither is shown to be better.",
    );
    const more = { valImages: 39_250 };
    const clear = await compared({ a: { ...scores.a, ...more }, b: { ...scores.b, ...more } });
    expect(clear.headline).toBe("a scores highest: 55.0 % linear-probe top-1, 2.0 points above b.");
    const equal = await compared({ a: { top1: 0.55 }, b: { top1: 0.55 } });
    expect(equal.headline).toBe("a and b cannot be told apart: 55.0 % linear-probe top-1 each.");
  });

  it("says so where no run reaches its own untrained encoder", async () => {
    const { headline, findings } = await compared({
      a: { top1: 0.35, untrained: 0.4, pixels: 0.35 },
      b: { top1: 0.3, untrained: 0.4, pixels: null },
    });
    expect(headline).toBe("Neither run reaches its own untrained encoder.");
    expect(findings[1]).toBe(
      "a loses 5.0 points against its own untrained encoder (40.0 %; 95 % interval −7.1 to −2.9) and cannot be told from raw pixels (35.0 %; 95 % interval −2.1 to +2.1).",
    );
  });

  it("claims no loss that the test images do not show, and names the weights that runs began with", async () => {
    const close = { top1: 0.499, untrained: 0.5 };
    const told = await compared({ a: close, b: { ...close, method: "mae" } });
    expect(told.headline).toBe("a and b cannot be told apart: 49.9 % linear-probe top-1 each.");
    const init = { source: "hub:facebook/dinov2-small", encoder: "vit_small" };
    const begun = { top1: 0.4, untrained: 0.6, run: { init } };
    expect((await compared({ a: begun })).headline).toBe(
      "a reaches 40.0 % linear-probe top-1, 20.0 points below dinov2-small as it comes, with which it began.",
    );
    expect((await compared({ a: begun, b: { ...begun, method: "mae" } })).headline).toBe(
      "Neither run reaches dinov2-small as it comes, with which it began.",
    );
  });

  it("judges a single run by its own baseline", async () => {
    expect((await compared({ a: { top1: 0.58 } })).headline).toBe(
      "a reaches 58.0 % linear-probe top-1, 17.3 points above its own untrained encoder.",
    );
    expect((await compared({ a: { top1: 0.41 } })).headline).toBe(
      "a reaches 41.0 % linear-probe top-1, which cannot be told from its own untrained encoder.",
    );
    expect((await compared({ a: { top1: 0.3 } })).headline).toBe(
      "a reaches 30.0 % linear-probe top-1, 10.7 points below its own untrained encoder.",
    );
    const bare = await compared({ a: { untrained: null, pixels: null } });
    expect(bare.headline).toBe("a reaches 58.0 % linear-probe top-1; no untrained baseline was measured.");
    expect(bare.findings).toEqual([]);
  });

  it("names runs without a probe and ranks the others", async () => {
    const one = await compared({ a: {}, b: { top1: null } });
    expect(one.headline).toBe("a reaches 58.0 % linear-probe top-1, 17.3 points above its own untrained encoder.");
    expect(one.caveats[0]).toMatch(
      /^b has no linear probe; measure one with: unlabel probe .*\/b --data data\/imagenette$/,
    );
    const none = await compared({ a: { top1: null }, b: { top1: null } });
    expect(none.headline).toBe("No run has been probed, so nothing is known about their features yet.");
    expect(none.method).toBe("");
  });

  it("ranks nothing across different classes, images or data", async () => {
    const ranked = "The 2 scored runs cannot be ranked: their scores do not measure the same thing.";
    const cases: [RunOptions, string][] = [
      [{ classes: ["cat", "dog"] }, "different classes"],
      [{ valImages: 1000 }, "a different number of test images"],
      [{ run: { data: { fingerprint: "another" } } }, "different data"],
    ];
    for (const [other, reason] of cases) {
      const { headline, findings, caveats } = await compared({ a: {}, b: { top1: 0.9, ...other } });
      expect(headline).toBe(ranked);
      expect(findings.join()).not.toContain("against b");
      expect(caveats).toContain(`The scored runs have ${reason}, so none is ranked above another.`);
    }
  });

  it("names what differs between the runs, and that losses are not compared", async () => {
    const { caveats } = await compared({
      a: { config: { epochs: 20 } },
      b: { method: "mae", config: { epochs: 40, size: 128 } },
    });
    expect(caveats).toContain(
      "The runs differ in encoder (a ResNet-18 and b ViT-Tiny), image size (a 64 and b 128) and epochs asked for (a 20 and b 40); a difference in score cannot be put down to the method alone.",
    );
    expect(caveats).toContain("The losses of SimCLR and MAE measure different things and are not compared.");
    const same = await compared({ a: {}, b: {} });
    expect(same.caveats).toEqual([
      "Each score comes from one seed; how much another seed would change it was not measured.",
    ]);
  });

  it("groups many runs into who is behind and who is not shown to be", async () => {
    const { findings } = await compared({ a: { top1: 0.6 }, b: { top1: 0.59 }, c: { top1: 0.5 }, d: { top1: 0.4 } });
    expect(findings.slice(0, 2)).toEqual([
      "a (60.0 %) is above c (50.0 %) and d (40.0 %), each beyond the uncertainty of the two.",
      "a (60.0 %) is not shown to be better than b (59.0 %): within the uncertainty.",
    ]);
  });

  it("tells what each run cost", async () => {
    const { costs } = await compared({
      a: { steps: 1200 },
      b: { method: "mae", run: { result: null, parameters: null }, steps: 10 },
    });
    expect(costs).toEqual([
      "a took 12.1 min for 1,200 steps at 212 images/s with 11.2 M encoder parameters and at most 1.46 GB of memory.",
      "b took 3.83 s for 10 steps.",
      "a took 189 times as long as b.",
    ]);
  });
});
