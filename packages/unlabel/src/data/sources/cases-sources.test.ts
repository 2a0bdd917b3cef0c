// Sources that were read otherwise than their owners meant, each with others of its kind made here.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { UserError } from "../../base/errors.ts";
import { type TarEntry, tarOf } from "../../testing/archives.ts";
import { dataRoot } from "../../testing/data.ts";
import { bytesOf, list, sourceFolder } from "../../testing/sources.ts";
import type { Dataset } from "../folder.ts";
import { openData } from "../open.ts";

const folder = sourceFolder();
const { put } = folder;
const images = dataRoot("imagenette");
const root = images && join(images, "..", "..", "cases");
const cases = root !== null && existsSync(root) ? root : null;

const labels = ({ classes }: Dataset) => classes.map(({ name }) => name);
/** How many images each class has in train. */
const counts = (data: Dataset) =>
  data.classes.map((_, label) => data.train.items.filter((item) => item.label === label).length);
const said = ({ readings = [], leftAside = [] }: Dataset) =>
  [...readings, ...leftAside.map(({ what, count, example, hint }) => `${count} ${what} (${example}) ${hint}`)].join(
    "\n",
  );

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

describe("lists", () => {
  const files = (...names: string[]) => {
    for (const name of names) put(name, "x");
  };
  const open = (name: string, content: string | Uint8Array) => openData(put(name, content));

  it.each([
    ["file,class", "a.jpg,cat\nb.jpg,dog"],
    ["\uFEFFImage;Category", "a.jpg;cat\nb.jpg;dog"],
    ["Filename\tLabel", "a.jpg\tcat\nb.jpg\tdog"],
    ["image_path|target", "a.jpg|cat\nb.jpg|dog"],
    [",file_name,class_name,width", "0,a.jpg,cat,3\n1,b.jpg,dog,4"],
    ["Unnamed: 0,img,y", "0,a.jpg,cat\n1,b.jpg,dog"],
    ["image_id,species", "a,cat\nb,dog"],
    ["id,File Path,label", "7,a.jpg,cat\n9,b.jpg,dog"],
    ["where,what,label", "a.jpg,x,cat\nb.jpg,y,dog"],
    ["path label", "a.jpg cat\nb.jpg dog"],
    ["image,cat,dog", "a.jpg,1.0,0.0\nb.jpg,0,1"],
    ["sep=;\r\nfile;label", "a.jpg;cat;\nb.jpg;dog;;"],
  ])("have a header: %s", async (header, rows) => {
    files("a.jpg", "b.jpg");
    const data = await open("list.csv", `${header}\r\n${rows.replaceAll("\n", "\r\n")}\r\n`);
    expect(list(data, data.train)).toEqual(["a.jpg cat", "b.jpg dog"]);
    expect(data.val).toBeNull();
  });

  it.each([
    ["spaces within names", "my cat.jpg 0\nb.jpg 10\n", ["my cat.jpg 0", "b.jpg 10"]],
    ["spaces, quotes and splits", '"my cat.jpg" cat train\nb.jpg dog train\n', ["my cat.jpg cat", "b.jpg dog"]],
    [
      "classes of several words",
      "my cat.jpg tabby cat\nb.jpg golden retriever train\n",
      ["my cat.jpg tabby cat", "b.jpg golden retriever"],
    ],
    ["splits before classes", "my cat.jpg train 1\nb.jpg train 2\nsub/c.jpg val 2\n", ["my cat.jpg 1", "b.jpg 2"]],
    ["names alone", "my cat.jpg\nb.jpg\n", ["my cat.jpg -", "b.jpg -"]],
    ["numbers before names", "1 my cat.jpg\n2 b.jpg\n", ["my cat.jpg -", "b.jpg -"]],
    ["numbers and labels before names", "0\t4.0\tmy cat.jpg\n1\t5.0\tb.jpg\n", ["my cat.jpg 4.0", "b.jpg 5.0"]],
    ["classes before names", "cat,my cat.jpg\ndog,b.jpg\n", ["my cat.jpg cat", "b.jpg dog"]],
    ["backslashes", "sub\\c.jpg,cat\r\nsub\\D.JPG,dog\r\n", ["sub/c.jpg cat", "sub/d.jpg dog"]],
    ["arrows", "my cat.jpg => cat\nb.jpg => dog\n", ["my cat.jpg cat", "b.jpg dog"]],
    ["a first name without an extension", "B,0\nsub/c.jpg,1\n", ["b.jpg 0", "sub/c.jpg 1"]],
    ["addresses of files", "file:FOLDER/b.jpg,cat\n", ["b.jpg cat"]],
  ])("have no header, but %s", async (_, content, expected) => {
    files("my cat.jpg", "b.jpg", "sub/c.jpg", "sub/d.jpg");
    const data = await open("list.txt", content.replace("FOLDER", `//${folder.path}`));
    expect(list(data, data.train)).toEqual(expected);
  });

  it("come as JSON lines, UTF-16 of Excel, or Windows' letters", async () => {
    files("a.jpg", "b.jpg", "é.jpg");
    const json = await open(
      "m.jsonl",
      '{"file_name": "a.jpg", "label": 1, "boxes": [1]}\n\n{"label": 0, "file_name": "b.jpg"}\n',
    );
    expect(list(json, json.train)).toEqual(["a.jpg 1", "b.jpg 0"]);
    const utf16 = await open("u.csv", Buffer.from("\uFEFFpath;label\r\né.jpg;chat\r\n", "utf16le"));
    expect(list(utf16, utf16.train)).toEqual(["é.jpg chat"]);
    const western = await open("w.csv", Buffer.from("path,label\né.jpg,bébé\n", "latin1"));
    expect(list(western, western.train)).toEqual(["é.jpg bébé"]);
    expect(said(western)).toMatch(/not UTF-8/);
    await expect(open("bad.jsonl", '{"path": "a.jpg"}\n{"path"\n')).rejects.toThrow(/Expected JSON in line 2 of .*bad/);
  });

  it("tell splits by words or columns of truth, and refuse numbers for them", async () => {
    files("a.jpg", "b.jpg", "c.jpg");
    const words = await open("l.csv", "image,subset\na.jpg,Training\nb.jpg,VALID\nc.jpg,test\n");
    expect([list(words, words.train), list(words, words.val)]).toEqual([["a.jpg -"], ["b.jpg -"]]);
    expect(said(words)).toMatch(/1 in the test split \(c\.jpg\)/);
    const fastai = await open("l.csv", "fname,label,is_valid\na.jpg,x,False\nb.jpg,y,True\nc.jpg,x,0\n");
    expect([list(fastai, fastai.train), list(fastai, fastai.val)]).toEqual([["a.jpg x", "c.jpg x"], ["b.jpg y"]]);
    const second = await open("l.txt", "a.jpg,train\nb.jpg,val\n");
    expect([list(second, second.train), list(second, second.val)]).toEqual([["a.jpg -"], ["b.jpg -"]]);
    await expect(open("l.csv", "path,split\na.jpg,0\nb.jpg,1\n")).rejects.toThrow(
      /^Expected train, val or test as split in line 2 of .*, got 0; which number is which split, only words can say$/,
    );
  });

  it("say which columns are not read, and that several classes an image are none", async () => {
    files("a.jpg", "b.jpg");
    const data = await open("l.csv", "path,colour,fold\na.jpg,red,0\nb.jpg,blue,1\n");
    expect(said(data)).toMatch(/not read: columns colour, fold; classes are read from a column label/);
    expect(labels(data)).toEqual([]);
    const several = await open("l.csv", "path,sea,sky\na.jpg,1,1\nb.jpg,0,1\n");
    expect(labels(several)).toEqual([]);
    expect(said(several)).toMatch(/no classes: the columns of 0 and 1 \(sea, sky\) give an image several/);
    await expect(open("l.txt", "a.jpg 0 1 0 1\nb.jpg 1 0 0 1\n")).rejects.toThrow(
      /in line 1 of .*, but there are 5; .*name the columns in a first line$/,
    );
  });

  it("have no class where a program wrote that there is nothing", async () => {
    files("a.jpg", "b.jpg", "c.jpg", "d.jpg");
    const data = await open("l.csv", "path,label\na.jpg,NaN\nb.jpg,cat\nc.jpg,null\nd.jpg,None\n");
    expect(list(data, data.train)).toEqual(["a.jpg -", "b.jpg cat", "c.jpg -", "d.jpg None"]);
    expect(said(data)).toMatch(/2 labels \(NaN, null\) read as no class/);
    expect(said(data)).toMatch(/None is a class like others; an image without one has an empty label/);
  });

  it("have one class for 1 and 1.0, as a column with gaps is written", async () => {
    files("a.jpg", "b.jpg", "c.jpg");
    const mixed = await open("l.csv", "path,label\na.jpg,1\nb.jpg,1.0\nc.jpg,0\n");
    expect([labels(mixed), list(mixed, mixed.train)]).toEqual([
      ["0", "1"],
      ["a.jpg 1", "b.jpg 1", "c.jpg 0"],
    ]);
    // What is written alike keeps its name, and codes keep their zeros.
    expect(labels(await open("l.csv", "path,label\na.jpg,1.0\nb.jpg,0.0\nc.jpg,0.0\n"))).toEqual(["0.0", "1.0"]);
    expect(labels(await open("l.csv", "path,label\na.jpg,007\nb.jpg,7\nc.jpg,1\n"))).toEqual(["1", "007", "7"]);
  });

  it("say where a label is several, measured, or written in two ways", async () => {
    const names = Array.from({ length: 12 }, (_, i) => `${i}.jpg`);
    files(...names);
    const of = async (label: (i: number) => string) =>
      said(await open("l.csv", ["path,label", ...names.map((name, i) => `${name},"${label(i)}"`)].join("\n")));
    expect(await of((i) => ["scab", "rust", "scab rust"][i % 3]!)).toMatch(
      /1 of 3 classes is several in one, such as scab rust/,
    );
    expect(await of((i) => ["sea|sky", "sky"][i % 2]!)).toMatch(/1 of 2 classes is several in one, such as sea\|sky/);
    expect(await of((i) => ["New York", "York"][i % 2]!)).not.toMatch(/several/);
    expect(await of((i) => `${i * 1.25}`)).toMatch(/12 of 12 classes have one image: measured numbers are no classes/);
    expect(await of((i) => `picture ${i}`)).toMatch(/12 of 12 classes have one image: texts/);
    expect(await of((i) => ["Big  cat", "big cat"][i % 2]!)).toMatch(/are two classes; write them alike/);
    expect(await of((i) => ["-1", "0", "1"][i % 3]!)).toMatch(/-1 is a class like others/);
  });

  it("are taken apart at the mark beside which images' names stand whole", async () => {
    files("a.jpg", "b.jpg");
    const decimal = await open("l.csv", "path;label;score\na.jpg;cat;0,15\nb.jpg;dog;0,75\n");
    expect(list(decimal, decimal.train)).toEqual(["a.jpg cat", "b.jpg dog"]);
    const bare = await open("l.csv", "a.jpg;1,5\nb.jpg;2,5\n");
    expect(list(bare, bare.train)).toEqual(["a.jpg 1,5", "b.jpg 2,5"]);
    const ids = await open("l.csv", "image_id;label;score\na;cat;0,15\nb;dog;0,75\n");
    expect(list(ids, ids.train)).toEqual(["a.jpg cat", "b.jpg dog"]);
    const commas = await open("l.csv", "path,label\na.jpg,x;y\nb.jpg,z;y\n");
    expect(list(commas, commas.train)).toEqual(["a.jpg x;y", "b.jpg z;y"]);
  });

  it("take a column that may be splits for them where it holds nothing else", async () => {
    files("a.jpg", "b.jpg");
    const data = await open("l.csv", "path,label,Data Set\na.jpg,cat,Train\nb.jpg,cat,test\n");
    expect([list(data, data.train), list(data, data.val)]).toEqual([["a.jpg cat"], ["b.jpg cat"]]);
    expect(said(data)).toMatch(/splits from Data Set/);
    const origin = await open("l.csv", "path,label,dataset\na.jpg,cat,test\nb.jpg,cat,flickr\n");
    expect(origin.train.items).toHaveLength(2);
    expect(said(origin)).toMatch(/not read: column dataset/);
  });

  it("tell splits by words in any one column, and by whether an image is to train on", async () => {
    files("a.jpg", "b.jpg");
    const split = async (header: string, ...cells: string[]) => {
      const data = await open("l.csv", `path,label,${header}\na.jpg,x,${cells[0]}\nb.jpg,y,${cells[1]}\n`);
      return [list(data, data.train), list(data, data.val)];
    };
    const apart = [["a.jpg x"], ["b.jpg y"]];
    expect(await split("split", "Training set", "test_set")).toEqual(apart);
    expect(await split("train_or_test", "train", "test")).toEqual(apart);
    expect(await split("is_train", "1", "0")).toEqual(apart);
    expect(await split("origin", "test", "test")).toEqual([["a.jpg x", "b.jpg y"], null]);
  });

  it("have names in single quotes, and as a browser writes them", async () => {
    files("my cat.jpg", "100%.jpg");
    const quoted = await open("l.csv", "'path','label'\n'my cat.jpg','it's'\n'100%.jpg','b'\n");
    expect(list(quoted, quoted.train)).toEqual(["my cat.jpg it's", "100%.jpg b"]);
    const encoded = await open("l.csv", "path,label\nmy%20cat.jpg,a\n100%.jpg,b\n");
    expect(list(encoded, encoded.train)).toEqual(["my cat.jpg a", "100%.jpg b"]);
  });

  it("are refused by their content where they hold something else", async () => {
    const refusal = async (content: string | Uint8Array) =>
      String(await open("x y.csv", content).catch((error: unknown) => error));
    expect(await refusal("label,pixel0,pixel1\n1,0,255\n2,3,4\n")).toMatch(/found numbers such as 1,0,255; pixels or/);
    expect(await refusal("emotion,pixels,Usage\n0,70 80 82,Training\n")).toMatch(/found numbers such as 0,70 80 82,T/);
    expect(await refusal("version https://git-lfs.github.com/spec/v1\n")).toMatch(
      /a pointer that Git LFS left .*git lfs pull$/,
    );
    expect(await refusal("<!DOCTYPE html><html></html>")).toMatch(/a page of the web/);
    expect(await refusal("PK\x03\x04xxxx")).toMatch(/a spreadsheet or an archive/);
    expect(await refusal(Uint8Array.of(1, 0, 2, 0, 0, 0, 3, 255, 7))).toMatch(/bytes that are no text/);
    const packed = /unpack it: (.*)$/.exec(await refusal(gzipSync("a.jpg,cat\n")))![1]!;
    files("a.jpg");
    execFileSync("sh", ["-c", packed], { cwd: folder.path });
    expect((await openData(join(folder.path, "list.csv"))).train.items).toHaveLength(1);
    expect(await refusal("")).toMatch(/found none: it is empty$/);
    expect(await refusal("path,label\n")).toMatch(/found none: no line names any$/);
  });

  it("of JSON have what lies in an object, several labels, and say what holds more", async () => {
    files("a.jpg", "b.jpg");
    const nested = await open(
      "l.jsonl",
      '{"image": {"path": "a.jpg"}, "label": "cat"}\n{"image": {"path": "b.jpg"}}\n',
    );
    expect(list(nested, nested.train)).toEqual(["a.jpg cat", "b.jpg -"]);
    const several = await open(
      "l.jsonl",
      '{"path": "a.jpg", "label": ["cat"], "objects": [{"box": 1}]}\n{"path": "b.jpg", "label": ["cat", "dog"]}\n',
    );
    expect(list(several, several.train)).toEqual(["a.jpg cat", "b.jpg cat|dog"]);
    expect(said(several)).toMatch(/not read: objects, which holds objects/);
    expect(said(several)).toMatch(/1 of 2 classes is several in one, such as cat\|dog/);
    await expect(open("l.jsonl", '[{"path": "a.jpg"}]')).rejects.toThrow(/an array becomes lines by: jq -c '\.\[\]' /);
    await expect(open("l.json", '[{"path": "a.jpg"}]')).rejects.toThrow(/jq -c '\.\[\]' .*l\.json > .*l\.jsonl/);
  });

  it("have one class in both forms of its letters", async () => {
    files("a.jpg", "b.jpg");
    const data = await open("l.csv", `a.jpg,${"bébé".normalize("NFC")},train\nb.jpg,${"bébé".normalize("NFD")},val\n`);
    expect(labels(data)).toEqual(["bébé"]);
    expect(data.val!.items[0]!.label).toBe(0);
  });

  it("sort numbers as numbers", async () => {
    files("a.jpg", "b.jpg", "c.jpg");
    expect(labels(await open("l.csv", "a.jpg,10\nb.jpg,9\nc.jpg,2\n"))).toEqual(["2", "9", "10"]);
    expect(labels(await open("l.csv", "a.jpg,10.0\nb.jpg,9.0\nc.jpg,2.0\n"))).toEqual(["2.0", "9.0", "10.0"]);
  });

  it("find their files in other places, and say where", async () => {
    files("set/images/cat/1.jpg", "set/images/dog/1.jpg", "set/images/dog/2.JPEG");
    const paths = ["images/cat/1.jpg cat", "images/dog/1.jpg dog"];
    const within = await open("set/list.csv", "cat/1.jpg,cat\ndog/1.jpg,dog\n");
    expect(list(within, within.train)).toEqual(paths);
    expect(said(within)).toContain(
      `paths are read from ${join(folder.path, "set/images")}/, not from the list's own folder`,
    );
    expect(await bytesOf({ ...within.train, load: async () => [Buffer.from("y")] })).toEqual(["y"]);
    const moved = await open(
      "set/list.csv",
      "C:\\Users\\me\\set\\images\\cat\\1.jpg,cat\nC:\\Users\\me\\set\\images\\dog\\1.jpg,dog\n",
    );
    expect(list(moved, moved.train)).toEqual(paths);
    expect(said(moved)).toMatch(/paths are read without what they begin with \(C:\\Users\\me\\\), from/);
    const absolute = await open("set/list.csv", "/home/me/images/cat/1.jpg,cat\n/home/me/images/dog/1.jpg,dog\n");
    expect(list(absolute, absolute.train)).toEqual(paths);
    files("parts/images_1/x.png", "parts/images_2/y.png");
    const parts = await open("parts/list.csv", "Image Index,Finding Labels\nx.png,a|b\ny.png,c\n");
    expect(list(parts, parts.train)).toEqual(["images_1/x.png a|b", "images_2/y.png c"]);
    const above = await open("set/lists/train.txt", "images/cat/1.jpg cat\nimages/dog/1.jpg dog\n");
    expect(list(above, above.train)).toEqual(paths.map((path) => `../${path}`));
    const cases = await open("set/list.csv", "Images/Cat/1.jpg,cat\n");
    expect(list(cases, cases.train)).toEqual(["images/cat/1.jpg cat"]);
    expect(said(cases)).toMatch(/1 name written in another case/);
    files("set/a/1.jpg", "set/b/1.jpg");
    await expect(open("set/list.csv", "1.jpg,cat\n")).rejects.toThrow(
      /such files are in .*set\/a and in .*set\/b, and which is meant, only the paths can say/,
    );
  });

  it("count what is not there in one line, and are refused where nothing is", async () => {
    files("a.jpg", "b.png", "x/1.jpg", "y/1.jpg");
    const data = await open("l.csv", "a.jpg,cat\nb.jpg,cat\ngone/c.jpg,dog\n");
    expect(list(data, data.train)).toEqual(["a.jpg cat"]);
    expect(data.leftAside).toEqual([
      { what: "named in the list, but not there", count: 2, example: "b.jpg", hint: "line 2: b.png is there" },
    ]);
    const none = (content: string) => open("l.csv", content);
    await expect(none("q/1.jpg,cat\nq/2.jpg,cat\n")).rejects.toThrow(UserError);
    await expect(none("q/1.jpg,cat\nq/2.jpg,cat\n")).rejects.toThrow(
      /Expected the 2 images that .*l\.csv names, found none; the first is q\/1\.jpg, looked for from .*: there is no folder q in /,
    );
    await expect(none("D:\\q\\7.jpg,cat\n")).rejects.toThrow(/: it is a path of Windows; write paths relative to/);
    await expect(none("00,cat\n")).rejects.toThrow(/: no image of that name, with any extension, is in/);
    await expect(none("a.jpg:0\nb.png:1\n")).rejects.toThrow(/":0" follows the name: separate fields by commas/);
    await expect(none('\u001b[31m,\u001b"x\n')).rejects.toThrow(/^[^\p{Cc}]*$/u);
    await expect(none(`${"long ".repeat(99)}\n`)).rejects.toThrow(/^.{0,600}$/);
    await expect(none("s3://bucket/a.jpg,cat\n")).rejects.toThrow(/a file in line 1 of .*, got the address s3:/);
    // What is held out is not trained on for want of the rest.
    await expect(none("q/1.jpg,cat,train\na.jpg,cat,val\n")).rejects.toThrow(/names as train, found none/);
  });

  it("count rows that repeat an image", async () => {
    files("a.jpg", "b.jpg");
    const data = await open("l.csv", "a.jpg,cat,train\nb.jpg,cat,train\na.jpg,dog,val\na.jpg,cat,train\n");
    expect(data.train.items).toHaveLength(3);
    expect(said(data)).toMatch(
      /2 rows name images that an earlier row names \(1 with another class, 1 in another split\), such as a\.jpg/,
    );
  });

  it("keep the fingerprint that they had", async () => {
    files("images/a 1.jpg", "b.jpg");
    const data = await open("l.txt", "images/a 1.jpg,cat,train\nb.jpg,dog,val\n");
    expect(data.fingerprint).toBe("21642ebe94f985f0");
  });
});

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
