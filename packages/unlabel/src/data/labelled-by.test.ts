import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { labelledBy } from "./labelled-by.ts";
import { labelsText, readLabelRows } from "./labels-file.ts";
import { openData } from "./open.ts";

const folder = temporaryFolder();
const root = join(folder.path, "images");
const file = join(folder.path, "labels.csv");
const odd = ['a, "b".png', "#c.png", " d.png", "e;f|g.png", "'h'.png"];
beforeAll(() => writeImages(root, [...odd, "1.png", "2.png", "3.png"]));
afterAll(() => folder[Symbol.dispose]());

const put = (text: string) => writeFileSync(file, text);
const labelled = async (text: string) => {
  put(text);
  return labelledBy(await openData(root), file);
};
const byName = ({ train, classes }: Awaited<ReturnType<typeof labelled>>) =>
  Object.fromEntries(train.items.map(({ path, label }) => [path, classes[label]!.id]));

it("what a session writes is read as it was meant, whatever images and classes are called", async () => {
  const labels = ["cat, grey", 'the "other"', "#1", " x ", "ä"];
  const rows = odd.map((path, i) => ({
    path,
    label: labels[i]!,
    draw: i % 2 === 0 ? ("uniform" as const) : ("coverage" as const),
  }));
  const all = [...rows, { path: "1.png", label: null, draw: "coverage" as const }];
  expect(readLabelRows(file, labelsText(all)).map(({ line: _, ...row }) => row)).toEqual(all);
  const data = await labelled(labelsText(all));
  expect(byName(data)).toEqual(Object.fromEntries(odd.map((path, i) => [path, labels[i]])));
  expect(data.readings).toEqual([
    `labels are those of ${file}: 5 images of 8 have one, the other 3 are left aside (1 of them skipped)`,
    "3 of these were drawn at random, and scores rest on such alone; 2 were chosen to cover the images, which classifiers learn from and are not scored on",
  ]);
  expect(data.val).toBe(null);
});

it("other tables of names and classes do as well; columns that are not read are said", async () => {
  const data = await labelled("id,filename,weather,class\n7,1.png,sun,dog\n8,2.png,rain,cat\n9,./3.png,rain,dog\n");
  expect(byName(data)).toEqual({ "1.png": "dog", "2.png": "cat", "3.png": "dog" });
  expect(data.classes.map(({ id }) => id)).toEqual(["cat", "dog"]);
  expect(data.readings!.join("\n")).toMatch(/not read: .*weather/);
  // Relative to the file's own folder.
  expect(byName(await labelled("path,label\nimages/1.png,dog\nimages/2.png,cat\n"))).toEqual({
    "1.png": "dog",
    "2.png": "cat",
  });
});

it("rows of images that are not there are left aside and named, and rows that say it again counted", async () => {
  const data = await labelled("path,label\n1.png,a\n2.png,b\ngone.png,a\n1.png,a\n");
  expect(byName(data)).toEqual({ "1.png": "a", "2.png": "b" });
  expect(data.leftAside).toEqual([
    {
      what: "named among the labels, but not among the images",
      count: 1,
      example: "gone.png",
      hint: `line 4 of ${file}`,
    },
  ]);
  expect(data.readings).toContain("1 row says again what an earlier row says");
});

it("other labels are other data to whoever asks whether it was evaluated on them", async () => {
  const one = await labelled("path,label\n1.png,a\n2.png,b\n");
  const same = await labelled("path,label\n2.png,b\n1.png,a\n");
  const more = await labelled("path,label\n1.png,a\n2.png,b\n3.png,b\n");
  expect(same.fingerprint).toBe(one.fingerprint);
  expect(more.fingerprint).not.toBe(one.fingerprint);
  expect(one.fingerprint).not.toBe((await openData(root)).fingerprint);
});

