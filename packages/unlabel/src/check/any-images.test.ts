// Checks of images that are no photographs: many bands, 16 bits, tiles, mixtures; written here, so that every number is known.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { UsageError, UserError } from "../base/errors.ts";
import { PHOTOGRAPHS } from "../data/input.ts";
import { sampleImage, temporaryFolder, writeImages } from "../testing/data.ts";
import { makeTiff, type TiffOptions } from "../testing/tiff.ts";
import { type CheckOptions, checkData } from "./check.ts";

async function check(root: string, settings: CheckOptions["settings"] = {}) {
  return (await checkData(root, { presets: [], settings })).result;
}

/** A TIFF by the value of each place (0 … 1 along each axis) and band. */
function tiff(
  path: string,
  bands: number,
  value: (x: number, y: number, band: number) => number,
  {
    side = 32,
    kind = Uint16Array,
    ...more
  }: { side?: number; kind?: typeof Uint16Array | typeof Uint8Array } & Partial<TiffOptions> = {},
): void {
  const data = new kind(side * side * bands);
  for (let at = 0; at < data.length; at++) {
    const pixel = Math.floor(at / bands);
    data[at] = value((pixel % side) / side, Math.floor(pixel / side) / side, at % bands);
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, makeTiff({ width: side, height: side, bands, data, ...more }));
}

/** Shapes that differ from `kind` to `kind` so that no two are alike; 0 … 1. */
function shapes(kind: number) {
  const [a, b, c] = [3 + ((kind * 7) % 11), 2 + ((kind * 5) % 13), kind * 1.7];
  return (x: number, y: number) =>
    0.5 + 0.25 * Math.sin(a * x + 4 * Math.cos(b * y + c)) + 0.25 * Math.cos(b * (x - y) + a * x * y);
}

/** NumPy's `percentile`, the plain way. */
function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((p, q) => p - q);
  const place = share * (sorted.length - 1);
  const low = sorted[Math.floor(place)]!;
  return low + ((sorted[Math.ceil(place)] ?? low) - low) * (place - Math.floor(place));
}

