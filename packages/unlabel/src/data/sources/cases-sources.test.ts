// Sources that were read otherwise than their owners meant, each with others of its kind made here.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { tarOf } from "../../testing/archives.ts";
import { dataRoot } from "../../testing/data.ts";
import { bytesOf, counts, labels, list, said, sourceFolder } from "../../testing/sources.ts";
import { openData } from "../open.ts";

const folder = sourceFolder();
const { put } = folder;
const images = dataRoot("imagenette");
const root = images && join(images, "..", "..", "cases");
const cases = root !== null && existsSync(root) ? root : null;

describe.runIf(cases)("the inputs that were misread", () => {
  it.each([
    ["lists/filename.csv", "bird cat dog", [12, 12, 12], /column filename/],
    ["lists/noext.csv", "bird cat dog", [12, 12, 12], /36 names without an extension/],
    ["lists/space.txt", "0 1 2", [12, 12, 12], /separated by spaces/],
    ["tar/classwords.tar", "airliner bullet_train test_tube violin", [8, 8, 8, 8], /^$/],
    ["tar/unsorted.tar", "0 1", [10, 10], /20 labels not beside their images/],
    ["tar/multi.tar", "0 1", [10, 10], /20 \.depth\.png beside another image \(multi\.tar\/0000\.depth\.png\)/],
    ["tar/dots.tar", "", [], /20 images are 1 sample .*pack them with one dot a name: mkdir dots-each && tar/],
    ["pq/repolog", "cat dog bird", [8, 8, 8], /1 (picture|image) beside the .* \(preview\.png\)/],
    ["pq/repocfg", "cat dog bird", [8, 8, 8], /^$/],
  ])("%s", async (name, classes, each, words) => {
    const data = await openData(join(cases!, name));
    expect(labels(data).join(" ")).toBe(classes);
    expect(counts(data)).toEqual(each);
    expect(said(data)).toMatch(words);
    expect(data.val?.items.length ?? null).toBe(name === "pq/repocfg" ? 24 : null);
  });

  it("takes x.jpg of x.depth.png and x.jpg, and in a row of labels those of the same name", async () => {
    const multi = await openData(join(cases!, "tar/multi.tar"));
    expect(multi.train.items[1]!.path).toBe("multi.tar/0001.jpg");
    const unsorted = await openData(join(cases!, "tar/unsorted.tar"));
    expect(list(unsorted, unsorted.train)!.slice(0, 2)).toEqual(["unsorted.tar/0000.jpg 0", "unsorted.tar/0001.jpg 1"]);
  });
});

