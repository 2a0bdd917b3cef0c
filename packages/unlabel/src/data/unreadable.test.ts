import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sampleImage, samplePixels, temporaryFolder, withoutPrivileges } from "../testing/data.ts";
import { difference, reader, readWhole, whole } from "../testing/reader.ts";
import { openFolder } from "./folder.ts";
import { Loader } from "./loader.ts";
import type { ImageSource } from "./reader.ts";
import type { ViewSpec } from "./views.ts";

const SPEC: ViewSpec = {
  count: 1,
  size: 16,
  crop: { scale: [0.3, 1], ratio: [3 / 4, 4 / 3] },
  filter: "bilinear",
  flip: 0.5,
  color: null,
  grayscale: 0,
  blur: null,
  solarize: 0,
  mean: [0, 0, 0],
  std: [1, 1, 1],
};

describe("unreadable images", () => {
  it("become reasons, each at its index, and leave their neighbours alone", async () => {
    using folder = temporaryFolder();
    const jpeg = await sampleImage(60, 50).jpeg().toBuffer();
    const png = await sampleImage(60, 50).png().toBuffer();
    const huge = Buffer.from(jpeg);
    // The frame header's height and width, two bytes each, behind marker, length and precision.
    const frame = huge.indexOf(Buffer.from([0xff, 0xc0]));
    huge.writeUInt16BE(60_000, frame + 5);
    huge.writeUInt16BE(60_000, frame + 7);
    const contents: [string, Uint8Array | string, RegExp | null][] = [
      ["good.jpg", jpeg, null],
      ["cut.jpg", jpeg.subarray(0, jpeg.length * 0.7), /ends early/],
      ["zero.jpg", "", /empty/],
      ["text.jpg", "this is no image", /not an image/],
      ["wrong-extension.jpg", png, null],
      ["cut.png", png.subarray(0, png.length / 2), /damaged/],
      ["huge.jpg", huge, /60000 × 60000/],
      ["drawing.png", "<svg xmlns='http://www.w3.org/2000/svg' width='60' height='50'></svg>", /not an image/],
      ["photo.png", jpeg, null],
    ];
    for (const [name, content] of contents) writeFileSync(join(folder.path, name), content);
    symlinkSync("loop.jpg", join(folder.path, "loop.jpg"));
    const names = [...contents.map(([name]) => name), "missing.jpg", "loop.jpg", ""];
    const reasons = [...contents.map(([, , reason]) => reason), /gone/, /symbolic links/, /not a file/];
    const images = names.map((name) => join(folder.path, name));
    const { data, failures } = await reader.read(
      images.map((image) => ({ image, views: [whole(60, 50)] })),
      { width: 60, height: 50, filter: "bilinear" },
    );
    const byIndex = new Map(failures.map((f) => [f.index, f]));
    const size = 60 * 50 * 3;
    for (const [i, reason] of reasons.entries()) {
      const view = data.subarray(i * size, (i + 1) * size);
      if (reason === null) {
        expect(byIndex.get(i), names[i]).toBeUndefined();
        expect(difference(view, samplePixels(60, 50)).mean).toBeLessThan(12);
      } else {
        expect(byIndex.get(i)?.reason, names[i]).toMatch(reason);
        expect(byIndex.get(i)?.path).toBe(images[i]);
        expect(view.every((v) => v === 0)).toBe(true);
      }
    }
    // Headers alone do not show that the end is missing.
    const sizes = await reader.sizes(images);
    expect(sizes.sizes[0]).toEqual({ width: 60, height: 50 });
    expect(sizes.sizes[6]).toBeNull();
    expect(sizes.failures.map((f) => f.index)).toEqual(expect.arrayContaining([2, 3, 6, 7, 9, 10, 11]));
  });

  it("include those that one may not read, that gave way to a folder, or that are nothing", async () => {
    using folder = temporaryFolder();
    chmodSync(folder.path, 0o755);
    const [open, locked, changed] = ["open.jpg", "locked.jpg", "changed.jpg"].map((name) => join(folder.path, name));
    for (const path of [open!, locked!]) await sampleImage(20, 20).toFile(path);
    chmodSync(locked!, 0);
    mkdirSync(changed!);
    const { sizes, failures } = await withoutPrivileges(() =>
      reader.sizes([open!, locked!, changed!, new Uint8Array()]),
    );
    expect(sizes).toEqual([{ width: 20, height: 20 }, null, null, null]);
    expect(failures.map(({ reason }) => reason)).toEqual([
      "no permission to read it",
      "not a file",
      "the file is empty",
    ]);
  });

  it("include those cut or changed in size between two looks; whole ones are read as they are now", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "a.jpg");
    const jpeg = (kind: number, width = 40) => sampleImage(width, 30, kind).jpeg({ quality: 100 }).toBuffer();
    const [before, after, smaller] = [await jpeg(0), await jpeg(3), await jpeg(0, 20)];
    const read = () => readWhole(path, 40, 30);
    const pixels = async (content: Uint8Array) => (await readWhole(content, 40, 30)).data;
    const replace = (content: Uint8Array) => {
      writeFileSync(`${path}.new`, content);
      renameSync(`${path}.new`, path);
    };
    writeFileSync(path, before);
    expect((await read()).data).toEqual(await pixels(before));
    writeFileSync(path, after.subarray(0, after.length / 2));
    expect((await read()).failures[0]?.reason).toMatch(/ends early/);
    writeFileSync(path, after);
    expect((await read()).data).toEqual(await pixels(after));
    replace(smaller);
    expect((await read()).failures[0]?.reason).toMatch(/outside of the image, which has 20 × 30 pixels/);
  });

  it("are none where files are replaced under the reader: each is the old or the new one", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "a.jpg");
    const versions = await Promise.all([0, 3].map((kind) => sampleImage(40, 30, kind).jpeg().toBuffer()));
    const known = await Promise.all(
      versions.map(async (content) => Buffer.from((await readWhole(content, 40, 30)).data)),
    );
    writeFileSync(path, versions[0]!);
    for (let round = 1; round <= 30; round++) {
      const items = Array.from({ length: 16 }, () => ({ image: path, views: [whole(40, 30)] }));
      const reading = reader.read(items, { width: 40, height: 30, filter: "bilinear" });
      writeFileSync(`${path}.new`, versions[round % 2]!);
      renameSync(`${path}.new`, path);
      const { data, failures } = await reading;
      expect(failures).toEqual([]);
      const size = 40 * 30 * 3;
      for (let i = 0; i < items.length; i++) {
        const view = data.subarray(i * size, (i + 1) * size);
        expect(known.some((one) => one.equals(view))).toBe(true);
      }
    }
    expect(known[0]!.equals((await readWhole(path, 40, 30)).data)).toBe(true);
  });

  it("include those longer than any side that is read, in every format and as pixels, and never end a batch", async () => {
    using folder = temporaryFolder();
    const long = 70_000;
    const names = ["wide.png", "tall.png", "wide.tif", "tall.tif"];
    for (const name of names) {
      const [width, height] = name.startsWith("wide") ? [long, 3] : [3, long];
      const image = sampleImage(width, height);
      await (name.endsWith("png") ? image.png() : image.tiff({ compression: "lzw" })).toFile(join(folder.path, name));
    }
    for (let i = 0; i < 8; i++) await sampleImage(40, 30, i).toFile(join(folder.path, `${i}.png`));
    const told = /^it has (70000 × 3|3 × 70000) pixels; at most 65,500 a side are read$/;
    const pixels = { data: new Uint8Array(long * 3), width: long, height: 1 };
    const images: ImageSource[] = [...names.map((name) => join(folder.path, name)), pixels, join(folder.path, "0.png")];
    // Twice: what was decoded is kept.
    for (let round = 0; round < 2; round++) {
      const { sizes, failures } = await reader.sizes(images);
      expect(sizes).toEqual([null, null, null, null, null, { width: 40, height: 30 }]);
      for (const { reason } of failures.slice(0, 4)) expect(reason).toMatch(told);
      expect(failures[4]?.reason).toMatch(/^it has 70000 × 1 pixels/);
      const items = images.map((image) => ({ image, views: [whole(40, 30)] }));
      const read = await reader.read(items, { width: 40, height: 30, filter: "bilinear" });
      expect(read.failures.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
      expect(difference(read.data.subarray(-40 * 30 * 3), samplePixels(40, 30)).max).toBe(0);
    }
    const skipped = new Map<string, string>();
    const loader = new Loader(openFolder(folder.path).train, [SPEC], {
      batch: 4,
      seed: 1,
      onSkip: ({ path, reason }) => skipped.set(path, reason),
    });
    for await (const { step, views } of loader.batches()) {
      for (const view of views) view.dispose();
      if (step === 2 * loader.stepsPerEpoch) break;
    }
    expect([...skipped.keys()].sort()).toEqual([...names].sort());
    for (const reason of skipped.values()) expect(reason).toMatch(told);
  });

  it("includes boxes outside of the image", async () => {
    const image = { data: samplePixels(10, 10), width: 10, height: 10 };
    for (const box of [
      { x: 5, y: 0, width: 6, height: 5 },
      { x: -1, y: 0, width: 5, height: 5 },
      { x: 0, y: 0, width: 0, height: 5 },
      { x: Number.NaN, y: 0, width: 5, height: 5 },
    ]) {
      const { failures } = await reader.read([{ image, views: [{ ...box, flip: false }] }], {
        width: 4,
        height: 4,
        filter: "bilinear",
      });
      expect(failures[0]?.reason).toMatch(/outside of the image, which has 10 × 10 pixels/);
    }
  });

  it("survives 500 mutated JPEGs", async () => {
    const originals = await Promise.all(
      [{ progressive: false }, { progressive: true }].map((o) =>
        sampleImage(70, 60).withMetadata({ orientation: 6 }).jpeg(o).toBuffer(),
      ),
    );
    let state = 12345;
    const random = (n: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % n;
    };
    const images = Array.from({ length: 500 }, (_, i) => {
      const bytes = Uint8Array.from(originals[i % 2]!);
      for (let k = 0; k <= random(20); k++) bytes[2 + random(bytes.length - 2)] = random(256);
      return i % 5 === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
    });
    const { sizes } = await reader.sizes(images);
    const items = images.map((image, i) => ({
      image,
      views: sizes[i] ? [whole(sizes[i].width, sizes[i].height), whole(1, 1)] : [],
    }));
    const { data, failures } = await reader.read(items, { width: 16, height: 16, filter: "bicubic" });
    expect(data.length).toBe(items.reduce((n, item) => n + item.views.length, 0) * 16 * 16 * 3);
    // Some damage is beyond repair, some is not noticed: both kinds must be among so many.
    expect(failures.length).toBeGreaterThan(20);
    expect(failures.length).toBeLessThan(480);
  });
});
