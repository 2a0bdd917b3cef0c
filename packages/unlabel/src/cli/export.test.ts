// `unlabel export` as a shell runs it: needs the built dist/. What it writes, export/export.test.ts looks at.
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { pretrain } from "../train/pretrain.ts";

const BIN = join(import.meta.dirname, "..", "..", "bin", "unlabel.mjs");
const folder = temporaryFolder();
const run = join(folder.path, "run");

beforeAll(async () => {
  const data = join(folder.path, "images");
  await writeImages(data, ["0.png", "1.png", "2.png", "3.png"], 32);
  const flags = { method: "mae", size: 32, patch: 8, batch: 4, steps: 1, health_every: 0, online: false };
  await pretrain({ data, settings: { flags }, out: run, stream: { write: () => true } });
});
afterAll(() => folder[Symbol.dispose]());

function unlabel(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, "export", ...args], (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

it("writes a folder and says what lies there, last as one object with --json", async () => {
  const out = join(folder.path, "out");
  const { code, stdout } = await unlabel(run, "--to", "onnx", "-o", out, "--raw", "--precision", "int8", "--json");
  expect(code).toBe(0);
  const said = JSON.parse(stdout.trim().split("\n").at(-1)!);
  expect(said).toMatchObject({
    to: "onnx",
    out,
    size: 32,
    step: 1,
    license: "unknown",
    weights_average: null,
    notes: [],
  });
  expect(said.files.map(({ path }: { path: string }) => path)).toEqual(["model_int8.onnx", "README.md"]);
  expect(readFileSync(join(out, "model_int8.onnx"))).toHaveLength(said.files[0].bytes);
});

it.each([
  [["RUN", "--to", "tflite", "-o", "OUT"], 2, "Allowed choices are onnx, timm, transformers, torchvision"],
  [["RUN", "-o", "OUT"], 2, "'--to <program>' not specified"],
  [["RUN", "--to", "onnx", "-o", "OUT", "--raw", "--with-preprocessing"], 2, "got both"],
  [["RUN", "--to", "onnx", "-o", "OUT", "--size", "33"], 2, "patch 8"],
  [["RUN", "--to", "torchvision", "-o", "OUT", "--raw"], 2, "preprocessing with --to onnx alone"],
  [["RUN-not", "--to", "onnx", "-o", "OUT"], 1, "Expected a run directory"],
] as const)("refuses %j in one line, with exit code %i, and writes nothing", async (words, exit, line) => {
  const out = join(folder.path, "refused");
  const args = words.map((word) => word.replace("RUN", run).replace("OUT", out));
  const { code, stdout, stderr } = await unlabel(...args);
  expect(code).toBe(exit);
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(stderr).toContain(line);
  expect(stdout).toBe("");
  expect(existsSync(out)).toBe(false);
});
