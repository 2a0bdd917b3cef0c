// Folders that are splits, by their names and by what they hold; those around them, and those called so that are none.
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/data.ts";
import { images, make, read, summary } from "../testing/folder-trees.ts";
import { openFolder } from "./folder.ts";

describe("a folder called like a split", () => {
  it.each(["train", "test", "val", "valid", "dev", "data", "Training", "unlabeled-truck-x"])(
    "%s/ among class folders is a class",
    (name) => {
      const { layout, train, val } = read(images(3, "bus", "car", name));
      expect(layout).toBe("classes");
      expect(train).toEqual({ bus: 3, car: 3, [name]: 3 });
      expect(val).toBeNull();
    },
  );

  it("is a class as well where several are, among several others", () => {
    const { train, val } = read(images(2, "bus", "car", "data", "test", "train"));
    expect([train, val]).toEqual([{ bus: 2, car: 2, data: 2, test: 2, train: 2 }, null]);
  });

  it("is a split where it holds class folders, and a class within it", () => {
    const { layout, train, val } = read([
      ...images(3, "train/train", "train/bus", "train/test"),
      ...images(2, "test/train", "test/bus", "test/test"),
    ]);
    expect(layout).toBe("train-val");
    expect(train).toEqual({ bus: 3, test: 3, train: 3 });
    expect(val).toEqual({ bus: 2, test: 2, train: 2 });
  });

  it("is a split without labels among other splits alone, which is said", () => {
    const { layout, classes, train, val, lines } = read(images(3, "train", "test"));
    expect([layout, classes, train, val]).toEqual(["train-val", [], { "-": 3 }, { "-": 3 }]);
    expect(lines.join("\n")).toMatch(/train\/ and test\/ hold no class folders: they are splits without labels/);
  });
});

