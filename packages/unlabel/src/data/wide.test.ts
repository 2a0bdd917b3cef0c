import { readFileSync } from "node:fs";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { nativeReader, type Pixels } from "../base/native.ts";
import { Rng } from "../base/rng.ts";
import { sampleImage, samplePixels } from "../testing/data.ts";
import { difference, reader, readWhole, whole } from "../testing/reader.ts";
import { centerBox, randomBox } from "./crop.ts";
import type { Box, Filter } from "./views.ts";

interface Fixture {
  width: number;
  height: number;
  pixels: string;
  cases: { box: [number, number, number, number]; size: [number, number]; filter: Filter; expected: string }[];
  gray: { width: number; height: number; colours: string; expected: string };
}

const fixture: Fixture = JSON.parse(
  readFileSync(new URL("../../../../fixtures/resize-wide.json", import.meta.url), "utf8"),
);
const bytes = (text: string) => new Uint8Array(Buffer.from(text, "base64"));
const words = (text: string) => new Uint16Array(bytes(text).buffer);

/** Values of the whole range, so many channels. */
function noise(width: number, height: number, channels: number, seed = 1): Pixels & { data: Uint16Array } {
  const rng = new Rng(seed, "wide");
  const data = Uint16Array.from({ length: width * height * channels }, () => rng.below(65_536));
  return { data, width, height, channels };
}

async function readWide(image: Pixels, views: Box[], width: number, height: number, filter: Filter = "bilinear") {
  const { data, failures } = await reader.readWide([{ image, views }], {
    width,
    height,
    filter,
    channels: image.channels ?? 3,
  });
  expect(failures).toEqual([]);
  return data;
}

/** One channel of several. */
function channel(data: Uint16Array, channels: number, c: number): Uint16Array {
  return data.filter((_, i) => i % channels === c);
}

describe("resize in 16 bits", () => {
  it.each(fixture.cases)("equals PIL's $filter, box $box, to $size", async ({ box, size, filter, expected }) => {
    const { width, height, pixels } = fixture;
    const [x, y, w, h] = box;
    const image = { data: words(pixels), width, height, channels: 1 };
    const data = await readWide(image, [{ x, y, width: w, height: h, flip: false }], size[0], size[1], filter);
    // PIL rounds to 16 bits between columns and rows.
    expect(difference(data, words(expected)).max).toBeLessThanOrEqual(2);
  });

  it("gives 16-bit colours what 8-bit ones get, within rounding, flips, turns and boxes included", async () => {
    const [width, height] = [53, 41];
    const data = samplePixels(width, height);
    const rng = new Rng(3, "boxes");
    for (let orientation = 1; orientation <= 8; orientation++) {
      const [w, h] = orientation > 4 ? [height, width] : [width, height];
      const views = Array.from({ length: 6 }, () =>
        randomBox(w, h, { crop: { scale: [0.1, 1], ratio: [0.5, 2] }, flip: 0.5 }, rng),
      );
      for (const filter of ["bilinear", "bicubic"] as const) {
        const narrow = await reader.read([{ image: { data, width, height, orientation }, views }], {
          width: 17,
          height: 12,
          filter,
        });
        const image = { data: Uint16Array.from(data, (v) => v * 257), width, height, orientation };
        const found = await readWide(image, views, 17, 12, filter);
        const expected = Float64Array.from(narrow.data, (v) => v * 257);
        const { max, mean } = difference(found, expected);
        expect(max, `orientation ${orientation}, ${filter}`).toBeLessThanOrEqual(257);
        expect(mean).toBeLessThan(100);
      }
    }
  });

  it.each([2, 3, 4, 5, 13, 256])("treats each of %i channels as if it were alone, bit by bit", async (channels) => {
    const image = noise(31, 23, channels);
    const views = [whole(31, 23), { x: 3.5, y: 2.25, width: 20, height: 19, flip: true }];
    const all = await readWide(image, views, 12, 9, "bicubic");
    for (const c of [0, 1, channels - 1]) {
      const one = { data: channel(image.data, channels, c), width: 31, height: 23, channels: 1 };
      expect(channel(all, channels, c)).toEqual(await readWide(one, views, 12, 9, "bicubic"));
    }
  });

  it("keeps pixels as they are where nothing is resized, and flat images flat however they are", async () => {
    const image = noise(9, 7, 5);
    expect(await readWide(image, [whole(9, 7)], 9, 7, "bicubic")).toEqual(image.data);
    for (const value of [0, 1, 12_345, 65_535]) {
      const flat = { data: new Uint16Array(600 * 500 * 2).fill(value), width: 600, height: 500, channels: 2 };
      const views = [whole(600, 500), { x: 0.3, y: 7.7, width: 591.2, height: 3.3, flip: true }];
      expect(new Set(await readWide(flat, views, 7, 11, "bicubic"))).toEqual(new Set([value]));
    }
  });

  it("is the same on any number of threads", async () => {
    const items = Array.from({ length: 12 }, (_, i) => ({
      image: noise(40 + i, 37, 6, i),
      views: [{ x: i / 3, y: 2, width: 30, height: 25.5, flip: i % 2 === 1 }],
    }));
    const before = reader.threads;
    const results: Uint16Array[] = [];
    for (const threads of [1, 4]) {
      reader.threads = threads;
      results.push((await reader.readWide(items, { width: 16, height: 16, filter: "bicubic", channels: 6 })).data);
    }
    reader.threads = before;
    expect(results[1]).toEqual(results[0]);
  });
});

