// BMP, PNM and TIFF of rarer kinds, written out by hand, against what their specifications say that they hold.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../testing/data.ts";
import { makeTiff } from "../../testing/tiff.ts";
import { decodeForeign } from "../foreign.ts";
import type { Input } from "../input.ts";
import { PHOTOGRAPHS } from "../input.ts";
import { decodeDescribed } from "./described.ts";
import { factsOf } from "./facts.ts";

async function decode(file: Uint8Array, input: Input = PHOTOGRAPHS): Promise<number[]> {
  return decodeDescribed({ file, input, tile: null }, async ({ data }) => [...data]);
}

const GRAY: Input = { ...PHOTOGRAPHS, channels: 1 };

interface Bmp {
  width: number;
  height: number;
  bits: number;
  packing?: number;
  palette?: number[][];
  masks?: number[];
  rows: number[];
}

function bmp({ width, height, bits, packing = 0, palette = [], masks = [], rows }: Bmp): Buffer {
  const head = Buffer.alloc(54);
  const colours = Buffer.from(palette.flatMap(([r, g, b]) => [b!, g!, r!, 0]));
  const extra = Buffer.alloc(4 * masks.length);
  for (const [i, mask] of masks.entries()) extra.writeUInt32LE(mask >>> 0, 4 * i);
  head.write("BM", 0, "latin1");
  head.writeUInt32LE(54 + extra.length + colours.length, 10);
  head.writeUInt32LE(40, 14);
  head.writeInt32LE(width, 18);
  head.writeInt32LE(height, 22);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(bits, 28);
  head.writeUInt32LE(packing, 30);
  head.writeUInt32LE(palette.length, 46);
  return Buffer.concat([head, extra, colours, Buffer.from(rows)]);
}

const RED = [255, 0, 0];
const GREEN = [0, 255, 0];
const BLUE = [0, 0, 255];
const palette = [RED, GREEN, BLUE];

describe("BMP", () => {
  it("has its rows from the bottom, or from the top where its height is negative", async () => {
    const rows = [30, 20, 10, 0, 60, 50, 40, 0];
    expect(await decode(bmp({ width: 1, height: 2, bits: 24, rows }))).toEqual([40, 50, 60, 10, 20, 30]);
    expect(await decode(bmp({ width: 1, height: -2, bits: 24, rows }))).toEqual([10, 20, 30, 40, 50, 60]);
  });

  it.each([
    ["1 bit", 1, [0b0101_0000, 0, 0, 0], [RED, GREEN, RED, GREEN]],
    ["4 bits", 4, [0x01, 0x21, 0, 0], [RED, GREEN, BLUE, GREEN]],
    ["8 bits", 8, [2, 1, 0, 2], [BLUE, GREEN, RED, BLUE]],
  ])("has a palette of %s", async (_, bits, rows, right) => {
    expect(await decode(bmp({ width: 4, height: 1, bits, palette, rows }))).toEqual(right.flat());
  });

  it("has 16 bits of 5 each, or by masks; 32 without opacity unless a mask says so", async () => {
    const le16 = (value: number) => [value & 255, value >> 8, 0, 0];
    expect(await decode(bmp({ width: 1, height: 1, bits: 16, rows: le16(0b0_11111_00000_10000) }))).toEqual([
      255, 0, 132,
    ]);
    const masks = [0xf800, 0x07e0, 0x001f];
    expect(
      await decode(bmp({ width: 1, height: 1, bits: 16, packing: 3, masks, rows: le16(0b00000_111111_10000) })),
    ).toEqual([0, 255, 132]);
    expect(await decode(bmp({ width: 1, height: 1, bits: 32, rows: [3, 2, 1, 0] }))).toEqual([1, 2, 3]);
  });

  it("has runs, literals and leaps", async () => {
    // From the bottom: 3 × green, end of row; literal blue red blue (padded); end.
    const rows = [3, 1, 0, 0, 0, 3, 2, 0, 2, 0, 0, 1];
    expect(await decode(bmp({ width: 3, height: 2, bits: 8, packing: 1, palette, rows }))).toEqual(
      [BLUE, RED, BLUE, GREEN, GREEN, GREEN].flat(),
    );
    // Nibbles: four of blue and green in turn; then a leap by one, and one green.
    expect(await decode(bmp({ width: 4, height: 1, bits: 4, packing: 2, palette, rows: [4, 0x21, 0, 1] }))).toEqual(
      [BLUE, GREEN, BLUE, GREEN].flat(),
    );
    expect(
      await decode(bmp({ width: 3, height: 1, bits: 8, packing: 1, palette, rows: [0, 2, 1, 0, 1, 1, 0, 1] })),
    ).toEqual([RED, GREEN, RED].flat());
  });

  it("is refused where it is cut off, and where it packs a JPEG", async () => {
    await expect(decode(bmp({ width: 4, height: 4, bits: 24, rows: [1, 2, 3] }))).rejects.toThrow(/cut off/);
    await expect(decode(bmp({ width: 4, height: 4, bits: 8, packing: 1, palette, rows: [3, 1] }))).rejects.toThrow(
      /cut off/,
    );
    await expect(decode(bmp({ width: 4, height: 4, bits: 0, packing: 4, rows: [] }))).rejects.toThrow(
      /packed in way 4, which is not read/,
    );
  });
});

