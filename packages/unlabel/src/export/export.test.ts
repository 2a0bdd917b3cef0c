// Exports of runs: what ONNX Runtime makes of images is what the run's own evaluation makes of them, and the folder is whole or not there.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadSafetensors } from "@unlabel/torch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UsageError, UserError } from "../base/errors.ts";
import { Rng } from "../base/rng.ts";
import { trainedMethod } from "../eval/baselines.ts";
import { loadEncoder } from "../eval/load-encoder.ts";
import { RunDirectory } from "../run/directory.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { distance, leastCosine, OrtTensor, runOnnx, session } from "../testing/onnx.ts";
import { makeTiff } from "../testing/tiff.ts";
import { pretrain } from "../train/pretrain.ts";
import { exportEncoder } from "./export.ts";
import { MANIFEST } from "./folder.ts";

const folder = temporaryFolder();
const quiet = { write: () => true };
const run = (name: string) => join(folder.path, name);
const out = (name: string) => join(folder.path, "out", name);

const FORMS: Readonly<Record<string, Record<string, unknown>>> = {
  registers: { registers: 2, layer_scale: 0.5, pooling: "class", prefix_positions: "class" },
  bare: { class_token: false, pooling: "mean", pooled_norm: true },
};

beforeAll(async () => {
  const photos = join(folder.path, "data", "photos");
  await writeImages(
    photos,
    Array.from({ length: 6 }, (_, i) => `${i}.png`),
    48,
  );
  const wide = join(folder.path, "data", "wide");
  mkdirSync(wide, { recursive: true });
  for (let i = 0; i < 6; i++) {
    const noise = new Rng(i, "bands");
    const value = (_: unknown, at: number) => 300 + (at % 5) * 900 + noise.uniform(0, 800);
    const samples = Uint16Array.from({ length: 40 * 40 * 5 }, value);
    writeFileSync(join(wide, `${i}.tif`), makeTiff({ width: 40, height: 40, bands: 5, data: samples }));
  }
  for (const [name, data, more] of [
    ["simclr", photos, { method: "simclr", stem: "7x7", size: 32 }],
    ["small", photos, { method: "simclr", stem: "3x3", size: 32 }],
    ["mae", photos, { method: "mae", size: 32, patch: 8 }],
    ["wide", wide, { method: "simclr", stem: "7x7", size: 32 }],
    ["bands", wide, { method: "mae", size: 32, patch: 8, bands: [4, 2, 1] }],
    ["convnext", photos, { method: "simclr", encoder: "convnext_tiny", size: 32 }],
    ["registers", photos, { method: "simclr", encoder: "vit_tiny", size: 32, patch: 8 }],
    ["bare", photos, { method: "simclr", encoder: "vit_tiny", size: 32, patch: 8 }],
  ] as const) {
    const flags = {
      batch: 4,
      steps: 1,
      eval_size: 32,
      health_every: 0,
      online: false,
      precision: "fp32",
      preset: "small",
      ...more,
    };
    // What sets an encoder apart is no flag: a run has it from what it began with, or from a file.
    const settings = FORMS[name];
    const file = settings && { name: "form.yaml", settings };
    await pretrain({ data, settings: { flags, ...(file && { file }) }, out: run(name), stream: quiet });
  }
}, 240_000);
afterAll(() => folder[Symbol.dispose]());

/** Sizes above, below and at the run's, and shapes on both sides of a square; odd differences round to the even neighbour. */
const SHAPES = [
  [32, 32],
  [48, 33],
  [33, 51],
  [200, 64],
  [17, 90],
  [31, 20],
  [150, 301],
] as const;

/** Blobs, so that neighbours are alike, and noise. */
function samplesOf(width: number, height: number, bands: number, top: number, seed: number): number[] {
  const noise = new Rng(seed, "pixels");
  return Array.from({ length: width * height * bands }, (_, at) => {
    const [x, y] = [Math.floor(at / bands) % width, Math.floor(at / bands / width)];
    const wave = 0.5 + 0.35 * Math.sin((x * (1 + (at % bands))) / 7) * Math.cos(y / (5 + seed));
    return Math.floor(top * Math.min(1, Math.max(0, wave + noise.uniform(-0.15, 0.15))));
  });
}

