// Whole checks of folders with planted faults: copies made from real photographs, and files that are odd in one way each.
import { cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { ImageReader } from "../data/reader.ts";
import { dataRoot, sampleImage, temporaryFolder, writeImages } from "../testing/data.ts";
import { makeTiff } from "../testing/tiff.ts";
import { checkData } from "./check.ts";
import { LOOK_SIDE, likeness } from "./compare.ts";
import { HASH_SIDE } from "./hash.ts";

const photos = dataRoot("photos");

async function check(root: string) {
  return checkData(root, { presets: [] });
}

/** A photograph with `share` of its edges cut off. */
async function cropped(path: string, left: number, top: number, right: number, bottom: number): Promise<Sharp> {
  const { width, height } = await sharp(path).metadata();
  const [x, y] = [Math.round(left * width), Math.round(top * height)];
  return sharp(path).extract({
    left: x,
    top: y,
    width: width - x - Math.round(right * width),
    height: height - y - Math.round(bottom * height),
  });
}

describe.runIf(photos)("copies of photographs", () => {
  const files = photos
    ? readdirSync(photos)
        .filter((name) => /\.jpe?g$/i.test(name))
        .sort()
        .filter((_, i) => i % 14 === 0)
        .map((name) => join(photos, name))
    : [];
  const ways: [name: string, make: (path: string) => Promise<Sharp>, extension: string][] = [
    ["compressed", async (path) => sharp(path).jpeg({ quality: 30 }), "jpg"],
    ["half as large", async (path) => sharp(path).resize({ width: 240 }).jpeg(), "jpg"],
    ["squeezed, as WebP", async (path) => sharp(path).resize(160, 160, { fit: "fill" }).webp(), "webp"],
    ["brighter", async (path) => sharp(path).modulate({ brightness: 1.15 }).jpeg(), "jpg"],
    ["gray", async (path) => sharp(path).grayscale().jpeg(), "jpg"],
    ["cropped by 4 %", async (path) => (await cropped(path, 0.02, 0.02, 0.02, 0.02)).jpeg(), "jpg"],
    ["cropped by 10 %", async (path) => (await cropped(path, 0.05, 0.05, 0.05, 0.05)).jpeg(), "jpg"],
    ["cropped unevenly", async (path) => (await cropped(path, 0.04, 0.01, 0.0, 0.03)).jpeg(), "jpg"],
    [
      "as PNG, upside down with a tag that turns it back",
      async (path) => sharp(path).rotate(180).withMetadata({ orientation: 3 }).png(),
      "png",
    ],
  ];

  it("are found across train and val, and nothing else is", async () => {
    using folder = temporaryFolder();
    for (const split of ["train", "val"]) mkdirSync(join(folder.path, split, "things"), { recursive: true });
    for (const path of files) cpSync(path, join(folder.path, "train", "things", basename(path)));
    // Each way on its own photograph, then one unchanged.
    for (const [i, [, make, extension]] of ways.entries())
      await (await make(files[i]!)).toFile(join(folder.path, "val", "things", `${i}.${extension}`));
    cpSync(files[ways.length]!, join(folder.path, "val", "things", "same.jpg"));
    const { result } = await check(folder.path);
    const found = new Map(
      result.leakage.images.map(({ val, train, kind }) => [basename(val), [basename(train), kind]]),
    );
    const wanted = ways.map(([, , extension], i): [string, [string, string]] => [
      `${i}.${extension}`,
      [basename(files[i]!), "near"],
    ]);
    expect(found).toEqual(new Map([...wanted, ["same.jpg", [basename(files[ways.length]!), "exact"]]]));
    expect(result.duplicates.groups.map(({ images }) => images.length)).toEqual(new Array(ways.length + 1).fill(2));
    expect(result).toMatchObject({ ok: false, leakage: { exact: 1, near: ways.length }, turned: 1 });
    expect(result.findings[0]!.text).toMatch(/^10 of 10 val images are in train, too \(1 exactly, 9 nearly\)/);
  });

  it("are all told where val has a picture a dozen times, and train once", async () => {
    using folder = temporaryFolder();
    for (const split of ["train", "val"]) mkdirSync(join(folder.path, split, "things"), { recursive: true });
    const at = (split: string, name: string) => join(folder.path, split, "things", name);
    const seen = await sharp(files[0]!).resize({ width: 240 }).png().toBuffer();
    // The same pixels in files that differ.
    for (let i = 0; i < 12; i++)
      await sharp(seen)
        .withMetadata({ density: 72 + i })
        .png()
        .toFile(at("val", `${i}.png`));
    for (const path of files.slice(1, 4)) cpSync(path, at("train", basename(path)));
    await (await cropped(at("val", "0.png"), 0.02, 0.01, 0.01, 0.02)).jpeg().toFile(at("train", "copy.jpg"));
    const { result } = await check(folder.path);
    expect(result.leakage).toMatchObject({ exact: 0, near: 12 });
  });

  it("are not seen between distinct photographs", async () => {
    const { result } = await check(photos!);
    expect(result).toMatchObject({ ok: true, duplicates: { copies: 0, groups: [] } });
  });

  it("name images with two classes", async () => {
    using folder = temporaryFolder();
    for (const name of ["cats", "dogs"]) mkdirSync(join(folder.path, name));
    for (const [i, path] of files.slice(0, 12).entries())
      cpSync(path, join(folder.path, i % 2 ? "cats" : "dogs", basename(path)));
    await (await cropped(files[0]!, 0.03, 0, 0, 0.02)).jpeg().toFile(join(folder.path, "cats", "wrong.jpg"));
    const { result } = await check(folder.path);
    expect(result.duplicates.groups).toMatchObject([
      { kind: "near", conflict: true, leak: false, images: [{ class: "cats" }, { class: "dogs" }] },
    ]);
    expect(result.findings.map(({ kind }) => kind)).toEqual(["conflict", "tiny-class", "few", "duplicates"]);
  });
});

describe("a folder of odd files", () => {
  it("is told apart, file by file", async () => {
    using folder = temporaryFolder();
    const at = (name: string) => join(folder.path, name);
    await writeImages(folder.path, ["fine-1.jpg", "fine-2.png", "fine-3.webp"], 64, 48);
    await sampleImage(20, 40, 4).toFile(at("tiny.png"));
    await sampleImage(400, 48, 5).toFile(at("thin.png"));
    await sharp({ create: { width: 64, height: 64, channels: 3, background: "#336699" } })
      .jpeg()
      .toFile(at("flat.jpg"));
    writeFileSync(at("misnamed.jpg"), await sampleImage(64, 64, 6).png().toBuffer());
    const whole = await sampleImage(64, 64, 7).jpeg().toBuffer();
    writeFileSync(at("cut.jpg"), whole.subarray(0, whole.length / 2));
    writeFileSync(at("text.jpg"), "no image at all");
    writeFileSync(at("empty.png"), "");
    await sampleImage(64, 48, 8).withMetadata({ orientation: 6 }).jpeg().toFile(at("turned.jpg"));
    await sampleImage(64, 64, 9).toColourspace("cmyk").jpeg().toFile(at("inks.jpg"));
    await sampleImage(64, 64, 10).toColourspace("rgb16").png().toFile(at("deep.png"));
    const frames = await Promise.all([11, 12].map((kind) => sampleImage(48, 48, kind).png().toBuffer()));
    await sharp(frames, { join: { animated: true } })
      .gif()
      .toFile(at("moving.gif"));

    const { result } = await check(folder.path);
    expect(result.unreadable.map(({ path }) => path)).toEqual(["cut.jpg", "empty.png", "text.jpg"]);
    for (const { reason } of result.unreadable) expect(reason).toMatch(/ends early|empty|not an image/);
    expect(Object.fromEntries(result.suspicious.map(({ path, reasons }) => [path, reasons]))).toEqual({
      "flat.jpg": ["of one colour"],
      "misnamed.jpg": ["named .jpg but holds PNG"],
      "thin.png": ["long and thin, 400 × 48 px"],
      "tiny.png": ["only 20 × 40 px"],
    });
    expect(result.notes.join("\n")).toMatch(
      /1 image stored turned[\s\S]*1 image: more than 8 bits[\s\S]*1 image: CMYK[\s\S]*1 image: animated/,
    );
    expect(result.images).toEqual({ train: 14, val: 0, readable: 11, unreadable: 3 });
    expect(result.sizes).toMatchObject({ smallest: [20, 40] });
    expect(result.sizes!.histogram.reduce((sum, { images }) => sum + images, 0)).toBe(11);
    expect(result.findings.map(({ kind }) => kind)).toEqual(["unreadable", "few", "misnamed", "tiny", "thin", "blank"]);
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  it("counts classes, and names those that are small or in one split alone", async () => {
    using folder = temporaryFolder();
    const many = Array.from({ length: 33 }, (_, i) => `train/many/${i}.png`);
    await writeImages(
      folder.path,
      [...many, "train/few/a.png", "train/few/b.png", "train/few/c.png", "val/many/x.png", "val/new/y.png"],
      40,
    );
    const { result } = await check(folder.path);
    expect(result.classes.map(({ name, train, val }) => [name, train, val])).toEqual([
      ["few", 3, 0],
      ["many", 33, 1],
      ["new", 0, 1],
    ]);
    expect(result.findings.map(({ kind, text }) => [kind, text])).toEqual(
      expect.arrayContaining([
        ["class-mismatch", "1 class is in train alone: few"],
        ["class-mismatch", "1 class is in val alone: new"],
        ["tiny-class", "1 class has fewer than 10 training images: few 3"],
        ["imbalance", "uneven classes: many has 11 times as many images as few; look at macro-F1"],
      ]),
    );
  });

  it("says that one class is too few to probe", async () => {
    using folder = temporaryFolder();
    await writeImages(
      folder.path,
      Array.from({ length: 12 }, (_, i) => `train/only/${i}.png`),
      40,
    );
    expect((await check(folder.path)).result.findings[0]).toMatchObject({ kind: "one-class" });
  });

  it("says where there is not one batch, nothing to train on, and no forecast", async () => {
    using folder = temporaryFolder();
    await writeImages(folder.path, ["a.png", "b.png"], 40);
    expect((await check(folder.path)).result.findings.map(({ text }) => text)).toEqual([
      "only 2 training images, fewer than one batch of 64: preset auto makes smaller ones, and little is learnt from so few",
    ]);
    for (const name of ["a.png", "b.png"]) writeFileSync(join(folder.path, name), "nothing");
    const { result } = await checkData(folder.path, { presets: ["small"] });
    expect(result).toMatchObject({ ok: false, forecast: null });
    expect(result.findings.map(({ text }) => text)).toEqual([
      "none of 2 images can be read: there is nothing to train on",
    ]);
    expect(result.notes).toContain("no forecast: fewer than two training images can be read");
  });

  it("says which files beside the images are not read, and what AVIF is", async () => {
    using folder = temporaryFolder();
    await writeImages(folder.path, ["a.avif", "b.png"], 40);
    for (const name of ["x.tar", "y.tar", "z.parquet"]) writeFileSync(join(folder.path, name), "");
    const { result } = await check(folder.path);
    expect(result.notes).toEqual(
      expect.arrayContaining([
        "left aside: 2 .tar (x.tar): give such a file itself as DATA",
        "left aside: 1 .parquet (z.parquet): give such a file itself as DATA",
      ]),
    );
    expect([result.formats, result.suspicious]).toEqual([{ avif: 1, png: 1 }, []]);
  });

  it("compares images of one colour by their bytes alone", async () => {
    using folder = temporaryFolder();
    const flat = (background: string) => sharp({ create: { width: 64, height: 64, channels: 3, background } }).png();
    for (const [name, colour] of [
      ["a", "#101010"],
      ["b", "#e0e0e0"],
      ["c", "#101010"],
    ] as const)
      await flat(colour).toFile(join(folder.path, `${name}.png`));
    const { result } = await check(folder.path);
    expect(result.duplicates.groups.map(({ kind, images }) => [kind, images.map(({ path }) => path)])).toEqual([
      ["exact", ["a.png", "c.png"]],
    ]);
  });
});

describe("likeness", () => {
  const gray = (shift: number, scale = 1) =>
    Float32Array.from({ length: LOOK_SIDE ** 2 }, (_, i) => {
      const [x, y] = [shift + scale * (i % LOOK_SIDE), shift + scale * Math.floor(i / LOOK_SIDE)];
      return 128 + 50 * Math.sin(x / 5 + Math.cos(y / 9)) + 40 * Math.sin(y / 7 + x / 23);
    });

  it("is 1 for a picture and itself, brighter or of less contrast", () => {
    const { coarse, fine } = likeness(
      gray(0),
      gray(0).map((value) => 30 + 0.6 * value),
    );
    expect(coarse).toBeCloseTo(1, 4);
    expect(fine).toBeCloseTo(1, 4);
  });

  it("finds the part that the other shows, whichever way round", () => {
    const part = gray(4, 0.88);
    for (const [a, b] of [
      [gray(0), part],
      [part, gray(0)],
    ] as const) {
      const { coarse, fine } = likeness(a, b);
      expect(coarse).toBeGreaterThan(0.97);
      expect(fine).toBeGreaterThan(0.93);
    }
  });

  it("is 0 against one colour", () => {
    expect(likeness(gray(0), new Float32Array(LOOK_SIDE ** 2).fill(9))).toEqual({ coarse: 0, fine: 0 });
  });
});

describe("the pass over images", () => {
  it("does not depend on the reader's threads", async () => {
    using folder = temporaryFolder();
    await writeImages(
      folder.path,
      Array.from({ length: 70 }, (_, i) => `${i}.jpg`),
      HASH_SIDE + 9,
    );
    const outcomes = [];
    for (const threads of [1, 3]) {
      const { result } = await checkData(folder.path, {
        presets: [],
        reader: new ImageReader({ cacheBytes: 0, threads }),
      });
      outcomes.push({ ...result, seconds: 0, images_per_s: 0 });
    }
    expect(outcomes[0]).toEqual(outcomes[1]);
  });
});

it("reads images as training would: many bands, and what fits together in no way by what all of them have", async () => {
  using folder = temporaryFolder();
  const tiff = (bands: number, image: number) =>
    makeTiff({
      width: 40,
      height: 40,
      bands,
      data: Uint16Array.from({ length: 1600 * bands }, (_, i) => (i * (image + 3)) % 3001),
    });
  for (const i of [0, 1, 2]) writeFileSync(join(folder.path, `${i}.tif`), tiff(13, i));
  const options = { presets: [] };
  const many = (await checkData(folder.path, options)).images;
  expect(many.map(({ reason, format, width }) => [reason, format, width])).toEqual(
    new Array(3).fill([null, "tiff", 40]),
  );
  for (const i of [0, 1, 2]) writeFileSync(join(folder.path, `few-${i}.tif`), tiff(5, i));
  const lines: string[] = [];
  const { images } = await checkData(folder.path, { ...options, onUnderstood: (said) => void lines.push(...said) });
  expect(images.map(({ reason }) => reason)).toEqual(new Array(6).fill(null));
  expect(lines.join()).toMatch(
    /training would refuse these images: Expected images of one kind, found 3 × 13 bands, 3 × 5 bands/,
  );
});