it("splits stay where train can answer for val, and are one where it cannot", async () => {
  const split = join(folder.path, "split");
  await writeImages(split, ["train/a/1.png", "train/a/2.png", "train/b/3.png", "val/a/4.png", "val/b/5.png"]);
  const of = async (text: string) => {
    put(text);
    const { train, val } = labelledBy(await openData(split), file);
    return [train.items.map(({ path }) => path), val?.items.map(({ path }) => path) ?? null];
  };
  const rows = "path,label\ntrain/a/1.png,x\ntrain/a/2.png,y\n";
  expect(await of(`${rows}val/a/4.png,x\n`)).toEqual([["train/a/1.png", "train/a/2.png"], ["val/a/4.png"]]);
  expect(await of(`${rows}val/a/4.png,z\n`)).toEqual([["train/a/1.png", "train/a/2.png", "val/a/4.png"], null]);
  expect(await of(rows)).toEqual([["train/a/1.png", "train/a/2.png"], null]);
});

describe("how images were chosen", () => {
  const draws = ({ train }: Awaited<ReturnType<typeof labelled>>) =>
    Object.fromEntries(train.items.map(({ path, draw }) => [path, draw]));

  it("is known of a session's file, also once somebody has sorted it, or a spreadsheet has saved it its own way", async () => {
    const own = "path,label,draw,order\n3.png,b,uniform,3\n1.png,a,both,1\n2.png,a,coverage,2\n";
    const expected = { "1.png": "uniform", "2.png": "coverage", "3.png": "uniform" };
    for (const text of [
      own,
      `\uFEFF${own.replaceAll("\n", "\r\n")}`,
      own.replaceAll(",", ";"),
      own.replaceAll(",", "\t"),
      `${own.replaceAll(",", ";")}`
        .replace("path;label;draw;order", "order;Draw;label;path")
        .replace(/^(\d\.png);(\w);(\w+);(\d)$/gm, "$4;$3;$2;$1"),
    ]) {
      const data = await labelled(text);
      expect([text, draws(data)]).toEqual([text, expected]);
      expect(data.readings!.join("\n")).toMatch(/2 of these were drawn at random, .*; 1 was chosen to cover/);
      expect(data.readings!.join("\n")).not.toMatch(/not read/);
    }
  });

  it("is not known of other tables, and a column draw may mean something else", async () => {
    for (const text of ["path,label\n1.png,a\n2.png,b\n", "path,label,draw\n1.png,a,pencil\n2.png,b,ink\n"]) {
      const data = await labelled(text);
      expect(draws(data)).toEqual({ "1.png": undefined, "2.png": undefined });
      expect(data.readings!.join("\n")).not.toMatch(/at random/);
    }
  });

  it("a row that somebody has added without saying is not scored on", async () => {
    const data = await labelled("path;label;draw\n1.png;a;uniform\n2.png;b;coverage\n3.png;b;\n");
    expect(draws(data)).toEqual({ "1.png": "uniform", "2.png": "coverage", "3.png": "coverage" });
  });

  it("other draws are another evaluation", async () => {
    const one = await labelled("path,label,draw,order\n1.png,a,uniform,1\n2.png,b,coverage,2\n");
    const other = await labelled("path,label,draw,order\n1.png,a,uniform,1\n2.png,b,both,2\n");
    expect(other.fingerprint).not.toBe(one.fingerprint);
  });

  it("of val those drawn at random are kept, the others go to what is fitted on; without any, splits are one", async () => {
    const root = join(folder.path, "drawn");
    await writeImages(root, ["train/a/1.png", "train/b/2.png", "val/a/3.png", "val/b/4.png", "val/b/5.png"]);
    const of = async (...rows: string[]) => {
      put(`path,label,draw,order\n${rows.map((row, i) => `${row},${i + 1}\n`).join("")}`);
      const { train, val } = labelledBy(await openData(root), file);
      return [train.items.map(({ path }) => path), val?.items.map(({ path }) => path) ?? null];
    };
    const rows = ["train/a/1.png,x,uniform", "train/b/2.png,y,coverage", "val/a/3.png,x,both"];
    expect(await of(...rows, "val/b/4.png,y,coverage")).toEqual([
      ["train/a/1.png", "train/b/2.png", "val/b/4.png"],
      ["val/a/3.png"],
    ]);
    expect(await of(...rows.slice(0, 2), "val/b/4.png,z,coverage")).toEqual([
      ["train/a/1.png", "train/b/2.png", "val/b/4.png"],
      null,
    ]);
  });
});