describe("splits", () => {
  it.each([
    ["Train", "Test"],
    ["Training", "Testing"],
    ["TRAIN", "VALID"],
    ["train", "Validation"],
    ["train", "Dev"],
    ["train", "eval"],
    ["training_set", "test_set"],
    ["train_images", "val_images"],
    ["train-set", "validation-set"],
    ["trainset", "testset"],
    ["train2017", "val2017"],
    ["images_train", "images_test"],
  ])("%s/ and %s/ are read as train and val", (train, held) => {
    const found = read([...images(3, `${train}/cat`, `${train}/dog`), ...images(2, `${held}/cat`, `${held}/dog`)]);
    expect(found).toMatchObject({ layout: "train-val", train: { cat: 3, dog: 3 }, val: { cat: 2, dog: 2 } });
    const names = [...(train === "train" ? [] : [`train is ${train}/`]), `val is ${held}/`].join(", ");
    expect(found.lines).toEqual(["10 images in 2 classes; train 6, val 4", names]);
  });

  it.each(["val", "valid", "Validation", "dev"])(
    "%s/ is val, and test/ beside it is counted, with how to use it",
    (name) => {
      const found = read([
        ...images(3, "train/cat", "train/dog"),
        ...images(1, `${name}/cat`, `${name}/dog`),
        ...images(2, "test/cat", "test/dog"),
      ]);
      expect([found.train, found.val]).toEqual([
        { cat: 3, dog: 3 },
        { cat: 1, dog: 1 },
      ]);
      expect(found.lines.at(-1)).toBe(
        `left aside: 4 in test/ (test/cat/0.jpg): ${name}/ is scored on; for scores on this: mkdir SCORED && ln -s ROOT/train ROOT/test SCORED, then evaluate RUN --data SCORED`,
      );
    },
  );

  it("the folder of links that is advised for scores on test has train and test", () => {
    using folder = temporaryFolder();
    make(folder.path, [
      ...images(2, "d/train/cat", "d/train/dog"),
      ...images(1, "d/test/cat", "d/test/dog", "d/val/cat"),
    ]);
    mkdirSync(join(folder.path, "SCORED"));
    for (const name of ["train", "test"]) symlinkSync(join(folder.path, "d", name), join(folder.path, "SCORED", name));
    expect(summary(openFolder(join(folder.path, "SCORED")))).toMatchObject({
      train: { cat: 2, dog: 2 },
      val: { cat: 1, dog: 1 },
    });
  });

  it("parts of a split that differ in their numbers are read together", () => {
    const { train, val, lines } = read([
      ...images(2, "train_0/cat", "train_1/cat", "train_1/dog"),
      ...images(1, "val1/cat", "val2/dog", "test/cat"),
    ]);
    expect([train, val]).toEqual([
      { cat: 4, dog: 2 },
      { cat: 1, dog: 1 },
    ]);
    expect(lines[1]).toBe("train is train_0/ + train_1/, val is val1/ + val2/");
  });

  it("several for one purpose: the plainest name is taken, the others are counted", () => {
    const { train, lines } = read(images(2, "train/cat", "Training/cat", "val/cat", "validation/cat"));
    expect(train).toEqual({ cat: 2 });
    expect(lines.slice(1)).toEqual([
      "left aside: 2 in Training/ (Training/cat/0.jpg): train/ is trained on; move the images into it to have both",
      expect.stringMatching(/^left aside: 2 in validation\/ .*: val\/ is scored on; for scores on this/),
    ]);
  });

  it("one split may be a link to another, or into another folder", () => {
    using folder = temporaryFolder();
    make(folder.path, images(2, "train/cat", "train/dog"));
    symlinkSync("train", join(folder.path, "val"));
    expect(summary(openFolder(folder.path))).toMatchObject({ train: { cat: 2, dog: 2 }, val: { cat: 2, dog: 2 } });
  });

  it.each(["unlabeled", "unlabelled", "unsup", "Unlabeled", "extra", "train_unlabeled", "unlabeled_images"])(
    "%s/ beside train/ is trained on without labels",
    (name) => {
      const flat = read([
        ...images(2, "train/cat", "train/dog"),
        ...images(1, "test/cat", "test/dog"),
        ...images(5, name),
      ]);
      expect([flat.train, flat.val]).toEqual([
        { cat: 2, dog: 2, "-": 5 },
        { cat: 1, dog: 1 },
      ]);
      expect(flat.lines[0]).toBe("11 images in 2 classes; train 9 (5 without a class), val 2");
      // Also where it holds folders: they are no classes of train.
      const nested = read([...images(2, "train/cat", "train/dog"), ...images(2, `${name}/part1`, `${name}/part2`)]);
      expect(nested.train).toEqual({ cat: 2, dog: 2, "-": 4 });
    },
  );

  it("unlabeled/ beside ImageNet-100's shards is trained on as well", () => {
    const { layout, train } = read([...images(2, "train.X1/n1", "train.X2/n2", "unlabeled"), ...images(1, "val.X/n1")]);
    expect([layout, train]).toEqual(["imagenet-100", { n1: 2, n2: 2, "-": 2 }]);
  });

  it("labeled/ beside unlabeled/ is train", () => {
    const { layout, train } = read([...images(2, "labeled/cat", "labeled/dog"), ...images(3, "unlabeled")]);
    expect([layout, train]).toEqual(["train-val", { cat: 2, dog: 2, "-": 3 }]);
  });

  it("unlabelled images beside class folders are trained on without a class", () => {
    const { classes, train, lines } = read([...images(2, "cat", "dog"), ...images(5, "unlabeled")]);
    expect([classes, train]).toEqual([["cat", "dog"], { cat: 2, dog: 2, "-": 5 }]);
    expect(lines[1]).toBe("unlabeled/ is trained on without labels");
  });

  it("what lies beside them is counted, by folder", () => {
    const { train, lines } = read([
      ...images(2, "train/cat", "train/dog", "holiday"),
      "cover.png",
      ...images(1, "val/cat", "val/dog"),
    ]);
    expect(train).toEqual({ cat: 2, dog: 2 });
    expect(lines.slice(1)).toEqual([
      expect.stringMatching(/^left aside: 2 in holiday\/ \(holiday\/0\.jpg\): its name is no split's/),
      "left aside: 1 beside the splits (cover.png)",
    ]);
  });

  it("a picture in train/ beside its class folders is trained on without a class", () => {
    const { train, lines } = read([...images(2, "train/cat", "train/dog"), "train/x.jpg", ...images(1, "val/cat")]);
    expect(train).toEqual({ cat: 2, dog: 2, "-": 1 });
    expect(lines[0]).toBe("6 images in 2 classes; train 5 (1 without a class), val 1");
  });

  it.each([
    [["train/images", "valid/images"], { "-": 2 }],
    [["train/train", "test/test"], { "-": 2 }],
    [["training_set/training_set/cat", "test_set/test_set/cat"], { cat: 2 }],
  ])("folders around all of a split, as in %j, are no classes", (folders, expected) => {
    const { train, val } = read(images(2, ...folders));
    expect([train, val]).toEqual([expected, expected]);
  });

  it("does not train on what is held out because train/ has no images", () => {
    using folder = temporaryFolder();
    make(folder.path, ["train/cat/1.heic", ...images(2, "val/cat", "val/dog")]);
    expect(() => openFolder(folder.path)).toThrow(
      /Expected images to train on in .*\/train, found none that are read, though val\//,
    );
  });
});

describe("wrapping folders", () => {
  it.each(["data", "imagenette2", "a/b"])("splits in %s/ are found", (name) => {
    const found = read([
      ...images(3, `${name}/train/cat`, `${name}/train/dog`),
      ...images(2, `${name}/val/cat`, `${name}/val/dog`),
    ]);
    expect(found).toMatchObject({ layout: "train-val", train: { cat: 3, dog: 3 }, val: { cat: 2, dog: 2 } });
    expect(found.lines).toEqual(["10 images in 2 classes; train 6, val 4", `found in ${name}/`]);
  });

  it("classes in one folder are found, with a picture beside it left aside", () => {
    const { layout, train, lines } = read([...images(2, "data/cat", "data/dog"), "preview.png", "README.md"]);
    expect([layout, train]).toEqual(["classes", { cat: 2, dog: 2 }]);
    expect(lines.slice(1)).toEqual([
      "found in data/",
      "left aside: 1 beside the folder (preview.png), 1 .md (README.md)",
    ]);
  });

  it("splits beside other folders of images are not guessed at, but said", () => {
    const { layout, lines } = read([...images(2, "set/train/cat", "set/val/cat", "other")]);
    expect(layout).toBe("unlabelled");
    expect(lines[1]).toBe("no labels: folders lie beside set/; for its splits, give that as DATA");
  });
});

describe("splits told by a word within names", () => {
  it("are those whose names are alike but for it", () => {
    const market = read(images(3, "bounding_box_train", "bounding_box_test", "query"));
    expect(market).toMatchObject({ layout: "train-val", classes: [], train: { "-": 3 }, val: { "-": 3 } });
    expect(market.lines).toContain("train is bounding_box_train/, val is bounding_box_test/");
    expect(market.lines.at(-1)).toMatch(/^left aside: 3 in query\/ /);
    const intel = read(images(2, "seg_train/seg_train/sea", "seg_train/seg_train/ice", "seg_test/seg_test/sea"));
    expect(intel).toMatchObject({ train: { sea: 2, ice: 2 }, val: { sea: 2 } });
  });

  it("are none where only one name has it", () => {
    expect(read(images(2, "bullet_train", "test_tube", "violin")).layout).toBe("classes");
    expect(read(images(2, "bullet_train", "bullet_test", "test_tube")).train).toEqual({ "-": 2 });
  });

  it("stand beside the class where there are several pairs", () => {
    const pairs = read(images(2, "cat_train", "cat_test", "dog_train", "dog_test"));
    expect(pairs).toMatchObject({ train: { cat: 2, dog: 2 }, val: { cat: 2, dog: 2 } });
    expect(pairs.lines).toContain("classes (cat, dog) and splits are read from the folders' names");
    const domains = read(images(2, "trainA", "trainB", "testA", "testB", "valA", "valB"));
    expect(domains).toMatchObject({ train: { A: 2, B: 2 }, val: { A: 2, B: 2 } });
    expect(domains.lines.at(-1)).toMatch(/^left aside: .*2 in testA\/ \(testA\/0\.jpg\), 2 in testB\//);
    const other = read(images(2, "cat_train", "cat_test", "dog_train", "dog_test", "bird"));
    expect(other.classes).toHaveLength(5);
  });

  it("lie within classes, too", () => {
    const found = read(images(2, "cat/train", "cat/val", "cat/test", "dog/train", "dog/val", "dog/test"));
    expect(found).toMatchObject({ layout: "train-val", train: { cat: 2, dog: 2 }, val: { cat: 2, dog: 2 } });
    expect(found.lines).toContain("classes are the folders that hold test/ + train/ + val/");
    expect(found.lines.at(-1)).toBe("left aside: 4 in folders of the test split (cat/test/0.jpg)");
    const withoutVal = read(images(2, "cat/train", "cat/test", "dog/train", "dog/test"));
    expect(withoutVal.val).toEqual({ cat: 2, dog: 2 });
    // A product each, as MVTec has them: their splits hold folders.
    expect(read(images(2, "nut/train/good", "nut/test/bad", "screw/train/good", "screw/test/bad")).layout).toBe(
      "unlabelled",
    );
  });
});