describe("PNM", () => {
  const text = (content: string) => Buffer.from(content, "latin1");

  it.each<[string, Buffer, number[]]>([
    ["P1", text("P1 # bits, 1 is black\n3 2\n101\n0 1 0\n"), [0, 255, 0, 255, 0, 255]],
    ["P2", text("P2\n2 1\n# most\n255\n7 250\n"), [7, 250]],
    ["P2 of other depth", text("P2 3 1 15 0 5 15"), [0, 85, 255]],
    [
      "P4",
      Buffer.concat([text("P4\n9 1\n"), Buffer.from([0b1010_0000, 0b1000_0000])]),
      [0, 255, 0, 255, 255, 255, 255, 255, 0],
    ],
    ["P5", Buffer.concat([text("P5 2 1 255\n"), Buffer.from([9, 200])]), [9, 200]],
  ])("%s is read", async (_, file, right) => {
    expect(await decode(file, GRAY)).toEqual(right);
  });

  it("P3 and P6 are colours, and samples of 16 bits keep them", async () => {
    expect(await decode(text("P3 1 1 255 1 2 3"))).toEqual([1, 2, 3]);
    const deep = Buffer.concat([text("P6 1 1 65535\n"), Buffer.from([0x12, 0x34, 0, 1, 0xff, 0xff])]);
    expect(await decode(deep)).toEqual([0x1234, 1, 0xffff]);
  });

  it("is refused where it is cut off, or no number is one", async () => {
    await expect(decode(text("P5 2 2 255\nab"), GRAY)).rejects.toThrow(/cut off/);
    await expect(decode(text("P2 2 2 255 1 2 3"), GRAY)).rejects.toThrow(/cut off/);
    await expect(decode(text("P2 2 2 255 1 2 x 4"), GRAY)).rejects.toThrow(/cut off/);
    await expect(decode(text("P5 0 2 255\n"), GRAY)).rejects.toThrow(/header makes no sense/);
  });
});

