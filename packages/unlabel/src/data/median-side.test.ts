import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { medianSide } from "./median-side.ts";
import { openImages } from "./open-images.ts";

const SETTINGS = { channels: "auto", bands: null, range: "auto", tiles: null } as const;

it("is the short side of the image in the middle, whatever stands at the ends", async () => {
  using folder = temporaryFolder();
  for (const [i, side] of [32, 48, 200].entries()) await writeImages(join(folder.path, `${i}`), ["a.jpg"], side);
  const { train } = await openImages(folder.path, SETTINGS, 0);
  expect(await medianSide(train, 0)).toBe(48);
});

it("is a tile's where images are cut into tiles", async () => {
  using folder = temporaryFolder();
  await writeImages(folder.path, ["a.jpg", "b.jpg"], 128);
  const { train } = await openImages(folder.path, { ...SETTINGS, tiles: 32 }, 0);
  expect(await medianSide(train, 0)).toBe(32);
});

it("is not known where no header can be read", async () => {
  const items = [{ path: "gone.jpg", label: -1 }];
  expect(await medianSide({ name: "train", root: "/nowhere", items }, 0)).toBeNull();
});
