// Folders as people have them, each with its right reading: shared/cases where it is present, other sources, files of other kinds.
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tarOf } from "../testing/archives.ts";
import { caseRoot, temporaryFolder, withoutPrivileges } from "../testing/data.ts";
import { images, make, type Read, read, summary } from "../testing/folder-trees.ts";
import { openFolder } from "./folder.ts";
import { openData } from "./open.ts";
import { understood } from "./understood.ts";

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
