// `npm run test:peers`: trains small encoders, exports them, opens each export in its own program, and prints the least cosine between what
// comes out there and what unlabel gives. Exits 3 where the package index does not answer, and nothing was installed before.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { noGrad, randn, scope } from "@unlabel/torch";
import { Rng } from "../packages/unlabel/src/base/rng.ts";
import { table } from "../packages/unlabel/src/base/table.ts";
import { trainedMethod } from "../packages/unlabel/src/eval/baselines.ts";
import { loadEncoder } from "../packages/unlabel/src/eval/load-encoder.ts";
import { exportEncoder } from "../packages/unlabel/src/export/export.ts";
import type { Target } from "../packages/unlabel/src/export/options.ts";
import { RunDirectory } from "../packages/unlabel/src/run/directory.ts";
import { makeTiff } from "../packages/unlabel/src/testing/tiff.ts";
import { pretrain } from "../packages/unlabel/src/train/pretrain.ts";
import { type Asked, openInBrowser } from "./browser.ts";
import { nodePeers, type Python, pythonPeers, Unreachable } from "./environment.ts";
import { eventsBesideMetrics } from "./tensorboard.ts";
import { startedByTorchrun } from "./torchrun.ts";

/** Of what program, with which files, how alike. */
interface Case {
  run: string;
  to: Target;
  program: string;
  file?: string;
  /** What goes in: normalised float32 pixels, or images of 8 or 16 bits. */
  takes: "pixel_values" | "images";
  least: number;
}

const RUNS = {
  resnet18: { encoder: "resnet18", method: "simclr", stem: "7x7" },
  "resnet18-3x3": { encoder: "resnet18", method: "simclr", stem: "3x3" },
  resnet50: { encoder: "resnet50", method: "simclr", stem: "7x7" },
  vit_tiny: { encoder: "vit_tiny", method: "mae", patch: 8, log: "tensorboard" },
  "resnet18-5": { encoder: "resnet18", method: "simclr", stem: "7x7" },
  "vit_tiny-5": { encoder: "vit_tiny", method: "mae", patch: 8 },
} as const;

const SIZE = 32;
const LEAST = { "": 0.9999, _fp16: 0.999, _int8: 0.99, _quantized: 0.99 } as const;

function cases(): Case[] {
  const found: Case[] = [];
  for (const run of Object.keys(RUNS)) {
    const rgb = !run.endsWith("-5");
    const small = run.endsWith("3x3");
    for (const ending of ["", "_fp16", "_int8"] as const) {
      const least = LEAST[ending];
      const onnx = { run, to: "onnx", program: "onnxruntime", least } as const;
      found.push({ ...onnx, file: `model${ending}.onnx`, takes: "pixel_values" });
      found.push({ ...onnx, file: `model_with_preprocessing${ending}.onnx`, takes: "images" });
    }
    // A browser takes its time: the smallest ones, in all that may differ there.
    if (run === "resnet18" || run === "vit_tiny" || run === "vit_tiny-5") {
      for (const ending of ["", "_int8"] as const) {
        const file = `model_with_preprocessing${ending}.onnx`;
        found.push({ run, to: "onnx", program: "Chromium", file, takes: "images", least: LEAST[ending] });
      }
    }
    const exact = { run, takes: "pixel_values", least: LEAST[""] } as const;
    if (run.startsWith("resnet")) found.push({ ...exact, to: "torchvision", program: "torchvision" });
    if (small) continue;
    found.push({ ...exact, to: "timm", program: "timm" }, { ...exact, to: "transformers", program: "transformers" });
    for (const [ending, dtype] of [
      ["", "fp32"],
      ["_fp16", "fp16"],
      ["_quantized", "q8"],
    ] as const) {
      const file = `onnx/model${ending}.onnx`;
      found.push({
        run,
        to: "transformers",
        program: "onnxruntime",
        file,
        takes: "pixel_values",
        least: LEAST[ending],
      });
      found.push({
        run,
        to: "transformers",
        program: "transformers.js",
        file: dtype,
        takes: "pixel_values",
        least: LEAST[ending],
      });
    }
    // Pillow and our reader round alike but for a level now and then.
    if (rgb) {
      found.push({ run, to: "timm", program: "timm, its transform", takes: "images", least: 0.9995 });
      found.push({ run, to: "transformers", program: "transformers, its processor", takes: "images", least: 0.9995 });
    }
  }
  return found;
}

/** Of an ONNX export, which has one. */
function precisionOf({ to, file = "" }: Case): "fp32" | "fp16" | "int8" | undefined {
  if (to !== "onnx") return undefined;
  return file.includes("_fp16") ? "fp16" : file.includes("_int8") ? "int8" : "fp32";
}

