// What the old program leaves behind for the new one: runs of both methods and a comparison, each interrupted and, from a copy of
// that, carried to its end; the scores, features and neighbours that it found. Kept in the cache folder, by the hash of what makes them.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { cacheDir, fillFolder, findLibtorch } from "@unlabel/torch/setup";
import { makeImages } from "../faults/images.ts";
import { type Ended, expect, lastLine, Program, run, succeeded } from "../faults/program.ts";
import { copyOf, stepsOf } from "../faults/world.ts";
import { buildCommit } from "../scripts/commit.ts";

export const COMMIT = "8ae210b1925adcbbfdcec00a2519065a204ac531";
export const METHODS = ["simclr", "mae"] as const;
export type Method = (typeof METHODS)[number];
export const STEPS = 30;

/** As much as leaves the classes neither easy nor impossible to tell apart, so that scores tell encoders apart. */
const NOISE = 220;

/** 80 images to train on, in batches of 8, and no clock that decides anything. */
const COMMON = `--size 32 --batch 8 --steps ${STEPS} --threads 1 --device cpu --precision fp32 --set checkpoint_every_epochs=100`;
const SETTINGS: Record<Method, string> = {
  simclr: `--method simclr --encoder resnet18 ${COMMON}`,
  mae: `--method mae --encoder vit_tiny --set patch=8 --set decoder_width=32 --set decoder_depth=1 ${COMMON}`,
};
const COMPARE =
  "--methods simclr,mae --backbone vit_tiny --epochs 4 --set size=32 --set patch=8 --set batch=16 --set threads=1 --set device=cpu --set precision=fp32 --set checkpoint_every_epochs=100";
const ENCODING = "--threads 1 --device cpu --precision fp32";

/** The folder of all that was made. Nobody writes there: cases work on copies. */
export interface Made {
  /** Images; runs name this folder by its absolute path. */
  data: string;
  /** `METHOD-interrupted`, `METHOD-done`, `compare-interrupted`, `compare-done`, `features-METHOD.npy`, `search-METHOD.json`. */
  runs: string;
}

export const evaluate = (path: string): string[] => [
  ...["evaluate", path, "--protocols", "linear,knn", "--json"],
  ...ENCODING.split(" "),
];
export const knn = (path: string): string[] => ["knn", path, "--json", ...ENCODING.split(" ")];
export const resume = (path: string): string[] => ["pretrain", "--resume", "--out", path, "--json"];
export const embed = (path: string, data: string, output: string): string[] => [
  ...["embed", path, data, "-o", output, "--json"],
  ...ENCODING.split(" "),
];
export const search = (path: string, data: string): string[] => [
  ...["search", path, join(data, "val", "class-1", "2.jpg"), "--in", data, "--json"],
  ...ENCODING.split(" "),
];
export const compare = (data: string, out: string): string[] => [
  ...["compare", data, "--out", out, "--json"],
  ...COMPARE.split(" "),
];

/** The object that a command with --json ends with. */
export function answerOf({ out }: Ended): unknown {
  return JSON.parse(out.trim().split("\n").at(-1) ?? "");
}

const DAY_MS = 24 * 3600 * 1000;

/** Where the old program's work lies, or will. */
export function placeOfMade(): Made {
  // Arithmetic differs by LibTorch and by processor.
  const made = [
    COMMIT,
    ...[import.meta.filename, join(import.meta.dirname, "../faults/images.ts")].map((file) => readFileSync(file)),
    ...[JSON.stringify(findLibtorch()), cpus()[0]?.model ?? ""],
  ].reduce((hash, part) => hash.update(part), createHash("sha256"));
  const folder = join(cacheDir(), "upgrade", made.digest("hex").slice(0, 16));
  return { data: join(folder, "data"), runs: join(folder, "runs") };
}

/**
 * Makes everything with the program of {@link COMMIT}.
 *
 * @throws {Error} where it cannot be built or does not do as told
 */
export async function make({ data, runs }: Made): Promise<void> {
  const { root } = buildCommit(COMMIT, (text) => console.log(text));
  const bin = join(root, "packages", "unlabel", "bin", "unlabel.mjs");
  for (const folder of [runs, data]) rmSync(folder, { recursive: true, force: true });
  await fillFolder(data, (folder) => makeImages(folder, { train: 20, val: 12 }, NOISE));
  removeStale(dirname(runs));
  await fillFolder(runs, async (folder) => {
    await Promise.all([
      ...METHODS.map((method) => makeRuns(bin, data, folder, method)),
      makeComparison(bin, data, folder),
    ]);
  });
}

/** Removes what stands beside `current`, such as an earlier version of this file made, unless somebody may be using it. */
function removeStale(current: string): void {
  for (const name of readdirSync(dirname(current))) {
    const path = join(dirname(current), name);
    if (path === current || Date.now() - statSync(path).mtimeMs < DAY_MS) continue;
    rmSync(path, { recursive: true, force: true });
  }
}

async function makeRuns(bin: string, data: string, folder: string, method: Method): Promise<void> {
  const interrupted = join(folder, `${method}-interrupted`);
  const pretrain = ["pretrain", data, ...SETTINGS[method].split(" "), "--out", interrupted];
  await interrupt(bin, pretrain, () => stepsOf(interrupted).length >= 12);
  const step = stepsOf(interrupted).length;
  succeeded(await run(knn(interrupted), { bin }));
  const done = copyOf(interrupted, join(folder, `${method}-done`));
  for (const args of [resume(done), evaluate(done), embed(done, data, join(folder, `features-${method}.npy`))])
    succeeded(await run(args, { bin }));
  const found = await run(search(done, data), { bin });
  succeeded(found);
  writeFileSync(join(folder, `search-${method}.json`), JSON.stringify(answerOf(found)));
  console.log(`made  ${method}: interrupted after step ${step} of ${STEPS}, resumed to the end, evaluated`);
}

async function makeComparison(bin: string, data: string, folder: string): Promise<void> {
  const interrupted = join(folder, "compare-interrupted");
  await interrupt(bin, compare(data, interrupted), () => stepsOf(join(interrupted, "mae-0")).length >= 8);
  const step = stepsOf(join(interrupted, "mae-0")).length;
  const done = copyOf(interrupted, join(folder, "compare-done"));
  succeeded(await run(compare(data, done), { bin }));
  console.log(`made  compare: interrupted after step ${step} of its second run, gone on with to the end`);
}

/** Presses Ctrl-C when something is so. */
async function interrupt(bin: string, args: readonly string[], when: () => boolean): Promise<void> {
  const program = new Program(args, { bin });
  await program.until(when);
  program.kill("SIGINT");
  const ended = await program.ended;
  expect(ended.code === 130, `Expected exit 130 of ${args[0]}, got ${ended.code ?? ended.signal}: ${lastLine(ended)}`);
}
