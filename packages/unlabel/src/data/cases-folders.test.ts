// Folders as people have them, each with its right reading: shared/cases where it is present, and trees of a few bytes.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { tarOf } from "../testing/archives.ts";
import { caseRoot, temporaryFolder, withoutPrivileges } from "../testing/data.ts";
import { type Dataset, openFolder } from "./folder.ts";
import { openData } from "./open.ts";
import { understood } from "./understood.ts";

function make(root: string, paths: readonly string[], content: string | Uint8Array = "x"): void {
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (!path.endsWith("/")) writeFileSync(join(root, path), content);
    else mkdirSync(join(root, path), { recursive: true });
  }
}

/** Numbered images in each folder. */
function images(count: number, ...folders: string[]): string[] {
  return folders.flatMap((folder) => Array.from({ length: count }, (_, i) => `${folder}/${i}.jpg`));
}

interface Read {
  layout: string;
  classes: string[];
  train: Record<string, number>;
  val: Record<string, number> | null;
  lines: string[];
}

function summary(data: Dataset): Read {
  const count = (split: Dataset["val"]) => {
    const counts: Record<string, number> = {};
    for (const { label } of split?.items ?? []) {
      const name = data.classes[label]?.id ?? "-";
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return split && counts;
  };
  return {
    layout: data.layout,
    classes: data.classes.map(({ id }) => id),
    train: count(data.train)!,
    val: count(data.val),
    lines: understood(data),
  };
}

function read(paths: readonly string[]): Read {
  using folder = temporaryFolder();
  make(folder.path, paths);
  const data = openFolder(folder.path);
  for (const { items } of [data.train, ...(data.val ? [data.val] : [])])
    for (const { path } of items) expect(paths).toContain(path);
  const lines = understood(data).map((line) => line.replaceAll(folder.path, "ROOT"));
  return { ...summary(data), lines };
}

describe("shared cases", () => {
  const right: [string, Partial<Read>, (string | RegExp)[]][] = [
    [
      "classtrain",
      { layout: "classes", train: { bicycle: 8, bus: 8, car: 8, train: 8 }, val: null },
      ["32 images in 4 classes; no val", /^train\/ is a class here/],
    ],
    [
      "capital",
      { layout: "train-val", train: { cat: 8, dog: 8 }, val: { cat: 4, dog: 4 } },
      ["24 images in 2 classes; train 16, val 8", "train is Train/, val is Test/"],
    ],
    [
      "stl",
      { layout: "train-val", train: { cat: 8, dog: 8, "-": 20 }, val: { cat: 4, dog: 4 } },
      [
        "44 images in 2 classes; train 36 (20 without a class), val 8",
        "val is test/",
        "unlabeled/ is trained on too, without labels; move it elsewhere to leave it out",
      ],
    ],
    [
      "stray",
      { layout: "classes", train: { cat: 8, dog: 8 }, val: null },
      ["16 images in 2 classes; no val", "left aside: 1 beside the class folders (preview.png)"],
    ],
    [
      "bmpmix",
      { layout: "classes", train: { bird: 8, cat: 14, dog: 8 }, val: null },
      ["30 images in 3 classes; no val"],
    ],
    [
      "base",
      { layout: "train-val", train: { bird: 12, cat: 12, dog: 12 }, val: { bird: 6, cat: 6, dog: 6 } },
      ["54 images in 3 classes; train 36, val 18"],
    ],
  ];
  it.for(right)("%s", async ([name, expected, lines], { skip }) => {
    const root = caseRoot(name) ?? skip("absent");
    const found = summary(await openData(root));
    expect(found).toMatchObject(expected);
    expect(found.lines).toEqual(lines.map((line) => (typeof line === "string" ? line : expect.stringMatching(line))));
  });

  it.for<[string, { train: number; val: number | null }, object[]]>([
    ["pq/repocfg", { train: 24, val: 24 }, []],
    [
      "pq/repolog",
      { train: 24, val: null },
      [{ what: "image beside the Parquet files", count: 1, example: "preview.png" }],
    ],
  ])(
    "%s: a repository's Parquet, whatever pictures lie beside it",
    async ([name, { train, val }, leftAside], { skip }) => {
      const root = caseRoot(name) ?? skip("absent");
      const data = await openData(root);
      expect(data.layout).toBe("parquet");
      expect([data.train.items.length, data.val?.items.length ?? null]).toEqual([train, val]);
      expect(data.leftAside ?? []).toEqual(leftAside);
    },
  );
});

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

describe("other sources", () => {
  const idx = (kind: number, ...dims: number[]) => {
    const head = Buffer.alloc(4 + 4 * dims.length);
    head[2] = 8;
    head[3] = kind;
    for (const [i, dim] of dims.entries()) head.writeInt32BE(dim, 4 + 4 * i);
    return Buffer.concat([head, Buffer.alloc(dims.reduce((product, dim) => product * dim, 1))]);
  };

  it("IDX is found where torchvision puts it, with a run beside", async () => {
    using folder = temporaryFolder();
    make(folder.path, ["MNIST/raw/train-images-idx3-ubyte"], idx(3, 4, 2, 2));
    make(folder.path, ["MNIST/raw/train-labels-idx1-ubyte"], idx(1, 4));
    make(folder.path, ["runs/a/run.json", "runs/a/eval/pictures.jpg"]);
    const data = await openData(folder.path);
    expect([data.layout, data.root, data.train.items.length]).toEqual(["idx", folder.path, 4]);
    expect(understood(data)[1]).toBe("found in MNIST/raw/");
  });

  it("shards are found beside runs, and beside images they are an archive", async () => {
    using folder = temporaryFolder();
    const run = JSON.stringify({ schema: 1, status: "done", config: {}, versions: { unlabel: "1" } });
    make(
      folder.path,
      ["shards/train-0.tar"],
      tarOf([
        { path: "a.jpg", content: "image" },
        { path: "a.cls", content: "0" },
      ]),
    );
    make(folder.path, ["runs/a/run.json"], run);
    make(folder.path, ["runs/a/pictures/1.jpg", "runs/a/eval/pictures.jpg"]);
    const data = await openData(folder.path);
    expect([data.layout, data.train.items.length]).toEqual(["webdataset", 1]);
    make(folder.path, images(30, "cat", "dog"));
    expect((await openData(folder.path)).layout).toBe("classes");
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

describe("files of other kinds", () => {
  it("are counted, those that may become images first, with how", () => {
    const { train, lines } = read([
      ...images(2, "cat", "dog"),
      ...["a.txt", "b.txt", "c.txt"].map((name) => `cat/${name}`),
      ...["1.dcm", "2.dcm"].map((name) => `dog/${name}`),
      "film.mp4",
      "notes",
      "Labels.json.bak",
    ]);
    expect(train).toEqual({ cat: 2, dog: 2 });
    expect(lines.slice(1)).toEqual([
      expect.stringMatching(/^left aside: 2 \.dcm \(dog\/1\.dcm\): convert: dcm2img/),
      expect.stringMatching(/^left aside: 1 \.mp4 \(film\.mp4\): video; its frames: ffmpeg/),
      "left aside: 3 .txt (cat/a.txt), 1 .bak (Labels.json.bak), 1 without an extension (notes)",
    ]);
  });

  it("of every kind of image by their content are told so", () => {
    using folder = temporaryFolder();
    make(folder.path, images(2, "cat", "dog"));
    make(folder.path, ["cat/a", "cat/b"], Buffer.from("ffd8ffe000104a464946", "hex"));
    make(folder.path, ["dog/c.img"], Buffer.from("89504e470d0a1a0a00000000", "hex"));
    expect(understood(openFolder(folder.path)).slice(1)).toEqual([
      "left aside: 2 without an extension (cat/a): by its content cat/a is a .jpg: rename them",
      "left aside: 1 .img (dog/c.img): by its content dog/c.img is a .png: rename them",
    ]);
  });

  it.each(["bmp", "ppm", "pgm", "pnm", "pbm", "avif", "npy", "BMP"])(".%s is an image", (extension) => {
    expect(read([`cat/1.${extension}`, `dog/2.${extension}`]).train).toEqual({ cat: 1, dog: 1 });
  });

  it("arrays beside pictures are left aside: a folder of both stays the one that it was", () => {
    const { train, lines } = read([...images(2, "cat", "dog"), "cat/0.npy"]);
    expect(train).toEqual({ cat: 2, dog: 2 });
    expect(lines[1]).toMatch(/^left aside: 1 \.npy \(cat\/0\.npy\): arrays beside images/);
    const arrays = ["0", "1", "2"].flatMap((name) => [`cat/${name}.npy`, `dog/${name}.npy`]);
    expect(read([...arrays, "cat/preview.png"]).train).toEqual({ cat: 4, dog: 3 });
  });

  it("archives and lists in place of images are told how to be given", () => {
    using folder = temporaryFolder();
    make(folder.path, ["a.zip", "list.csv"]);
    expect(() => openFolder(folder.path)).toThrow(
      /found none, but 1 \.zip \(unpack it\), 1 \.csv \(give such a list itself as DATA\)$/,
    );
  });
});

describe.runIf(process.platform === "linux")("names that are not UTF-8", () => {
  it("are counted and named, with what mends them, and nothing else is lost", () => {
    using folder = temporaryFolder();
    make(folder.path, images(2, "cat", "dog"));
    const at = (...bytes: (string | number)[]) =>
      Buffer.concat(bytes.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from([part]))));
    const bear = at(`${folder.path}/b`, 0xe4, "r");
    mkdirSync(bear);
    for (const name of ["1.jpg", "2.jpg", "note.txt"]) writeFileSync(Buffer.concat([bear, at(`/${name}`)]), "x");
    writeFileSync(at(`${folder.path}/cat/`, 0xf6, ".png"), "x");
    // A character that stands for what is no text is text itself.
    writeFileSync(join(folder.path, "dog", "\ufffd.jpg"), "x");
    const data = openFolder(folder.path);
    expect(summary(data).train).toEqual({ cat: 2, dog: 3 });
    expect(understood(data).slice(1)).toEqual([
      `left aside: 3 under names that are not UTF-8 (b\\xe4r/1.jpg): JavaScript cannot open them; rename: convmv -f latin1 -t utf8 -r --notest ${folder.path}`,
    ]);
    expect(readdirSync(folder.path)).toHaveLength(3);
  });
});

describe("folders that may not be listed", () => {
  it("are left aside beside splits, and refused in them", async () => {
    using folder = temporaryFolder();
    make(folder.path, [...images(1, "train/cat", "train/dog", "val/cat"), "secret/1.jpg"]);
    chmodSync(folder.path, 0o755);
    chmodSync(join(folder.path, "secret"), 0);
    const lines = await withoutPrivileges(() => understood(openFolder(folder.path)));
    expect(lines.at(-1)).toBe("left aside: 1 folder that may not be listed (secret)");
    chmodSync(join(folder.path, "secret"), 0o755);
    chmodSync(join(folder.path, "val"), 0);
    await expect(withoutPrivileges(() => openFolder(folder.path))).rejects.toThrow(/Expected to list .*\/val/);
    chmodSync(join(folder.path, "val"), 0o755);
  });
});
