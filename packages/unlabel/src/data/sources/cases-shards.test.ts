// Tar shards and archives of archives as programs write them, each with its right reading.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type TarEntry, tarOf } from "../../testing/archives.ts";
import { bytesOf, counts, labels, list, said, sourceFolder } from "../../testing/sources.ts";
import { openData } from "../open.ts";

const folder = sourceFolder();
const { put } = folder;

describe("tar shards", () => {
  const image = (path: string): TarEntry => ({ path, content: path });
  const open = (entries: TarEntry[], name = "s.tar") => openData(put(name, tarOf(entries)));
  const sets = async (...names: string[]) => {
    for (const name of names) put(`set/${name}`, tarOf([image("1.jpg")]));
    const data = await openData(join(folder.path, "set"));
    return { train: data.train.items.length, val: data.val?.items.length ?? 0 };
  };

  it("have splits by whole words, or by words that tell shards of one set apart", async () => {
    expect(await sets("imagenette-train-000.tar", "imagenette-val-000.tar")).toEqual({ train: 1, val: 1 });
  });

  it.each([
    [["train-000.tar", "train-001.tar", "Val-000.tar"], 2, 1],
    [["train/000.tar", "valid/000.tar"], 1, 1],
    [["bullet_train.tar", "test_tube.tar", "violin.tar"], 3, 0],
    [["cats-training.tar", "dogs-testing.tar"], 1, 1],
    [["set-train-a.tar", "set-val-b.tar", "set-extra-c.tar"], 2, 1],
    [["set-train-a.tar", "set-val-b.tar"], 1, 1],
    [["train_station.tar", "test_tube.tar", "violin.tar"], 3, 0],
    [["train_images.tar", "val_images.tar"], 1, 1],
    [["test/train-0.tar", "test/val-0.tar", "test/extra-0.tar"], 2, 1],
    [["train-cats.tar", "train-dogs.tar", "val-birds.tar"], 2, 1],
  ])("%j", async (names, train, val) => {
    expect(await sets(...names)).toEqual({ train, val });
  });

  it("say where a word is taken for a part of a name, and which folders are classes", async () => {
    for (const name of ["bullet_train", "test_tube"]) put(`words/${name}.tar`, tarOf([image("1.jpg")]));
    expect(said(await openData(join(folder.path, "words")))).toContain(
      "no split is read from bullet_train.tar, test_tube.tar; names such as train-000 and val-000 tell splits",
    );
    const deep = await open(["cat/good/1.jpg", "cat/bad/1.jpg", "dog/good/1.jpg"].map(image));
    expect(said(deep)).toBe("classes are the folders that images lie in (good, bad), not those above (cat, dog)");
  });

  it("have splits and classes by folders inside", async () => {
    const data = await open(["train/cat/1.jpg", "train/dog/1.jpg", "Test/cat/2.jpg", "Test/dog/2.jpg"].map(image));
    expect([list(data, data.train), list(data, data.val)]).toEqual([
      ["s.tar/train/cat/1.jpg cat", "s.tar/train/dog/1.jpg dog"],
      ["s.tar/Test/cat/2.jpg cat", "s.tar/Test/dog/2.jpg dog"],
    ]);
    const classes = await open(["bus/1.jpg", "car/1.jpg", "train/1.jpg", "bicycle/1.jpg"].map(image));
    expect([labels(classes), classes.val]).toEqual([["bicycle", "bus", "car", "train"], null]);
    const inside = await open(["set/cat/train/1.jpg", "set/cat/val/1.jpg", "set/dog/train/1.jpg"].map(image));
    expect([labels(inside), inside.train.items.length, inside.val?.items.length]).toEqual([["cat", "dog"], 2, 1]);
  });

  it("leave a picture beside class folders aside", async () => {
    const data = await open(["preview.png", "cat/1.jpg", "cat/2.jpg", "dog/1.jpg"].map(image));
    expect([labels(data), counts(data)]).toEqual([
      ["cat", "dog"],
      [2, 1],
    ]);
    expect(said(data)).toMatch(/1 beside the class folders \(s\.tar\/preview\.png\)/);
    expect(await bytesOf(data.train)).toEqual(["cat/1.jpg", "cat/2.jpg", "dog/1.jpg"]);
  });

  it("have labels apart from their images, of any writing", async () => {
    const data = await open([
      { path: "b.CLS", content: "dog" },
      { path: "c.json", content: '{"Target": 3, "label": null}' },
      image("a.JPG"),
      image("b.Png"),
      image("c.jpg"),
      { path: "a.class", content: "cat" },
      { path: "x.cls", content: "lost" },
      { path: "a.npy", content: "numbers" },
    ]);
    expect(list(data, data.train)).toEqual(["s.tar/a.JPG cat", "s.tar/b.Png dog", "s.tar/c.jpg 3"]);
    expect(said(data)).toMatch(/3 labels not beside their images/);
    expect(said(data)).toMatch(/1 label without an image of that name \(s\.tar\/x\.cls\)/);
    expect(said(data)).toMatch(/1 \.npy \(s\.tar\/a\.npy\)/);
    const partly = await open([image("a.jpg"), image("b.jpg"), { path: "b.cls", content: "1" }]);
    expect(list(partly, partly.train)).toEqual(["s.tar/a.jpg -", "s.tar/b.jpg 1"]);
  });

  it("take the picture of a sample, and say what is not read", async () => {
    const data = await open([image("a.depth.png"), image("a.rgb.png"), image("a.mask.png")]);
    expect(list(data, data.train)).toEqual(["s.tar/a.rgb.png -"]);
    expect(said(data)).toMatch(/1 \.depth\.png beside another image[\s\S]*1 \.mask\.png/);
    const arrays = await open([image("a.npy"), image("a.pgm"), image("a.jpg"), image("b.npy")]);
    expect(list(arrays, arrays.train)).toEqual(["s.tar/a.jpg -"]);
    expect(said(arrays)).toMatch(/\.npy/);
    const dots = await open(["2024.01.05_a.jpg", "2024.01.06_a.jpg", "2024.02.01_b.jpg"].map(image));
    expect(dots.train.items).toHaveLength(1);
    expect(said(dots)).toMatch(/3 images are 1 sample/);
    const captions = await open([image("a.jpg"), { path: "a.txt", content: "a cat" }, image("b.jpg")]);
    expect(said(captions)).toMatch(/texts beside 1 of 2 images are taken for captions/);
  });

  it("keep the fingerprint that they had", async () => {
    const data = await open([
      image("a.jpg"),
      { path: "a.cls", content: "1" },
      image("b.jpg"),
      { path: "b.cls", content: "0" },
    ]);
    expect(data.fingerprint).toBe("4e762bfe8eaf7dec");
  });
});

