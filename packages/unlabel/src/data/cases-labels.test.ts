// Where labels come from, and where from they do not: folders, names of images, tables beside them.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/data.ts";
import { images, make, read, summary } from "../testing/folder-trees.ts";
import { openFolder } from "./folder.ts";
import { openData } from "./open.ts";
import { understood } from "./understood.ts";

describe("folders that are no class by what lies around them", () => {
  it("are parts of one set", () => {
    const flat = read(images(2, "scans_part_1", "scans_part_2"));
    expect(flat).toMatchObject({ layout: "unlabelled", train: { "-": 4 } });
    expect(flat.lines).toContain(
      "no labels: scans_part_1/, scans_part_2/ are parts of one set by their names; as classes, rename them",
    );
    const folds = read(images(2, "fold1/cat", "fold1/dog", "fold2/cat", "fold2/dog", "fold3/cat", "fold3/dog"));
    expect(folds).toMatchObject({ layout: "classes", train: { cat: 6, dog: 6 }, val: null });
    expect(folds.lines).toContain(
      "fold1/, fold2/ and so on are parts of one set; give one of them as DATA to read it alone",
    );
    expect(read(images(2, "class_1", "class_2")).classes).toEqual(["class_1", "class_2"]);
    expect(read(images(2, "10", "2")).classes).toEqual(["10", "2"]);
  });

  it("hold the folders beside them once more", () => {
    const twice = read(images(2, "set/yes", "set/no", "set/set/yes", "set/set/no"));
    expect(twice.train).toEqual({ yes: 2, no: 2 });
    expect(twice.lines.at(-1)).toMatch(/^left aside: 4 in set\/set\/ .*same names as those beside it/);
    // Folders within one class are its own.
    expect(read(images(2, "cat", "dog", "bird/a", "bird/b")).train).toEqual({ cat: 2, dog: 2, bird: 4 });
  });

  it("are few beside the folder that holds the classes", () => {
    const repository = read([...images(20, "data/cat", "data/dog"), ...images(2, "docs")]);
    expect(repository).toMatchObject({ layout: "classes", train: { cat: 20, dog: 20 } });
    expect(repository.lines.at(-1)).toBe("left aside: 2 in docs/ (docs/0.jpg): few beside data/");
    expect(read([...images(2, "data/cat", "data/dog"), ...images(2, "docs")]).layout).toBe("unlabelled");
  });

  it("hold what was made of images in splits", () => {
    const mvtec = read(images(2, "nut/train/good", "nut/test/good", "nut/test/bent", "nut/ground_truth/bent"));
    expect(mvtec).toMatchObject({ train: { good: 2 }, val: { good: 2, bent: 2 } });
    expect(mvtec.lines.at(-1)).toMatch(/ground_truth\/ .*: pictures made for those in nut\/train\//);
  });

  it("lie too deep, which is said with the folder that is meant", () => {
    using folder = temporaryFolder();
    make(folder.path, images(2, "a/b/c/d/e/f/cat", "a/b/c/d/e/f/dog"));
    const line = understood(openFolder(folder.path)).find((one) => one.startsWith("no labels"));
    const [, inner] = /give (\S+) as DATA$/.exec(line ?? "")!;
    expect(openFolder(inner!).classes).toHaveLength(2);
  });
});

describe("images whose names begin with their class", () => {
  const named = (folder: string, ...words: string[]) =>
    words.flatMap((word) => Array.from({ length: 6 }, (_, i) => `${folder}/${word}${i}.jpg`));

  it("have none, which is said with a command that makes a list", async () => {
    using folder = temporaryFolder();
    make(folder.path, [...named("train", "cat.", "dog_in_house_"), ...images(3, "test1")]);
    const data = openFolder(folder.path);
    expect(data.classes).toEqual([]);
    const line = understood(data).find((one) => one.startsWith("names of images begin with 2 words"));
    const command = /if these are classes: (.*), then give list.tsv as DATA$/.exec(line ?? "")![1]!;
    execFileSync("sh", ["-c", command]);
    expect(summary(await openData(join(folder.path, "list.tsv"))).train).toEqual({ cat: 6, dog_in_house: 6 });
  });

  it("are not told from what cameras call them", () => {
    for (const words of [["IMG_", "DSC"], ["cat."], ["", "a"]])
      expect(read(named("photos", ...words)).lines.join()).not.toMatch(/begin with/);
  });
});

describe("a table beside images without labels", () => {
  const beside = async (paths: readonly string[], tables: Record<string, string>) => {
    using folder = temporaryFolder();
    make(folder.path, paths);
    for (const [path, text] of Object.entries(tables)) make(folder.path, [path], text);
    const data = await openData(folder.path);
    const line = understood(data).find((one) => one.startsWith("no labels are read from"));
    const [, list] = / from '?(.*?)'?, which/.exec(line ?? "") ?? [];
    return { line: line?.replaceAll(`${folder.path}/`, ""), read: list && summary(await openData(list)) };
  };
  const rows = (of: (i: number) => string) => Array.from({ length: 6 }, (_, i) => of(i)).join("\n");

  it("is named where it has their classes, and can be given as DATA", async () => {
    const kaggle = await beside(images(6, "train_images", "test_images"), {
      "train.csv": `image_id,label\n${rows((i) => `${i}.jpg,${i % 2}`)}`,
      "sample_submission.csv": "image_id,label\n0.jpg,0\n1.jpg,0\n",
    });
    expect(kaggle.line).toBe(
      "no labels are read from train.csv, which names images and their classes: give it as DATA to have them",
    );
    expect(kaggle.read).toMatchObject({ train: { 0: 3, 1: 3 } });
    const table = `file_name,label\n${rows((i) => `${i}.jpg,${i % 2 ? "cat" : "dog"}`)}`;
    const repository = await beside(images(6, "test", "train"), {
      "test/metadata.csv": table,
      "train/metadata.csv": table,
    });
    expect(repository.line).toMatch(/ from train\/metadata\.csv, .*, as test\/metadata\.csv may: /);
  });

  it("is not where it has none, or is of other images, or written by unlabel itself", async () => {
    const line = async (path: string, text: string) => (await beside(images(6, "a"), { [path]: text })).line;
    const texts = `file_name,label\n${rows((i) => `${i}.jpg,picture ${i}`)}`;
    expect(await line("a/metadata.csv", texts.replaceAll("label", "text"))).toBeUndefined();
    expect(await line("x.csv", `path,label\n${rows((i) => `b/other${i}.jpg,${i % 2}`)}`)).toBeUndefined();
    expect(await line("notes.txt", "made in 2020\nby me\n")).toBeUndefined();
    expect(
      await line("features.csv", `path,split,class,f0\n${rows((i) => `a/${i}.jpg,train,${i % 2},1`)}`),
    ).toBeUndefined();
  });
});

describe("folders within class folders", () => {
  const paths = images(2, "train/animal/cat", "train/animal/dog", "train/plant/oak", "val/animal/cat", "val/plant/oak");

  it("are said not to be the classes, with a command that makes them so", async () => {
    using folder = temporaryFolder();
    make(folder.path, paths);
    const data = openFolder(folder.path);
    expect(data.classes.map(({ id }) => id)).toEqual(["animal", "plant"]);
    const line = understood(data).find((one) => one.startsWith("classes are the outermost folders"));
    const command = /for these: (.*), then give list.tsv as DATA$/.exec(line ?? "")![1]!;
    execFileSync("sh", ["-c", command]);
    expect(summary(await openData(join(folder.path, "list.tsv")))).toMatchObject({
      train: { cat: 2, dog: 2, oak: 2 },
      val: { cat: 2, oak: 2 },
    });
  });

  it("are not mentioned where they say no more than the class", () => {
    expect(read(images(2, "train/n01/images", "train/n02/images", "val/n01/images")).lines).toHaveLength(1);
  });

  it("can be the classes where there are no splits", async () => {
    using folder = temporaryFolder();
    make(folder.path, images(2, "it's/cat", "it's/dog", "photo/cat", "photo/dog"));
    const line = understood(openFolder(folder.path)).find((one) => one.startsWith("no labels"));
    const command = /as classes: (.*), then give list.tsv as DATA$/.exec(line ?? "")![1]!;
    execFileSync("sh", ["-c", command]);
    expect(summary(await openData(join(folder.path, "list.tsv"))).train).toEqual({ cat: 4, dog: 4 });
  });
});

describe("class folders", () => {
  it("may have folders of their own", () => {
    const { layout, train } = read([...images(2, "cat", "dog", "owl"), ...images(1, "dog/puppies/small", "cat/a")]);
    expect([layout, train]).toEqual(["classes", { cat: 3, dog: 3, owl: 2 }]);
  });

  it("keep the order of their names, numbers among them", () => {
    expect(read(images(1, "10", "2", "0", "train")).classes).toEqual(["0", "10", "2", "train"]);
    expect(read(images(1, "train/10", "train/2", "val/2", "val/10")).classes).toEqual(["10", "2"]);
  });

  it("of one name in two spellings are one class, and the name itself stays as it is where there is one", () => {
    const [composed, decomposed] = ["b\u00e4r", "ba\u0308r"];
    const two = read(images(2, `train/${composed}`, "train/cat", `val/${decomposed}`, "val/cat"));
    expect([two.classes, two.train, two.val]).toEqual([
      [composed, "cat"],
      { [composed]: 2, cat: 2 },
      { [composed]: 2, cat: 2 },
    ]);
    expect(read(images(1, decomposed, "cat")).classes).toEqual([decomposed, "cat"]);
  });

  it("whose names differ in capitals are two classes, which is said", () => {
    const { classes, lines } = read(images(1, "train/Cat", "train/dog", "val/cat", "val/dog"));
    expect(classes).toEqual(["Cat", "cat", "dog"]);
    expect(lines[1]).toBe("Cat and cat are two classes; rename one folder if they are one");
  });

  it("without images are named, and files of 0 bytes", () => {
    using folder = temporaryFolder();
    make(folder.path, [...images(2, "train/cat", "train/dog"), "train/fox/", "train/owl/1.heic"]);
    make(folder.path, ["train/cat/void.jpg"], "");
    expect(understood(openFolder(folder.path)).slice(1)).toEqual([
      "1 file of 0 bytes is passed over (train/cat/void.jpg)",
      "left aside: 1 .heic (train/owl/1.heic): convert: heif-convert IN OUT.jpg, or mogrify -format jpg *.heic",
      "left aside: 2 folders without images (train/fox/)",
    ]);
  });

  it("are none that hold what was made for images beside them, at any depth", () => {
    const pairs = read(images(2, "images", "masks"));
    expect(pairs.train).toEqual({ "-": 2 });
    expect(pairs.lines).toContain(
      "left aside: 2 in masks/ (masks/0.jpg): pictures made for those in images/, as its name says; to train on these, give it as DATA",
    );
    const splits = read([...images(3, "train/img", "train/mask"), ...images(2, "val/img", "val/mask")]);
    expect(splits).toMatchObject({ layout: "train-val", classes: [], train: { "-": 3 }, val: { "-": 2 } });
    const ade = read(
      images(2, "images/training", "images/validation", "annotations/training", "annotations/validation"),
    );
    expect(ade).toMatchObject({ layout: "train-val", train: { "-": 2 }, val: { "-": 2 } });
    const voc = read(images(2, "VOC/JPEGImages", "VOC/SegmentationClass", "VOC/SegmentationObject"));
    expect(voc).toMatchObject({ layout: "unlabelled", train: { "-": 2 } });
    const cities = read(images(2, "leftImg8bit/train/a", "leftImg8bit/train/b", "gtFine/train/a", "gtFine/train/b"));
    expect(cities).toMatchObject({ classes: ["a", "b"], train: { a: 2, b: 2 } });
    const carvana = read(images(2, "train", "train_masks", "test"));
    expect(carvana).toMatchObject({ train: { "-": 2 }, val: { "-": 2 } });
    expect(carvana.lines.at(-1)).toMatch(/^left aside: 2 in train_masks\/ .*: pictures made for those in train\/,/);
    const named = read(images(2, "train_images", "train_labels", "test_images", "test_labels"));
    expect(named).toMatchObject({ layout: "train-val", train: { "-": 2 }, val: { "-": 2 } });
    const files = read([
      "benign/a (1).png",
      "benign/a (1)_mask.png",
      "benign/a (1)_mask_1.png",
      "normal/b.jpg",
      "normal/b-gt.png",
    ]);
    expect(files).toMatchObject({ train: { benign: 1, normal: 1 } });
    expect(files.lines.at(-1)).toMatch(
      /^left aside: 3 made of an image beside \(benign\/a \(1\)_mask\.png\): their names/,
    );
    expect(read(["a/gas_mask.jpg", "a/face.jpg", "b/face_mask.jpg", "b/1.jpg"]).train).toEqual({ a: 2, b: 2 });
    // A class may be called so: nothing beside it says images.
    expect(read(images(2, "face", "face_mask", "gas_mask")).classes).toEqual(["face", "face_mask", "gas_mask"]);
    expect(read(images(2, "masks", "helmets")).train).toEqual({ helmets: 2, masks: 2 });
  });
});
