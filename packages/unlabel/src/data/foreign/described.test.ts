// Files of every type, byte order, packing and layout, against what tifffile, NumPy and Pillow read: fixtures/decode.py.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { Pixels } from "../../base/native.ts";
import { sampleImage, samplePixels } from "../../testing/data.ts";
import { makeTiff } from "../../testing/tiff.ts";
import type { Input, Tile } from "../input.ts";
import { decodeDescribed, describedHeader } from "./described.ts";

const FIXTURES = join(import.meta.dirname, "..", "..", "..", "..", "..", "fixtures");

interface Listed {
  file: string;
  width: number;
  height: number;
  bands: number;
  scale: number;
  offset: number;
}
const listed = JSON.parse(readFileSync(join(FIXTURES, "decode.json"), "utf8")) as Listed[];

function input(channels: number, more: Partial<Input> = {}): Input {
  return { channels, bands: null, range: null, tiles: null, ...more };
}

async function decode(file: string | Uint8Array, how: Input, tile: Tile | null = null): Promise<Pixels> {
  const header = await describedHeader({ file, input: how, tile });
  return decodeDescribed({ file, input: how, tile }, async (pixels) => {
    expect({ width: header.width, height: header.height }).toEqual({ width: pixels.width, height: pixels.height });
    return pixels;
  });
}

/** The formula of fixtures/decode.py, in 65535ths of a range. */
function expected(
  { scale, offset }: Listed,
  range: readonly [number, number],
  y: number,
  x: number,
  band: number,
): number {
  const value = ((31 * y + 7 * x + 57 * band) % 251) * scale + offset;
  return Math.round(Math.min(65_535, Math.max(0, ((value - range[0]) / (range[1] - range[0])) * 65_535)));
}

/** Cuts off at both ends. */
function rangeOf({ scale, offset }: Listed): readonly [number, number] {
  return [offset + 10 * scale, offset + 200 * scale];
}

describe.each(listed)("$file", (one) => {
  const path = join(FIXTURES, "decode", one.file);
  const range = rangeOf(one);
  const ranges = (count: number) => Array.from({ length: count }, () => range);

  it("is read to the bit from a path and from memory", async () => {
    const how = input(one.bands, { range: ranges(one.bands) });
    const { data, width, height, channels } = await decode(path, how);
    expect([width, height, channels]).toEqual([one.width, one.height, one.bands]);
    const right = new Uint16Array(width * height * one.bands);
    for (let y = 0, at = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let band = 0; band < one.bands; band++) right[at++] = expected(one, range, y, x, band);
    expect(data).toEqual(right);
    expect((await decode(new Uint8Array(readFileSync(path)), how)).data).toEqual(right);
  });

  it("is read in parts and in chosen bands", async () => {
    const bands = one.bands === 1 ? [1] : [one.bands, 1];
    const how = input(bands.length, { bands, range: ranges(bands.length) });
    for (const tile of [
      { x: 0, y: 0, width: 16, height: 16 },
      { x: 15, y: 3, width: 18, height: 14 },
      { x: 36, y: 20, width: 1, height: 1 },
    ]) {
      const { data } = await decode(path, how, tile);
      const right = new Uint16Array(tile.width * tile.height * bands.length);
      for (let y = 0, at = 0; y < tile.height; y++)
        for (let x = 0; x < tile.width; x++)
          for (const band of bands) right[at++] = expected(one, range, tile.y + y, tile.x + x, band - 1);
      expect(data).toEqual(right);
    }
  });
});

describe("samples without a range", () => {
  const rgb = samplePixels(9, 7);

  it("of 8 bits stay bytes; the same times 257 as 16-bit TIFF and PNG are the same values", async () => {
    const deep = Uint16Array.from(rgb, (value) => value * 257);
    const png8 = await sampleImage(9, 7).png().toBuffer();
    const png16 = await sharp(deep, { raw: { width: 9, height: 7, channels: 3 } })
      .toColourspace("rgb16")
      .png()
      .toBuffer();
    const tiff16 = makeTiff({ width: 9, height: 7, bands: 3, data: deep, photometric: 2 });
    expect(Buffer.from((await decode(png8, input(3))).data)).toEqual(Buffer.from(rgb));
    for (const how of [
      input(3, {
        range: [
          [0, 65_535],
          [0, 65_535],
          [0, 65_535],
        ],
      }),
    ]) {
      expect((await decode(png16, how)).data).toEqual(deep);
      expect((await decode(tiff16, how)).data).toEqual(deep);
      // One of another depth counts by all of its own.
      expect((await decode(png8, how)).data).toEqual(deep);
    }
  });

  it("take a file of fewer bits than a range has for too dark, and floats for without a range", async () => {
    const png8 = await sampleImage(9, 7).png().toBuffer();
    await expect(
      decode(
        png8,
        input(3, {
          range: [
            [0, 4095],
            [0, 4095],
            [0, 4095],
          ],
        }),
      ),
    ).rejects.toThrow(/end at 255.*too dark.*range=type/);
    const float = makeTiff({ width: 2, height: 1, bands: 1, data: Float32Array.of(0, 1) });
    await expect(decode(float, input(1))).rejects.toThrow(/floats.*--set range=0,1/);
  });
});

