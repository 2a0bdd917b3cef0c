import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp, { type Color, type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { dataRoot, sampleImage, samplePixels, temporaryFolder } from "../testing/data.ts";
import { difference, reader, readWhole, whole } from "../testing/reader.ts";
import { openFolder } from "./folder.ts";
import { ImageReader } from "./reader.ts";
import type { Filter } from "./views.ts";

interface Fixture {
  width: number;
  height: number;
  pixels: string;
  jpeg: string;
  cases: { source: string; box: number[]; size: [number, number]; filter: Filter; expected: string }[];
}

describe("resize", () => {
  const fixture: Fixture = JSON.parse(
    readFileSync(new URL("../../../../fixtures/resize.json", import.meta.url), "utf8"),
  );
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, "base64"));

  it.each(fixture.cases)("equals PIL's $filter from $source, box $box, to $size", async (c) => {
    const { width, height } = fixture;
    const image = c.source === "jpeg" ? bytes(fixture.jpeg) : { data: bytes(fixture.pixels), width, height };
    const [x, y, w, h] = c.box as [number, number, number, number];
    const views = [{ x, y, width: w, height: h, flip: false }];
    const { data, failures } = await reader.read([{ image, views }], {
      width: c.size[0],
      height: c.size[1],
      filter: c.filter,
    });
    expect(failures).toEqual([]);
    const { mean, max } = difference(data, bytes(c.expected));
    expect(mean).toBeLessThan(0.5);
    expect(max).toBeLessThanOrEqual(1);
  });

  it("lets the decoder shrink a large JPEG, close to a resize of all its pixels", async () => {
    // So smooth that the two filters' sharpness makes no difference, but a shift would.
    const jpeg = await sampleImage(400, 320).blur(9).jpeg({ quality: 95, chromaSubsampling: "4:4:4" }).toBuffer();
    const { data: pixels } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
    const views = [{ x: 13, y: 21, width: 300, height: 260, flip: false }];
    const options = { width: 64, height: 64, filter: "bilinear" } as const;
    const shrunk = await reader.read([{ image: jpeg, views }], options);
    const full = await reader.read([{ image: { data: pixels, width: 400, height: 320 }, views }], options);
    expect(difference(shrunk.data, full.data).mean).toBeLessThan(0.75);
  });

  it("cuts exactly what a whole decode holds there, for every subsampling and progressive files", async () => {
    for (const chromaSubsampling of ["4:4:4", "4:2:0"]) {
      for (const progressive of [false, true]) {
        const image = await sampleImage(83, 67).jpeg({ chromaSubsampling, progressive }).toBuffer();
        const { data: all } = await readWhole(image, 83, 67);
        for (const [x, y, w, h] of [
          [0, 0, 5, 5],
          [16, 16, 20, 20],
          [33, 7, 50, 60],
          [80, 60, 3, 7],
          [1, 66, 82, 1],
        ] as const) {
          const views = [{ x, y, width: w, height: h, flip: false }];
          const { data } = await reader.read([{ image, views }], { width: w, height: h, filter: "bilinear" });
          const rows = Array.from({ length: h }, (_, row) => [
            ...all.subarray(((y + row) * 83 + x) * 3, ((y + row) * 83 + x + w) * 3),
          ]);
          expect([...data]).toEqual(rows.flat());
        }
      }
    }
  });

  it("mirrors a view, and keeps the order of items and views", async () => {
    const pixels = [0, 1].map((kind) => ({ data: samplePixels(6, 4, kind), width: 6, height: 4 }));
    const items = pixels.map((image) => ({ image, views: [whole(6, 4), whole(6, 4, true)] }));
    const { data } = await reader.read(items, { width: 6, height: 4, filter: "bicubic" });
    for (const [i, { data: original }] of pixels.entries()) {
      const view = (k: number) => data.subarray((2 * i + k) * 72, (2 * i + k + 1) * 72);
      expect([...view(0)]).toEqual([...original]);
      for (let y = 0; y < 4; y++) {
        for (let x = 0; x < 6; x++) {
          const at = (y * 6 + x) * 3;
          const mirrored = (y * 6 + 5 - x) * 3;
          expect([...view(1).subarray(mirrored, mirrored + 3)]).toEqual([...original.subarray(at, at + 3)]);
        }
      }
    }
  });
});

