// Images other than photographs through the whole program, as its users call it: four bands of 12 bits in samples of 16, gray ones, and
// colours in 16 bits; trained, killed, resumed, evaluated, reported, embedded, searched and compared. Needs the built dist/.
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadSafetensors } from "@unlabel/torch";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Rng } from "../base/rng.ts";
import { loadEncoder } from "../eval/load-encoder.ts";
import type { RunInfo } from "../run/directory.ts";
import { samplePixels, temporaryFolder } from "../testing/data.ts";
import { makeTiff } from "../testing/tiff.ts";

const BIN = join(import.meta.dirname, "..", "..", "bin", "unlabel.mjs");
const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const at = (...names: string[]) => join(folder.path, ...names);
const SIDE = 40;

const set = (...settings: string[]) => settings.flatMap((one) => ["--set", one]);
const COMMON = set(
  "size=32",
  "batch=4",
  "device=cpu",
  "precision=fp32",
  "threads=1",
  "warmup_epochs=0",
  "health_every=0",
);
const VIT = ["--method", "mae", "--encoder", "vit_tiny", ...set("patch=16", "decoder_depth=1"), ...COMMON];

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
  /** The last line of stdout, with `--json`. */
  result: Record<string, unknown>;
}

function unlabel(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], { cwd: folder.path }, (error, stdout, stderr) => {
      const last = args.includes("--json") && error === null ? JSON.parse(stdout.trim().split("\n").at(-1) ?? "") : {};
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr, result: last });
    });
  });
}

async function done(...args: string[]): Promise<Outcome> {
  const outcome = await unlabel(...args);
  expect(outcome.stderr).not.toMatch(/^error/m);
  expect(outcome.code).toBe(0);
  return outcome;
}

function write(file: string, bytes: Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes);
}

const infoOf = (run: string): RunInfo => JSON.parse(readFileSync(at(run, "run.json"), "utf8"));
const weightsOf = (run: string) =>
  createHash("sha256")
    .update(readFileSync(at(run, "checkpoints", "last.safetensors")))
    .digest("hex");

/** Samples of four bands of 12 bits; the fourth alone tells the classes apart. */
function fourBands(label: number, i: number): Uint16Array {
  const rng = new Rng(label, "bands", i);
  return Uint16Array.from({ length: SIDE * SIDE * 4 }, (_, n) =>
    n % 4 === 3 ? 600 + 2400 * label + rng.below(200) : 300 + (n % 4) * 200 + rng.below(400),
  );
}

const bandsFile = (label: number, i: number) =>
  makeTiff({ width: SIDE, height: SIDE, bands: 4, data: fourBands(label, i) });

beforeAll(() => {
  for (const [label, name] of ["dry", "green"].entries()) {
    for (let i = 0; i < 6; i++) write(at("bands", "train", name, `${i}.tif`), bandsFile(label, i));
    for (let i = 6; i < 9; i++) write(at("bands", "val", name, `${i}.tif`), bandsFile(label, i));
  }
});

