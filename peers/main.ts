// `npm run test:peers [-- --only vit_tiny,cards]`: trains small encoders, exports them, opens each export in its own program, and prints the least
// cosine between what comes out there and what unlabel gives. Exits 3 where the package index does not answer, and nothing was installed before.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { noGrad, randn, scope } from "@unlabel/torch";
import { table } from "../packages/unlabel/src/base/table.ts";
import { trainedMethod } from "../packages/unlabel/src/eval/baselines.ts";
import { loadEncoder } from "../packages/unlabel/src/eval/load-encoder.ts";
import { exportEncoder } from "../packages/unlabel/src/export/export.ts";
import type { Target } from "../packages/unlabel/src/export/options.ts";
import { RunDirectory } from "../packages/unlabel/src/run/directory.ts";
import { makeTiff } from "../packages/unlabel/src/testing/tiff.ts";
import { pretrain } from "../packages/unlabel/src/train/pretrain.ts";
import { type Asked, openInBrowser } from "./browser.ts";
import { CARDS, runCards } from "./cards.ts";
import { nodePeers, type Python, pythonPeers, Unreachable } from "./environment.ts";
import { neighboursOf } from "./neighbours.ts";
import {
  type Case,
  folderOf,
  IN_BROWSER,
  type Outcome,
  poolingOf,
  precisionOf,
  RUNS,
  type Run,
  type RunName,
  sizeOf,
} from "./runs.ts";
import { samples } from "./samples.ts";
import { eventsBesideMetrics } from "./tensorboard.ts";
import { startedByTorchrun } from "./torchrun.ts";

const LEAST = { "": 0.9999, _fp16: 0.999, _int8: 0.99, _quantized: 0.99 } as const;

/** What was asked for with `--only`: runs, or parts of what is tried beside them. */
const ONLY = onlyAsked();

/** @throws {Error} for a name that there is not */
function onlyAsked(): readonly string[] | null {
  const at = process.argv.indexOf("--only");
  if (at < 0) return null;
  const names = (process.argv[at + 1] ?? "").split(",");
  const known = [...Object.keys(RUNS), "cards", "neighbours", "tensorboard", "torchrun"];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    console.error(`Expected some of ${known.join(", ")} for --only, got ${unknown || "nothing"}`);
    process.exit(2);
  }
  return names;
}

const wants = (name: string) => ONLY === null || ONLY.includes(name);

/** Runs that are trained: cards and event files need some of them. */
const trained = (name: string) =>
  wants(name) ||
  (wants("cards") && CARDS.some(({ run }) => run === name)) ||
  (wants("tensorboard") && name === "vit_tiny");

function cases(): Case[] {
  const found: Case[] = [];
  for (const run of Object.keys(RUNS).filter(wants)) {
    const rgb = !run.endsWith("-5");
    const { without = [], brief = false } = RUNS[run as RunName] as Run;
    for (const ending of ["", "_fp16", "_int8"] as const) {
      const least = LEAST[ending];
      // Large ones differ in sizes alone.
      if (brief && ending !== "") continue;
      const onnx = { run, to: "onnx", program: "onnxruntime", least } as const;
      found.push({ ...onnx, file: `model${ending}.onnx`, takes: "pixel_values" });
      found.push({ ...onnx, file: `model_with_preprocessing${ending}.onnx`, takes: "images" });
    }
    // A browser takes its time: the smallest ones, in all that may differ there.
    if (IN_BROWSER.includes(run)) {
      for (const ending of ["", "_int8"] as const) {
        const file = `model_with_preprocessing${ending}.onnx`;
        found.push({ run, to: "onnx", program: "Chromium", file, takes: "images", least: LEAST[ending] });
      }
    }
    const exact = { run, takes: "pixel_values", least: LEAST[""] } as const;
    const has = (to: Target) => !(without as readonly Target[]).includes(to);
    for (const to of ["torchvision", "timm", "transformers"] as const)
      if (has(to)) found.push({ ...exact, to, program: to });
    if (!has("transformers") || brief) continue;
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
      const js = { run, to: "transformers", file: dtype, takes: "pixel_values", least: LEAST[ending] } as const;
      found.push({ ...js, program: "transformers.js" });
      if (IN_BROWSER.includes(run) && dtype !== "fp16") found.push({ ...js, program: "transformers.js in Chromium" });
    }
    // Pillow and our reader round alike but for a level now and then.
    if (rgb) {
      found.push({ run, to: "timm", program: "timm, its transform", takes: "images", least: 0.9995 });
      found.push({ run, to: "transformers", program: "transformers, its processor", takes: "images", least: 0.9995 });
    }
  }
  return found;
}

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
      ...{ folder: join(root, folderOf(one)), pooling: poolingOf(one.run) },
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
      (name) => !name.startsWith("transformers.js") && name !== "Chromium",
      python.program,
      [join(import.meta.dirname, "open.py")],
      python.env,
    );
    say("Opening them in transformers.js");
    const script = join(import.meta.dirname, "open.mjs");
    ask((name) => name === "transformers.js", process.execPath, [script, node], process.env);
    say("Opening them in Chromium");
    const places = all.flatMap(({ program }, i) => (program.endsWith("Chromium") ? [i] : []));
    const inBrowser = await openInBrowser(
      node,
      places.map((i) => {
        const { run, program, takes, file } = all[i]!;
        const { folder } = asked[i]!;
        const input = inputs[takes].get(run)!;
        return program === "Chromium" ? { file: join(folder, file!), input } : { folder, dtype: file!, input };
      }),
    );
    for (const [k, i] of places.entries()) answers.set(i, inBrowser[k]!);
    if (wants("cards")) say("Running the lines of model cards");
    const cards = wants("cards") ? await runCards(root, { python, node }) : [];
    if (wants("neighbours")) say("Neighbours in fp32 and in 8 bits");
    const neighbours = wants("neighbours") ? await neighboursOf(root) : [];
    if (wants("tensorboard")) say("Reading event files in TensorBoard");
    const differences = wants("tensorboard") ? await logged(root, python) : null;
    if (wants("torchrun")) say("Training by torchrun");

    const launched = wants("torchrun")
      ? await startedByTorchrun(join(root, "runs"), writeImages(join(root, "images-torchrun"), 3), python)
      : null;
    return told(all, answers, inputs.expected, { differences, launched, cards, neighbours });
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

