// What the studio's process answers of a run's images: as the commands would, within the folders given, and without a trace on the disk.
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import crc32 from "crc-32";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { counted } from "../../base/text.ts";
import { search } from "../../eval/search.ts";
import { sampleImage, temporaryFolder, writeImages } from "../../testing/data.ts";
import { pretrain } from "../../train/pretrain.ts";
import { Atlas } from "./atlas.ts";
import type { Context } from "./context.ts";
import { WorkProcess } from "./work.ts";

const folder = temporaryFolder();
const root = realpathSync(folder.path);
const at = (...parts: string[]) => join(root, ...parts);
const QUIET = { write: () => true };
const heard: string[] = [];
const context: Context = { tell: (words) => heard.push(words), signal: new AbortController().signal };
const NAMES = ["ant", "bee", "cat"].flatMap((kind) => Array.from({ length: 8 }, (_, i) => `train/${kind}/${i}.png`));
let atlas: Atlas;

beforeAll(async () => {
  await writeImages(at("inside", "images"), [...NAMES, "val/ant/0.png", "val/bee/0.png", "val/cat/0.png"], 40);
  await writeImages(at("outside"), ["secret.png"], 40);
  const common = {
    size: 32,
    batch: 8,
    steps: 2,
    epochs: 1,
    warmup_epochs: 0,
    device: "cpu",
    precision: "fp32",
    threads: 1,
  };
  const tiny = { patch: 8, decoder_width: 32, decoder_depth: 1, encoder: "vit_tiny", method: "mae" };
  for (const [name, flags] of [
    ["mae", { ...common, ...tiny }],
    ["simclr", { ...common, method: "simclr" }],
  ] as const) {
    await pretrain({
      data: at("inside", "images"),
      settings: { flags },
      out: at("inside", "runs", name),
      stream: QUIET,
    });
  }
  atlas = new Atlas([at("inside")]);
});
afterAll(async () => {
  await atlas[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const run = (name: string) => at("inside", "runs", name);
const files = (name: string) => readdirSync(run(name), { recursive: true, encoding: "utf8" }).sort();

describe("search", () => {
  it("finds what `unlabel search` finds, and writes nothing", async () => {
    const before = files("mae");
    const image = at("inside", "images", "val/bee/0.png");
    const asked = { bytes: new Uint8Array(readFileSync(image)) };
    const mine = await atlas.answer("search", { dir: run("mae"), asked, k: 7 }, context);
    expect(files("mae")).toEqual(before);
    const theirs = await search(run("mae"), image, at("inside", "images"), { k: 7, stream: QUIET, device: "cpu" });
    expect(mine.found.map(({ path, split, class: label }) => ({ path, split, label }))).toEqual(
      theirs.found.map(({ path, split, class: label }) => ({ path, split, label })),
    );
    for (const [i, { similarity }] of mine.found.entries())
      expect(similarity).toBeCloseTo(theirs.found[i]!.similarity, 5);
    expect(mine).toMatchObject({ images: theirs.images, skipped: 0, step: 2, size: 32 });
    // It is one of the images itself, by its number too.
    const names = await atlas.answer("names", { dir: run("mae"), images: [mine.found[0]!.image] }, context);
    expect(names).toEqual([{ path: "val/bee/0.png", split: "val", class: "bee" }]);
    const again = await atlas.answer(
      "search",
      { dir: run("mae"), asked: { image: mine.found[0]!.image }, k: 7 },
      context,
    );
    expect(again.found.map(({ path }) => path)).toEqual(mine.found.map(({ path }) => path));
  });

  it.each([
    ["no picture", new Uint8Array([1, 2, 3]), /Expected a picture, got what cannot be read/],
    ["nothing", new Uint8Array(0), /Expected a picture, got an empty file/],
    ["too many bytes", new Uint8Array(25_000_001), /Expected a picture of at most 25 MB, got 25.0/],
  ])("refuses %s", async (_, bytes, words) => {
    await expect(atlas.answer("search", { dir: run("mae"), asked: { bytes }, k: 3 }, context)).rejects.toThrow(words);
  });

  it("refuses a picture that would be far larger than its file", async () => {
    // A small PNG whose header says that it is large.
    const bytes = new Uint8Array(await sampleImage(8, 8).png().toBuffer());
    const header = new DataView(bytes.buffer, bytes.byteOffset);
    header.setUint32(16, 12_000);
    header.setUint32(20, 9_000);
    header.setInt32(29, crc32.buf(bytes.subarray(12, 29)));
    const asked = atlas.answer("search", { dir: run("mae"), asked: { bytes }, k: 3 }, context);
    await expect(asked).rejects.toThrow(/^Expected a picture.*at most 100 m/);
  });
});

describe("map", () => {
  it("has every image once, with its class, what neighbours say, its group and its split", async () => {
    const before = files("simclr");
    const { told, points } = await atlas.answer("map", { dir: run("simclr") }, context);
    expect(told).toMatchObject({ count: 27, train: 24, val: 3, left: 0, step: 2, cached: false });
    expect(told.classes).toEqual(["ant", "bee", "cat"].map((name) => ({ name, images: 9 })));
    expect(files("simclr")).toEqual(before);
    expect(points.length).toBe(14 * 27);
    const bytes = points.slice().buffer;
    const images = [...new Uint32Array(bytes, 0, 27)];
    expect(images).toEqual(Array.from({ length: 27 }, (_, i) => i));
    const labels = [...new Int16Array(bytes, 8 * 27, 27)];
    const names = await atlas.answer("names", { dir: run("simclr"), images }, context);
    expect(labels.map((label) => told.classes[label]!.name)).toEqual(names.map((one) => one.class));
    const predicted = [...new Int16Array(bytes, 10 * 27, 27)];
    expect(predicted.filter((one, i) => one !== labels[i]).length / 27).toBeCloseTo(told.wrong!, 9);
    expect([...new Uint8Array(bytes, 13 * 27, 27)]).toEqual(images.map((image) => Number(image >= 24)));
    expect(heard).toEqual(expect.arrayContaining(["encoding 27 images", "laying out the map"]));
  });

  it("takes the features that the run keeps", async () => {
    await search(run("simclr"), at("inside", "images", NAMES[0]!), at("inside", "images"), {
      k: 1,
      stream: QUIET,
      device: "cpu",
    });
    const fresh = new Atlas([at("inside")]);
    const { told } = await fresh.answer("map", { dir: run("simclr") }, context);
    expect(told.cached).toBe(true);
    await fresh[Symbol.asyncDispose]();
  });

  it("draws thumbnails by number, ten in a row", async () => {
    const images = Array.from({ length: 12 }, (_, i) => 2 * i);
    const sheet = await atlas.answer("thumbnails", { dir: run("mae"), images, edge: 32 }, context);
    const { data, info } = await sharp(sheet).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([320, 64]);
    const own = await sharp(at("inside", "images", NAMES[22]!))
      .resize(32, 32)
      .raw()
      .toBuffer();
    const mean = (of: (x: number, y: number) => number) => {
      let sum = 0;
      for (let y = 0; y < 32; y++) for (let x = 0; x < 32; x++) sum += of(x, y);
      return sum / 1024;
    };
    // The twelfth, in the second row.
    expect(Math.abs(mean((x, y) => data[((32 + y) * 320 + 32 + x) * 3]! - own[(y * 32 + x) * 3]!))).toBeLessThan(6);
    await expect(atlas.answer("thumbnails", { dir: run("mae"), images: [27], edge: 32 }, context)).rejects.toThrow(
      "Expected the number of an image, below 27, got 27",
    );
  });
});

describe("hidden patches", () => {
  const pixelsOf = async (uri: string) =>
    sharp(Buffer.from(uri.split(",")[1]!, "base64"))
      .raw()
      .toBuffer();

  it("fills in those that were painted, and leaves the others as they are", async () => {
    const hidden = [0, 5, 10, 15];
    const told = await atlas.answer("masked", { dir: run("mae"), asked: { image: 0 }, hidden }, context);
    expect(told).toMatchObject({ grid: 4, size: 32, hidden: 4, which: hidden });
    const [original, masked, filled] = await Promise.all(
      [told.original, told.masked, told.reconstructed].map(pixelsOf),
    );
    const differs = (other: Buffer) =>
      Array.from({ length: 16 }, (_, patch) => {
        for (let y = 0; y < 8; y++) {
          const from = ((Math.floor(patch / 4) * 8 + y) * 32 + (patch % 4) * 8) * 3;
          if (original!.compare(other, from, from + 24, from, from + 24) !== 0) return [patch];
        }
        return [];
      }).flat();
    expect(differs(masked!)).toEqual(hidden);
    expect(differs(filled!)).toEqual(hidden);
    const byItself = await atlas.answer("masked", { dir: run("mae"), asked: { image: 0 }, hidden: null }, context);
    expect(byItself.hidden).toBe(12);
  });

  it.each([
    [[], /Expected at least one hidden patch and one that is seen, got 0 of 16/],
    [Array.from({ length: 16 }, (_, i) => i), /got 16 of 16 hidden/],
    [[16], /Expected patches from 0 to 15/],
    [[-1], /Expected patches from 0 to 15/],
  ])("refuses %j", async (hidden, words) => {
    await expect(atlas.answer("masked", { dir: run("mae"), asked: { image: 0 }, hidden }, context)).rejects.toThrow(
      words,
    );
  });

  it("says which methods can", async () => {
    const asked = atlas.answer("masked", { dir: run("simclr"), asked: { image: 0 }, hidden: [1] }, context);
    await expect(asked).rejects.toThrow(
      "Expected a run of a method that predicts what is hidden, such as mae, got simclr",
    );
  });
});

describe("a run from a stranger", () => {
  /** A copy of a run's run.json that says other things, with the run's weights. */
  function stranger(name: string, data: Record<string, unknown>): string {
    const dir = run(name);
    mkdirSync(dir, { recursive: true });
    const info = JSON.parse(readFileSync(join(run("mae"), "run.json"), "utf8")) as { data: Record<string, unknown> };
    writeFileSync(join(dir, "run.json"), JSON.stringify({ ...info, data: { ...info.data, ...data } }));
    symlinkSync(join(run("mae"), "checkpoints"), join(dir, "checkpoints"));
    return dir;
  }

  it.each([
    ["elsewhere", at("outside")],
    ["by a link", at("inside", "link")],
    ["nowhere", at("inside", "nothing")],
  ])("has no images that lie %s", async (name, place) => {
    if (name === "by a link") symlinkSync(at("outside"), place);
    const dir = stranger(`stranger-${name.replaceAll(" ", "-")}`, { root: place });
    for (const [kind, ask] of [
      ["names", { dir, images: [0] }],
      ["thumbnails", { dir, images: [0], edge: 32 }],
      ["map", { dir }],
    ] as const) {
      await expect(atlas.answer(kind, ask as never, context)).rejects.toThrow(/^Expected .*images/);
    }
  });

  it("has no weights and no settings that lie elsewhere, and none that never end", async () => {
    cpSync(run("mae"), at("outside", "run"), { recursive: true });
    const weights = stranger("stranger-weights", {});
    rmSync(join(weights, "checkpoints"));
    symlinkSync(at("outside", "run", "checkpoints"), join(weights, "checkpoints"));
    const settings = run("stranger-settings");
    mkdirSync(settings);
    symlinkSync(at("outside", "run", "run.json"), join(settings, "run.json"));
    const pipe = run("stranger-pipe");
    mkdirSync(pipe);
    execFileSync("mkfifo", [join(pipe, "run.json")]);
    const file = at("inside", "stranger.csv");
    for (const [dir, words] of [
      [weights, "a link to somewhere else"],
      [settings, "a link to somewhere else"],
      [pipe, "a pipe or device"],
    ] as const) {
      await expect(atlas.answer("map", { dir }, context)).rejects.toThrow(words);
      const label = atlas.answer("labelOpen", { root: at("inside", "images"), dirs: [dir], file }, context);
      await expect(label).rejects.toThrow(words);
    }
  });

  it("has no images that a list or a link within leads to", async () => {
    const list = at("inside", "list.csv");
    writeFileSync(list, `path\n${at("outside", "secret.png")}\nimages/${NAMES[0]}\n`);
    const dir = stranger("stranger-list", { root: list });
    expect(await atlas.answer("names", { dir, images: [0] }, context)).toMatchObject([{ class: null }]);
    await expect(atlas.answer("names", { dir, images: [1] }, context)).rejects.toThrow("below 1, got 1");
    await sampleImage(32, 32).toFile(at("inside", "mine.png"));
    mkdirSync(at("inside", "few"));
    symlinkSync(at("outside", "secret.png"), at("inside", "few", "a.png"));
    symlinkSync(at("inside", "mine.png"), at("inside", "few", "b.png"));
    const few = stranger("stranger-few", { root: at("inside", "few") });
    expect(await atlas.answer("names", { dir: few, images: [0] }, context)).toMatchObject([{ path: "b.png" }]);
    const elsewhere = (count: number) =>
      new RegExp(`got ${counted(count, "image")} in .*outside; give that one, too: .*studio .*outside$`);
    await expect(atlas.answer("check", { root: at("inside", "few") }, context)).rejects.toThrow(elsewhere(1));
    const ask = { root: at("inside", "few"), dirs: [run("mae")], file: at("inside", "none.csv") };
    await expect(atlas.answer("labelOpen", ask, context)).rejects.toThrow(elsewhere(1));
    // All of them, from two folders of one.
    await writeImages(at("outside", "ant"), ["0.png"], 16);
    rmSync(at("inside", "few", "b.png"));
    symlinkSync(at("outside", "ant", "0.png"), at("inside", "few", "b.png"));
    const none = stranger("stranger-none", { root: at("inside", "few") });
    await expect(atlas.answer("names", { dir: none, images: [0] }, context)).rejects.toThrow(elsewhere(2));
  });

  it("reads no archive, name of a class or folder that a link out of them leads to, and waits for no pipe", async () => {
    const hidden = at("outside", "hidden");
    mkdirSync(join(hidden, "ant"), { recursive: true });
    writeFileSync(join(hidden, "a.tar"), "");
    writeFileSync(join(hidden, "names.json"), '{"ant":"SECRET"}');
    const places = { "a.tar": "a.tar", "Labels.json": "names.json", ant: "ant" };
    for (const [name, leads] of Object.entries(places)) {
      const place = at("inside", `linked ${name}`);
      await writeImages(place, ["train/bee/0.png", "train/bee/1.png"], 16);
      symlinkSync(join(hidden, leads), join(place, name));
      const dir = stranger(`stranger ${name}`, { root: place });
      const words = new RegExp(`got the link .*${name} out of them; give that one, too: .*studio .*outside/hidden`);
      await expect(atlas.answer("names", { dir, images: [0] }, context)).rejects.toThrow(words);
      await expect(atlas.answer("check", { root: place }, context)).rejects.toThrow(words);
      const ask = { root: place, dirs: [run("mae")], file: at("inside", "none.csv") };
      await expect(atlas.answer("labelOpen", ask, context)).rejects.toThrow(words);
    }
    // A link that stays within is as good as what it leads to.
    const own = at("inside", "own links");
    mkdirSync(join(own, "train"), { recursive: true });
    symlinkSync(at("inside", "images", "train", "bee"), join(own, "train", "bee"));
    const dir = stranger("stranger own", { root: own });
    expect(await atlas.answer("names", { dir, images: [0] }, context)).toMatchObject([{ class: "bee" }]);
    const pipe = at("inside", "pipe");
    await writeImages(pipe, ["train/bee/0.png", "train/bee/1.png"], 16);
    execFileSync("mkfifo", [join(pipe, "Labels.json")]);
    await expect(
      atlas.answer("names", { dir: stranger("stranger pipe", { root: pipe }), images: [0] }, context),
    ).rejects.toThrow("got a folder, pipe or device");
  });
});

describe("check", () => {
  it("finds what `unlabel data check` finds, and knows the pictures concerned", async () => {
    await writeImages(
      at("inside", "doubles"),
      Array.from({ length: 6 }, (_, i) => `train/ant/${i}.png`),
      64,
    );
    writeFileSync(at("inside", "doubles", "train/ant/6.png"), readFileSync(at("inside", "doubles", "train/ant/2.png")));
    writeFileSync(at("inside", "doubles", "train/ant/broken.png"), "none");
    mkdirSync(at("inside", "doubles", "val", "ant"), { recursive: true });
    writeFileSync(at("inside", "doubles", "val/ant/0.png"), readFileSync(at("inside", "doubles", "train/ant/4.png")));
    const told = await atlas.answer("check", { root: at("inside", "doubles") }, context);
    expect(told.images).toMatchObject({ train: 8, val: 1, unreadable: 1 });
    expect(told.leaks.exact).toBe(1);
    const [leak, twins] = told.copies.groups;
    expect(leak).toMatchObject({ leak: true, kind: "exact" });
    expect(leak!.images.map(({ path }) => path).sort()).toEqual(["train/ant/4.png", "val/ant/0.png"]);
    expect(twins!.images.map(({ path }) => path).sort()).toEqual(["train/ant/2.png", "train/ant/6.png"]);
    expect(told.unreadable.first.map(({ path }) => path)).toEqual(["train/ant/broken.png"]);
    const images = twins!.images.map(({ image }) => image);
    const sheet = await atlas.answer("checkedThumbnails", { root: at("inside", "doubles"), images, edge: 32 }, context);
    const { data } = await sharp(sheet).raw().toBuffer({ resolveWithObject: true });
    // The same picture twice, side by side.
    const apart = Array.from({ length: 32 * 32 }, (_, i) => {
      const at = (Math.floor(i / 32) * 64 + (i % 32)) * 3;
      return Math.abs(data[at]! - data[at + 96]!);
    });
    expect(Math.max(...apart)).toBeLessThan(24);
    await expect(
      atlas.answer("checkedThumbnails", { root: at("inside", "images"), images: [0], edge: 32 }, context),
    ).rejects.toThrow("check them first");
  });
});

it("labels within the folders alone, each answer in the file at once", async () => {
  const ask = { root: at("inside", "images"), dirs: [run("mae"), run("simclr")], file: at("inside", "labels.csv") };
  let told = await atlas.answer("labelOpen", ask, context);
  expect(told).toMatchObject({ at: 0, images: 27, runs: 2, file: ask.file });
  const act = (image: number | null, label: string | null, where = told.at) =>
    atlas.answer("labelAct", { id: told.id, at: where, image, label }, context);
  told = await act(told.current!.image, "ant");
  expect(readFileSync(ask.file, "utf8").trim().split("\n")).toHaveLength(2);
  expect(told.taken).toBe(true);
  // A page that is behind is told how it is, and that its answer was not taken.
  expect(await act(told.current!.image, "bee", 0)).toMatchObject({ at: 1, taken: false });
  expect(await act(null, null)).toMatchObject({ at: 0, taken: true });
  expect((await atlas.answer("labelPicture", { id: told.id, image: 3 }, context)).type).toBe("image/png");
  for (const file of [at("outside", "labels.csv"), at("inside", "..", "labels.csv"), at("inside", "labels.txt")]) {
    await expect(atlas.answer("labelOpen", { ...ask, file }, context)).rejects.toThrow(/^Expected/);
  }
  symlinkSync(at("outside", "diary.csv"), at("inside", "diary.csv"));
  await expect(atlas.answer("labelOpen", { ...ask, file: at("inside", "diary.csv") }, context)).rejects.toThrow(
    "got a link",
  );
});

it("gives the file of a session back when its process is ended, with every label", async () => {
  const file = at("inside", "ended.csv");
  using work = new WorkProcess([at("inside")]);
  const told = await work.ask("labelOpen", { root: at("inside", "images"), dirs: [run("simclr")], file });
  await work.ask("labelAct", { id: told.id, at: told.at, image: told.current!.image, label: "ant" });
  expect(existsSync(`${file}.lock`)).toBe(true);
  work[Symbol.dispose]();
  await expect.poll(() => existsSync(`${file}.lock`), { timeout: 10_000 }).toBe(false);
  expect(readFileSync(file, "utf8").trim().split("\n")).toHaveLength(2);
});
