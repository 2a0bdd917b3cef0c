// Runs whose files keep predictions of the same images are compared image by image; headlines speak of what was measured.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { encodeClasses } from "../run/predictions.ts";
import type { Evaluation } from "../run/read/evaluation-schema.ts";
import { readRun } from "../run/read/run.ts";
import { temporaryFolder } from "../testing/data.ts";
import { type RunOptions, writeRun } from "../testing/run-fixture.ts";
import { reportData } from "./data.ts";
import { difference } from "./intervals.ts";
import { paired } from "./pairs.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
let made = 0;

const COUNT = 400;
const CLASSES = 10;
const labels = Array.from({ length: COUNT }, (_, n) => n % CLASSES);
type Right = (n: number) => boolean;
const predict = (right: Right) => labels.map((label, n) => (right(n) ? label : (label + 1) % CLASSES));
const shareOf = (right: Right) => labels.filter((_, n) => right(n)).length / COUNT;

interface Kept {
  right: Right;
  untrained?: Right;
  pixels?: Right;
  /** Which images; null where a file keeps no predictions. */
  images?: string | null;
  /** How many are tiles of each file. */
  files?: number[];
}

/** A run whose linear probe was right where `right` says. */
async function writeKept(
  name: string,
  { right, untrained, pixels, images = "one", files }: Kept,
  options: RunOptions = {},
) {
  const top1 = {
    top1: shareOf(right),
    untrained: untrained ? shareOf(untrained) : 0.1,
    pixels: pixels ? shareOf(pixels) : 0.1,
  };
  const dir = await writeRun(join(folder.path, String(made), name), {
    steps: 20,
    pictures: 0,
    valImages: COUNT,
    ...top1,
    ...options,
  });
  const file = join(dir, "eval", "linear.json");
  const text = (kind?: Right) => (kind ? encodeClasses(predict(kind), CLASSES) : undefined);
  const predictions = {
    images,
    files,
    labels: encodeClasses(labels, CLASSES),
    trained: text(right),
    untrained: text(untrained),
    pixels: text(pixels),
  };
  const found = { ...JSON.parse(readFileSync(file, "utf8")), ...(images !== null && { predictions }) };
  const interval = { top1: [0, 1] };
  writeFileSync(file, JSON.stringify({ ...found, interval }));
  return dir;
}

async function reported(runs: Record<string, [Kept, RunOptions?]>) {
  made += 1;
  const dirs = [];
  for (const [name, [kept, options]] of Object.entries(runs)) dirs.push(await writeKept(name, kept, options));
  const data = await reportData(dirs);
  const plain = (text: string) => text.replaceAll("\u00a0", " ");
  const { headline, findings, caveats, method } = data;
  return {
    data,
    headline: plain(headline),
    findings: findings.map(plain),
    caveats: caveats.map(plain),
    method: plain(method),
  };
}

/** Right on 240 of the images; `fewer` is right on 12 of these less and on none more. */
const most: Right = (n) => n % 5 < 3;
const fewer: Right = (n) => most(n) && n % 20 !== 0;