/** What other programs than those that open exports make of things. */
interface Told {
  /** Null where they were not asked for. */
  differences: readonly string[] | null;
  launched: readonly string[] | null;
  cards: Outcome[];
  neighbours: Outcome[];
}

/** Prints the table. @returns the exit code */
function told(
  all: readonly Case[],
  answers: ReadonlyMap<number, Answer>,
  inputs: ReadonlyMap<string, number[][]>,
  { differences, launched, cards, neighbours }: Told,
): number {
  const others = [
    ["TensorBoard reads what metrics.jsonl has", differences],
    ["torchrun starts ranks, and again after a kill; losses as of one process", launched],
  ].filter((one): one is [string, readonly string[]] => one[1] !== null);
  let failed = others.filter(([, wrong]) => wrong.length > 0).length;
  const rows = all.map(({ run, to, program, file, takes, least }, i) => {
    const answer = answers.get(i) ?? { error: "no answer" };
    const cosine = "error" in answer ? Number.NaN : leastCosine(answer.features, inputs.get(`${run}-${takes}`)!);
    const good = cosine >= least;
    if (!good) failed++;
    const found = "error" in answer ? answer.error.split("\n")[0]!.slice(0, 160) : cosine.toFixed(6);
    return [run, to, `${program}${file ? ` ${file}` : ""}`, takes, found, `≥ ${least}`, good ? "" : "FAILED"];
  });
  console.log(table([["encoder", "export", "opened by", "takes", "least cosine", "needed", ""], ...rows], 400));
  for (const [what, wrong] of others) console.log([what, ...wrong].join("\n  ") + (wrong.length > 0 ? "\nFAILED" : ""));
  for (const { what, found, good } of [...cards, ...neighbours]) {
    if (!good) failed++;
    console.log(`${what}: ${found}${good ? "" : "  FAILED"}`);
  }
  const count = all.length + others.length + cards.length + neighbours.length;
  console.log(`${count - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

interface Inputs {
  /** What unlabel makes of what goes in: `RUN-TAKES` → features. */
  expected: Map<string, number[][]>;
  /** The images of each run. */
  images: Map<string, Asked["input"]>;
  /** The same, normalised. */
  pixel_values: Map<string, Asked["input"]>;
}

/** Runs with their exports, and what goes into them, as .npy files too. */
async function prepare(root: string): Promise<Inputs> {
  const inputs: Inputs = { expected: new Map(), images: new Map(), pixel_values: new Map() };
  for (const [name, { settings, form = {} }] of Object.entries(RUNS) as [RunName, Run][]) {
    if (!trained(name)) continue;
    const bands = name.endsWith("-5") ? 5 : 3;
    const data = writeImages(join(root, `images-${bands}`), bands);
    const run = join(root, "runs", name);
    const common = {
      size: sizeOf(name),
      batch: 4,
      steps: 4,
      health_every: 0,
      online: false,
      precision: "fp32",
      preset: "small",
    };
    // What sets an encoder apart is no flag: a run has it from what it began with, or from a file.
    const file = { name: "form.yaml", settings: form };
    await pretrain({ data, settings: { file, flags: { ...common, ...settings } }, out: run, stream: quiet });
    const asked = [...cases(), ...(wants("cards") ? CARDS : [])];
    const wanted = new Map(asked.flatMap((one) => (one.run === name ? [[folderOf(one), one] as const] : [])));
    for (const [folder, one] of wanted)
      await exportEncoder(run, { to: one.to, out: join(root, folder), precision: precisionOf(one) });
    await ask(root, name, run, bands, inputs);
  }
  return inputs;
}

async function ask(root: string, name: string, run: string, bands: number, inputs: Inputs) {
  const { expected, images: byRun } = inputs;
  const { method } = trainedMethod(RunDirectory.open(run));
  const encoder = method.encoder.eval();
  const size = sizeOf(name);
  const pixels = randn([3, bands, size, size]);
  const features = noGrad(() => scope(() => encoder.features(pixels).contiguous().toNumbers()));
  expected.set(`${name}-pixel_values`, rowsOf(features, encoder.dim));
  const values = pixels.toArray() as Float32Array;
  writeNpy(join(root, `${name}-pixel_values.npy`), "<f4", pixels.shape, values);
  inputs.pixel_values.set(name, { name: "pixel_values", type: "float32", shape: pixels.shape, data: values });
  // Of an odd difference transformers' processors round the half down, all others to the even neighbour: at 64 px it would be another pixel.
  const [width, height] = [size === 64 ? 60 : 57, 40];
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