describe.each([
  ["simclr", 3, "uint8", 255],
  ["mae", 3, "uint8", 255],
  ["wide", 5, "uint16", 5000],
  ["bands", 5, "uint16", 5000],
] as const)("the ONNX files of %s", (name, bands, type, top) => {
  const typed = (values: number[]) => (type === "uint8" ? Uint8Array.from(values) : Uint16Array.from(values));

  it("read images of any size as the run does, and encode them alike", async () => {
    const done = await exportEncoder(run(name), { to: "onnx", out: out(`${name}-onnx`) });
    expect(done.files.map(({ path }) => path)).toEqual(["model.onnx", "model_with_preprocessing.onnx", "README.md"]);
    const model = await session(join(done.out, "model_with_preprocessing.onnx"));
    using encoder = await loadEncoder(run(name), { precision: "fp32" });
    for (const [i, [width, height]] of SHAPES.entries()) {
      const data = typed(samplesOf(width, height, bands, top, i));
      const features = await encoder.encode({ data, width, height, channels: bands });
      const tokens = await encoder.encode({ data, width, height, channels: bands }, { tokens: true });
      const found = await runOnnx(model, { images: new OrtTensor(type, data, [1, height, width, bands]) });
      expect(leastCosine(found.features!.data, features, encoder.dim)).toBeGreaterThan(0.9999);
      expect(distance(found.features!.data, features)).toBeLessThan(0.01);
      expect(distance(found.tokens!.data, tokens)).toBeLessThan(0.01);
    }
  });

  it.each(["fp16", "int8"] as const)("hold in %s", async (precision) => {
    const done = await exportEncoder(run(name), { to: "onnx", out: out(`${name}-onnx`), precision });
    const model = await session(join(done.out, `model_with_preprocessing_${precision}.onnx`));
    using encoder = await loadEncoder(run(name), { precision: "fp32" });
    const data = typed(samplesOf(60, 45, bands, top, 9));
    const features = await encoder.encode({ data, width: 60, height: 45, channels: bands });
    const found = await runOnnx(model, { images: new OrtTensor(type, data, [1, 45, 60, bands]) });
    expect(leastCosine(found.features!.data, features, encoder.dim)).toBeGreaterThan(
      precision === "fp16" ? 0.999 : 0.99,
    );
  });
});

it("takes several images at once, and another size", async () => {
  const { size } = await exportEncoder(run("mae"), { to: "onnx", out: out("larger"), size: 48, preprocessing: "with" });
  expect(size).toBe(48);
  expect(readdirSync(out("larger")).sort()).toEqual(["README.md", MANIFEST, "model_with_preprocessing.onnx"]);
  const model = await session(join(out("larger"), "model_with_preprocessing.onnx"));
  using encoder = await loadEncoder(run("mae"), { precision: "fp32", size: 48 });
  const images = [1, 2, 3].map((seed) => Uint8Array.from(samplesOf(70, 50, 3, 255, seed)));
  const all = new OrtTensor("uint8", Uint8Array.from(images.flatMap((one) => [...one])), [3, 50, 70, 3]);
  const expected = await encoder.encode(images.map((data) => ({ data, width: 70, height: 50 })));
  const found = await runOnnx(model, { images: all });
  expect(found.features!.dims).toEqual([3, encoder.dim]);
  expect(leastCosine(found.features!.data, expected, encoder.dim)).toBeGreaterThan(0.9999);
});