describe("images of four bands and 16 bits", () => {
  /** Class b is twice as bright as a; all of class c is of one value. */
  const value = (name: string, i: number) => (x: number, y: number, band: number) =>
    name === "c" ? 700 : Math.round((name === "b" ? 2000 : 1000) * shapes(i)(x, y) + 100 * band + 50);
  function write(root: string): void {
    for (const name of ["a", "b", "c"])
      for (let i = 0; i < 6; i++) tiff(join(root, name, `${i}.tif`), 4, value(name, i + (name === "b" ? 6 : 0)));
  }

  it("have their values told, in all and by class, and those of one value found", async () => {
    using folder = temporaryFolder();
    write(folder.path);
    const result = await check(folder.path);
    expect(result.input).toMatchObject({ channels: 4, bands: null, tiles: null });
    expect([result.formats, result.depths, result.bands]).toEqual([
      { tiff: 18 },
      [{ kind: "16-bit", files: 18, example: "a/0.tif" }],
      [{ kind: "4 bands", files: 18, example: "a/0.tif" }],
    ]);
    const found = (name: string, band: number) =>
      Array.from({ length: 6 * 1024 }, (_, at) => {
        const [i, pixel] = [Math.floor(at / 1024), at % 1024];
        return value(name, i + (name === "b" ? 6 : 0))((pixel % 32) / 32, Math.floor(pixel / 32) / 32, band);
      });
    const expected = (names: string[]) =>
      Array.from({ length: 4 }, (_, band) => {
        const all = names.flatMap((name) => found(name, band));
        const at = (share: number) => expect.closeTo(percentile(all, share), 2);
        return {
          band: band + 1,
          lowest: Math.min(...all),
          p0_1: at(0.001),
          median: at(0.5),
          p99_9: at(0.999),
          highest: Math.max(...all),
        };
      });
    expect(result.values).toEqual([
      { class: null, images: 18, bands: expected(["a", "b", "c"]) },
      { class: "a", images: 6, bands: expected(["a"]) },
      { class: "b", images: 6, bands: expected(["b"]) },
      { class: "c", images: 6, bands: expected(["c"]) },
    ]);
    expect(result.suspicious.map(({ path, reasons }) => [path, reasons])).toEqual(
      Array.from({ length: 6 }, (_, i) => [`c/${i}.tif`, ["of one colour"]]),
    );
    expect(result.findings.map(({ kind, count }) => [kind, count])).toEqual([
      ["tiny-class", 3],
      ["few", 18],
      // Copies of one value are told by their bytes.
      ["duplicates", 5],
      ["blank", 6],
    ]);
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  it("are read with the settings that training would be given", async () => {
    using folder = temporaryFolder();
    write(folder.path);
    const result = await check(folder.path, { bands: [4, 2], range: [0, 4095] });
    expect(result.input).toEqual({
      channels: 2,
      bands: [4, 2],
      range: [
        [0, 4095],
        [0, 4095],
      ],
      tiles: null,
    });
    expect(result.values![0]!.bands.map(({ band }) => band)).toEqual([4, 2]);
    await expect(check(folder.path, { bands: [9] })).rejects.toThrow("Expected bands up to 4");
    await expect(check(folder.path, { bands: [1, 2], channels: 3 })).rejects.toThrow(UsageError);
    await expect(check(join(folder.path, "none"))).rejects.toThrow(UserError);
  });

  it("are not of one colour for a band that people do not see, nor for all but a corner", async () => {
    using folder = temporaryFolder();
    for (let i = 0; i < 8; i++) tiff(join(folder.path, `${i}.tif`), 4, (x, y) => Math.round(4000 * shapes(i)(x, y)));
    tiff(join(folder.path, "fourth.tif"), 4, (x, _, band) => (band === 3 ? 4000 * x : 900));
    tiff(join(folder.path, "corner.tif"), 4, (x, y) => (x < 0.2 && y < 0.2 ? 3000 : 900));
    tiff(join(folder.path, "more.tif"), 4, (x, y) => (x < 0.3 && y < 0.3 ? 3000 : 900));
    tiff(join(folder.path, "flat.tif"), 4, (x) => 900 + 10 * x);
    const result = await check(folder.path, { range: [0, 4000] });
    expect(Object.fromEntries(result.suspicious.map(({ path, reasons }) => [path, reasons]))).toEqual({
      "corner.tif": ["nearly of one colour"],
      "flat.tif": ["of one colour"],
    });
    expect(result.findings.map(({ kind, text }) => [kind, text])).toEqual([
      ["few", expect.anything()],
      ["blank", "1 image is of one colour once the range is applied (other: --set range=LOW,HIGH)"],
      ["nearly-blank", "1 image is nearly of one colour (5 % of the pixels differ at most)"],
    ]);
  });

  it("are copies of others at another size and brightness", async () => {
    using folder = temporaryFolder();
    const at = (name: string) => join(folder.path, name);
    for (let i = 0; i < 8; i++)
      tiff(at(`train/a/${i}.tif`), 4, (x, y, band) => Math.round((3000 + 50 * band) * shapes(i)(x, y)));
    tiff(at("val/a/small.tif"), 4, (x, y) => Math.round(2400 * shapes(3)(x, y)), { side: 24 });
    const { leakage } = await check(folder.path);
    expect(leakage.images.map(({ val, train, kind }) => [val, train, kind])).toEqual([
      ["val/a/small.tif", "train/a/3.tif", "near"],
    ]);
  });
});

describe("files of several kinds", () => {
  it("of 8 and 16 bits that training refuses: why, how many of each, and all else that is to be seen", async () => {
    using folder = temporaryFolder();
    const at = (name: string) => join(folder.path, name);
    for (let i = 0; i < 8; i++) tiff(at(`deep-${i}.tif`), 1, (x, y) => Math.round(2000 * shapes(i)(x, y)));
    for (let i = 8; i < 12; i++)
      tiff(at(`flat-${i}.tif`), 1, (x, y) => Math.round(255 * shapes(i)(x, y)), { kind: Uint8Array });
    const { result, images } = await checkData(folder.path, { presets: ["small"] });
    expect(result.refusal).toMatch(/^Expected samples of one type, found 8 × 16-bit, 4 × 8-bit among 12 images/);
    expect(result.findings.slice(0, 2)).toEqual([
      { kind: "refused", count: 1, text: `training would refuse these images: ${result.refusal}` },
      {
        kind: "mixed-depth",
        count: 4,
        text: "files of mixed bit depth, 8 × 16-bit (deep-0.tif), 4 × 8-bit (flat-10.tif)",
      },
    ]);
    expect(images.every(({ reason }) => reason === null)).toBe(true);
    expect([result.ok, result.forecast]).toEqual([false, null]);
    expect(result.notes).toContain("no forecast: training would refuse these images");
    expect(result.notes).toContain("read so for this check alone; training would refuse these images");
    const typed = await check(folder.path, { range: "type" });
    // Values up to 2000 of 65535 are all but black.
    expect([typed.refusal, typed.findings.map(({ kind, count }) => [kind, count])]).toEqual([
      null,
      [
        ["few", 12],
        ["blank", 8],
      ],
    ]);
    expect(typed.notes.join("\n")).toContain(
      "8 images: more than 8 bits a channel, of 8 × 16-bit (deep-0.tif), 4 × 8-bit (flat-10.tif): each is read by all that its type can hold",
    );
  });

  it("of 5 and 6 bands", async () => {
    using folder = temporaryFolder();
    const at = (name: string) => join(folder.path, name);
    for (let i = 0; i < 4; i++) tiff(at(`five-${i}.tif`), 5, (x, y) => Math.round(60_000 * shapes(i)(x, y)));
    for (let i = 4; i < 8; i++) tiff(at(`six-${i}.tif`), 6, (x, y) => Math.round(60_000 * shapes(i)(x, y)));
    const mixture = "mixed bands, 4 × 5 bands (five-0.tif), 4 × 6 bands (six-4.tif)";
    const refused = await check(folder.path);
    expect(refused.findings.map(({ text }) => text)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^training would refuse these images: Expected images of one kind/),
        `files of ${mixture}`,
      ]),
    );
    // Those of five cannot be read.
    const six = await check(folder.path, { channels: 6 });
    expect(six.images).toEqual({ train: 8, val: 0, readable: 4, unreadable: 4 });
    expect(six.findings.find(({ kind }) => kind === "mixed-bands")!.text).toBe(
      `files of ${mixture}: choose bands that all have, as in --set bands=1, or move those of one kind to a folder of their own`,
    );
    const five = await check(folder.path, { channels: 5 });
    expect([five.findings.map(({ kind }) => kind), five.images.unreadable]).toEqual([["few"], 0]);
    expect(five.notes).toContain(`${mixture}: those that are read are in all of them`);
  });

  it("of photographs, in gray and colour: no fault, but said", async () => {
    using folder = temporaryFolder();
    const at = (name: string) => join(folder.path, name);
    await writeImages(folder.path, ["a.jpg", "b.png", "c.jpg"], 48);
    await sampleImage(48, 48, 13).toColourspace("b-w").jpeg().toFile(at("gray.jpg"));
    await sampleImage(48, 48, 19).ensureAlpha(0.5).png().toFile(at("clear.png"));
    await sampleImage(48, 48, 26).toColourspace("rgb16").png().toFile(at("deep.png"));
    const result = await check(folder.path);
    expect([result.input, result.refusal, result.values]).toEqual([PHOTOGRAPHS, null, null]);
    expect(result.findings.map(({ kind }) => kind)).toEqual(["few"]);
    expect(result.bands).toEqual([
      { kind: "RGB", files: 4, example: "a.jpg" },
      { kind: "RGB and alpha", files: 1, example: "clear.png" },
      { kind: "gray", files: 1, example: "gray.jpg" },
    ]);
    expect(result.notes.join("\n")).toMatch(
      /1 image: more than 8 bits a channel, of 5 × 8-bit \(a\.jpg\), 1 × 16-bit \(deep\.png\)[\s\S]*mixed channels, 4 × RGB \(a\.jpg\), .*: gray is read as three equal channels, what is transparent lies on white/,
    );
  });

  it("of every format are counted by what they hold", async () => {
    using folder = temporaryFolder();
    const at = (name: string) => join(folder.path, name);
    await writeImages(folder.path, ["a.jpg", "b.png", "c.tif"], 32);
    const pixels = await sampleImage(32, 32, 9).raw().toBuffer();
    writeFileSync(at("d.ppm"), Buffer.concat([Buffer.from("P6\n32 32\n255\n"), pixels]));
    const head = Buffer.alloc(54);
    head.write("BM");
    head.writeUInt32LE(54 + pixels.length, 2);
    head.writeUInt32LE(54, 10);
    head.writeUInt32LE(40, 14);
    head.writeInt32LE(32, 18);
    head.writeInt32LE(32, 22);
    head.writeUInt16LE(1, 26);
    head.writeUInt16LE(24, 28);
    const bmp = Buffer.concat([head, await sampleImage(32, 32, 11).raw().toBuffer()]);
    writeFileSync(at("e.bmp"), bmp);
    writeFileSync(
      at("f.png"),
      bmp.map((byte, i) => (i < 54 ? byte : 255 - byte)),
    );
    const result = await check(folder.path);
    expect(result.formats).toEqual({ jpeg: 1, png: 1, tiff: 1, pnm: 1, bmp: 2 });
    expect(result.suspicious.map(({ path, reasons }) => [path, reasons])).toEqual([
      ["f.png", ["named .png but holds BMP"]],
    ]);
  });

  it("of .npy alone", async () => {
    using folder = temporaryFolder();
    for (let i = 0; i < 3; i++) {
      const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (32, 32), }";
      const text = Buffer.from(`${header.padEnd(117)}\n`);
      const lead = Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, text.length & 255, text.length >> 8]);
      const data = Float32Array.from({ length: 1024 }, (_, at) =>
        at === 7 ? Number.NaN : shapes(i)((at % 32) / 32, Math.floor(at / 32) / 32),
      );
      writeFileSync(join(folder.path, `${i}.npy`), Buffer.concat([lead, text, Buffer.from(data.buffer)]));
    }
    const { formats, depths, bands, values } = await check(folder.path);
    expect([formats, depths, bands]).toEqual([
      { npy: 3 },
      [{ kind: "32-bit float", files: 3, example: "0.npy" }],
      [{ kind: "gray", files: 3, example: "0.npy" }],
    ]);
    expect(values).toHaveLength(1);
    expect(values![0]!.bands[0]!.highest).toBeLessThanOrEqual(1);
  });
});

