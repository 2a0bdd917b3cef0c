// Lists as people write them, each with its right reading.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { UserError } from "../../base/errors.ts";
import { bytesOf, labels, list, said, sourceFolder } from "../../testing/sources.ts";
import { openData } from "../open.ts";

const folder = sourceFolder();
const { put } = folder;

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
