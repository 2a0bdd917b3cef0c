// What is an output of unlabel, and what only looks like one: a user's own file of that name stays what it is.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { GENERATOR } from "../base/output-file.ts";
import { temporaryFolder } from "../testing/data.ts";
import { openFolder } from "./folder.ts";
import { openData } from "./open.ts";
import { outputsAmong } from "./outputs.ts";

const RUN = JSON.stringify({ schema: 1, status: "done", config: {}, versions: { unlabel: "1.0.0" } });

function among(files: Record<string, string>, folder = "x") {
  using root = temporaryFolder();
  const here = join(root.path, folder);
  mkdirSync(here, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(here, name), content);
  const found = outputsAmong(here, Object.keys(files));
  return typeof found === "string" ? found : Object.fromEntries(found);
}

describe("outputsAmong", () => {
  it.each<[string, Record<string, string>, unknown]>([
    ["a run", { "run.json": RUN, "a.jpg": "" }, "run"],
    ["a damaged run", { "run.json": "{", "metrics.jsonl": "", checkpoints: "", "a.jpg": "" }, "run"],
    ["another program's run.json", { "run.json": '{"schema": 1, "status": "ok"}', "a.jpg": "" }, {}],
    [
      "a comparison",
      { "compare.json": '{"schema": 1, "budget": {}, "runs": []}', lock: "" },
      { "compare.json": "comparison", lock: "unfinished file" },
    ],
    ["a page", { "a.html": `<html>${GENERATOR}1">`, "b.html": "<html>" }, { "a.html": "page" }],
    [
      "features",
      { "f.npy": "", "f.rows.csv": "path,split,class\n" },
      { "f.npy": "file of features", "f.rows.csv": "file of features" },
    ],
    ["another array and table", { "f.npy": "", "f.rows.csv": "row,label\n", "g.npy": "" }, {}],
    [
      "wide features",
      { "f.csv": "path,split,class,f0,f1\n", "g.csv": "path,label\n" },
      { "f.csv": "file of features" },
    ],
    [
      "a file in the making",
      { "a.jpg.0a1b2c3d-12-0123456789ab.unlabel.tmp": "" },
      { "a.jpg.0a1b2c3d-12-0123456789ab.unlabel.tmp": "unfinished file" },
    ],
    [
      "reconstructions",
      { "mae.json": '{"size": 32, "items": []}', "mae-1-original.png": "", "mae-1-masked.png": "", "mae-2.png": "" },
      { "mae.json": "picture", "mae-1-original.png": "picture", "mae-1-masked.png": "picture" },
    ],
    [
      "a sprite",
      { "pictures.json": '{"protocol": "pictures"}', "pictures.jpg": "" },
      { "pictures.json": "picture", "pictures.jpg": "picture" },
    ],
    ["a user's pictures.json", { "pictures.json": "[]", "pictures.jpg": "" }, {}],
  ])("%s", (_, files, expected) => {
    expect(among(files)).toEqual(expected);
  });

  it("knows kept images by their folder and names", () => {
    const name = `${"0123456789abcdef".repeat(2)}.jpg`;
    expect(among({ [name]: "" }, "images/0123456789abcdef")).toBe("cache");
    expect(among({ [name]: "", "cat.jpg": "" }, "images/0123456789abcdef")).toEqual({});
    expect(among({ [name]: "" }, "photos/0123456789abcdef")).toEqual({});
  });
});

describe("a folder with outputs", () => {
  it("given itself is read: only what lies below is an output of it", () => {
    using folder = temporaryFolder();
    const put = (path: string, content = "x") => {
      mkdirSync(dirname(join(folder.path, path)), { recursive: true });
      writeFileSync(join(folder.path, path), content);
    };
    put("run.json", RUN);
    put("cat/1.jpg");
    put("dog/1.jpg");
    put("dog/old/run.json", RUN);
    put("dog/old/pictures/mae-1-original.png");
    expect(openFolder(folder.path).train.items.map(({ path }) => path)).toEqual(["cat/1.jpg", "dog/1.jpg"]);
  });

  it("of features is no folder of Parquet files with images", async () => {
    using folder = temporaryFolder();
    mkdirSync(join(folder.path, "cat"));
    mkdirSync(join(folder.path, "dog"));
    for (const name of ["cat/1.jpg", "dog/1.jpg"]) writeFileSync(join(folder.path, name), "x");
    const text = (name: string) => ({ name, data: ["a"], type: "STRING" as const });
    const buffer = parquetWriteBuffer({
      columnData: [text("path"), text("split"), text("class"), { name: "features", data: [1], type: "FLOAT" }],
      kvMetadata: [
        { key: "run", value: "r" },
        { key: "step", value: "1" },
      ],
    });
    writeFileSync(join(folder.path, "f.parquet"), new Uint8Array(buffer));
    const data = await openData(folder.path);
    expect(data.layout).toBe("classes");
    expect(data.leftAside).toEqual([
      { what: "file of features by unlabel itself", count: 1, example: "f.parquet", own: true },
    ]);
  });
});