describe("four bands of 16 bits", () => {
  it("are trained on, killed and resumed to the same bits, with what was chosen once", {
    timeout: 300_000,
  }, async () => {
    const asked = [...VIT, "--steps", "12"];
    const whole = await done("pretrain", "bands", ...asked, "--out", "whole");
    expect(whole.stderr).not.toContain("left out, since");
    const { schema, config, data } = infoOf("whole");
    expect({ schema, channels: config.channels, mean: config.mean, std: config.std }).toEqual({
      schema: 2,
      channels: 4,
      mean: [0.5, 0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5, 0.5],
    });
    expect(data.input).toMatchObject({ channels: 4, bands: null, tiles: null });
    // Of the training images: from dry ground's lowest to green one's highest.
    const [low, high] = data.input.range![3]!;
    expect(low).toBeGreaterThanOrEqual(600);
    expect(low).toBeLessThan(620);
    expect(high).toBeGreaterThan(3180);
    expect(high).toBeLessThanOrEqual(3200);

    const metrics = at("killed", "metrics.jsonl");
    const child = spawn(process.execPath, [BIN, "pretrain", "bands", ...asked, "--out", "killed"], {
      cwd: folder.path,
      stdio: "ignore",
    });
    const ended = new Promise<string | null>((resolve) => child.on("close", (_, signal) => resolve(signal)));
    // Epochs have three steps: in the second, with a checkpoint to go on from.
    const timer = setInterval(() => {
      if (existsSync(metrics) && readFileSync(metrics, "utf8").split("\n").length > 4) child.kill("SIGKILL");
    }, 5);
    expect(await ended).toBe("SIGKILL");
    clearInterval(timer);
    await done("pretrain", "--resume", "--out", "killed");
    expect(weightsOf("killed")).toBe(weightsOf("whole"));
    expect(infoOf("killed").data.input).toEqual(data.input);
    const pictures = JSON.parse(readFileSync(at("whole", "pictures", "mae.json"), "utf8"));
    const { width, channels } = await sharp(at("whole", "pictures", pictures.items[0].reconstructed)).metadata();
    expect([width, channels]).toEqual([32, 3]);
    expect((await sharp(at("whole", "pictures", pictures.items[0].original)).stats()).channels[0]!.max).toBe(255);
  });

  it("are evaluated beside baselines, reported, embedded and searched", { timeout: 300_000 }, async () => {
    const { result } = await done("evaluate", "whole", "--protocols", "linear,knn", "--json");
    const { linear } = result as { linear: { top1: number; pixels: { top1: number } } };
    expect(linear.pixels.top1).toBe(1);
    await done("report", "whole", "-o", "report.html");
    expect(readFileSync(at("report.html"), "utf8")).toContain("data:image/");

    await done("embed", "whole", "bands", "-o", "features.safetensors", "--precision", "fp32");
    const { tensors, metadata } = loadSafetensors(at("features.safetensors"));
    const paths: string[] = JSON.parse(metadata.paths!);
    expect(tensors.features!.shape).toEqual([18, 384]);
    const rows = tensors.features!.toNumbers();
    const row = paths.indexOf("val/green/7.tif");
    const written = rows.slice(384 * row, 384 * (row + 1));
    // A file, its bytes and its samples are the same image to a program.
    using encoder = await loadEncoder(at("whole"), { precision: "fp32" });
    expect(encoder.input).toEqual(infoOf("whole").data.input);
    const samples = { data: fourBands(1, 7), width: SIDE, height: SIDE, channels: 4 };
    const found = await encoder.encode([at("bands", "val", "green", "7.tif"), bandsFile(1, 7), samples]);
    for (let i = 0; i < 384; i++) {
      expect(found[i]!).toBeCloseTo(written[i]!, 4);
      expect(found[384 + i]!).toBeCloseTo(written[i]!, 4);
      expect(found[2 * 384 + i]!).toBeCloseTo(written[i]!, 4);
    }
    await expect(
      encoder.encode({ ...samples, data: samples.data.subarray(0, 3 * SIDE ** 2), channels: 3 }),
    ).rejects.toThrow("Expected pixels of 4 channels or more, as this run reads them, got 3");

    const search = [
      "search",
      "whole",
      "bands/val/green/7.tif",
      "--in",
      "bands",
      "-k",
      "2",
      "--html",
      "near.html",
      "--json",
    ];
    const near = (await done(...search)).result as { found: { path: string; similarity: number }[] };
    expect(near.found[0]).toMatchObject({ path: "val/green/7.tif" });
    expect(near.found[0]!.similarity).toBeCloseTo(1, 4);
  });

  it("are compared as they were chosen once, for all methods", { timeout: 300_000 }, async () => {
    const asked = ["compare", "bands", "--methods", "simclr,mae", "--epochs", "1", "--backbone", "vit_tiny"];
    const compare = [
      ...asked,
      "--out",
      "compared",
      ...set("patch=16", "mean=auto", "std=auto", "bands=4,2"),
      ...COMMON,
    ];
    const first = await done(...compare);
    expect(first.stderr).toContain(
      "left out, since 2 channels have no red, green and blue: saturation, hue, grayscale",
    );
    const { input, measured } = JSON.parse(readFileSync(at("compared", "compare.json"), "utf8"));
    expect(input).toMatchObject({ channels: 2, bands: [4, 2] });
    // Band 4 lies near either end of its range in turn, band 2 all over its own.
    expect(measured.mean[0]).toBeCloseTo(0.5, 1);
    expect(measured.std[0]).toBeGreaterThan(measured.std[1] + 0.1);
    for (const name of ["simclr-0", "mae-0"]) {
      const { data, config } = infoOf(join("compared", name));
      expect(data.input).toEqual(input);
      expect({ mean: config.mean, std: config.std }).toEqual(measured);
    }
    expect((await done(...compare)).stderr).not.toMatch(/step \d/);
  });

  it("are refused in one line where settings do not fit them", async () => {
    const refused = async (...settings: string[]) => {
      const { code, stderr } = await unlabel("pretrain", "bands", ...VIT, ...set(...settings), "--out", "none");
      expect(existsSync(at("none"))).toBe(false);
      return [code, stderr.split("\n").filter((line) => line.startsWith("error"))];
    };
    expect(await refused("mean=0.1,0.2,0.3")).toEqual([
      2,
      [expect.stringContaining("Expected 4 numbers for mean, one a channel, got 3")],
    ]);
    expect(await refused("channels=3", "bands=1,2")).toEqual([
      2,
      [expect.stringContaining("Expected as many bands as channels (3), got 2")],
    ]);
    expect(await refused("bands=7")).toEqual([1, [expect.stringContaining("7")]]);
  });
});

