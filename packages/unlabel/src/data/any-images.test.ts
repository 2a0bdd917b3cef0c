// Images that are not read as photographs are, on their whole way: loader, evaluation, caches, held-out images, pictures for people.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { memory, scope } from "@unlabel/torch";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { Pixels } from "../base/native.ts";
import { Rng } from "../base/rng.ts";
import { thumbnailsOf } from "../eval/thumbnails.ts";
import { samplePixels, temporaryFolder, writeImages } from "../testing/data.ts";
import { reader } from "../testing/reader.ts";
import { encodeHeldOut, readHeldOut } from "../train/held-out.ts";
import { type CacheOptions, cached, chooseCache } from "./cache.ts";
import { describedPixels } from "./described-pixels.ts";
import { type EvalOptions, evalBatches } from "./eval-batches.ts";
import { type Item, openFolder, type Split } from "./folder.ts";
import { imagesOf } from "./images.ts";
import { type Input, PHOTOGRAPHS } from "./input.ts";
import { Loader } from "./loader.ts";
import { ImageReader } from "./reader.ts";
import type { ViewSpec } from "./views.ts";

function specOf(channels: number): ViewSpec {
  return {
    count: 2,
    size: 12,
    crop: { scale: [0.3, 1], ratio: [3 / 4, 4 / 3] },
    filter: "bilinear",
    flip: 0.5,
    color: { brightness: 0.4, contrast: 0.4, saturation: 0, hue: 0, p: 0.8 },
    grayscale: 0,
    blur: { p: 0.5, sigma: [0.1, 2], kernel: 3 },
    solarize: 0.2,
    mean: new Array(channels).fill(0.5),
    std: new Array(channels).fill(0.25),
  };
}

/** A split of so many images of five channels of 16 bits, handed out as a source hands out pixels. */
function fiveChannels(count: number, side = 20): Split {
  const images = Array.from({ length: count }, (_, i): Pixels => {
    const rng = new Rng(i, "five");
    const data = Uint16Array.from({ length: side * side * 5 }, () => rng.below(65_536));
    return { data, width: side, height: side, channels: 5 };
  });
  return {
    name: "train",
    root: "made",
    items: images.map((_, at) => ({ path: `${at}`, label: at % 2, at })),
    input: { channels: 5, bands: [1, 2, 3, 4, 5], range: null, tiles: null },
    load: async (items) => items.map(({ at }) => images[at!]!),
  };
}

/** A folder of so many PNGs of 40 × 32 pixels, read as `input`, cut into `tiles` or not. */
async function folderSplit(path: string, count: number, input: Input, tiles = false): Promise<Split> {
  await writeImages(
    path,
    Array.from({ length: count }, (_, i) => `${i}.png`),
    40,
    32,
  );
  const { train } = openFolder(path);
  const cut = (item: Item): Item[] =>
    tiles ? [0, 16].map((x) => ({ ...item, tile: { x, y: 0, width: 16, height: 32 } })) : [item];
  return { ...train, input, items: train.items.flatMap(cut) };
}

async function firstBatches(split: Split, channels: number, count = 4, device = "cpu"): Promise<number[][]> {
  const taken: number[][] = [];
  const loader = new Loader(split, [specOf(channels)], { batch: 4, seed: 5, device, reader: new ImageReader() });
  for await (const { views } of loader.batches()) {
    expect(views[0]!.shape).toEqual([8, channels, 12, 12]);
    expect(views[0]!.isContiguous("channels_last")).toBe(true);
    taken.push(views[0]!.toNumbers());
    views[0]!.dispose();
    if (taken.length === count) break;
  }
  return taken;
}

async function evaluated(split: Split, options: Partial<EvalOptions> = {}) {
  const channels = split.input?.channels ?? 3;
  const [mean, std] = [new Array(channels).fill(0), new Array(channels).fill(1)];
  const values: number[][] = [];
  const indices: number[] = [];
  const all = { batch: 4, mean, std, fraction: 1, reader, ...options };
  for await (const batch of evalBatches(split, 12, all)) {
    using images = batch.images;
    expect(images.isContiguous("channels_last")).toBe(true);
    const flat = scope(() => images.permute([0, 2, 3, 1]).toNumbers());
    const one = flat.length / batch.indices.length;
    for (const [k, index] of batch.indices.entries()) {
      indices.push(index);
      values.push(flat.slice(k * one, (k + 1) * one));
    }
  }
  return { values, indices };
}

