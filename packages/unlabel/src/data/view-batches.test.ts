import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { memory, scope } from "@unlabel/torch";
import { afterAll, beforeAll, expect, it } from "vitest";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { centerBox } from "./crop.ts";
import { evalBatches } from "./eval-batches.ts";
import { openFolder } from "./folder.ts";
import { ImageReader } from "./reader.ts";
import { numberOfImage, type SeenAs, seenBatches } from "./view-batches.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const root = join(folder.path, "images");
beforeAll(() => writeImages(root, ["a.png", "b.png", "c.png", "d.png", "e.png"], 40));

const size = 16;
const normalised = { size, mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4] };
const plain: SeenAs = { name: "plain", box: ({ width, height }) => centerBox(width, height, size, 1) };
const colour: SeenAs = {
  ...plain,
  name: "colour",
  changes: { color: { brightness: 0.5, contrast: 0, saturation: 0, hue: 0, p: 1 }, grayscale: 0, blur: null },
};
const crop: SeenAs = {
  name: "crop",
  box: (whole, rng) => ({ x: rng.uniform(0, whole.width / 2), y: 0, width: whole.width / 2, height: 20, flip: false }),
};

async function all(names: readonly string[], batch: number, seed = 0) {
  const split = openFolder(root).train;
  const items = names.map((name) => split.items.find(({ path }) => path === name)!);
  const skipped: string[] = [];
  const found = new Map<string, number[][]>();
  const onSkip = ({ path }: { path: string }) => skipped.push(path);
  const options = { ...normalised, batch, seed, reader: new ImageReader(), device: "cpu", onSkip };
  for await (const { images, indices } of seenBatches({ ...split, items }, [plain, colour, crop], options)) {
    const values = scope(() => images.contiguous().toNumbers());
    const one = values.length / (3 * indices.length);
    for (const [k, index] of indices.entries()) {
      const views = [0, 1, 2].map((v) => {
        const at = (v * indices.length + k) * one;
        return values.slice(at, at + one);
      });
      found.set(names[index]!, views);
    }
    images.dispose();
  }
  return { found, skipped };
}

it("shows an image the same whatever batch it comes in and who comes beside it", async () => {
  const live = memory().liveTensors;
  const one = await all(["a.png", "b.png", "c.png", "d.png", "e.png"], 2);
  const other = await all(["e.png", "a.png"], 5);
  for (const [name, views] of other.found) expect(views).toEqual(one.found.get(name));
  const seeded = await all(["a.png"], 5, 1);
  expect(seeded.found.get("a.png")![0]).toEqual(one.found.get("a.png")![0]);
  expect(seeded.found.get("a.png")![1]).not.toEqual(one.found.get("a.png")![1]);
  expect(seeded.found.get("a.png")![2]).not.toEqual(one.found.get("a.png")![2]);
  expect(memory().liveTensors).toBe(live);
});

it("its unchanged view is what evaluation sees, to the rounding of 8 bits", async () => {
  const { found } = await all(["a.png", "b.png"], 2);
  const { train } = openFolder(root);
  const split = { ...train, items: train.items.slice(0, 1) };
  for await (const { images } of evalBatches(split, size, { ...normalised, fraction: 1 })) {
    const wanted = scope(() => images.contiguous().toNumbers());
    const values = found.get("a.png")![0]!;
    for (const [i, value] of values.entries()) expect(Math.abs(value - wanted[i]!)).toBeLessThan(0.03);
  }
});

it("leaves out what cannot be read, and says so", async () => {
  writeFileSync(join(root, "c.png"), "no image");
  const { found, skipped } = await all(["a.png", "c.png", "d.png"], 3);
  expect([...found.keys()]).toEqual(["a.png", "d.png"]);
  expect(skipped).toEqual(["c.png"]);
  expect(found.get("d.png")).toEqual((await all(["d.png"], 1)).found.get("d.png"));
});

it("the number of an image follows from its name, of a tile from its place too", () => {
  const tile = { x: 8, y: 0, width: 8, height: 8 };
  const numbers = [{ path: "a.png" }, { path: "b.png" }, { path: "a.png", tile }].map(numberOfImage);
  expect(new Set(numbers).size).toBe(3);
  expect(numberOfImage({ path: "a.png" })).toBe(numbers[0]);
  for (const number of numbers) expect(Number.isInteger(number) && number >= 0 && number < 2 ** 32).toBe(true);
});