describe("formats", () => {
  it("turns every orientation upright, crops and mirrors included", async () => {
    const upright = sampleImage(48, 32).blur(3);
    const { data: expected } = await upright.clone().raw().toBuffer({ resolveWithObject: true });
    // What each orientation tells the viewer to do, undone (sharp mirrors before it rotates).
    const undo = [
      (s: Sharp) => s,
      (s: Sharp) => s.flop(),
      (s: Sharp) => s.rotate(180),
      (s: Sharp) => s.flip(),
      (s: Sharp) => s.flip().rotate(90),
      (s: Sharp) => s.rotate(270),
      (s: Sharp) => s.flop().rotate(90),
      (s: Sharp) => s.rotate(90),
    ];
    for (const [i, turn] of undo.entries()) {
      const stored = await turn(sharp(expected, { raw: { width: 48, height: 32, channels: 3 } }))
        .png()
        .toBuffer();
      const encoders = [
        (s: Sharp) => s.jpeg({ quality: 98, chromaSubsampling: "4:4:4" }),
        (s: Sharp) => s.webp({ lossless: true }),
      ];
      for (const encode of encoders) {
        const image = await encode(sharp(stored).withMetadata({ orientation: i + 1 })).toBuffer();
        const { sizes } = await reader.sizes([image]);
        expect(sizes).toEqual([{ width: 48, height: 32 }]);
        const { data, failures } = await readWhole(image, 48, 32);
        expect(failures).toEqual([]);
        expect(difference(data, expected).mean, `orientation ${i + 1}`).toBeLessThan(3);

        const views = [{ x: 5, y: 3, width: 30, height: 20, flip: true }];
        const crop = await reader.read([{ image, views }], { width: 30, height: 20, filter: "bilinear" });
        const reference = await reader.read([{ image: { data: expected, width: 48, height: 32 }, views }], {
          width: 30,
          height: 20,
          filter: "bilinear",
        });
        expect(difference(crop.data, reference.data).mean, `orientation ${i + 1}, crop`).toBeLessThan(3);
      }
    }
  });

  it.each(["png", "webp", "gif", "tiff", "avif", "jpeg"] as const)("reads %s", async (format) => {
    const image = await sampleImage(40, 30).blur(2).toFormat(format, { quality: 95 }).toBuffer();
    expect((await reader.sizes([image])).sizes).toEqual([{ width: 40, height: 30 }]);
    const { data, failures } = await readWhole(image, 40, 30);
    expect(failures).toEqual([]);
    const { data: expected } = await sharp(image)
      .removeAlpha()
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(difference(data, expected).mean).toBeLessThan(1);
  });

  it("makes three channels of gray, 16-bit, CMYK and transparent images", async () => {
    const gray = new Uint8Array(20 * 10).map((_, i) => i);
    const grayImage = () => sharp(gray, { raw: { width: 20, height: 10, channels: 1 } });
    const tripled = [...gray].flatMap((v) => [v, v, v]);
    const wide = Uint16Array.from(gray, (v) => v * 257);
    const deep = () => sharp(wide, { raw: { width: 20, height: 10, channels: 1 } }).toColourspace("grey16");
    const solid = (background: Color) => sharp({ create: { width: 20, height: 10, channels: 4, background } });
    const fill = (r: number, g: number, b: number) => Array.from({ length: 200 }, () => [r, g, b]).flat();
    const red = { r: 200, g: 40, b: 30, alpha: 1 };
    // sharp converts to CMYK through a profile, so colours come back near, not equal.
    const cases: [string, Buffer, number[], number][] = [
      ["gray JPEG", await grayImage().toColourspace("b-w").jpeg({ quality: 100 }).toBuffer(), tripled, 1],
      ["gray PNG", await grayImage().toColourspace("b-w").png().toBuffer(), tripled, 0],
      ["16-bit PNG", await deep().png().toBuffer(), tripled, 0],
      ["16-bit TIFF", await deep().tiff({ compression: "lzw" }).toBuffer(), tripled, 0],
      [
        "half-transparent PNG on white",
        await solid({ r: 0, g: 100, b: 200, alpha: 0.5 }).png().toBuffer(),
        fill(127, 177, 227),
        1,
      ],
      [
        "wholly transparent WebP",
        await solid({ r: 9, g: 9, b: 9, alpha: 0 }).webp({ lossless: true }).toBuffer(),
        fill(255, 255, 255),
        0,
      ],
      [
        "CMYK JPEG",
        await solid(red).removeAlpha().toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer(),
        fill(200, 40, 30),
        60,
      ],
      ["CMYK TIFF", await solid(red).removeAlpha().toColourspace("cmyk").tiff().toBuffer(), fill(200, 40, 30), 60],
    ];
    for (const [name, image, expected, tolerance] of cases) {
      const { data, failures } = await readWhole(image, 20, 10);
      expect(failures, name).toEqual([]);
      expect(difference(data, expected).max, name).toBeLessThanOrEqual(tolerance);
    }
  });
});