describe("TIFF", () => {
  it("packs samples of 12 bits side by side, each row from a byte on", async () => {
    // 3 × 2: 0xabc 0x123 0xfff | 0x000 0x800 0x7ff, a row 36 bits, filled up to five bytes.
    const data = Uint8Array.of(0xab, 0xc1, 0x23, 0xff, 0xf0, 0x00, 0x08, 0x00, 0x7f, 0xf0);
    const file = makeTiff({ width: 3, height: 2, bands: 1, data, bits: 12 });
    const range: Input = { ...GRAY, range: [[0, 4095]] };
    const right = [0xabc, 0x123, 0xfff, 0, 0x800, 0x7ff].map((value) => Math.round((value / 4095) * 65_535));
    expect(await decode(file, range)).toEqual(right);
    expect(await decode(file, GRAY)).toEqual(right);
  });

  it("packs 1 and 4 bits", async () => {
    const bits = makeTiff({ width: 5, height: 2, bands: 1, data: Uint8Array.of(0b10110_000, 0b01001_000), bits: 1 });
    expect(await decode(bits, GRAY)).toEqual([255, 0, 255, 255, 0, 0, 255, 0, 0, 255]);
    const nibbles = makeTiff({ width: 3, height: 1, bands: 1, data: Uint8Array.of(0x0f, 0x50), bits: 4 });
    expect(await decode(nibbles, GRAY)).toEqual([0, 255, 85]);
  });

  it.each([
    [34_887, /packed as LERC.*gdal_translate -co COMPRESS=DEFLATE/],
    [34_925, /packed as LZMA/],
    [33_005, /packed as JPEG 2000/],
  ])("packed in way %d is named, with the command that packs it anew", async (packing, reason) => {
    const file = makeTiff({ width: 1, height: 1, bands: 1, data: Uint8Array.of(1), packing });
    await expect(decode(file, GRAY)).rejects.toThrow(reason);
    await expect(decodeForeign(file, undefined, async () => {})).rejects.toThrow(reason);
  });

  it("packed as Zstandard is read as a photograph, too; of palettes it is refused", async () => {
    // A frame of one raw block.
    const samples = Uint8Array.from({ length: 300 }, (_, i) => i);
    const data = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x60, 44, 0, 0x61, 0x09, 0, ...samples);
    const of = (photometric: number) =>
      makeTiff({ width: 10, height: 10, bands: 3, data, photometric, packing: 50_000, bits: 8 });
    expect(await decodeForeign(of(2), undefined, async (pixels) => pixels.data)).toEqual(samples);
    await expect(decodeForeign(of(5), undefined, async () => {})).rejects.toThrow(/a way \(50000\).*gdal_translate/);
  });

  it("is never black where its packing makes no sense, or is not known", async () => {
    const data = Uint8Array.from({ length: 300 }, (_, i) => 255 - i);
    for (const packing of [5, 8, 34_661, 12_345]) {
      const file = makeTiff({ width: 10, height: 10, bands: 3, data, photometric: 2, packing, bits: 8 });
      const reason = packing < 10 ? /damaged image/ : /packed in a way \(\d+\) that is not read/;
      await expect(decodeForeign(file, undefined, async () => {})).rejects.toThrow(reason);
      await expect(decode(file)).rejects.toThrow(reason);
    }
  });

  it("is refused in words where its samples are none that are read", async () => {
    const odd = makeTiff({ width: 1, height: 1, bands: 1, data: Uint8Array.of(1, 2, 3), bits: 24 });
    await expect(decode(odd, GRAY)).rejects.toThrow(/24-bit, which is not read.*gdal_translate/);
  });

  it("is refused where it says with fractions how many bytes there are", async () => {
    const file = makeTiff({ width: 1, height: 1, bands: 2, data: Uint8Array.of(9, 9) });
    const at = file.readUInt32LE(4);
    for (let i = 0; i < file.readUInt16LE(at); i++) {
      const entry = at + 2 + 12 * i;
      const tag = file.readUInt16LE(entry);
      if (tag === 259) file.writeUInt16LE(8, entry + 8);
      if (tag !== 279) continue;
      file.writeUInt16LE(11, entry + 2);
      file.writeFloatLE(0.5, entry + 8);
    }
    using folder = temporaryFolder();
    const path = join(folder.path, "a.tif");
    writeFileSync(path, file);
    const input = { ...GRAY, channels: 2 };
    for (const from of [path, file])
      await expect(decodeDescribed({ file: from, input, tile: null }, async () => {})).rejects.toThrow(/cut off/);
  });

  it("is refused where its bits are reversed, whatever their number", async () => {
    const file = makeTiff({ width: 1, height: 1, bands: 1, data: Uint16Array.of(9), orientation: 2 });
    const at = file.readUInt32LE(4);
    for (let entry = at + 2; entry < file.length - 12; entry += 12)
      if (file.readUInt16LE(entry) === 274) file.writeUInt16LE(266, entry);
    await expect(decode(file, GRAY)).rejects.toThrow(/bits is reversed.*tiffcp -f msb2lsb/);
  });

  it("holds no further images where those are smaller copies of the first, whoever decodes it", async () => {
    const pixels = { create: { width: 600, height: 600, channels: 3, background: "#804020" } } as const;
    for (const compression of ["jpeg", "deflate"] as const) {
      const file = await sharp(pixels)
        .tiff({ compression, tile: true, pyramid: true, tileWidth: 128, tileHeight: 128 })
        .toBuffer();
      expect((await sharp(file).metadata()).pages).toBeGreaterThan(1);
      expect(await factsOf(file)).toMatchObject({ format: "TIFF", width: 600, pages: false });
    }
  });

  it("with a directory that leads back to itself is read all the same", async () => {
    const file = makeTiff({ width: 1, height: 1, bands: 1, data: Uint8Array.of(9) });
    const at = file.readUInt32LE(4);
    file.writeUInt32LE(at, at + 2 + 12 * file.readUInt16LE(at));
    expect(await decode(file, GRAY)).toEqual([9]);
  });
});

describe("an array", () => {
  it("of truths is black and white", async () => {
    const text = "{'descr': '|b1', 'fortran_order': False, 'shape': (1, 3), }".padEnd(118, " ");
    const head = Buffer.concat([Buffer.from("\x93NUMPY\x01\x00", "latin1"), Buffer.from([118, 0])]);
    const file = Buffer.concat([head, Buffer.from(text), Buffer.from([0, 1, 1])]);
    expect(await decode(file, GRAY)).toEqual([0, 255, 255]);
    expect(await factsOf(file)).toMatchObject({ sample: { kind: "uint", bits: 1 }, bands: 1 });
  });
});

it("what is no file is refused, not waited for", async () => {
  using folder = temporaryFolder();
  const pipe = join(folder.path, "a.png");
  execFileSync("mkfifo", [pipe]);
  for (const path of [pipe, folder.path]) await expect(factsOf(path)).rejects.toThrow("not a file");
});
