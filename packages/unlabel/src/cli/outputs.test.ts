// Places that take no file are refused before the work begins, in one line, by every command that writes.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { writeRun } from "../testing/run-fixture.ts";

const BIN = join(import.meta.dirname, "..", "..", "bin", "unlabel.mjs");
const root = temporaryFolder();
afterAll(() => root[Symbol.dispose]());
const at = (...names: string[]) => join(root.path, ...names);

beforeAll(async () => {
  await writeRun(at("run"), { steps: 3 });
  mkdirSync(at("run", "checkpoints"), { recursive: true });
  writeFileSync(at("run", "checkpoints", "last.safetensors"), "weights");
  await writeImages(at("data"), ["train/ant/0.png", "train/bee/0.png", "val/ant/0.png", "val/bee/0.png"]);
  writeFileSync(at("data.csv"), "path,label\n");
  writeFileSync(at("file"), "a file");
  await writeRun(at("taken"), { steps: 3, top1: null });
  mkdirSync(at("taken", "checkpoints"), { recursive: true });
  writeFileSync(at("taken", "checkpoints", "last.safetensors"), "weights");
  writeFileSync(at("taken", "eval"), "a file");
});

it.each([
  [["report", at("run"), "-o", at("data", "train", "ant", "0.png")], 2, "ends in .html or .htm for -o"],
  [["report", at("run"), "-o", at("file", "r.html")], 1, "a file where a folder would have to be"],
  [["report", at("run"), "-o", "/proc/unlabel/r.html"], 1, "Expected to be able to write /proc/unlabel/r.html"],
  [["compare", at("data"), "--epochs", "1", "--out", at("c"), "-o", at("c.txt")], 2, "ends in .html or .htm for -o"],
  [["compare", at("data"), "--epochs", "1", "--out", at("file")], 1, "a file where a folder would have to be"],
  [["search", at("run"), at("0.png"), "--in", at("data"), "--html", root.path], 2, "got the folder"],
  [["embed", at("run"), at("data"), "-o", at("run", "checkpoints", "last.safetensors")], 2, "a run keeps of its own"],
  [["embed", at("run"), at("data.csv"), "-o", at("data.csv")], 2, "which is part of the images"],
  [["evaluate", at("taken"), "--data", at("data")], 1, "a file where a folder would have to be"],
  [
    ["pretrain", at("data"), "--method", "mae", "--out", at("file", "run")],
    1,
    "a file where a folder would have to be",
  ],
])("refuses %j", (args, code, message) => {
  const ended = spawnSync(process.execPath, [BIN, ...args], { encoding: "utf8" });
  expect(ended.stderr).toMatch(/^error: .*\n$/);
  expect(ended.stderr).toContain(message);
  expect(ended.status).toBe(code);
  expect(readFileSync(at("run", "checkpoints", "last.safetensors"), "utf8")).toBe("weights");
});