it("a range of 8 bits cuts off a file of 16", async () => {
  const file = makeTiff({ width: 3, height: 1, bands: 1, data: Uint16Array.of(51, 255, 300) });
  expect([...(await decode(file, input(1, { range: [[0, 255]] }))).data]).toEqual([13_107, 65_535, 65_535]);
});

it("samples may lie anywhere in memory", async () => {
  const data = Float32Array.of(0, 0.5, 1);
  const file = makeTiff({ width: 3, height: 1, bands: 1, data });
  for (let by = 0; by < 8; by++) {
    const shifted = Buffer.alloc(file.length + 8).subarray(by, by + file.length);
    file.copy(shifted);
    expect([...(await decode(shifted, input(1, { range: [[0, 1]] }))).data]).toEqual([0, 32_768, 65_535]);
  }
});

describe("what was not measured", () => {
  it("becomes the low end: NaN and nodata; infinite values lie at the ends", async () => {
    const data = Float32Array.of(Number.NaN, -9999, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.5, 2);
    const file = makeTiff({ width: 6, height: 1, bands: 1, data, nodata: "-9999" });
    expect([...(await decode(file, input(1, { range: [[-10_000, 10_000]] }))).data].slice(0, 4)).toEqual([
      0, 0, 65_535, 0,
    ]);
    expect([...(await decode(file, input(1, { range: [[0, 1]] }))).data]).toEqual([0, 0, 65_535, 0, 32_768, 65_535]);
    const whole = makeTiff({ width: 3, height: 1, bands: 1, data: Uint16Array.of(65_535, 100, 50), nodata: "65535" });
    expect([...(await decode(whole, input(1, { range: [[0, 100]] }))).data]).toEqual([0, 65_535, 32_768]);
  });

  it("is filled in where GDAL left a block out", async () => {
    const file = makeTiff({
      width: 4,
      height: 2,
      bands: 1,
      data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
      sparse: true,
      nodata: "7",
    });
    expect([...(await decode(file, input(1, { range: [[0, 10]] }))).data]).toEqual(new Array(8).fill(0));
    const four = { width: 3, height: 2, bands: 4, data: new Uint8Array(24), sparse: true, nodata: "5" };
    const some = input(2, {
      bands: [1, 3],
      range: [
        [0, 10],
        [0, 5],
      ],
    });
    expect([...(await decode(makeTiff({ ...four, nodata: "" }), some)).data]).toEqual(new Array(12).fill(0));
    const floats = { width: 2, height: 1, bands: 1, data: Float32Array.of(0, 0), sparse: true };
    const range = [[-1, 1]] as const;
    expect([...(await decode(makeTiff(floats), input(1, { range }))).data]).toEqual([32_768, 32_768]);
    expect([...(await decode(makeTiff({ ...floats, nodata: "nan" }), input(1, { range }))).data]).toEqual([0, 0]);
  });

  it.each([
    ["1e20", 1e20],
    ["0.1", 0.1],
    ["3.40282346638529e+38", 3.4028234663852886e38],
    ["inf", Number.POSITIVE_INFINITY],
  ])("is %s as floats of 32 bits hold it", async (nodata, value) => {
    const file = makeTiff({ width: 2, height: 1, bands: 1, data: Float32Array.of(value, 0.5), nodata });
    expect([...(await decode(file, input(1, { range: [[0, 1]] }))).data]).toEqual([0, 32_768]);
  });
});