it("gray images are one channel, or three where that is asked for", { timeout: 300_000 }, async () => {
  for (let i = 0; i < 8; i++) {
    mkdirSync(at("gray", "ab"[i % 2]!), { recursive: true });
    const gray = samplePixels(SIDE, SIDE, i).filter((_, n) => n % 3 === 0);
    await sharp(gray, { raw: { width: SIDE, height: SIDE, channels: 1 } })
      .toColourspace("b-w")
      .toFile(at("gray", "ab"[i % 2]!, `${i}.png`));
  }
  const asked = ["pretrain", "gray", "--method", "byol", "--encoder", "resnet18", ...COMMON, "--steps", "2"];
  const one = await done(...asked, "--out", "one", "--preset", "paper");
  expect(one.stderr).toContain("left out, since 1 channel has no red, green and blue: saturation, hue, grayscale");
  expect(infoOf("one").config).toMatchObject({ channels: 1, mean: [0.449], std: [0.226] });
  expect(loadSafetensors(at("one", "checkpoints", "last.safetensors")).tensors["encoder.conv1.weight"]!.shape[1]).toBe(
    1,
  );
  await done("evaluate", "one", "--protocols", "knn");
  await done(...asked, "--out", "three", ...set("channels=3"));
  expect(infoOf("three").data.input).toEqual({ channels: 3, bands: null, range: null, tiles: null });
});

it("colours in 16 bits have the features of the same in 8", { timeout: 300_000 }, async () => {
  for (let i = 0; i < 8; i++) {
    const rgb = samplePixels(SIDE, SIDE, i);
    mkdirSync(at("png"), { recursive: true });
    await sharp(rgb, { raw: { width: SIDE, height: SIDE, channels: 3 } }).toFile(at("png", `${i}.png`));
    const data = Uint16Array.from(rgb, (value) => 257 * value);
    write(at("tiff", `${i}.tif`), makeTiff({ width: SIDE, height: SIDE, bands: 3, photometric: 2, data }));
  }
  const rows: number[][] = [];
  for (const kind of ["png", "tiff"]) {
    // Steps that change nothing: the weights are the same.
    await done("pretrain", kind, ...VIT, "--steps", "1", "--lr", "1e-12", "--out", `run-${kind}`);
    await done("embed", `run-${kind}`, kind, "-o", `${kind}.safetensors`, "--size", "48", "--precision", "fp32");
    const { tensors } = loadSafetensors(at(`${kind}.safetensors`));
    rows.push(tensors.features!.toNumbers());
  }
  expect(infoOf("run-png").data.input).toEqual({ channels: 3, bands: null, range: null, tiles: null });
  expect(infoOf("run-tiff").data.input.range).toEqual([0, 1, 2].map(() => [0, 65_535]));
  const [eight, sixteen] = rows as [number[], number[]];
  const size = Math.sqrt(eight.reduce((sum, value) => sum + value * value, 0));
  const apart = Math.sqrt(eight.reduce((sum, value, i) => sum + (value - sixteen[i]!) ** 2, 0));
  // A resize rounds to one of 255 steps in 8 bits, to one of 65,535 in 16.
  expect(apart / size).toBeLessThan(0.004);
});