describe("channels", () => {
  it("makes PIL's gray of colours, and leaves gray as it is, to the bit", async () => {
    const { width, height, colours, expected } = fixture.gray;
    const options = { width, height, filter: "bilinear", channels: 1 } as const;
    const views = [whole(width, height)];
    const read = (image: Pixels) => reader.read([{ image, views }], options);
    expect((await read({ data: bytes(colours), width, height })).data).toEqual(bytes(expected));
    // The same in 16 bits, rounded to 8.
    const wide = await read({ data: Uint16Array.from(bytes(colours), (v) => v * 257), width, height });
    expect(difference(wide.data, bytes(expected)).max).toBeLessThanOrEqual(1);

    const gray = Uint8Array.from({ length: 256 }, (_, i) => i);
    const png = await sharp(gray, { raw: { width: 16, height: 16, channels: 1 } })
      .toColourspace("b-w")
      .png()
      .toBuffer();
    const of = async (image: Uint8Array) =>
      (
        await reader.read([{ image, views: [whole(16, 16)] }], {
          width: 16,
          height: 16,
          filter: "bilinear",
          channels: 1,
        })
      ).data;
    expect(await of(png)).toEqual(gray);
  });

  it("makes gray of a JPEG's views as of their colours", async () => {
    const image = await sampleImage(40, 30).jpeg().toBuffer();
    const { data: rgb } = await readWhole(image, 20, 15);
    const options = { width: 20, height: 15, filter: "bilinear", channels: 1 } as const;
    const { data } = await reader.read([{ image, views: [whole(40, 30)] }], options);
    const { data: same } = await reader.read([{ image, views: [whole(40, 30)] }], { ...options, channels: 3 });
    const expected = Uint8Array.from(
      data,
      (_, i) => (same[3 * i]! * 19_595 + same[3 * i + 1]! * 38_470 + same[3 * i + 2]! * 7471 + 0x8000) >>> 16,
    );
    expect(data).toEqual(expected);
    expect(rgb.length).toBe(3 * data.length);
  });

  it("makes three of one, pictures of any, and refuses what does not fit, which is black", async () => {
    const options = { width: 4, height: 3, filter: "bilinear" } as const;
    const views = [whole(4, 3)];
    const one = { data: new Uint8Array(12).map((_, i) => i * 20), width: 4, height: 3, channels: 1 };
    const tripled = [...one.data].flatMap((v) => [v, v, v]);
    expect([...(await reader.read([{ image: one, views }], options)).data]).toEqual(tripled);

    const five = noise(4, 3, 5);
    const shown = await reader.readPictures([{ image: five, views }], options);
    const first = Array.from({ length: 12 }, (_, i) => [0, 1, 2].map((c) => Math.round(five.data[5 * i + c]! / 257)));
    expect([...shown.data]).toEqual(first.flat());
    const two = noise(4, 3, 2);
    const gray = Array.from({ length: 12 }, (_, i) => new Array<number>(3).fill(Math.round(two.data[2 * i]! / 257)));
    expect([...(await reader.readPictures([{ image: two, views }], options)).data]).toEqual(gray.flat());

    const out = new Uint8Array(72).fill(7);
    const { failures } = await reader.read(
      [
        { image: five, views },
        { image: one, views },
      ],
      { ...options, out },
    );
    expect(failures).toEqual([{ index: 0, path: "", reason: "it has 5 channels where 3 are read" }]);
    expect([...out]).toEqual([...new Array(36).fill(0), ...tripled]);
  });

  it("refuses arrays that would reach outside of memory", async () => {
    const { read, sizes } = nativeReader();
    const places = { counts: Int32Array.of(1), slots: Int32Array.of(0), boxes: Float64Array.of(0, 0, 4, 3, 0) };
    const target = { ...places, out: new Uint16Array(4 * 3 * 5), width: 4, height: 3, bicubic: false, channels: 5 };
    const image = noise(4, 3, 5);
    const bad: (() => unknown)[] = [
      () => sizes([{ ...image, channels: 4 }]),
      () => sizes([{ ...image, channels: 0 }]),
      () => sizes([{ ...image, channels: 257 }]),
      () => sizes([{ ...image, channels: 2.5 }]),
      () => sizes([{ ...image, channels: undefined as unknown as number }]),
      () => sizes([{ ...image, data: image.data.subarray(1) }]),
      () => sizes([{ ...image, data: new Float32Array(60) as unknown as Uint8Array }]),
      () => sizes([{ ...image, shrunk: [new Uint8Array(20)] }]),
      () => read([image], [{ ...target, channels: 6 }]),
      () => read([image], [{ ...target, channels: 0 }]),
      () => read([image], [{ ...target, slots: Int32Array.of(1) }]),
      () => read([image], [{ ...target, out: new Uint16Array(59) }]),
      () => read([image], [{ ...target, picture: true }]),
      () => read([image], [{ ...target, paintValues: new Float32Array(13), finish: new Float32Array(7) }]),
    ];
    for (const call of bad) expect(call, String(call)).toThrow(/^Expected/);
    expect((await read([image], [target])).failures).toEqual([]);
  });
});

