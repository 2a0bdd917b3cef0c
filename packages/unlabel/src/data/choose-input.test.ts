// What is chosen for folders of images of every kind, what is said of it, and what is refused.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError, UserError } from "../base/errors.ts";
import { samplePixels, temporaryFolder, writeImages } from "../testing/data.ts";
import { makeTiff, type TiffOptions } from "../testing/tiff.ts";
import { chooseInput, type InputSettings, strangersIn } from "./choose-input.ts";
import type { Split } from "./folder.ts";
import { PHOTOGRAPHS } from "./input.ts";
import { sampleValues } from "./range.ts";

const AUTO: InputSettings = { channels: "auto", bands: null, range: "auto", tiles: null };

/** TIFFs of 20 × 10 pixels, by name; samples given by image, pixel and band. */
type Values = (image: number, pixel: number, band: number) => number;

function write(
  folder: string,
  count: number,
  kind: "u8" | "u16" | "f32",
  bands: number,
  values: Values,
  more: Partial<TiffOptions> = {},
  name = kind,
) {
  for (let image = 0; image < count; image++) {
    const data = new { u8: Uint8Array, u16: Uint16Array, f32: Float32Array }[kind](200 * bands);
    for (let i = 0; i < data.length; i++) data[i] = values(image, Math.floor(i / bands), i % bands);
    writeFileSync(
      join(folder, `${name}-${bands}-${image}.tif`),
      makeTiff({ width: 20, height: 10, bands, data, ...more }),
    );
  }
}

async function choose(folder: string, names: string[], settings: Partial<InputSettings> = {}) {
  const split: Split = { name: "train", root: folder, items: names.map((path) => ({ path, label: -1 })) };
  return chooseInput(split, { ...AUTO, ...settings }, 0);
}

function named(count: number, bands: number, kind: string): string[] {
  return Array.from({ length: count }, (_, i) => `${kind}-${bands}-${i}.tif`);
}

/** NumPy's `percentile`, the plain way. */
function percentile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const low = sorted[Math.floor(place)]!;
  return low + (sorted[Math.ceil(place)]! - low) * (place - Math.floor(place));
}

/** Every value of a band. */
function all(images: number, band: number, values: Values): number[] {
  return Array.from({ length: images * 200 }, (_, i) => values(Math.floor(i / 200), i % 200, band));
}