const GRAY: Input = { ...PHOTOGRAPHS, channels: 1 };
const SWAPPED: Input = { channels: 2, bands: [3, 1], range: null, tiles: null };
const STRETCHED: Input = {
  ...SWAPPED,
  range: [
    [50, 150],
    [0, 255],
  ],
};

describe("what is read of an item", () => {
  it("is described where it is a part or no photograph, and as it was where it is one", async () => {
    const items: Item[] = [{ path: "a.png", label: 0 }];
    const split: Split = { name: "train", root: "/r", items };
    const file = join("/r", "a.png");
    const tile = { x: 1, y: 2, width: 3, height: 4 };
    expect(await imagesOf(split, items)).toEqual([file]);
    expect(await imagesOf({ ...split, input: GRAY }, items)).toEqual([file]);
    expect(await imagesOf({ ...split, input: SWAPPED }, items)).toEqual([{ file, input: SWAPPED, tile: null }]);
    expect(await imagesOf(split, [{ ...items[0]!, tile }])).toEqual([{ file, input: PHOTOGRAPHS, tile }]);
    const bytes = new Uint8Array(3);
    const loads = { ...split, input: SWAPPED, load: async () => [bytes] };
    expect(await imagesOf(loads, items)).toEqual([{ file: bytes, input: SWAPPED, tile: null }]);
  });

  it("is chosen of pixels as of files: a part, bands, a range, gray", () => {
    const data = Uint8Array.from({ length: 4 * 2 * 3 }, (_, i) => 10 * i);
    const image = { data, width: 4, height: 2 };
    const tile = { x: 2, y: 1, width: 1, height: 1 };
    expect(describedPixels(image, PHOTOGRAPHS, tile)).toEqual({
      data: Uint8Array.of(180, 190, 200),
      width: 1,
      height: 1,
      channels: 3,
    });
    const values = (input: Input) => [...describedPixels(image, input, tile).data];
    expect(values(SWAPPED)).toEqual([200 * 257, 180 * 257]);
    expect(values(STRETCHED)).toEqual([65_535, 180 * 257]);
    expect(values({ ...GRAY, range: [[0, 376]] })).toEqual([Math.round((188 / 376) * 65_535)]);
    expect(() => values({ ...SWAPPED, bands: [1, 4] })).toThrow("Expected bands from 1 to 3");
    expect(() => values({ ...SWAPPED, channels: 4, bands: null })).toThrow("got 4");
  });
});