describe("images of extreme shapes", () => {
  it.each([
    [1, 1],
    [1, 30_000],
    [30_000, 1],
    [2, 999],
    [65_500, 2],
  ])("%i × %i are read like any, in colours and in other channels", async (width, height) => {
    const rng = new Rng(1, "shapes");
    const spec = { crop: { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] }, flip: 0.5 } as const;
    const views = [
      whole(width, height, true),
      centerBox(width, height, 32),
      centerBox(width, height, 32, 1),
      ...Array.from({ length: 5 }, () => randomBox(width, height, spec, rng)),
    ];
    const options = { width: 32, height: 32, filter: "bicubic" } as const;
    const flat = { data: new Uint8Array(width * height * 3).fill(77), width, height };
    const { data, failures } = await reader.read([{ image: flat, views }], options);
    expect(failures).toEqual([]);
    expect(new Set(data)).toEqual(new Set([77]));
    const wide = { data: new Uint16Array(width * height * 2).fill(777), width, height, channels: 2 };
    expect(new Set(await readWide(wide, views, 32, 32, "bicubic"))).toEqual(new Set([777]));
  });

  it("are refused beyond 65,500 pixels a side", async () => {
    const image = { data: new Uint16Array(70_000), width: 70_000, height: 1, channels: 1 };
    expect((await reader.sizes([image])).failures[0]!.reason).toContain("at most 65,500 a side");
  });
});