describe("photographs", () => {
  it("are read as ever, and nothing is said", async () => {
    using folder = temporaryFolder();
    await writeImages(folder.path, ["a.jpg", "b.png", "c.webp", "d.gif", "e.tif"]);
    expect(await choose(folder.path, ["a.jpg", "b.png", "c.webp", "d.gif", "e.tif"])).toEqual({
      input: PHOTOGRAPHS,
      readings: [],
    });
  });

  it("that are all gray have one channel; a few gray among colours, or colours among gray, three", async () => {
    using folder = temporaryFolder();
    write(folder.path, 20, "u8", 1, (i, p) => i + p);
    write(folder.path, 20, "u8", 3, (i, p) => i + p, { photometric: 2 });
    const gray = await choose(folder.path, named(20, 1, "u8"));
    expect(gray.input).toEqual({ ...PHOTOGRAPHS, channels: 1 });
    expect(gray.readings).toEqual(["gray images: one channel is read; as three equal ones: --set channels=3"]);
    for (const some of [
      [...named(20, 1, "u8"), "u8-3-0.tif"],
      [...named(20, 3, "u8"), "u8-1-0.tif"],
      [...named(20, 3, "u8"), ...named(20, 1, "u8")],
    ])
      expect((await choose(folder.path, some)).input).toEqual(PHOTOGRAPHS);
  });

  it("with a fourth band that nothing says to be opacity are colours, and it is said", async () => {
    using folder = temporaryFolder();
    write(folder.path, 3, "u8", 4, (i, p, b) => i + p + b, { photometric: 2 });
    const { input, readings } = await choose(folder.path, named(3, 4, "u8"));
    expect(input).toEqual(PHOTOGRAPHS);
    expect(readings).toEqual([expect.stringMatching(/fourth band.*near infrared.*--set channels=4/)]);
    expect((await choose(folder.path, named(3, 4, "u8"), { channels: 4 })).input).toEqual({
      ...PHOTOGRAPHS,
      channels: 4,
    });
    // Said to be opacity, it is.
    write(folder.path, 3, "u8", 4, (i, p, b) => i + p + b, { photometric: 2, extra: [2] });
    expect(await choose(folder.path, named(3, 4, "u8"))).toEqual({ input: PHOTOGRAPHS, readings: [] });
  });

  it("are not held up by a stray of another kind, which is said to be skipped", async () => {
    using folder = temporaryFolder();
    write(folder.path, 19, "u8", 3, (i, p) => i + p, { photometric: 2 });
    write(folder.path, 1, "f32", 5, (_, p) => p);
    const { input, readings } = await choose(folder.path, [...named(19, 3, "u8"), "f32-5-0.tif"]);
    expect(input).toEqual(PHOTOGRAPHS);
    expect(readings.join()).toMatch(/1 of 20 sampled images are of another kind \(5 bands\) and are skipped/);
  });

  it("say of strays of more bands that their first ones are read", async () => {
    using folder = temporaryFolder();
    write(folder.path, 19, "u16", 3, (i, p, band) => i + p + band, { photometric: 2 });
    write(folder.path, 1, "u16", 5, (_, p) => p);
    write(folder.path, 1, "u16", 2, (_, p) => p, { photometric: 2 });
    const { readings } = await choose(folder.path, [...named(19, 3, "u16"), "u16-5-0.tif", "u16-2-0.tif"]);
    expect(readings.join("\n")).toMatch(/1 of 21 sampled images are of another kind \(2 bands\) and are skipped$/m);
    expect(readings.join("\n")).toMatch(/1 of 21 .* another kind \(5 bands\), of which the first bands are read/);
  });
});

describe("many bands", () => {
  it.each([2, 4, 13])("%d without colours are all read, each by its own percentiles", async (bands) => {
    using folder = temporaryFolder();
    const values: Values = (image, pixel, band) => ((image * 37 + pixel * 11 + band * 400) % 3000) + band;
    write(folder.path, 5, "u16", bands, values);
    const { input, readings } = await choose(folder.path, named(5, bands, "u16"));
    expect(input).toMatchObject({ channels: bands, bands: null, tiles: null });
    for (const [band, [low, high]] of input.range!.entries()) {
      const every = all(5, band, values);
      expect(low).toBeCloseTo(percentile(every, 0.001), 9);
      expect(high).toBeCloseTo(percentile(every, 0.999), 9);
    }
    expect(readings[0]).toMatch(new RegExp(`^${bands} bands: all ${bands} are read; some of them: --set bands=`));
    expect(readings[1]).toMatch(/percentiles 0.1 and 99.9 of 5 training images\); other: --set range=type/);
  });

  it("can be chosen among, in any order, with the values of just these", async () => {
    using folder = temporaryFolder();
    write(folder.path, 3, "u16", 13, (_, pixel, band) => band * 100 + pixel / 10);
    const { input } = await choose(folder.path, named(3, 13, "u16"), { bands: [4, 3, 2] });
    expect(input).toMatchObject({ channels: 3, bands: [4, 3, 2] });
    expect(input.range!.map(([low]) => Math.floor(low))).toEqual([300, 200, 100]);
    await expect(choose(folder.path, named(3, 13, "u16"), { bands: [14] })).rejects.toThrow(
      "Expected bands up to 13, which these images have, got 14",
    );
  });

  it("more than a network may have are refused, with how to choose", async () => {
    using folder = temporaryFolder();
    write(folder.path, 2, "u8", 257, (_, p, band) => p + band);
    const names = named(2, 257, "u8");
    await expect(choose(folder.path, names)).rejects.toThrow(/at most 256 bands, found 257 bands.*--set channels=256/);
    expect((await choose(folder.path, names, { channels: 256 })).input.channels).toBe(256);
  });

  it("of several kinds are refused, with what was found and what all have", async () => {
    using folder = temporaryFolder();
    write(folder.path, 5, "u8", 4, (i, p) => i + p);
    write(folder.path, 5, "u8", 6, (i, p) => i + p);
    const both = [...named(5, 4, "u8"), ...named(5, 6, "u8")];
    await expect(choose(folder.path, both)).rejects.toThrow(
      /found 5 × 4 bands, 5 × 6 bands among 10.*--set channels=4/,
    );
    expect((await choose(folder.path, both, { channels: 4 })).input.channels).toBe(4);
  });
});