describe("runs that were scored on the same images", () => {
  it("are told apart where one is right on all that the other is, and a few more", async () => {
    const apart = { a: [{ right: most }], b: [{ right: fewer }, { method: "mae" }] } as const;
    const { headline, findings, method, data } = await reported({ a: [apart.a[0]], b: [...apart.b] });
    expect(headline).toBe("a scores highest: 60.0 % linear-probe top-1, 5.0 points above b.");
    expect(findings[0]).toMatch(
      /^a \(60\.0 %\) against b \(55\.0 %\): 5\.0 points higher, beyond the uncertainty \(95 % interval \+2\.\d to \+7\.\d\)\.$/,
    );
    expect(method).toContain("paired image by image for a gain over a baseline and for a difference between runs.");
    expect(method).not.toContain("independent");
    expect(data.answer[0]).toContain("suits these images best so far");
    // Independent samples of that size would leave it open.
    expect(difference(0.6, 0.55, COUNT)[0]).toBeLessThan(0);
  });

  it("are compared file by file where images are tiles: a few files more are no proof", async () => {
    // Twenty files of twenty tiles: on the tiles of one alone they differ.
    const files = new Array(20).fill(20);
    const fewerFiles: Right = (n) => most(n) && n >= 20;
    const kept = { a: [{ right: most, files }], b: [{ right: fewerFiles, files }, { method: "mae" }] } as const;
    const { headline, method } = await reported({ a: [kept.a[0]], b: [...kept.b] });
    expect(headline).toContain("cannot be told apart");
    expect(method).toContain(
      "the percentile bootstrap (whole files of tiles are drawn), no narrower than few images allow, paired",
    );
    const asImages = await reported({ a: [{ right: most }], b: [{ right: fewerFiles }, { method: "mae" }] });
    expect(asImages.headline).toContain("scores highest");
  });

  it("are not where each is right on what the other is not", async () => {
    const [a, b]: [Right, Right] = [(n) => n % 20 < 11, (n) => n % 20 >= 10];
    const { headline } = await reported({ a: [{ right: a }], b: [{ right: b }, { method: "mae" }] });
    expect(headline).toBe("a and b cannot be told apart: 50.0 % to 55.0 % linear-probe top-1.");
  });

  it("are compared over several seeds, the seeds' own spread on top", async () => {
    const seeds = (method: "simclr" | "mae", right: Right, off: number) => ({
      [`${method}-0`]: [{ right, untrained: fewer }, { method }] as [Kept, RunOptions],
      [`${method}-1`]: [
        { right: (n: number) => right(n) && n !== off, untrained: fewer },
        { method, seed: 1 },
      ] as [Kept, RunOptions],
    });
    const { headline, findings } = await reported({ ...seeds("simclr", most, 1), ...seeds("mae", fewer, 2) });
    expect(headline).toMatch(/^SimCLR scores highest: .* 5\.0 points above MAE\.$/);
    expect(findings[0]).toMatch(/\+[23]\.\d to \+[67]\.\d/);
    // The gain over each seed's own untrained encoder is paired as well.
    expect(findings[1]).toMatch(/^SimCLR gains 4\.9 points over its own untrained encoder/);
  });

  it.each<[string, Kept, RegExp]>([
    ["keeps no predictions", { right: fewer, images: null }, /measured by an older version, which kept no predictions/],
    [
      "was scored on other images",
      { right: fewer, images: "two" },
      /have different test images|other images than one another/,
    ],
  ])("are taken as independent, with a word, where one %s", async (_, kept, word) => {
    const { headline, method, caveats } = await reported({ a: [{ right: most }], b: [kept, { method: "mae" }] });
    expect(headline).not.toContain("scores highest");
    expect([method, ...caveats].join(" ")).toMatch(word);
    expect(method).toContain("treats the two as independent");
  });

  it("has the interval that McNemar's variance gives, the same from either side", async () => {
    made += 1;
    const other: Right = (n) => n % 7 < 4;
    const dirs = [await writeKept("a", { right: most }), await writeKept("b", { right: other })];
    const [a, b] = await Promise.all(
      dirs.map(async (dir) => ({ evaluations: [(await readRun(dir)).evaluations.scored.get("linear") as Evaluation] })),
    );
    const [low, high] = paired(a!, b!)!;
    const [back, forth] = paired(b!, a!)!;
    expect(-forth).toBeCloseTo(low, 12);
    expect(-back).toBeCloseTo(high, 12);
    const gains = labels.map((_, n) => Number(most(n)) - Number(other(n)));
    const mean = gains.reduce((sum, one) => sum + one, 0) / COUNT;
    const error = Math.sqrt(gains.reduce((sum, one) => sum + (one - mean) ** 2, 0)) / COUNT;
    expect((high - low) / (2 * 1.96 * error)).toBeGreaterThan(0.9);
    expect((high - low) / (2 * 1.96 * error)).toBeLessThan(1.1);
  });
});