describe("Parquet of other programs", () => {
  const write = (name: string, columns: Record<string, unknown[]>) => {
    const columnData = Object.entries(columns).map(([column, data]) => ({
      name: column,
      data: column === "image" ? data.map((text) => new TextEncoder().encode(String(text))) : data,
      type: (column === "image" ? "BYTE_ARRAY" : "STRING") as "BYTE_ARRAY" | "STRING",
    }));
    return put(name, new Uint8Array(parquetWriteBuffer({ columnData })));
  };

  it("has splits in a column of words for them, and only there", async () => {
    const image = ["1", "2", "3"];
    const data = await openData(
      write("p.parquet", { image, label: ["x", "y", "x"], split: ["train", "Test", "train"] }),
    );
    expect([list(data, data.train), list(data, data.val)]).toEqual([
      ["p.parquet#0 x", "p.parquet#2 x"],
      ["p.parquet#1 y"],
    ]);
    expect(said(data)).toBe("splits from column split");
    const folds = await openData(write("q.parquet", { image, label: ["x", "y", "x"], split: ["a", "test", "b"] }));
    expect([folds.train.items.length, said(folds)]).toEqual([3, "columns not read: split"]);
    const named = write("set/train-0.parquet", { image, label: ["x", "y", "x"], split: ["test", "test", "test"] });
    expect((await openData(named)).val).toBeNull();
  });

  it("has no class where a label is NaN, and of paths tells the command that makes a list", async () => {
    const data = await openData(write("p.parquet", { image: ["1", "2"], label: ["nan", "cat"] }));
    expect(list(data, data.train)).toEqual(["p.parquet#0 -", "p.parquet#1 cat"]);
    await expect(openData(write("a b.parquet", { file_name: ["x.jpg"] }))).rejects.toThrow(
      /a table of paths is a list: python3 -c 'import pandas; .*a b\.parquet.*a b\.csv.*', and give that$/,
    );
    await expect(openData(put("void.parquet", ""))).rejects.toThrow(/without Parquet's end mark/);
  });
});

describe("a Hugging Face repository", () => {
  const write = (name: string, label: number[], { named = false } = {}) => {
    const features = { label: { names: ["cat", "dog"], _type: "ClassLabel" }, image: { _type: "Image" } };
    const buffer = parquetWriteBuffer({
      columnData: [
        { name: "image", data: label.map((_, i) => new TextEncoder().encode(`${name} ${i}`)), type: "BYTE_ARRAY" },
        { name: "label", data: label, type: "INT32" },
        { name: "caption", data: label.map(String), type: "STRING" },
      ],
      ...(named && { kvMetadata: [{ key: "huggingface", value: JSON.stringify({ info: { features } }) }] }),
    });
    return put(name, new Uint8Array(buffer));
  };
  const at = (name: string) => join(folder.path, name);

  it("has configurations in folders: one is read, and it is said how to read another", async () => {
    put("r/README.md", "# words");
    write("r/big/train/0000.parquet", [0, 1], { named: true });
    write("r/big/test/0000.parquet", [1], { named: true });
    write("r/small/train-00000-of-00001.parquet", [1], { named: true });
    put("r/assets/logo.png", "x");
    const data = await openData(at("r"));
    expect([list(data, data.train)?.length, list(data, data.val)?.length]).toEqual([2, 1]);
    expect(said(data)).toContain(`of the configurations big, small, big is read; give ${at("r/small")} for small`);
    expect(said(data)).toMatch(/columns not read: caption/i);
    expect(said(data)).toMatch(/1 (picture|image) beside the .* \(assets\/logo\.png\)/);
    expect((await openData(at("r/small"))).train.items).toHaveLength(1);
  });

  it("has configurations, splits and names of classes in its README", async () => {
    const card = `---
configs:
- config_name: old
  data_files: data/old-*
- config_name: new
  default: true
  data_files:
  - split: train
    path: data/new-a*.parquet
  - split: validation
    path: ["data/new-b*"]
dataset_info:
- config_name: old
  features: []
- config_name: new
  features:
  - name: image
    dtype: image
  - name: label
    dtype:
      class_label:
        names:
          '0': cat
          '1': dog
---
`;
    put("r/README.md", card.replaceAll("\n", "\r\n"));
    write("r/data/old-a.parquet", [0]);
    write("r/data/new-a.parquet", [0, 1]);
    write("r/data/new-b.parquet", [1]);
    const data = await openData(at("r"));
    expect(list(data, data.train)).toEqual(["new-a.parquet#0 cat", "new-a.parquet#1 dog"]);
    expect(list(data, data.val)).toEqual(["new-b.parquet#0 dog"]);
    expect(said(data)).toMatch(
      /of the configurations old, new, new is read; put the files of another \(data\/old-a\.parquet\)/,
    );
    expect(said(data)).toMatch(/classes are called as README\.md has them/);
  });

  it("may be cut into pieces that are no configurations", async () => {
    write("r/part-0/train.parquet", [0]);
    write("r/part-1/train.parquet", [1]);
    const data = await openData(at("r"));
    expect(data.train.items).toHaveLength(2);
    expect(said(data)).not.toMatch(/configurations/);
  });

  it("may hold tar shards in a folder of their own", async () => {
    put("r/README.md", "words");
    put("r/preview.png", "x");
    put("r/shards/train-0.tar", tarOf([{ path: "1.jpg", content: "one" }]));
    put("r/shards/val-0.tar", tarOf([{ path: "2.jpg", content: "two" }]));
    const data = await openData(at("r"));
    expect([await bytesOf(data.train), await bytesOf(data.val!)]).toEqual([["one"], ["two"]]);
    expect(said(data)).toMatch(/1 (picture|image) beside the .* \(preview\.png\)/);
  });

  it("is told to be fetched where Git LFS left pointers", async () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 7\n`;
    put("r/data/train-0.parquet", pointer);
    put("r/preview.png", "x");
    await expect(openData(at("r"))).rejects.toThrow(
      /train-0\.parquet, got the pointer that Git LFS left .*git lfs pull/,
    );
    await expect(openData(put("a-0.tar", pointer))).rejects.toThrow(/a-0\.tar, got the pointer/);
  });

  it("is not what a folder of images with a table beside it is", async () => {
    put(
      "f/metadata.parquet",
      new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "file_name", data: ["1.jpg"], type: "STRING" }] })),
    );
    put("f/1.jpg", "x");
    expect((await openData(at("f"))).layout).toBe("unlabelled");
    write("g/table.parquet", [0]);
    put("g/cat/1.jpg", "x");
    put("g/dog/1.jpg", "x");
    expect((await openData(at("g"))).layout).toBe("classes");
  });

  it("keeps the fingerprint that it had, whether a README names classes or not", async () => {
    write("p/data/train-00000-of-00001.parquet", [0, 1, 0]);
    const bare = await openData(at("p"));
    put(
      "p/README.md",
      "---\ndataset_info:\n  features:\n  - name: label\n    dtype:\n      class_label:\n        names: [cat, dog]\n---\n",
    );
    const named = await openData(at("p"));
    expect([labels(bare), labels(named)]).toEqual([
      ["0", "1"],
      ["cat", "dog"],
    ]);
    expect(named.fingerprint).toBe(bare.fingerprint);
    expect(bare.fingerprint).toBe("ade3885b31ac38cd");
  });
});