describe("val", () => {
  it("whose images have not the bands of train is said to be skipped", async () => {
    using folder = temporaryFolder();
    write(folder.path, 3, "u16", 5, (i, p, b) => i + p + b);
    write(folder.path, 4, "u8", 3, (i, p) => i + p, { photometric: 2 });
    const val = { name: "val", root: folder.path } as const;
    const of = (names: string[]): Split => ({ ...val, items: names.map((path) => ({ path, label: -1 })) });
    const input = { ...PHOTOGRAPHS, channels: 5 };
    expect(await strangersIn(of([...named(3, 5, "u16"), ...named(4, 3, "u8")]), input, 0)).toBe(
      "4 of 7 sampled images of val have fewer bands than those of train are read with (3), and are skipped",
    );
    expect(await strangersIn(of(named(3, 5, "u16")), input, 0)).toBeNull();
    expect(await strangersIn(of(named(4, 3, "u8")), PHOTOGRAPHS, 0)).toBeNull();
  });
});

describe("the range", () => {
  it("of 16 bits that are used is all of the type, of 12 bits among 16 their percentiles", async () => {
    using folder = temporaryFolder();
    write(folder.path, 4, "u16", 1, (i, p) => i * 9000 + p * 200);
    write(folder.path, 4, "u16", 1, (i, p) => i * 900 + p * 5 + 16, {}, "g12" as "u16");
    expect((await choose(folder.path, named(4, 1, "u16"))).input).toEqual({
      channels: 1,
      bands: null,
      range: [[0, 65_535]],
      tiles: null,
    });
    const { input, readings } = await choose(folder.path, named(4, 1, "g12"));
    const every = all(4, 0, (i, p) => i * 900 + p * 5 + 16);
    expect(input.range).toEqual([[percentile(every, 0.001), percentile(every, 0.999)]]);
    expect(readings.join("\n")).toMatch(/16-bit samples: values 20 … 3,707 become 0 … 1/);
    expect((await choose(folder.path, named(4, 1, "g12"), { range: "type" })).input.range).toEqual([[0, 65_535]]);
    expect((await choose(folder.path, named(4, 1, "g12"), { range: [0, 4095] })).input.range).toEqual([[0, 4095]]);
  });

  it("of floats leaves out what is no number, and nodata", async () => {
    using folder = temporaryFolder();
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -9999];
    write(folder.path, 6, "f32", 1, (i, p) => odd[p] ?? (i + p) / 256, { nodata: "-9999" });
    const { input } = await choose(folder.path, named(6, 1, "f32"));
    const every = all(6, 0, (i, p) => (p < 4 ? Number.NaN : (i + p) / 256)).filter((value) => !Number.isNaN(value));
    expect(input.range![0]![0]).toBeCloseTo(percentile(every, 0.001), 9);
    expect(input.range![0]![1]).toBeCloseTo(percentile(every, 0.999), 9);
    await expect(choose(folder.path, named(6, 1, "f32"), { range: "type" })).rejects.toThrow(/floats.*--set range=0,1/);
  });

  it("of floats leaves out nodata that 32 bits hold but nearly", async () => {
    using folder = temporaryFolder();
    write(folder.path, 6, "f32", 1, (i, p) => (p < 20 ? 1e20 : (i + p) / 256), { nodata: "1e20" });
    const { input } = await choose(folder.path, named(6, 1, "f32"));
    expect(input.range![0]![1]).toBeLessThan(1);
  });

  it("is not taken of what is too large to be read", async () => {
    using folder = temporaryFolder();
    // 180 MB of zeros, as runs of 128.
    const data = new Uint8Array(Math.ceil(180e6 / 128) * 2).map((_, i) => (i % 2 === 0 ? 129 : 0));
    const file = makeTiff({ width: 10_000, height: 9000, bands: 1, data, bits: 16, packing: 32_773 });
    writeFileSync(join(folder.path, "a.tif"), file);
    const split: Split = { name: "train", root: folder.path, items: [{ path: "a.tif", label: -1 }] };
    expect(await sampleValues(split, { channels: 1, bands: null }, 0)).toBeNull();
  });

  it("of a band of one value, or of none, is refused with the band and a choice of others", async () => {
    using folder = temporaryFolder();
    write(folder.path, 2, "u16", 3, (_, p, band) => (band === 1 ? 7 : p));
    await expect(choose(folder.path, named(2, 3, "u16"))).rejects.toThrow(
      /band 2 to vary, found 7 alone in 2 training images.*bands=1,3/,
    );
    write(folder.path, 2, "f32", 1, () => Number.NaN);
    await expect(choose(folder.path, named(2, 1, "f32"))).rejects.toThrow(
      /Expected values in band 1, found none that is a number/,
    );
  });

  it("of a band that is nearly all of one value is what little there is", async () => {
    using folder = temporaryFolder();
    write(folder.path, 1, "u16", 2, (_, p, band) => (band === 0 ? p : p === 0 ? 900 : 0));
    // One pixel of 200 is more than a thousandth; of 4,000 it is less.
    write(folder.path, 20, "u16", 2, (i, p, band) => (band === 0 ? p : i + p === 0 ? 900 : 0));
    expect((await choose(folder.path, named(20, 2, "u16"))).input.range![1]).toEqual([0, 900]);
  });

  it("of files of 8 and of 16 bits is each file's own, or refused where that would be dark", async () => {
    using folder = temporaryFolder();
    write(folder.path, 5, "u8", 1, (i, p) => i + p);
    write(folder.path, 5, "u16", 1, (i, p) => i * 9000 + p * 140);
    const both = [...named(5, 1, "u8"), ...named(5, 1, "u16")];
    expect((await choose(folder.path, both)).input).toEqual({ ...PHOTOGRAPHS, channels: 1 });
    write(folder.path, 5, "u16", 1, (i, p) => i * 100 + p);
    await expect(choose(folder.path, both)).rejects.toThrow(
      /5 × 8-bit, 5 × 16-bit among 10 images, and no value above 59\d.*--set range=type/,
    );
    expect((await choose(folder.path, both, { range: "type" })).input.range).toBeNull();
    // Those with a sign would be refused one by one, as no photographs.
    const head = "\x93NUMPY\x01\x00\x3e\x00{'descr': '<i2', 'fortran_order': False, 'shape': (1, 1), }";
    writeFileSync(join(folder.path, "a.npy"), Buffer.from(`${head.padEnd(72)}\x07\x00`, "latin1"));
    await expect(choose(folder.path, [...both, "a.npy"], { range: "type" })).rejects.toThrow(
      /up to 16 bits without a sign, for range=type, found .*1 × 16-bit signed among 11 images.*--set range=LOW,HIGH/,
    );
  });

  it("of a few that would be nearly black among many of 8 bits is said", async () => {
    using folder = temporaryFolder();
    write(folder.path, 19, "u8", 1, (i, p) => i + p);
    write(folder.path, 1, "u16", 1, (_, p) => 10 * p);
    const { readings } = await choose(folder.path, [...named(19, 1, "u8"), ...named(1, 1, "u16")]);
    expect(readings.join()).toMatch(
      /19 × 8-bit, 1 × 16-bit samples: each file by all .*, of which these use no more than 1,9\d\d: they are nearly black/,
    );
  });

  it("of 0 to 255 is what 8 bits have anyway; beyond what samples hold it is refused", async () => {
    using folder = temporaryFolder();
    write(folder.path, 2, "u8", 3, (i, p) => i + p, { photometric: 2 });
    expect((await choose(folder.path, named(2, 3, "u8"), { range: [0, 255] })).input).toEqual(PHOTOGRAPHS);
    expect((await choose(folder.path, named(2, 3, "u8"), { range: [10, 90] })).input.range).toEqual([
      [10, 90],
      [10, 90],
      [10, 90],
    ]);
    await expect(choose(folder.path, named(2, 3, "u8"), { range: [0, 4095] })).rejects.toThrow(
      "Expected a range that ends at 255 or before, which is all that these samples hold, got 0 … 4,095",
    );
  });

  it("is not bent by a few of another type, which is said", async () => {
    using folder = temporaryFolder();
    write(folder.path, 19, "u8", 1, (i, p) => i + p);
    write(folder.path, 1, "f32", 1, (_, p) => p / 200);
    const { input, readings } = await choose(folder.path, [...named(19, 1, "u8"), "f32-1-0.tif"]);
    expect(input).toEqual({ ...PHOTOGRAPHS, channels: 1 });
    expect(readings.join()).toMatch(/1 of 20 sampled images have other samples than the 8-bit ones \(32-bit float\)/);
    write(folder.path, 19, "f32", 1, (i, p) => (i + p) / 100);
    await expect(choose(folder.path, [...named(19, 1, "u8"), ...named(19, 1, "f32")])).rejects.toThrow(
      /19 × 8-bit, 19 × 32-bit float among 38 images.*--set range=LOW,HIGH/,
    );
  });

  it("depends on the images alone", async () => {
    using folder = temporaryFolder();
    write(folder.path, 100, "f32", 2, (i, p, b) => Math.sin(i * 31 + p * 7 + b));
    const once = await choose(folder.path, named(100, 2, "f32"));
    expect(await choose(folder.path, named(100, 2, "f32"))).toEqual(once);
  });
});

