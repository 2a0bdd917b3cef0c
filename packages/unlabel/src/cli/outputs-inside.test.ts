// Outputs that lie inside the folder of images: whatever a command has written there, the next one reads the same images.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openFolder } from "../data/folder.ts";
import { openData } from "../data/open.ts";
import { understood } from "../data/understood.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";

const BIN = join(import.meta.dirname, "..", "..", "bin", "unlabel.mjs");
const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const at = (...names: string[]) => join(folder.path, ...names);

/** In the folder of images itself, as people do who have them there. */
function unlabel(...args: string[]): { stdout: string; stderr: string } {
  const ended = spawnSync(process.execPath, [BIN, ...args], { cwd: folder.path, encoding: "utf8" });
  expect(ended.stderr.split("\n").filter((line) => line.startsWith("error:"))).toEqual([]);
  expect(ended.status).toBe(0);
  return ended;
}

const SMALL = ["size=32", "batch=4", "threads=1"].flatMap((one) => ["--set", one]);

beforeAll(async () => {
  await writeImages(
    folder.path,
    ["ant", "bee"].flatMap((name) => Array.from({ length: 6 }, (_, i) => `${name}/${i}.png`)),
    32,
  );
});

it("compare, pretrain, evaluate, embed, search, report and data check leave the images as they were", async () => {
  const before = openFolder(folder.path);
  const same = async () => {
    const now = await openData(folder.path);
    expect({ ...now, leftAside: undefined }).toEqual({ ...before, leftAside: undefined });
    return understood(now);
  };
  const compare = ["compare", ".", "--methods", "simclr,mae", "--epochs", "1", "-o", "answer.html", "--out", "runs/x"];
  const first = unlabel(...compare, ...SMALL);
  expect(first.stderr.split("\n")[0]).toBe("12 images in 2 classes; no val");
  // Each run says it once more in its run.json, and not on the way.
  expect(first.stderr.match(/12 images in 2 classes/g)).toHaveLength(1);
  await same();
  unlabel(...compare, ...SMALL);
  const lines = await same();
  expect(lines).toEqual([
    "12 images in 2 classes; no val",
    "left aside: 2 runs by unlabel itself (runs/x/mae-0), 1 comparison by unlabel itself (runs/x/compare.json), 1 page by unlabel itself (answer.html)",
  ]);
  const run = "runs/x/simclr-0";
  const info = JSON.parse(readFileSync(at(run, "run.json"), "utf8"));
  expect(info.data).toMatchObject({ fingerprint: before.fingerprint, train: 12, understood: [lines[0]] });
  const { stderr, stdout } = unlabel("evaluate", run, "--json");
  expect(stderr).toContain(lines.join("\n"));
  const { linear } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
  expect([linear.fingerprint, linear.train_images + linear.val_images]).toEqual([before.fingerprint, 12]);

  for (const name of ["f.csv", "f.safetensors", "f.parquet", "ant/g.npy"]) unlabel("embed", run, ".", "-o", name);
  unlabel("search", run, "ant/0.png", "--in", ".", "--html", "bee/near.html");
  // A page that was written by the first of two searches is replaced by the second.
  unlabel("search", run, "ant/1.png", "--in", ".", "--html", "bee/near.html");
  unlabel("report", run, "-o", "ant/report.html");
  unlabel("pretrain", ".", "--method", "mae", "--steps", "1", ...SMALL, "--out", "bee/run");
  const checked = unlabel("data", "check", ".", "--no-forecast", "--html", "check.html", "--json");
  const result = JSON.parse(checked.stdout.trimEnd().split("\n").at(-1)!);
  expect(result).toMatchObject({ fingerprint: before.fingerprint, images: { train: 12, val: 0 } });
  expect(checked.stderr).toContain(`${result.understood.join("\n")}\n`);
  await same();
  expect(openFolder(at("ant")).train.items).toHaveLength(6);

  // Parts of a run by themselves.
  mkdirSync(at("kept"));
  renameSync(at(run, "eval"), at("kept", "eval"));
  renameSync(at("bee", "run", "pictures"), at("kept", "pictures"));
  expect(readdirSync(at("kept", "pictures")).length).toBeGreaterThan(3);
  const parts = await same();
  expect(parts.join("\n")).toMatch(/pictures by unlabel itself/);
}, 300_000);

it("the first lines of a report's data say what was read", () => {
  expect(readFileSync(at("ant", "report.html"), "utf8")).toMatch(
    /How the images were understood<\/h3>.*<li>12 images in 2 classes; no val<\/li>/s,
  );
});