it("names are found whatever wrote them: Windows, an absolute path, letters with marks composed or not", async () => {
  const root = join(folder.path, "names");
  await writeImages(root, ["a/\u0439.png", "a/e\u0301.png", "b/🦊.png"]);
  put(`path,label\na\\\u0438\u0306.png,x\n${join(root, "a/\u00e9.png")},y\nb/🦊.png,x\n`);
  const { train, classes } = labelledBy(await openData(root), file);
  expect(Object.fromEntries(train.items.map(({ path, label }) => [path, classes[label]!.id]))).toEqual({
    "a/\u0439.png": "x",
    "a/e\u0301.png": "y",
    "b/🦊.png": "x",
  });
});

it("a session goes on only with rows as it left them", () => {
  const head = "path,label,draw,order\n";
  expect(() => readLabelRows(file, `${head}1.png,a,uniform,2\n`)).toThrow(/^Expected 1 as order in line 2 of /);
  expect(() => readLabelRows(file, `${head}1.png,a,uniform,1\n1.png,b,coverage,2\n`)).toThrow(
    /^Expected each image once in line 3 of .*1\.png again, after line 2/,
  );
});

describe("refusals, a line each", () => {
  it.each([
    ["path,label,draw,order\n", /^Expected labels in .*, got no rows; label some images first$/],
    ["path,label,draw,order\n1.png,,uniform,1\n", /got 1 row without one; label some/],

    ["path,label,draw,order\n1.png,a,other,1\n", /^Expected uniform, coverage or both as draw in line 2/],
    [
      "path,label\n1.png,a\n1.png,b\n2.png,b\n",
      /^Expected one label for 1\.png in .*, got a in line 2 and b in line 3/,
    ],
    [
      "path,label\n1.png,a\n2.png,a\n",
      /^Expected two classes or more in .*, got a alone; label images of another class/,
    ],
    [
      "path,label\nx/1.png,a\ny.png,b\n",
      /^Expected names of images in .*, got x\/1\.png and no other that is there; they are relative to DATA, such as/,
    ],
    [
      "path,size\n1.png,3\n2.png,4\n",
      /^Expected a column label in .*, found none; name the columns in the first line: path,label$/,
    ],
    ["", /^Expected labels in .*, got no rows/],
    ["PK\u0003\u0004", /^Expected a file of labels in .*, got a spreadsheet or an archive/],
  ])("%j", async (text, message) => {
    await expect(labelled(text)).rejects.toThrow(message);
  });

  it("no file, or a folder", async () => {
    const data = await openData(root);
    expect(() => labelledBy(data, join(folder.path, "none.csv"))).toThrow(
      /which does not exist; unlabel label writes one$/,
    );
    expect(() => labelledBy(data, root)).toThrow(/which is a folder/);
  });
});

it("says of a table without a label whether the column is missing or empty, and of one that cannot be read that it is a table", async () => {
  await expect(labelled("path,label\n1.png,\n2.png,\n")).rejects.toThrow(
    `Expected labels in ${file}, got 2 rows without one; label some images first`,
  );
  await expect(labelled("path,weather\n1.png,sun\n2.png,rain\n")).rejects.toThrow(
    `Expected a column label in ${file}, found none; name the columns in the first line: path,label`,
  );
  await expect(labelled('path,label\n1.png,"a\n2.png,b\n')).rejects.toThrow(`Expected a table in ${file} that can be`);
});