describe("a file of predictions", () => {
  const left = async (change: (predictions: Record<string, unknown>) => void) => {
    made += 1;
    const dir = await writeKept("a", { right: most });
    const file = join(dir, "eval", "linear.json");
    const content = JSON.parse(readFileSync(file, "utf8")) as { predictions: Record<string, unknown> };
    change(content.predictions);
    writeFileSync(file, JSON.stringify(content));
    return (await readRun(dir)).evaluations.left;
  };

  it.each<[string, (predictions: Record<string, unknown>) => void]>([
    ["is cut short", (one) => Object.assign(one, { trained: String(one.trained).slice(8) })],
    [
      "names classes that there are not",
      (one) =>
        Object.assign(one, {
          trained: encodeClasses(
            labels.map(() => 77),
            99,
          ),
        }),
    ],
    ["is no base64", (one) => Object.assign(one, { labels: "!".repeat(536) })],
    ["lacks the labels", (one) => delete one.labels],
  ])("that %s is named and left out", async (_, change) => {
    expect(await left(change)).toEqual([
      expect.stringMatching(/^Expected a run directory's format in .*linear\.json.* at predictions/),
    ]);
  });
});

describe("the headline where no linear probe was measured", () => {
  const without = async (runs: Record<string, RunOptions>, ...gone: string[]) => {
    made += 1;
    const dirs = [];
    for (const [name, options] of Object.entries(runs)) {
      const dir = await writeRun(join(folder.path, String(made), name), { steps: 20, pictures: 0, ...options });
      for (const protocol of ["linear", ...gone]) rmSync(join(dir, "eval", `${protocol}.json`));
      dirs.push(dir);
    }
    const { headline, answer, caveats } = await reportData(dirs);
    return {
      headline: headline.replaceAll("\u00a0", " "),
      answer: answer.map((one) => one.replaceAll("\u00a0", " ")),
      caveats,
    };
  };

  it("is kNN's", async () => {
    const one = await without({ a: { knn: 0.52 } });
    expect(one.headline).toBe("a reaches 52.0 % kNN top-1, 22.0 points above its own untrained encoder.");
    expect(one.answer[0]).toMatch(
      /^a reaches 52\.0 % \(95 % interval .*\) by kNN, top-1, with no linear probe to set beside it\.$/,
    );
    expect(one.answer[1]).toMatch(/^a gains 22\.0 points over its own untrained encoder/);
    expect(one.caveats.join()).toContain("a has no linear probe; measure one with: ");
    const two = await without({ a: { knn: 0.52 }, b: { method: "mae", knn: 0.4 } });
    expect(two.headline).toBe("a scores highest: 52.0 % kNN top-1, 12.0 points above b.");
    expect(two.answer[0]).toMatch(/^a suits these images best so far: 52\.0 % .* by kNN, top-1, .* above b\.$/);
  });

  it("is of what else was measured, and says that it is no probe's", async () => {
    const few = await without({ a: { knn: 0.52 } }, "knn");
    expect(few.headline).toMatch(
      /^a reaches \d\d\.\d % few-shot top-1 with 100 % of the labels; it has no linear probe\.$/,
    );
    const found = await without({ a: { knn: 0.52 } }, "knn", "few-shot");
    expect(found.headline).toMatch(
      /^a finds an image of the same class first for \d\d\.\d % of the test images; it has no linear probe\.$/,
    );
    const two = await without({ a: { knn: 0.52 }, b: { knn: 0.5, method: "mae" } }, "knn");
    expect(two.headline).toMatch(/^No run has a linear probe or a kNN score; what else was measured is below/);
    for (const { answer } of [few, found, two]) expect(answer[0]).toMatch(/^No run has a linear probe or a kNN score/);
  });

  it("says that nothing is known where nothing was measured", async () => {
    const none = await without({ a: { knn: 0.52 } }, "knn", "few-shot", "retrieval");
    expect(none.headline).toBe("a has not been probed, so nothing is known about its features yet.");
  });
});