it.each([
  ["simclr", "uint16", 3],
  ["simclr", "float32", 3],
  ["wide", "float32", 5],
] as const)("reads %s's images as %s, and what was not measured as black", async (name, type, bands) => {
  const to = out(`${name}-${type}`);
  await exportEncoder(run(name), { to: "onnx", out: to, preprocessing: "with", samples: type });
  const model = await session(join(to, "model_with_preprocessing.onnx"));
  using encoder = await loadEncoder(run(name), { precision: "fp32" });
  const photo = bands === 3;
  const values = samplesOf(50, 41, bands, photo ? 255 : 5000, 3);
  // What has no range of its own counts by all that the type holds.
  const factor = photo ? (type === "uint16" ? 257 : 1 / 255) : 1;
  const given = values.map((value) => value * factor);
  const black = 1000;
  values[black] = 0;
  given[black] = type === "float32" ? Number.NaN : 0;
  const own = photo ? Uint8Array.from(values) : Uint16Array.from(values);
  const features = await encoder.encode({ data: own, width: 50, height: 41, channels: bands });
  const data = type === "uint16" ? Uint16Array.from(given) : Float32Array.from(given);
  const found = await runOnnx(model, { images: new OrtTensor(type, data, [1, 41, 50, bands]) });
  expect(leastCosine(found.features!.data, features, encoder.dim)).toBeGreaterThan(0.9999);
  expect(distance(found.features!.data, features)).toBeLessThan(0.01);
});

