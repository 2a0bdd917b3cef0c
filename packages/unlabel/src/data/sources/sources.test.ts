import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { UserError } from "../../base/errors.ts";
import { cifarOf, idxOf } from "../../testing/archives.ts";
import { sampleImage, samplePixels, writeImages } from "../../testing/data.ts";
import { bytesOf, list, sourceFolder } from "../../testing/sources.ts";
import { imagesOf } from "../images.ts";
import { openData } from "../open.ts";

const folder = sourceFolder();
const { put } = folder;

describe("a list of files", () => {
  it("has paths relative to its own folder, labels and splits, with a header in any order or none", async () => {
    for (const name of ["images/a 1.jpg", "b.jpg", "a, b.jpg", "c.jpg", "a,b.jpg"]) put(name, "x");
    const far = put("far/c.jpg", "x");
    const plain = await openData(
      put("list.txt", `# made by hand\nimages/a 1.jpg,cat,train\r\n\nb.jpg,dog,val\n${far},cat\n`),
    );
    expect(plain.layout).toBe("file-list");
    expect(list(plain, plain.train)).toEqual(["images/a 1.jpg cat", `${far} cat`]);
    expect(list(plain, plain.val)).toEqual(["b.jpg dog"]);
    expect(await imagesOf(plain.train, plain.train.items)).toEqual([join(folder.path, "images/a 1.jpg"), far]);
    const headed = await openData(put("list.csv", 'Label,Path\n10,"a, b.jpg"\n2,c.jpg\n'));
    expect(headed.classes.map(({ id }) => id)).toEqual(["2", "10"]);
    expect(list(headed, headed.train)).toEqual(["a, b.jpg 10", "c.jpg 2"]);
    const tabs = await openData(put("list.tsv", "a,b.jpg\tcat\n"));
    expect(list(tabs, tabs.train)).toEqual(["a,b.jpg cat"]);
  });

  it("takes a path below a file as one that is not there", async () => {
    put("a.jpg", "x");
    const { train, leftAside } = await openData(put("list.csv", "a.jpg,cat\na.jpg/b.jpg,cat\n"));
    expect(train.items.map(({ path }) => path)).toEqual(["a.jpg"]);
    expect(leftAside).toMatchObject([{ count: 1, example: "a.jpg/b.jpg" }]);
  });

  it.each([
    ["a.jpg,cat,train\na.jpg,cat,train,more\n", /the fields path, label, split in line 2 of .*, but there are 4; put/],
    ["a.jpg\n,cat\n", /the path of an image in line 2 of .*, but there is none/],
    ["a.jpg,cat,holdout\n", /Expected train, val or test as split in line 1 of .*, got holdout$/],
    ["colour,shape\nred,round\n", /Expected the 2 images that .* names, found none; the first is colour, looked for/],
    ["path,label,path\na.jpg,red,b.jpg\n", /Expected one column path in line 1 of .*, got path, label, path/],
    ["https://example.org/a.jpg\n", /Expected a file in line 1 of .*, got the address .*; fetch the images/],
    ['"a.jpg\n', /Expected a table in .* that can be taken apart: Quote Not Closed/],
    ["# nothing\n", /Expected images in .*, found none/],
  ])("refuses %j", async (content, message) => {
    const opening = openData(put("list.csv", content));
    await expect(opening).rejects.toThrow(UserError);
    await expect(opening).rejects.toThrow(message);
  });
});