describe("archives of archives", () => {
  const run = (command: string) => execFileSync("sh", ["-c", command], { cwd: folder.path });
  const inner = (name: string) =>
    tarOf([
      { path: `${name}_1.jpg`, content: "1" },
      { path: `${name}_2.jpg`, content: "2" },
    ]);

  it("become folders by the command that is told", async () => {
    const outer = put(
      "set it.tar",
      tarOf(["n01", "n02"].map((name) => ({ path: `${name}.tar`, content: inner(name) }))),
    );
    const told = await openData(outer).catch((error: unknown) => String(error));
    const [, command] = /found none, but 2 \.tar; .* folders by: (.*), then give 'set it'$/.exec(String(told)) ?? [];
    run(command!);
    const data = await openData(join(folder.path, "set it"));
    expect([labels(data), counts(data)]).toEqual([
      ["n01", "n02"],
      [2, 2],
    ]);
  });

  it("that may be a class each are said to bear no labels, with the command that makes folders of them", async () => {
    for (const name of ["n01", "n02"]) put(`set/${name}.tar`, inner(name));
    const data = await openData(join(folder.path, "set"));
    expect(labels(data)).toEqual([]);
    const [, command] = /if each shard is one \(n01, n02\), .*: (cp .*), then give CLASSES/.exec(said(data)) ?? [];
    run(command!);
    expect(labels(await openData(join(folder.path, "CLASSES")))).toEqual(["n01", "n02"]);
    for (const number of [0, 1]) put(`plain/wds-00${number}.tar`, inner("x"));
    expect(said(await openData(join(folder.path, "plain")))).toBe("");
  });

  it("are told by their content where they are packed further", async () => {
    const packed = put("a b.tar", gzipSync(inner("n01")));
    const told = await openData(packed).catch((error: unknown) => String(error));
    run(/got one packed with gzip; unpack it: (.*)$/.exec(String(told))![1]!);
    expect((await openData(join(folder.path, "a b-unpacked.tar"))).train.items).toHaveLength(2);
    await expect(openData(put("c.tar", "PK\x03\x04".padEnd(600)))).rejects.toThrow(/packed with zip; unpack it and/);
  });

  it("hold masks of their images, which are none", async () => {
    const paths = ["images/1.jpg", "images/2.jpg", "masks/1.png", "masks/2.png"];
    const data = await openData(put("pairs.tar", tarOf(paths.map((path) => ({ path, content: path })))));
    expect(await bytesOf(data.train)).toEqual(["images/1.jpg", "images/2.jpg"]);
    expect([labels(data), said(data)]).toEqual([
      [],
      expect.stringMatching(/^2 in masks\/ \(pairs\.tar\/masks\/1\.png\) they show/),
    ]);
  });

  it("hold what is hidden, or put there by other programs, without a word", async () => {
    const files = ["cat/1.jpg", "dog/1.jpg", "__MACOSX/cat/1.jpg", "cat/@eaDir/1.jpg/T.jpg", "./.cache/2.jpg"];
    const data = await openData(put("litter.tar", tarOf(files.map((path) => ({ path, content: "x" })))));
    expect([labels(data), counts(data), said(data)]).toEqual([["cat", "dog"], [1, 1], ""]);
  });
});