describe("weights for PyTorch", () => {
  it("have torchvision's names, every one of them", async () => {
    await exportEncoder(run("small"), { to: "torchvision", out: out("tv") });
    const { tensors, metadata } = loadSafetensors(join(out("tv"), "model.safetensors"));
    expect(metadata.format).toBe("pt");
    expect(tensors["layer4.1.bn2.running_var"]!.shape).toEqual([512]);
    expect(tensors["conv1.weight"]!.shape).toEqual([64, 3, 3, 3]);
    expect(Object.keys(tensors)).toHaveLength(120);
    const card = readFileSync(join(out("tv"), "README.md"), "utf8");
    expect(card).toContain("model.conv1 = torch.nn.Conv2d(3, 64, 3, 1, 1, bias=False)");
  });

  it("of a ViT go to timm with positions for the size, and say that features differ", async () => {
    const { notes } = await exportEncoder(run("mae"), { to: "timm", out: out("timm"), size: 48 });
    expect(notes.join()).toContain("mean of the patch tokens");
    const config = JSON.parse(readFileSync(join(out("timm"), "config.json"), "utf8"));
    expect(config).toMatchObject({
      architecture: "vit_tiny_patch16_224",
      model_args: { img_size: 48, patch_size: 8, num_heads: 3, in_chans: 3, fc_norm: false },
      pretrained_cfg: { input_size: [3, 48, 48], crop_pct: 1, interpolation: "bilinear" },
    });
    expect(loadSafetensors(join(out("timm"), "model.safetensors")).tensors.pos_embed!.shape).toEqual([1, 37, 192]);
  });

  it("go to transformers under its names, with three ONNX files beside them", async () => {
    const { files } = await exportEncoder(run("simclr"), { to: "transformers", out: out("hf") });
    expect(files.map(({ path }) => path)).toEqual([
      "config.json",
      "preprocessor_config.json",
      "model.safetensors",
      "onnx/model.onnx",
      "onnx/model_fp16.onnx",
      "onnx/model_quantized.onnx",
      "README.md",
    ]);
    const { tensors } = loadSafetensors(join(out("hf"), "model.safetensors"));
    expect(tensors["encoder.stages.1.layers.0.shortcut.convolution.weight"]!.shape).toEqual([128, 64, 1, 1]);
    expect(tensors["encoder.stages.3.layers.1.layer.1.normalization.running_mean"]!.shape).toEqual([512]);
    expect(Object.keys(tensors).filter((name) => /conv\d|bn\d|layer\d|downsample/.test(name))).toEqual([]);
  });

  it("of five bands have no image processor there, which is said", async () => {
    const { files, notes } = await exportEncoder(run("wide"), { to: "transformers", out: out("hf-wide") });
    expect(files.map(({ path }) => path)).not.toContain("preprocessor_config.json");
    expect(notes.join()).toContain("this run reads 5 channels");
  });

  it("of a ConvNeXt have each program's names", async () => {
    const names = async (to: "timm" | "transformers" | "torchvision") => {
      await exportEncoder(run("convnext"), { to, out: out(`convnext-${to}`) });
      return loadSafetensors(join(out(`convnext-${to}`), "model.safetensors")).tensors;
    };
    const timm = await names("timm");
    expect(timm["stages.1.blocks.0.gamma"]!.shape).toEqual([192]);
    const tv = await names("torchvision");
    expect(tv["features.3.0.layer_scale"]!.shape).toEqual([192, 1, 1]);
    expect(tv["features.2.1.weight"]!.equal(timm["stages.1.downsample.1.weight"]!)).toBe(true);
    expect(tv["classifier.0.bias"]!.equal(timm["head.norm.bias"]!)).toBe(true);
    const hf = await names("transformers");
    const same = hf["encoder.stages.2.layers.8.pwconv2.weight"]!.equal(timm["stages.2.blocks.8.mlp.fc2.weight"]!);
    expect([same, Object.keys(hf).length]).toEqual([true, Object.keys(timm).length]);
    const config = JSON.parse(readFileSync(join(out("convnext-transformers"), "config.json"), "utf8"));
    expect(config).toMatchObject({ model_type: "convnext", hidden_sizes: [96, 192, 384, 768], depths: [3, 3, 9, 3] });
  }, 60_000);

  it("of a ViT with registers and layer scale keep both, positions folded into the tokens that have them", async () => {
    await exportEncoder(run("registers"), { to: "timm", out: out("registers-timm") });
    const timm = JSON.parse(readFileSync(join(out("registers-timm"), "config.json"), "utf8"));
    expect(timm).toMatchObject({
      global_pool: "token",
      model_args: { reg_tokens: 2, no_embed_class: true, init_values: 1e-5, global_pool: "token", fc_norm: false },
    });
    const { tensors } = loadSafetensors(join(out("registers-timm"), "model.safetensors"));
    expect(tensors.pos_embed!.shape).toEqual([1, 16, 192]);
    const { method } = trainedMethod(RunDirectory.open(run("registers")));
    const { cls_token: own, pos_embed: table } = method.encoder.stateDict();
    const folded = own!.reshape([192]).add(table!.select(0, 0).select(0, 0));
    expect(tensors.cls_token!.reshape([192]).equal(folded)).toBe(true);
    method.dispose();
    const { notes } = await exportEncoder(run("registers"), { to: "transformers", out: out("registers-hf") });
    expect(notes).toEqual([]);
    const hf = JSON.parse(readFileSync(join(out("registers-hf"), "config.json"), "utf8"));
    expect(hf).toMatchObject({ model_type: "dinov2_with_registers", num_register_tokens: 2 });
    await expect(exportEncoder(run("registers"), { to: "torchvision", out: out("refused") })).rejects.toThrow(
      "with registers, which its ViTs have not",
    );
  });

  it("of a ViT go to torchvision, whose card makes the patch tokens", async () => {
    const { notes } = await exportEncoder(run("mae"), { to: "torchvision", out: out("mae-tv") });
    expect(notes.join()).toContain("gives the class token");
    const { tensors } = loadSafetensors(join(out("mae-tv"), "model.safetensors"));
    expect(tensors["encoder.pos_embedding"]!.shape).toEqual([1, 17, 192]);
    expect(tensors["encoder.layers.encoder_layer_11.mlp.3.weight"]!.shape).toEqual([192, 768]);
    const card = readFileSync(join(out("mae-tv"), "README.md"), "utf8");
    expect(card).toContain("VisionTransformer(image_size=32, patch_size=8, num_layers=12, num_heads=3");
    expect(card).toContain("def patch_tokens(images):");
  });

  it.each([
    ["small", "timm", /3×3 stem.*--to onnx/],
    ["small", "transformers", /3×3 stem.*--to onnx/],
    ["bare", "torchvision", /without a class token.*--to timm, or --to onnx/],
    ["bare", "transformers", /without a class token.*--to timm, or --to onnx/],
  ] as const)("of %s have no form in %s, and nothing is written", async (name, to, words) => {
    const exporting = exportEncoder(run(name), { to, out: out("refused") });
    await expect(exporting).rejects.toThrow(UsageError);
    await expect(exporting).rejects.toThrow(words);
    expect(existsSync(out("refused"))).toBe(false);
  });
});

