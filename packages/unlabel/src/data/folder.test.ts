import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../base/errors.ts";
import { dataRoot, temporaryFolder, withoutPrivileges } from "../testing/data.ts";
import { classMismatch, openFolder } from "./folder.ts";

/** Files of a few bytes: nothing here opens an image. */
function make(root: string, paths: readonly string[], content = "x"): void {
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

function open(paths: readonly string[]) {
  using folder = temporaryFolder();
  make(folder.path, paths);
  const { layout, train, val, classes, fingerprint } = openFolder(folder.path);
  const list = (split: typeof val) =>
    split?.items.map(({ path, label }) => `${path} ${classes[label]?.id ?? "-"}`) ?? null;
  return { layout, train: list(train), val: list(val), classes, fingerprint };
}

describe("openFolder", () => {
  it("merges ImageNet-100's shards: a class is its folder's name", () => {
    using folder = temporaryFolder();
    make(folder.path, [
      "train.X1/n2/b.JPEG",
      "train.X2/n1/a.JPEG",
      "train.X3/n3/c.JPEG",
      "val.X/n1/d.JPEG",
      "val.X/n3/e.JPEG",
    ]);
    writeFileSync(join(folder.path, "Labels.json"), JSON.stringify({ n1: "tench", n2: "goldfish" }));
    const data = openFolder(folder.path);
    expect(data.layout).toBe("imagenet-100");
    expect(data.classes).toEqual([
      { id: "n1", name: "tench" },
      { id: "n2", name: "goldfish" },
      { id: "n3", name: "n3" },
    ]);
    expect(data.train.items).toEqual([
      { path: "train.X1/n2/b.JPEG", label: 1 },
      { path: "train.X2/n1/a.JPEG", label: 0 },
      { path: "train.X3/n3/c.JPEG", label: 2 },
    ]);
    expect(data.val?.items.map(({ label }) => label)).toEqual([0, 2]);
    expect(classMismatch(data, data.train, data.val!)).toEqual({
      onlyTrain: [{ id: "n2", name: "goldfish" }],
      onlyVal: [],
    });
  });

  it("says which classes only the validation split has", () => {
    using folder = temporaryFolder();
    make(folder.path, ["train/a/1.png", "val/a/1.png", "val/b/1.png"]);
    const data = openFolder(folder.path);
    expect(classMismatch(data, data.train, data.val!)).toEqual({ onlyTrain: [], onlyVal: [{ id: "b", name: "b" }] });
  });

  it.each(["val", "validation", "valid", "test"])("understands train/ with %s/", (name) => {
    const data = open(["train/cat/1.jpg", "train/dog/deep/2.jpg", `${name}/dog/3.jpg`]);
    expect(data.layout).toBe("train-val");
    expect(data.train).toEqual(["train/cat/1.jpg cat", "train/dog/deep/2.jpg dog"]);
    expect(data.val).toEqual([`${name}/dog/3.jpg dog`]);
  });

  it("understands train/ alone, and without classes", () => {
    expect(open(["train/1.jpg", "train/2.jpg"])).toMatchObject({
      train: ["train/1.jpg -", "train/2.jpg -"],
      val: null,
      classes: [],
    });
  });

  it("understands one level of class folders", () => {
    const data = open(["cat/1.jpg", "dog/2.PNG", "cat/notes.txt"]);
    expect(data).toMatchObject({ layout: "classes", train: ["cat/1.jpg cat", "dog/2.PNG dog"], val: null });
  });

  it.each([
    ["a flat folder", ["1.jpg", "2.webp"]],
    ["a single folder", ["photos/1.jpg", "photos/2.jpg"]],
    ["deeper folders", ["2023/may/1.jpg", "2024/june/2.jpg", "2024/3.jpg"]],
    ["many images beside folders", ["1.jpg", "2.jpg", "cat/1.jpg", "dog/2.jpg"]],
  ])("takes %s as unlabelled", (_, paths) => {
    const data = open(paths);
    expect(data).toMatchObject({ layout: "unlabelled", val: null, classes: [] });
    expect(data.train).toEqual([...paths].sort().map((path) => `${path} -`));
  });

  it("leaves out hidden files, and survives loops, dead links and folders named like images", () => {
    using folder = temporaryFolder();
    make(folder.path, ["a/1.jpg", ".hidden/2.jpg", "a/._1.jpg", "a/b.png/3.jpg"]);
    symlinkSync("..", join(folder.path, "a", "up"));
    symlinkSync("a", join(folder.path, "again"));
    symlinkSync("itself.jpg", join(folder.path, "itself.jpg"));
    symlinkSync("nowhere.jpg", join(folder.path, "dead.jpg"));
    expect(openFolder(folder.path).train.items.map(({ path }) => path)).toEqual([
      "a/1.jpg",
      "a/b.png/3.jpg",
      "dead.jpg",
      "itself.jpg",
    ]);
  });

  it("lists many files, and folders deep in each other", () => {
    using folder = temporaryFolder();
    for (let i = 0; i < 20_000; i++) writeFileSync(join(folder.path, `${i}.jpg`), "");
    const deep = "d/".repeat(1000);
    make(folder.path, [`${deep}last.jpg`]);
    const { items } = openFolder(folder.path).train;
    expect(items).toHaveLength(20_001);
    expect(items.at(-1)?.path).toBe(`${deep}last.jpg`);
  });

  it("has a fingerprint of names and sizes: any change of these is noticed, and no other", () => {
    using folder = temporaryFolder();
    const at = (name: string) => join(folder.path, name);
    const now = () => openFolder(folder.path).fingerprint;
    make(folder.path, ["a/1.jpg", "b/2.jpg"], "four");
    // What old runs have in run.json, with which they must go on.
    const first = "8bd9a896b6b7ac9e";
    expect(now()).toBe(first);
    const changes: (() => void)[] = [
      () => make(folder.path, ["b/2.jpg"], "longer"),
      () => make(folder.path, ["b/3.jpg"], "four"),
      () => renameSync(at("b/3.jpg"), at("b/4.jpg")),
      () => renameSync(at("b/4.jpg"), at("a/4.jpg")),
      () => rmSync(at("a/4.jpg")),
    ];
    const seen = changes.map((change) => {
      change();
      return now();
    });
    // The last is as after the first change.
    expect(seen.at(-1)).toBe(seen[0]);
    expect(new Set([first, ...seen]).size).toBe(5);

    make(folder.path, ["b/2.jpg"], "four");
    expect(now()).toBe(first);
    // Copied, and so of another time; another image of as many bytes.
    utimesSync(at("a/1.jpg"), new Date(0), new Date(0));
    make(folder.path, ["b/2.jpg"], "five");
    expect(now()).toBe(first);
  });

  it("refuses a folder that one may not list, naming it", async () => {
    using folder = temporaryFolder();
    make(folder.path, ["a/1.jpg", "b/2.jpg"]);
    chmodSync(folder.path, 0o755);
    chmodSync(join(folder.path, "b"), 0);
    await expect(withoutPrivileges(() => openFolder(folder.path))).rejects.toThrow(/Expected to list .*\/b: EACCES/);
    chmodSync(join(folder.path, "b"), 0o755);
  });

  it("refuses in one clear line", () => {
    using folder = temporaryFolder();
    const at = (name: string) => join(folder.path, name);
    make(folder.path, ["images/1.heic", "images/2.heic", "images/notes.txt", "broken/Labels.json", "broken/1.jpg"]);
    mkdirSync(at("empty"));
    const refusal = (path: string) => {
      try {
        openFolder(path);
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        return error instanceof Error ? error.message : "";
      }
      throw new Error("nothing was thrown");
    };
    expect(refusal(at("imagse"))).toBe(
      `Expected a folder of images, got ${at("imagse")}, which does not exist; did you mean ${at("images")}?`,
    );
    expect(refusal("/no/such/dir")).toBe("Expected a folder of images, got /no/such/dir, which does not exist");
    expect(refusal(at("images/1.heic"))).toMatch(/got the file .*1\.heic; give a folder, a list of files/);
    expect(refusal(at("images"))).toMatch(
      /Expected images \(\.jpg, .*\) in .*images, found none, but 2 \.heic \(convert: heif-convert .*\), 1 \.txt/,
    );
    expect(refusal(at("empty"))).toMatch(/found no files at all/);
    expect(refusal(at("broken"))).toMatch(/Expected JSON in .*Labels\.json/);
  });

  const imagenette = dataRoot("imagenette");
  it.runIf(imagenette)("reads Imagenette's ten classes from four shards", () => {
    const data = openFolder(imagenette!);
    expect(data.layout).toBe("imagenet-100");
    expect(data.classes).toHaveLength(10);
    expect(data.classes[0]).toEqual({ id: "n01440764", name: "tench, Tinca tinca" });
    expect(data.train.items.length + data.val!.items.length).toBe(13_394);
    expect(classMismatch(data, data.train, data.val!)).toEqual({ onlyTrain: [], onlyVal: [] });
  });
});