describe("settings that make no sense", () => {
  it.each<[Partial<InputSettings>, RegExp]>([
    [{ bands: [1, 2], channels: 4 }, /as many bands as channels, got 2 bands and channels 4/],
    [{ bands: [0] }, /counted from 1/],
    [{ bands: [] }, /counted from 1/],
    [{ channels: 0 }, /auto or a whole number from 1/],
    [{ range: [5, 5] }, /the lower first/],
    [{ range: [0, Number.NaN] }, /the lower first/],
    [{ tiles: 0 }, /whole number from 1 for tiles/],
  ])("are refused before images are read: %j", async (settings, message) => {
    const refused = choose("/nowhere", ["a.tif"], settings);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(message);
  });

  it("more channels than any image has are refused", async () => {
    using folder = temporaryFolder();
    await writeImages(folder.path, ["a.png"]);
    await expect(choose(folder.path, ["a.png"], { channels: 4 })).rejects.toThrow(UserError);
  });

  it("images that cannot be read leave what is set", async () => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, "a.tif"), "no image");
    expect((await choose(folder.path, ["a.tif"], { bands: [2, 1], range: [0, 9] })).input).toEqual({
      channels: 2,
      bands: [2, 1],
      range: [
        [0, 9],
        [0, 9],
      ],
      tiles: null,
    });
  });
});

it("pixels that a source holds are photographs", async () => {
  const split: Split = {
    name: "train",
    root: "",
    items: [{ path: "0", label: 0 }],
    load: async (items) => items.map(() => ({ data: samplePixels(8, 8), width: 8, height: 8 })),
  };
  expect(await chooseInput(split, AUTO, 0)).toEqual({ input: PHOTOGRAPHS, readings: [] });
});