describe("EXIF", () => {
  /** A TIFF header in the given byte order, and image file directory 0 with the entries (tag, type, count, value). */
  function exif(little: boolean, entries: number[][], { offset = 8, count = entries.length } = {}): Buffer {
    const tiff = Buffer.alloc(10 + 12 * entries.length);
    const u16 = (value: number, at: number) => (little ? tiff.writeUInt16LE(value, at) : tiff.writeUInt16BE(value, at));
    const u32 = (value: number, at: number) => (little ? tiff.writeUInt32LE(value, at) : tiff.writeUInt32BE(value, at));
    tiff.write(little ? "II" : "MM");
    u16(42, 2);
    u32(offset, 4);
    u16(count, 8);
    for (const [i, [tag, type, n, value]] of entries.entries()) {
      u16(tag!, 10 + 12 * i);
      u16(type!, 12 + 12 * i);
      u32(n!, 14 + 12 * i);
      u16(value!, 18 + 12 * i);
    }
    return Buffer.concat([Buffer.from("Exif\0\0"), tiff]);
  }
  const other = [0x0110, 2, 4, 7];
  const turned = [0x0112, 3, 1, 6];
  it.each([
    ["little-endian", exif(true, [other, turned]), true],
    ["big-endian", exif(false, [other, turned]), true],
    ["a directory beyond the end", exif(true, [turned], { offset: 0xfffffff0 }), false],
    ["more entries than there are", exif(true, [other], { count: 65535 }), false],
    ["an unknown orientation", exif(true, [[0x0112, 3, 1, 9]]), false],
    ["an orientation of the wrong type", exif(true, [[0x0112, 2, 1, 6]]), false],
    ["a cut header", exif(true, [turned]).subarray(0, 11), false],
    ["a cut entry", exif(true, [turned]).subarray(0, 24), false],
    ["nothing", Buffer.alloc(0), false],
  ])("with %s is read without harm", async (_, payload, swaps) => {
    const jpeg = await sampleImage(30, 20).jpeg().toBuffer();
    const marker = Buffer.from([0xff, 0xe1, (payload.length + 2) >> 8, (payload.length + 2) & 255]);
    const image = Buffer.concat([jpeg.subarray(0, 2), marker, payload, jpeg.subarray(2)]);
    const [width, height] = swaps ? [20, 30] : [30, 20];
    expect(await reader.sizes([image])).toEqual({ sizes: [{ width, height }], failures: [] });
    expect((await readWhole(image, width, height)).failures).toEqual([]);
  });
});

describe("photographs", () => {
  for (const name of ["imagenette", "photos"] as const) {
    const root = dataRoot(name);
    it.runIf(root)(`of ${name} are all read`, async () => {
      const { train } = openFolder(root!);
      const images = train.items
        .filter((_, i) => i % Math.ceil(train.items.length / 100) === 0)
        .map(({ path }) => join(root!, path));
      const { sizes, failures } = await reader.sizes(images);
      expect(failures).toEqual([]);
      const items = images.map((image, i) => ({ image, views: [whole(sizes[i]!.width, sizes[i]!.height)] }));
      const read = await reader.read(items, { width: 32, height: 32, filter: "bilinear" });
      expect(read.failures).toEqual([]);
      // Brightness and contrast of photographs, not of black or noise.
      const mean = read.data.reduce((sum, value) => sum + value, 0) / read.data.length;
      expect(mean).toBeGreaterThan(80);
      expect(mean).toBeLessThan(160);
    });
  }
});

describe("ImageReader", () => {
  it("gives the same bytes with 1, 2 and 4 threads", async () => {
    const images = await Promise.all([0, 1, 2, 3, 4, 5].map((kind) => sampleImage(90, 70, kind).jpeg().toBuffer()));
    const items = images.map((image, i) => ({
      image,
      views: [{ x: i, y: 2 * i, width: 50, height: 40, flip: i % 2 === 1 }],
    }));
    const before = reader.threads;
    const results: Uint8Array[] = [];
    for (const threads of [1, 2, 4]) {
      reader.threads = threads;
      expect(reader.threads).toBe(threads);
      results.push((await reader.read(items, { width: 32, height: 32, filter: "bilinear" })).data);
    }
    reader.threads = 1000;
    expect(reader.threads).toBe(256);
    reader.threads = before;
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it("keeps decoded PNGs as long as there is room", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "a.png");
    const pixels = samplePixels(16, 16);
    await sampleImage(16, 16).toFile(path);
    const items = [{ image: path, views: [whole(16, 16)] }];
    const options = { width: 16, height: 16, filter: "bilinear" } as const;
    const [keeping, forgetting] = [new ImageReader(), new ImageReader({ cacheBytes: 100 })];
    for (const each of [keeping, forgetting]) expect((await each.read(items, options)).data).toEqual(pixels);
    writeFileSync(path, "");
    expect((await keeping.read(items, options)).data).toEqual(pixels);
    expect((await keeping.sizes([path])).sizes).toEqual([{ width: 16, height: 16 }]);
    expect((await forgetting.read(items, options)).failures).toHaveLength(1);
  });

  it("reads nothing from nothing", async () => {
    expect(await reader.sizes([])).toEqual({ sizes: [], failures: [] });
    expect((await reader.read([], { width: 8, height: 8, filter: "bilinear" })).data.length).toBe(0);
  });

  it("refuses impossible output sizes", async () => {
    for (const width of [0, -1, 1.5, 5000, Number.NaN]) {
      await expect(reader.read([], { width, height: 8, filter: "bilinear" })).rejects.toThrow(
        /whole number|Invalid|length/,
      );
    }
  });
});