/** Cases of one export share it. */
const folderOf = (one: Case) => [one.run, one.to, precisionOf(one)].filter(Boolean).join("-");

const say = (text: string) => process.stderr.write(`${text}\n`);
const quiet = { write: () => true };

async function main(): Promise<number> {
  const python = pythonPeers(say);
  const node = nodePeers(say);
  const root = mkdtempSync(join(tmpdir(), "unlabel-peers-"));
  try {
    say("Training and exporting");
    const inputs = await prepare(root);
    const all = cases();
    const asked = all.map((one) => ({
      ...{ program: one.program, file: one.file, inputs: join(root, `${one.run}-${one.takes}.npy`) },
      folder: join(root, folderOf(one)),
    }));
    const answers = new Map<number, Answer>();
    const ask = (which: (program: string) => boolean, program: string, args: string[], env: NodeJS.ProcessEnv) => {
      const places = all.flatMap(({ program: name }, i) => (which(name) ? [i] : []));
      const input = JSON.stringify(places.map((i) => asked[i]));
      const { stdout, stderr, error } = spawnSync(program, args, { input, env, encoding: "utf8", maxBuffer: 1e9 });
      const lines = stdout?.split("\n").filter((line) => line.startsWith("{")) ?? [];
      for (const [k, i] of places.entries()) {
        const why = error?.message ?? stderr.trim().split("\n").at(-1) ?? "no answer";
        answers.set(i, lines[k] ? JSON.parse(lines[k]) : { error: why });
      }
    };
    say("Opening them in Python");
    ask(
      (name) => name !== "transformers.js" && name !== "Chromium",
      python.program,
      [join(import.meta.dirname, "open.py")],
      python.env,
    );
    say("Opening them in transformers.js");
    const script = join(import.meta.dirname, "open.mjs");
    ask((name) => name === "transformers.js", process.execPath, [script, node], process.env);
    say("Opening them in Chromium");
    const places = all.flatMap(({ program }, i) => (program === "Chromium" ? [i] : []));
    const inBrowser = await openInBrowser(
      node,
      places.map((i) => ({ file: join(asked[i]!.folder, all[i]!.file!), input: inputs.images.get(all[i]!.run)! })),
    );
    for (const [k, i] of places.entries()) answers.set(i, inBrowser[k]!);
    say("Reading event files in TensorBoard");
    const differences = await logged(root, python);
    say("Training by torchrun");
    const launched = await startedByTorchrun(join(root, "runs"), join(root, "images-3"), python);
    return told(all, answers, inputs.expected, [differences, launched]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** What is wrong with the event files of a run that went on. */
async function logged(root: string, python: Python): Promise<string[]> {
  const run = join(root, "runs", "vit_tiny");
  await pretrain({ out: run, resume: true, settings: { flags: { steps: 6 } }, stream: quiet });
  try {
    return eventsBesideMetrics(run, python);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

type Answer = { features: number[][] } | { error: string };

/** Prints the table. @returns the exit code */
function told(
  all: readonly Case[],
  answers: ReadonlyMap<number, Answer>,
  inputs: ReadonlyMap<string, number[][]>,
  [differences, launched]: readonly [string[], string[]],
): number {
  let failed = Number(differences.length > 0) + Number(launched.length > 0);
  const rows = all.map(({ run, to, program, file, takes, least }, i) => {
    const answer = answers.get(i) ?? { error: "no answer" };
    const cosine = "error" in answer ? Number.NaN : leastCosine(answer.features, inputs.get(`${run}-${takes}`)!);
    const good = cosine >= least;
    if (!good) failed++;
    const found = "error" in answer ? answer.error.split("\n")[0]!.slice(0, 160) : cosine.toFixed(6);
    return [run, to, `${program}${file ? ` ${file}` : ""}`, takes, found, `≥ ${least}`, good ? "" : "FAILED"];
  });
  console.log(table([["encoder", "export", "opened by", "takes", "least cosine", "needed", ""], ...rows], 400));
  for (const [what, wrong] of [
    ["TensorBoard reads what metrics.jsonl has", differences],
    ["torchrun starts ranks, and again after a kill; losses as of one process", launched],
  ] as const)
    console.log([what, ...wrong].join("\n  ") + (wrong.length > 0 ? "\nFAILED" : ""));
  console.log(`${all.length + 2 - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

interface Inputs {
  /** What unlabel makes of what goes in: `RUN-TAKES` → features. */
  expected: Map<string, number[][]>;
  /** The images of each run. */
  images: Map<string, Asked["input"]>;
}

/** Runs with their exports, and what goes into them, as .npy files too. */
async function prepare(root: string): Promise<Inputs> {
  const inputs: Inputs = { expected: new Map(), images: new Map() };
  for (const [name, settings] of Object.entries(RUNS)) {
    const bands = name.endsWith("-5") ? 5 : 3;
    const data = writeImages(join(root, `images-${bands}`), bands);
    const run = join(root, "runs", name);
    const common = {
      size: SIZE,
      batch: 4,
      steps: 4,
      health_every: 0,
      online: false,
      precision: "fp32",
      preset: "small",
    };
    await pretrain({ data, settings: { flags: { ...common, ...settings } }, out: run, stream: quiet });
    const wanted = new Map(cases().flatMap((one) => (one.run === name ? [[folderOf(one), one] as const] : [])));
    for (const [folder, one] of wanted)
      await exportEncoder(run, { to: one.to, out: join(root, folder), precision: precisionOf(one) });
    await ask(root, name, run, bands, inputs);
  }
  return inputs;
}

async function ask(root: string, name: string, run: string, bands: number, { expected, images: byRun }: Inputs) {
  const { method } = trainedMethod(RunDirectory.open(run));
  const encoder = method.encoder.eval();
  const pixels = randn([3, bands, SIZE, SIZE]);
  const features = noGrad(() => scope(() => encoder.features(pixels).contiguous().toNumbers()));
  expected.set(`${name}-pixel_values`, rowsOf(features, encoder.dim));
  writeNpy(join(root, `${name}-pixel_values.npy`), "<f4", pixels.shape, pixels.toArray());
  const [width, height] = [57, 40];
  const make = (seed: number) => samples(width, height, bands, seed);
  const images = [make(101), make(102)];
  using loaded = await loadEncoder(run, { precision: "fp32" });
  const found = await loaded.encode(images.map((one) => ({ data: one, width, height, channels: bands })));
  expected.set(`${name}-images`, rowsOf([...found], loaded.dim));
  const both = bands === 3 ? new Uint8Array(2 * images[0]!.length) : new Uint16Array(2 * images[0]!.length);
  for (const [i, one] of images.entries()) both.set(one, i * one.length);
  const shape = [2, height, width, bands];
  byRun.set(name, { name: "images", type: bands === 3 ? "uint8" : "uint16", shape, data: both });
  writeNpy(join(root, `${name}-images.npy`), bands === 3 ? "|u1" : "<u2", shape, both);
  method.dispose();
}

/** Three bands are photographs of 8 bits, more are of 16. */
function samples(width: number, height: number, bands: number, seed: number): Uint8Array | Uint16Array {
  const noise = new Rng(seed, "peers");
  const top = bands === 3 ? 255 : 5000;
  const values = Array.from({ length: width * height * bands }, (_, at) => {
    const [x, y] = [Math.floor(at / bands) % width, Math.floor(at / bands / width)];
    const wave = Math.sin((x * (1 + (at % bands))) / (3 + (seed % 7))) * Math.cos(y / (4 + (seed % 5)));
    return Math.floor(top * Math.min(1, Math.max(0, 0.5 + 0.35 * wave + noise.uniform(-0.15, 0.15))));
  });
  return bands === 3 ? Uint8Array.from(values) : Uint16Array.from(values);
}

function writeImages(folder: string, bands: number): string {
  mkdirSync(folder, { recursive: true });
  for (let i = 0; i < 8; i++) {
    const data = samples(48, 48, bands, i);
    writeFileSync(
      join(folder, `${i}.tif`),
      makeTiff({ width: 48, height: 48, bands, data, ...(bands === 3 && { photometric: 2 }) }),
    );
  }
  return folder;
}

function rowsOf(numbers: readonly number[], length: number): number[][] {
  return Array.from({ length: numbers.length / length }, (_, i) => numbers.slice(i * length, (i + 1) * length));
}

function writeNpy(path: string, descr: string, shape: readonly number[], data: ArrayBufferView): void {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(", ")}), }`;
  const header = Buffer.from(`${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`, "latin1");
  const magic = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  writeFileSync(path, Buffer.concat([magic, header, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]));
}

/** NaN where shapes differ. */
function leastCosine(a: readonly number[][], b: readonly number[][]): number {
  if (a.length !== b.length) return Number.NaN;
  const cosines = a.map((row, i) => {
    const other = b[i]!;
    if (row.length !== other.length) return Number.NaN;
    const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, one, k) => sum + one * y[k]!, 0);
    return dot(row, other) / Math.sqrt(dot(row, row) * dot(other, other));
  });
  return Math.min(...cosines);
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Unreachable)) throw error;
  console.error(error.message);
  process.exitCode = 3;
}