describe("batches", () => {
  it("have a split's channels, the same each time, and no tensor stays", async () => {
    const split = fiveChannels(12);
    const first = await firstBatches(split, 5);
    const before = memory().liveTensors;
    expect(await firstBatches(split, 5)).toEqual(first);
    await evaluated(split);
    for await (const { images } of evalBatches(split, 12, { batch: 4, ...specOf(5) })) {
      images.dispose();
      break;
    }
    expect(memory().liveTensors).toBe(before);
    expect(new Set(first.map(String)).size).toBe(4);
  });

  it("are painted on the processor for other devices too, and handed over there", async () => {
    const split = fiveChannels(8);
    const before = memory().liveTensors;
    // A device by another name is enough to be told apart.
    const [here, there] = [await firstBatches(split, 5), await firstBatches(split, 5, 4, "cpu:0")];
    expect(there).toEqual(here);
    expect((await evaluated(split, { device: "cpu:0" })).values).toEqual((await evaluated(split)).values);
    expect(memory().liveTensors).toBe(before);
  });

  it("are those of gray where one channel is asked for, of JPEGs and of others", async () => {
    using folder = temporaryFolder();
    const split = await folderSplit(folder.path, 6, GRAY);
    await writeImages(folder.path, ["6.jpg", "7.jpg"], 40, 32);
    const gray = { ...split, items: [...split.items, { path: "6.jpg", label: 0 }, { path: "7.jpg", label: 0 }] };
    const { values } = await evaluated(gray);
    const colour = await evaluated({ ...gray, input: PHOTOGRAPHS });
    for (const [i, image] of values.entries()) {
      for (const [at, value] of image.entries()) {
        const [r, g, b] = [0, 1, 2].map((c) => Math.round(colour.values[i]![3 * at + c]! * 255)) as [
          number,
          number,
          number,
        ];
        expect(value * 255).toBeCloseTo((r * 19_595 + g * 38_470 + b * 7471 + 0x8000) >>> 16, 3);
      }
    }
    expect((await firstBatches(gray, 1)).length).toBe(4);
  });

  it("show the bands, the ranges and the parts that were asked for", async () => {
    using folder = temporaryFolder();
    const split = await folderSplit(folder.path, 3, STRETCHED, true);
    const { values, indices } = await evaluated(split);
    expect(indices).toEqual([0, 1, 2, 3, 4, 5]);
    const { data } = await sharp(join(folder.path, "1.png")).raw().toBuffer({ resolveWithObject: true });
    // The second part of the second image: its centre is 16 × 16 pixels at (16, 8), shrunk to 12 × 12.
    const part = describedPixels({ data, width: 40, height: 32 }, STRETCHED, { x: 16, y: 8, width: 16, height: 16 });
    const options = { width: 12, height: 12, filter: "bilinear", channels: 2 } as const;
    const views = [{ x: 0, y: 0, width: 16, height: 16, flip: false }];
    const expected = await reader.readWide([{ image: part, views }], options);
    // Views of a larger image may look beyond the box.
    const inner = [...expected.data.keys()].filter((i) => {
      const [x, y] = [Math.floor(i / 2) % 12, Math.floor(i / 24)];
      return x > 1 && x < 10 && y > 1 && y < 10;
    });
    for (const i of inner) expect(values[3]![i]).toBeCloseTo(expected.data[i]! / 65_535, 4);
  });

  it("leave unreadable images out and name them; another takes their place in training", async () => {
    using folder = temporaryFolder();
    const split = await folderSplit(folder.path, 8, SWAPPED);
    for (const i of [0, 5]) writeFileSync(join(folder.path, `${i}.png`), "none");
    const skipped: string[] = [];
    const { indices, values } = await evaluated(split, { onSkip: ({ path }) => skipped.push(path) });
    expect(skipped).toEqual(["0.png", "5.png"]);
    expect(indices).toEqual([1, 2, 3, 4, 6, 7]);
    const whole = await evaluated({ ...split, items: split.items.filter(({ path }) => !skipped.includes(path)) });
    expect(values).toEqual(whole.values);
    const told: string[] = [];
    const loader = new Loader(split, [specOf(2)], { batch: 8, seed: 1, onSkip: ({ path }) => told.push(path) });
    for await (const { views, indices: taken } of loader.batches()) {
      views[0]!.dispose();
      expect([...taken].every((index) => index !== 0 && index !== 5)).toBe(true);
      break;
    }
    expect(told.sort()).toEqual(["0.png", "5.png"]);
  });

  it("refuse colours where there are none, and means and deviations of other numbers", () => {
    const split = fiveChannels(8);
    const make = (change: Partial<ViewSpec>) => new Loader(split, [{ ...specOf(5), ...change }], { batch: 4, seed: 0 });
    expect(() => make({ grayscale: 0.2 })).toThrow(/no saturation, hue or grayscale in views of 5 channels.*--set/);
    const color = { brightness: 0, contrast: 0, saturation: 0.1, hue: 0, p: 1 };
    expect(() => make({ color })).toThrow("saturation=0");
    expect(() => make({ std: [1, 1, 1] })).toThrow("got 5 and 3");
  });
});