describe("CIFAR", () => {
  it("reads the binary files of CIFAR-10: planes become pixels, test stands in for val", async () => {
    const names = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");
    put("c/batches.meta.txt", `${names.join("\n")}\n\n`);
    put("c/data_batch_1.bin", cifarOf([[3], [9]]));
    put("c/data_batch_2.bin", cifarOf([[0]]));
    put("c/test_batch.bin", cifarOf([[5]]));
    const data = await openData(join(folder.path, "c"));
    expect(data.layout).toBe("cifar-10");
    expect(list(data, data.train)).toEqual([
      "data_batch_1.bin#0 cat",
      "data_batch_1.bin#1 truck",
      "data_batch_2.bin#0 airplane",
    ]);
    expect(list(data, data.val)).toEqual(["test_batch.bin#0 dog"]);
    expect(data.classes.map(({ name }) => name)).toEqual(names);
    const [second, third, first] = await imagesOf(
      data.train,
      [1, 2, 0].map((i) => data.train.items[i]!),
    );
    expect(first).toEqual({ data: samplePixels(32, 32, 0), width: 32, height: 32 });
    expect(second).toEqual({ data: samplePixels(32, 32, 1), width: 32, height: 32 });
    expect(third).toEqual(first);
  });

  it("takes CIFAR-100's fine labels, and refuses half a record or a class beyond the last", async () => {
    const names = Array.from({ length: 100 }, (_, i) => `class${i}`);
    put("c/fine_label_names.txt", names.join("\n"));
    put("c/train.bin", cifarOf([[1, 42]]));
    put("c/test.bin", cifarOf([[2, 7]]));
    const data = await openData(join(folder.path, "c"));
    expect([list(data, data.train), list(data, data.val)]).toEqual([["train.bin#0 class42"], ["test.bin#0 class7"]]);
    put("c/train.bin", cifarOf([[1, 142]]));
    await expect(openData(join(folder.path, "c"))).rejects.toThrow(
      /a class below 100 in .*train\.bin, got 142 in record 0/,
    );
    put("c/train.bin", cifarOf([[1, 42]]).subarray(5));
    await expect(openData(join(folder.path, "c"))).rejects.toThrow(/records of 3074 bytes in .*train\.bin, got 3069/);
  });
});

describe("IDX", () => {
  const images = idxOf(
    [3, 2, 4],
    Uint8Array.from({ length: 24 }, (_, i) => i),
  );

  it("reads MNIST's files, packed or not, gray to RGB", async () => {
    put("m/train-images-idx3-ubyte.gz", gzipSync(images));
    put("m/train-labels-idx1-ubyte.gz", gzipSync(idxOf([3], Uint8Array.of(7, 0, 7))));
    put("m/t10k-images-idx3-ubyte", images);
    put("m/t10k-labels-idx1-ubyte", idxOf([3], Uint8Array.of(0, 7, 0)));
    const data = await openData(join(folder.path, "m"));
    expect(data.layout).toBe("idx");
    expect(data.train.items.map(({ label }) => data.classes[label]?.id)).toEqual(["7", "0", "7"]);
    expect(data.val?.items.map(({ label }) => data.classes[label]?.id)).toEqual(["0", "7", "0"]);
    const [image] = await imagesOf(data.val!, [data.val!.items[1]!]);
    const gray = [8, 9, 10, 11, 12, 13, 14, 15];
    expect(image).toEqual({ data: Uint8Array.from(gray.flatMap((v) => [v, v, v])), width: 4, height: 2 });
  });

  it("refuses what does not fit together", async () => {
    const root = join(folder.path, "m");
    put("m/train-images-idx3-ubyte", images.subarray(0, 30));
    await expect(openData(root)).rejects.toThrow(/got 14 values for 3 × 2 × 4/);
    put("m/train-images-idx3-ubyte", images);
    put("m/train-labels-idx1-ubyte", idxOf([2], Uint8Array.of(1, 2)));
    await expect(openData(root)).rejects.toThrow(/a label for each of 3 images in .*, got 2/);
    put("m/train-labels-idx1-ubyte", "nonsense");
    await expect(openData(root)).rejects.toThrow(/got another kind of file/);
    put("n/train-images-idx3-ubyte.gz", gzipSync(images).subarray(0, 20));
    await expect(openData(join(folder.path, "n"))).rejects.toThrow(/Expected a whole gzip file/);
  });
});

