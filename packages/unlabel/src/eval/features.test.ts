// A split of which no image can be read is no reason to guess why.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/data.ts";
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