describe("caches", () => {
  const options = (change: Partial<CacheOptions> = {}): CacheOptions => ({
    fingerprint: "f",
    reader: new ImageReader({ cacheBytes: 0 }),
    side: null,
    least: 12,
    ...change,
  });

  it.each([
    ["channels of a range", STRETCHED, false],
    ["parts", STRETCHED, true],
    ["parts of photographs", PHOTOGRAPHS, true],
    ["gray", GRAY, true],
  ] as const)("in memory change no bit: %s", async (_, input, tiles) => {
    using folder = temporaryFolder();
    const split = await folderSplit(folder.path, 8, input, tiles);
    const plain = await firstBatches(split, input.channels, 6);
    const memoryCache = cached(split, options());
    expect(await firstBatches(memoryCache, input.channels, 6)).toEqual(plain);
    expect(await firstBatches(memoryCache, input.channels, 6)).toEqual(plain);
    expect(await firstBatches(cached(split, options({ bytes: 9000 })), input.channels, 6)).toEqual(plain);
    // All of them are pixels by now, parts apart from each other.
    const held = await imagesOf(memoryCache, split.items);
    expect(held.every((image) => typeof image === "object" && "data" in image)).toBe(true);
    expect(new Set(held).size).toBe(split.items.length);
  });

  it("keep images of sources with several channels, and count their bytes", async () => {
    const split = fiveChannels(8);
    const plain = await firstBatches(split, 5, 6);
    expect(await firstBatches(cached(split, options()), 5, 6)).toEqual(plain);
    const { text } = await chooseCache(split, 12, 1e9, 0);
    expect(text).toContain(`${(8 * 20 * 20 * 5 * 2) / 1000} kB`);
    const small = await imagesOf(cached(split, options({ side: 10 })), split.items);
    for (const image of small)
      expect(image).toMatchObject({ width: 10, height: 10, channels: 5, data: expect.any(Uint16Array) });
    const one = 10 * 10 * 5 * 2;
    const some = cached(split, options({ side: 10, bytes: 3 * one + 1 }));
    const twice = [await imagesOf(some, split.items), await imagesOf(some, split.items)] as const;
    expect(twice[0].filter((image, i) => image === twice[1][i])).toHaveLength(3);
  });

  it("on disk keep photographs alone, their parts apart, and say so", async () => {
    using folder = temporaryFolder();
    using kept = temporaryFolder();
    const split = await folderSplit(folder.path, 4, PHOTOGRAPHS, true);
    const disk = cached(split, options({ side: 8, folder: kept.path }));
    const files = await imagesOf(disk, split.items);
    expect(new Set(files).size).toBe(8);
    expect(files.every((file) => typeof file === "string" && file.startsWith(kept.path))).toBe(true);
    expect((await reader.sizes(files)).sizes).toEqual(new Array(8).fill({ width: 8, height: 16 }));
    expect((await firstBatches(disk, 3)).length).toBe(4);
    const other = { ...split, input: STRETCHED };
    expect(() => cached(other, options({ side: 8, folder: kept.path }))).toThrow(/cache=disk.*cache=memory/);
  });
});

describe("held-out images", () => {
  it.each([
    ["16 bits", fiveChannels(6), "float32"],
    ["gray", { ...fiveChannels(0), input: GRAY }, "uint8"],
  ] as const)("come back as evaluation sees them, whatever they are: %s", async (_, made, dtype) => {
    using folder = temporaryFolder();
    const split = made.items.length > 0 ? made : await folderSplit(folder.path, 6, GRAY);
    const { channels } = split.input!;
    const heldOut = (await readHeldOut(split, 6, { size: 12, seed: 0, reader }))!;
    expect(heldOut.pixels.dtype).toBe(dtype);
    expect(heldOut.pixels.shape).toEqual([6, 12, 12, channels]);
    const view = specOf(channels);
    using found = encodeHeldOut(heldOut.pixels, view, (images) => images.permute([0, 2, 3, 1]).flatten(1), "cpu");
    const { values } = await evaluated(split, view);
    const sums = (rows: number[][]) => rows.map((row) => row.reduce((sum, v) => sum + v, 0)).sort((a, b) => a - b);
    const rows = found.toNumbers();
    const one = rows.length / 6;
    const seen = sums(Array.from({ length: 6 }, (_, i) => rows.slice(i * one, (i + 1) * one)));
    for (const [i, sum] of sums(values).entries()) expect(seen[i]! / sum).toBeCloseTo(1, 4);
    heldOut.pixels.dispose();
  });
});

describe("pictures for people", () => {
  it("show the first three channels, or one as gray, between black and white of the range", async () => {
    const five = fiveChannels(2, 6);
    const tiles = await thumbnailsOf(five, five.items, 6, reader);
    const [image] = (await imagesOf(five, five.items)) as Pixels[];
    for (let i = 0; i < 36; i++) {
      for (const c of [0, 1, 2]) expect(tiles[3 * i + c]).toBe(Math.round(image!.data[5 * i + c]! / 257));
    }
    const data = samplePixels(6, 6);
    const two: Split = { ...five, input: STRETCHED, load: async () => [{ data, width: 6, height: 6 }] };
    const gray = await thumbnailsOf(two, five.items.slice(0, 1), 6, reader);
    for (let i = 0; i < 36; i++) {
      const value = Math.min(1, Math.max(0, (data[3 * i + 2]! - 50) / 100));
      for (const c of [0, 1, 2]) expect(Math.abs(gray[3 * i + c]! - value * 255)).toBeLessThanOrEqual(0.6);
    }
  });
});