describe("colours", () => {
  it("white is zero where the file says so", async () => {
    const file = makeTiff({ width: 3, height: 1, bands: 1, data: Uint16Array.of(0, 65_535, 13_107), photometric: 0 });
    expect([...(await decode(file, input(1, { range: [[0, 65_535]] }))).data]).toEqual([65_535, 0, 52_428]);
  });

  it("lie on white where a band is said to be opacity, multiplied by it or not; as a band it is one", async () => {
    const data = Uint8Array.of(200, 100, 0, 128);
    const one = (extra: number) => makeTiff({ width: 1, height: 1, bands: 4, data, photometric: 2, extra: [extra] });
    const of = async (extra: number, channels: number) => [...(await decode(one(extra), input(channels))).data];
    // 200 · 128/255 + 127, and so on.
    expect(await of(2, 3)).toEqual([227, 177, 127]);
    expect(await of(1, 3)).toEqual([255, 227, 127]);
    expect(await of(0, 3)).toEqual([200, 100, 0]);
    expect(await of(2, 4)).toEqual([200, 100, 0, 128]);
  });

  it("have opacity that is never inverted, nor without measurement", async () => {
    const file = makeTiff({
      width: 3,
      height: 1,
      bands: 2,
      data: Uint8Array.of(255, 255, 255, 0, 0, 255),
      photometric: 0,
      extra: [2],
      nodata: "255",
    });
    expect([...(await decode(file, input(1))).data]).toEqual([0, 255, 255]);
  });

  it("become gray as PIL has it, and gray becomes three", async () => {
    const rgb = makeTiff({ width: 2, height: 1, bands: 3, data: Uint8Array.of(255, 0, 0, 77, 77, 77), photometric: 2 });
    expect([...(await decode(rgb, input(1))).data]).toEqual([76, 77]);
    const gray = makeTiff({ width: 2, height: 1, bands: 1, data: Uint8Array.of(3, 250) });
    expect([...(await decode(gray, input(3))).data]).toEqual([3, 3, 3, 250, 250, 250]);
  });

  it("are as many as the file has, or it is said", async () => {
    const file = makeTiff({ width: 1, height: 1, bands: 2, data: Uint8Array.of(1, 2) });
    await expect(decode(file, input(4))).rejects.toThrow(
      "it has 2 bands, and the images of this data set are read with 4",
    );
    await expect(decode(file, input(1, { bands: [3] }))).rejects.toThrow("it has 2 bands, and band 3 is asked for");
  });
});

describe("orientation", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])("%d is undone, of a tile too", async (orientation) => {
    const [width, height] = [7, 5];
    const rgb = samplePixels(width, height);
    const png = sharp(rgb, { raw: { width, height, channels: 3 } });
    const stored = await png.clone().withMetadata({ orientation }).tiff({ compression: "none" }).toBuffer();
    const right = await sharp(stored).autoOrient().raw().toBuffer();
    const deep = makeTiff({ width, height, bands: 3, data: rgb, photometric: 2, orientation });
    const { data } = await decode(deep, input(3));
    expect(Buffer.from(data)).toEqual(right);
    const tile = { x: 1, y: 2, width: 4, height: 3 };
    const part = await png.clone().extract({ left: 1, top: 2, width: 4, height: 3 }).raw().toBuffer();
    const turned = makeTiff({ width: 4, height: 3, bands: 3, data: part, photometric: 2, orientation });
    expect((await decode(deep, input(3), tile)).data).toEqual((await decode(turned, input(3))).data);
  });
});

describe("shapes", () => {
  it.each([
    [1, 1],
    [1, 900],
    [900, 1],
  ])("%d × %d is read", async (width, height) => {
    const data = Uint16Array.from({ length: width * height * 2 }, (_, i) => (i * 7919) % 65_536);
    const file = makeTiff({ width, height, bands: 2, data });
    expect(
      (
        await decode(
          file,
          input(2, {
            range: [
              [0, 65_535],
              [0, 65_535],
            ],
          }),
        )
      ).data,
    ).toEqual(data);
  });

  it("of a tile that no longer lies in its file is refused", async () => {
    const file = makeTiff({ width: 2, height: 2, bands: 1, data: Uint8Array.of(1, 2, 3, 4) });
    await expect(decode(file, input(1), { x: 1, y: 1, width: 2, height: 1 })).rejects.toThrow(
      /2 × 2 pixels, fewer than/,
    );
  });
});

describe("formats that are not read", () => {
  it.each([
    ["HEIC", Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1"), /HEIC.*heif-convert/],
    ["JPEG XL", Buffer.from("\xff\x0a\xfa\x1f", "latin1"), /JPEG XL.*djxl/],
    ["JPEG 2000", Buffer.from("\0\0\0\x0cjP  \r\n\x87\n", "latin1"), /JPEG 2000.*opj_decompress/],
    ["DICOM", Buffer.concat([Buffer.alloc(128), Buffer.from("DICM")]), /DICOM.*dcmj2pnm/],
  ])("%s is named, with the command that converts it", async (_, bytes, reason) => {
    await expect(decode(bytes, input(3))).rejects.toThrow(reason);
  });
});