describe("the folder", () => {
  const raw = { to: "onnx", preprocessing: "without" } as const;

  it("takes the place of an earlier export, whole", async () => {
    await exportEncoder(run("simclr"), { ...raw, out: out("again"), precision: "int8" });
    await exportEncoder(run("simclr"), { ...raw, out: out("again") });
    expect(readdirSync(out("again")).sort()).toEqual(["README.md", MANIFEST, "model.onnx"]);
  });

  it("is refused where it holds other things, unless forced, and these stay", async () => {
    mkdirSync(out("mine"), { recursive: true });
    writeFileSync(join(out("mine"), "notes.txt"), "mine");
    await expect(exportEncoder(run("simclr"), { ...raw, out: out("mine") })).rejects.toThrow(
      /1 other file, such as notes.txt.*--force/,
    );
    expect(readdirSync(out("mine"))).toEqual(["notes.txt"]);
    for (let time = 0; time < 2; time++) await exportEncoder(run("simclr"), { ...raw, out: out("mine"), force: true });
    expect(readdirSync(out("mine")).sort()).toEqual(["README.md", MANIFEST, "model.onnx", "notes.txt"]);
    expect(readFileSync(join(out("mine"), "notes.txt"), "utf8")).toBe("mine");
  });

  it("is never a run's own, a file, or within one", async () => {
    const before = readdirSync(run("simclr"));
    await expect(exportEncoder(run("simclr"), { ...raw, out: run("simclr"), force: true })).rejects.toThrow(
      "which has run.json",
    );
    expect(readdirSync(run("simclr"))).toEqual(before);
    const file = join(folder.path, "a-file");
    writeFileSync(file, "");
    await expect(exportEncoder(run("simclr"), { ...raw, out: file })).rejects.toThrow(`got the file ${file}`);
    await expect(exportEncoder(run("simclr"), { ...raw, out: join(file, "in") })).rejects.toThrow(UserError);
  });
});

it("refuses what there is not, before any work", async () => {
  await expect(exportEncoder(run("none"), { to: "onnx", out: out("x") })).rejects.toThrow("Expected a run directory");
  await expect(exportEncoder(run("mae"), { to: "onnx", out: out("x"), size: 33 })).rejects.toThrow(/patch 8/);
  const timm = { to: "timm", out: out("x") } as const;
  await expect(exportEncoder(run("mae"), { ...timm, precision: "fp16" })).rejects.toThrow("with --to onnx alone");
  await expect(exportEncoder(run("mae"), { ...timm, license: "a b\nc" })).rejects.toThrow("licence's identifier");
  await expect(exportEncoder(run("mae"), { ...timm, to: "tflite" as "timm" })).rejects.toThrow("onnx, timm");
});

it("writes a card that tells of the run, and metadata that programs read", async () => {
  await exportEncoder(run("bands"), { to: "onnx", out: out("card"), license: "cc-by-4.0" });
  const card = readFileSync(join(out("card"), "README.md"), "utf8");
  expect(card).toMatch(/^---\nlicense: cc-by-4.0\nlibrary_name: onnx\n/);
  for (const words of ["# ViT-Tiny by MAE", "bands 4, 2, 1 of a file", "It was not evaluated", 'Tensor("uint16"'])
    expect(card).toContain(words);
  expect(card).not.toContain(folder.path);
  const manifest = JSON.parse(readFileSync(join(out("card"), MANIFEST), "utf8"));
  expect(manifest).toMatchObject({ to: "onnx", run: "bands", size: 32, license: "cc-by-4.0" });
  expect(readFileSync(join(out("card"), "model.onnx")).includes("[4,2,1]")).toBe(true);
});