describe("tiles", () => {
  it("are named by their place; empty ones are counted; what concerns their file is said once", async () => {
    using folder = temporaryFolder();
    const side = 48;
    const [width, height] = [4 * side, 2 * side];
    const shape = shapes(5);
    const data = new Uint8Array(width * height * 3).fill(240);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        // The first two columns are full; in the third a corner is not empty.
        const isFull = x < 2 * side || (x >= 3 * side - 7 && x < 3 * side && y < 7);
        if (isFull) data.fill(Math.round(200 * shape(x / 60, y / 40)), (y * width + x) * 3, (y * width + x) * 3 + 3);
      }
    const image = sharp(data, { raw: { width, height, channels: 3 } });
    const png = await image.png().toBuffer();
    for (const name of ["train/a/scan.tif", "val/a/same.png"]) {
      mkdirSync(dirname(join(folder.path, name)), { recursive: true });
      writeFileSync(join(folder.path, name), png);
    }
    const result = await check(folder.path, { tiles: side });
    expect(result.images).toEqual({ train: 8, val: 8, readable: 16, unreadable: 0 });
    expect([result.formats, result.depths[0]!.files]).toEqual([{ png: 2 }, 2]);
    const named = result.suspicious.filter(({ split }) => split === "train").map((one) => [one.path, one.reasons]);
    expect(named).toEqual([
      ["train/a/scan.tif#0,0", ["named .tif but holds PNG"]],
      ["train/a/scan.tif#96,0", ["nearly of one colour"]],
      ["train/a/scan.tif#144,0", ["of one colour"]],
      ["train/a/scan.tif#96,48", ["of one colour"]],
      ["train/a/scan.tif#144,48", ["of one colour"]],
    ]);
    expect(result.findings.map(({ kind, count }) => [kind, count])).toEqual(
      expect.arrayContaining([
        ["misnamed", 1],
        ["blank", 6],
        ["nearly-blank", 2],
      ]),
    );
    expect(result.findings.at(-1)!.text).toBe(
      "2 tiles are nearly of one colour (5 % of the pixels differ at most): they teach little; larger tiles (--set tiles=96) have fewer of them; to leave them out, write the others as files of their own",
    );
    // The same part of the same file, and no other part of it.
    expect(result.leakage.exact).toBe(8);
    expect(result.leakage.images[0]).toEqual({
      val: "val/a/same.png#0,0",
      train: "train/a/scan.tif#0,0",
      kind: "exact",
      similarity: 1,
    });
  });
});
