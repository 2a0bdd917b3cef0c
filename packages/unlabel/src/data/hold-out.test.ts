import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import type { Dataset, Item } from "./folder.ts";
import { heldOutCount, holdOut, placeOf, wantsHoldOut } from "./hold-out.ts";
import { openData } from "./open.ts";
import { understood } from "./understood.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());

/** A data set that lies nowhere. */
function made(items: Item[], more: Partial<Dataset> = {}): Dataset {
  const train = { name: "train" as const, root: join(folder.path, "nowhere"), items };
  return { root: train.root, layout: "unlabelled", train, val: null, classes: [], fingerprint: "0", ...more };
}
const files = (count: number, name = (i: number) => `photo-${i}.jpg`) =>
  Array.from({ length: count }, (_, i) => ({ path: name(i), label: -1 }));
const paths = (items: readonly Item[]) => items.map(({ path }) => path);

it("holds out a tenth, at least 200 and at most 5,000, never more than a fifth, and none of fewer than 100", () => {
  const wanted = [0, 99, 100, 334, 999, 1000, 2000, 5000, 49_999, 60_000, 1_000_000];
  expect(wanted.map(heldOutCount)).toEqual([0, 0, 20, 66, 199, 200, 200, 500, 5000, 5000, 5000]);
});

describe("what is held out", () => {
  it("follows from names alone: neither order nor other images matter to who comes first", () => {
    const data = holdOut(made(files(400)));
    expect([data.train.items.length, data.heldOut!.images]).toEqual([320, 80]);
    const backwards = holdOut(made(files(400).reverse()));
    expect(paths(backwards.heldOut!.split.items).sort()).toEqual(paths(data.heldOut!.split.items).sort());
    expect(data.heldOut!.up_to).toBe(backwards.heldOut!.up_to);
    const both = new Set([...paths(data.train.items), ...paths(data.heldOut!.split.items)]);
    expect(both.size).toBe(400);
    expect(understood(data)).toEqual([
      "400 images, no classes",
      "held out from training, by name: 80 images (20 %) for evaluate to look at; --set hold_out=false trains on all",
    ]);
  });

  it("is found again by what the run kept, and no image that it was trained on is among it", () => {
    const before = holdOut(made(files(400)));
    const { split: _, ...saved } = before.heldOut!;
    const now = holdOut(made(files(3000)), saved);
    const held = new Set(paths(now.heldOut!.split.items));
    for (const path of paths(before.heldOut!.split.items)) expect(held.has(path)).toBe(true);
    for (const path of paths(before.train.items)) expect(held.has(path)).toBe(false);
    // A run that held out nothing has nothing held out.
    expect(holdOut(made(files(400)), null).heldOut).toBeUndefined();
  });

  it("keeps tiles of a file, bands of a scene and forms of an image on one side", () => {
    const tile = (i: number) => ({ x: i, y: 0, width: 8, height: 8 });
    const tiles = Array.from({ length: 600 }, (_, i) => ({ path: `scene-${i % 30}.tif`, label: -1, tile: tile(i) }));
    const cut = holdOut(made(tiles));
    const [held, trained] = [new Set(paths(cut.heldOut!.split.items)), new Set(paths(cut.train.items))];
    expect([...held].some((path) => trained.has(path))).toBe(false);
    // Whole files: 20 tiles each, of 120 wanted.
    expect([held.size, cut.heldOut!.images]).toEqual([6, 120]);
    const band = (i: number) => `T32_${i >> 2}_B${["02", "03", "04", "8A"][i & 3]}.tif`;
    const scenes = holdOut(made(files(800, band)));
    const sceneOf = (path: string) => path.slice(0, path.lastIndexOf("_"));
    const heldScenes = new Set(paths(scenes.heldOut!.split.items).map(sceneOf));
    expect(paths(scenes.train.items).some((path) => heldScenes.has(sceneOf(path)))).toBe(false);
    expect(placeOf("a/b.jpg")).toBe(placeOf("a/b.PNG"));
    expect(placeOf("a/img.0001")).not.toBe(placeOf("a/img.0002"));
    expect(placeOf("a/e\u0301.jpg")).toBe(placeOf("a/\u00e9.jpg"));
    expect(placeOf("x_B1.tif")).not.toBe(placeOf("x_B2.tif"));
  });

  it("is nothing where whole files are too large a part", () => {
    const tile = (i: number) => ({ x: i, y: 0, width: 8, height: 8 });
    const of = (count: number) =>
      Array.from({ length: 600 }, (_, i) => ({ path: `scene-${i % count}.tif`, label: -1, tile: tile(i) }));
    for (const count of [1, 2]) expect(holdOut(made(of(count))).heldOut).toBeUndefined();
    expect(holdOut(made(of(3))).heldOut!.images).toBe(200);
  });

  it("is nothing where there are labels or val, or few images", () => {
    const two = [
      { id: "ant", name: "ant" },
      { id: "bee", name: "bee" },
    ];
    const val = { name: "val" as const, root: "", items: files(3) };
    for (const data of [made(files(400), { classes: two }), made(files(400), { val }), made(files(99))])
      expect(holdOut(data)).toBe(data);
    // One class tells nothing apart.
    expect(wantsHoldOut(made([], { classes: two.slice(0, 1) }))).toBe(true);
  });
});

it("exact copies of a held-out file are in neither part, wherever they lie", async () => {
  const root = join(folder.path, "copies");
  const names = Array.from({ length: 110 }, (_, i) => `${i}.png`);
  await writeImages(root, names, 16);
  const first = holdOut(await openData(root));
  const held = first.heldOut!.split.items[0]!.path;
  const [trained] = paths(first.train.items);
  // Beside it, in a folder, and one image of the training part twice, which stays.
  cpSync(join(root, held), join(root, "copy-a.png"));
  cpSync(join(root, held), join(root, "deeper-b.png"));
  const { split: _, ...saved } = first.heldOut!;
  const again = holdOut(await openData(root), saved);
  const everywhere = [...paths(again.train.items), ...paths(again.heldOut!.split.items)];
  const same = [held, "copy-a.png", "deeper-b.png"].filter((path) => everywhere.includes(path));
  expect(same).toHaveLength(1);
  expect(paths(again.heldOut!.split.items)).toContain(same[0]);
  expect(again.heldOut!.copies).toBeGreaterThanOrEqual(2);
  expect(understood(again)[0]).toBe("112 images, no classes");
  expect(understood(again).at(-1)).toMatch(/exact copies of them are left out; --set hold_out=false trains on all$/);
  // Of the same size and other content is no copy.
  rmSync(join(root, "copy-a.png"));
  rmSync(join(root, "deeper-b.png"));
  writeFileSync(join(root, trained!), "x");
  expect(holdOut(await openData(root), saved).heldOut!.copies).toBe(first.heldOut!.copies);
});

it("holds none out where copies leave fewer than 100 images", async () => {
  const root = join(folder.path, "alike");
  await writeImages(root, ["0.png"], 16);
  for (let i = 1; i < 150; i++) cpSync(join(root, "0.png"), join(root, `${i}.png`));
  const data = await openData(root);
  expect(holdOut(data)).toBe(data);
});