describe("Parquet", () => {
  const write = (name: string, images: string[], label: number[], codec: "SNAPPY" | "UNCOMPRESSED" = "SNAPPY") => {
    const features = { label: { names: ["cat", "dog"], _type: "ClassLabel" }, image: { _type: "Image" } };
    const buffer = parquetWriteBuffer({
      columnData: [
        { name: "label", data: label, type: "INT32" },
        { name: "image", data: images.map((image) => new TextEncoder().encode(image)), type: "BYTE_ARRAY" },
      ],
      rowGroupSize: 2,
      codec,
      kvMetadata: [{ key: "huggingface", value: JSON.stringify({ info: { features } }) }],
    });
    return put(name, new Uint8Array(buffer));
  };

  it("reads images and class names as Hugging Face writes them, by row groups", async () => {
    write("p/data/train-00000-of-00002.parquet", ["one", "two", "three"], [1, 0, 1]);
    write("p/data/train-00001-of-00002.parquet", ["four"], [0], "UNCOMPRESSED");
    write("p/data/test-00000-of-00001.parquet", ["five"], [1]);
    put("p/README.md", "about");
    const data = await openData(join(folder.path, "p"));
    expect(data.layout).toBe("parquet");
    expect(list(data, data.train)).toEqual([
      "train-00000-of-00002.parquet#0 dog",
      "train-00000-of-00002.parquet#1 cat",
      "train-00000-of-00002.parquet#2 dog",
      "train-00001-of-00002.parquet#0 cat",
    ]);
    expect(list(data, data.val)).toEqual(["test-00000-of-00001.parquet#0 dog"]);
    expect(await bytesOf(data.train)).toEqual(["one", "two", "three", "four"]);
    expect(await bytesOf({ ...data.train, items: [data.train.items[2]!, data.train.items[0]!] })).toEqual([
      "three",
      "one",
    ]);
  });

  // Written by another program, with a nested column, dictionaries and two row groups.
  it("reads images beside their paths, and takes rows without one for empty files", async () => {
    const data = await openData(fileURLToPath(new URL("../../../../../fixtures/images.parquet", import.meta.url)));
    expect(list(data, data.train)).toEqual(
      ["dog", "cat", "dog", "-", "cat", "cat"].map((name, i) => `images.parquet#${i} ${name}`),
    );
    const images = await imagesOf(data.train, data.train.items);
    const bytes = (text: string) => new TextEncoder().encode(text);
    expect(images).toEqual([
      bytes("one"),
      bytes("two"),
      Uint8Array.of(0xff, 0xd8, 0),
      bytes("four"),
      bytes(""),
      bytes(""),
    ]);
  });

  it("is refused without images or where it is damaged", async () => {
    const path = put(
      "p.parquet",
      new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "label", data: [1, 2], type: "INT32" }] })),
    );
    await expect(openData(path)).rejects.toThrow(/a column of encoded images in .*, got the columns label/);
    await expect(openData(put("q.parquet", "nonsense"))).rejects.toThrow(
      /Expected a whole Parquet file in .*q\.parquet, got one without Parquet's end mark; make or fetch it again$/,
    );
  });
});

describe("openData", () => {
  it("tells an empty archive, and what no source is", async () => {
    await expect(openData(put("e.tar", ""))).rejects.toThrow(/Expected a tar archive in .*e\.tar, got an empty file/);
    await expect(openData(put("d.tgz", "x"))).rejects.toThrow(/got the file .*d\.tgz; unpack it and give the folder/);
    await expect(openData(put("i.jpg", "x"))).rejects.toThrow(/; give the folder that it lies in, or a list of files/);
  });

  it("takes a folder of images with an archive beside them as a folder", async () => {
    await writeImages(folder.path, ["train/a/1.png", "train/b/1.png"]);
    put("backup.tar", "whatever");
    expect((await openData(folder.path)).layout).toBe("train-val");
    put("flat/backup.tar", "whatever");
    put("flat/1.jpg", await sampleImage(8, 8).jpeg().toBuffer());
    expect((await openData(join(folder.path, "flat"))).layout).toBe("unlabelled");
    symlinkSync(join(folder.path, "flat"), join(folder.path, "link"));
    expect((await openData(join(folder.path, "link"))).train.items).toHaveLength(1);
  });
});
