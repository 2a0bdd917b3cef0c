// Features of splits as they come: of which no image can be read, or of more classes than neighbours that vote.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openFolder } from "../data/folder.ts";
import { nearest, vote } from "../score/knn.ts";
import { judge } from "../score/metrics.ts";
import { caseRoot, temporaryFolder } from "../testing/data.ts";
import { extract, pixelFeatures } from "./features.ts";

describe("features of images that cannot be read", () => {
  it("are refused with the first reason", async () => {
    using folder = temporaryFolder();
    const names = ["a.jpg", "b.jpg"];
    for (const name of names) writeFileSync(join(folder.path, name), "no image");
    const split = { name: "val", root: folder.path, items: names.map((path) => ({ path, label: -1 })) } as const;
    const skipped: string[] = [];
    const all = extract(
      { ...split, items: [...split.items] },
      { pixels: pixelFeatures },
      {
        view: { size: 16, mean: [0, 0, 0], std: [1, 1, 1] },
        batch: 2,
        device: "cpu",
        precision: "fp32",
        onSkip: ({ path }) => skipped.push(path),
      },
    );
    await expect(all).rejects.toThrow(
      /^Expected images in val that can be read, got none of 2, such as a\.jpg: not an image that can be read/,
    );
    expect(skipped).toEqual(names);
  });
});

describe("eight classes and one neighbour", () => {
  it("leave the top 5 to the one class that got a vote", async ({ skip }) => {
    const { train, val, classes } = openFolder(caseRoot("eight") ?? skip("absent"));
    const view = { size: 32, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
    const options = { view, batch: 8, device: "cpu", precision: "fp32" } as const;
    const read = async (split: typeof train) => extract(split, { pixels: pixelFeatures }, options);
    const [bank, asked] = [await read(train), await read(val!)];
    using keys = bank.features.pixels.x;
    using queries = asked.features.pixels.x;
    const found = nearest(keys, queries, 5);
    const judged = (k: number) =>
      judge(vote(found, bank.labels, classes.length, { k, temperature: 0.07 }), asked.labels, classes.length);
    expect([classes.length, bank.labels.length, asked.labels.length]).toEqual([8, 32, 24]);
    expect(judged(1).top5).toBe(judged(1).top1);
    expect(judged(5).top5).toBeGreaterThan(judged(1).top5!);
  });
});
