import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadSafetensors, manualSeed, saveSafetensors, scope } from "@unlabel/torch";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { run as command } from "../cli/main.ts";
import { IMAGENET } from "../config/defaults.ts";
import { createEncoder } from "../encoders/index.ts";
import { openLabelling } from "../label/open-labelling.ts";
import { openStore } from "../label/store.ts";
import { resolveConfig } from "../methods/registry.ts";
import { openSource } from "../run/open-source.ts";
import { temporaryFolder } from "../testing/data.ts";
import { FOUR_CLASSES, SIDE, writeCheckpoint, writeLabelled } from "../testing/labelled.ts";
import { encoderOf } from "../train/init.ts";
import { untrainedMethod } from "./baselines.ts";
import { embed } from "./embed.ts";
import { evaluate, evaluateAny } from "./evaluate.ts";
import { loadEncoder } from "./load-encoder.ts";
import { search } from "./search.ts";

const config = resolveConfig({
  flags: { method: "simclr", encoder: "vit_tiny", patch: 8, size: SIDE, batch: 8, device: "cpu", seed: 5 },
});
const quiet = { stream: { write: () => true }, precision: "fp32" as const, device: "cpu", pixels: false };
const root = temporaryFolder();
afterAll(() => root[Symbol.dispose]());
const at = (...names: string[]) => join(root.path, ...names);

let data = "";
beforeAll(async () => {
  data = await writeLabelled(at("data"), { train: 8, val: 5 }, "labelled");
  const method = untrainedMethod(config);
  await writeCheckpoint(at("run"), method, config);
  scope(() => saveSafetensors(at("bare.safetensors"), method.encoder.stateDict()));
  const about = { method: "simclr", step: "3", config: JSON.stringify({ ...config, eval_size: 2 * SIDE }) };
  scope(() => saveSafetensors(at("last.safetensors"), method.stateDict(), about));
  timm("timm", { crop_pct: 1, input_size: [3, SIDE, SIDE] }, method.encoder.stateDict());
  method.dispose();
}, 60_000);

/** A folder of timm's with these weights. */
function timm(name: string, pretrained: object, state: Parameters<typeof saveSafetensors>[1]): string {
  mkdirSync(at(name), { recursive: true });
  saveSafetensors(at(name, "model.safetensors"), state);
  const about = { mean: config.mean, std: config.std, interpolation: "bilinear", license: "mit", ...pretrained };
  const whole = { architecture: "vit_tiny_patch8", pretrained_cfg: about, model_args: { img_size: SIDE } };
  writeFileSync(at(name, "config.json"), JSON.stringify(whole));
  return at(name);
}

describe("evaluation of weights off the shelf", () => {
  const options = { ...quiet, protocols: ["knn", "retrieval"] as const };

  it("scores a folder of timm's as the run that the weights are of, and writes nothing", async () => {
    const own = await evaluate(at("run"), data, { ...options, pictures: false, seed: 0 });
    const before = readdirSync(at("timm"));
    const { evaluations: found, source } = await evaluateAny(at("timm"), data, options);
    expect(found.knn!.predictions!.trained).toBe(own.knn!.predictions!.trained);
    expect(found.retrieval!.recall).toEqual(own.retrieval!.recall);
    expect(found.knn!.step).toBe(0);
    expect(source).toMatchObject({
      producer: "timm's vit_tiny_patch8",
      licence: "mit",
      preprocessing: { mean: config.mean, size: SIDE, crop: 1, filter: "bilinear", own: true },
    });
    expect(found.knn!.notes.join("\n")).toMatch(
      /off the shelf: timm's vit_tiny_patch8, vit_tiny.*\n.*as its own config says/,
    );
    expect(readdirSync(at("timm"))).toEqual(before);
  }, 60_000);

  it("says that ImageNet's mean and deviation are taken where nothing lies beside the weights", async () => {
    const { evaluations, source } = await evaluateAny(at("bare.safetensors"), data, { ...options, size: 2 * SIDE });
    expect(source!.preprocessing).toEqual({ ...IMAGENET, size: 2 * SIDE, crop: 1, filter: "bilinear", own: false });
    expect(evaluations.knn!.settings.size).toBe(2 * SIDE);
    expect(evaluations.knn!.notes.join()).toContain(
      `ImageNet's mean and deviation are taken; ${2 * SIDE} px as asked for, bilinear`,
    );
  }, 60_000);

  it("knows how its own checkpoints see images, and tells without labels too", async () => {
    const { source } = await evaluateAny(at("last.safetensors"), data, options);
    expect(source!.preprocessing).toMatchObject({ mean: config.mean, std: config.std, size: 2 * SIDE, own: true });
    const { evaluations } = await evaluateAny(at("timm"), data, { ...quiet, protocols: ["indicators"] });
    expect(evaluations.indicators!.trained.alignment).toHaveProperty("value");
    expect(evaluations.indicators!.notes.join()).toContain("nothing says which images these weights were trained on");
  }, 60_000);

  it("is told by its own checkpoints what no shape tells: pooling, heads, the ε of norms", async () => {
    const form = { ...config, pooling: "class", heads: 2, norm_eps: 1e-5 } as const;
    const method = untrainedMethod(form);
    const about = { method: "simclr", step: "3", config: JSON.stringify(form) };
    scope(() => saveSafetensors(at("form.safetensors"), method.stateDict(), about));
    await writeCheckpoint(at("formed"), method, form);
    method.dispose();
    using own = await loadEncoder(at("formed"), { precision: "fp32", threads: 1, size: SIDE });
    using shelf = await loadEncoder(at("form.safetensors"), { precision: "fp32", threads: 1, size: SIDE });
    expect([own.dim, shelf.dim]).toEqual([192, 192]);
    const files = ["0.png", "1.png"].map((name) => join(data, "val", "ant", name));
    expect(await shelf.encode(files)).toEqual(await own.encode(files));
    const source = await openSource(at("formed"));
    source.close();
    expect(source.architecture).toMatchObject({ heads: 2, normEps: 1e-5 });
    expect(encoderOf(source)).toMatchObject({ heads: 2, norm_eps: 1e-5 });
    const alone = await openSource(at("form.safetensors"));
    alone.close();
    expect(encoderOf(alone)).toMatchObject({ heads: 2, pooling: "class", norm_eps: 1e-5 });
  }, 60_000);

  it("fine-tunes them", async () => {
    const { evaluations } = await evaluateAny(at("timm"), data, {
      ...{ ...quiet, protocols: ["fine-tune", "supervised"], network: { epochs: 1, batch: 8 } },
    });
    expect(evaluations["fine-tune"]!.scratch!.top1).toBe(evaluations.supervised!.top1);
  }, 60_000);

  it("refuses a file that holds no encoder, and a run's data that is none", async () => {
    writeFileSync(at("page.pth"), "<html>");
    await expect(evaluate(at("page.pth"), data, options)).rejects.toThrow(/an HTML page/);
    await expect(evaluate(at("nothing"), data, options)).rejects.toThrow(/nothing/);
  });
});

describe("what else takes a run", () => {
  it("loadEncoder gives the features of the run that the weights are of, and what is known of the source", async () => {
    using own = await loadEncoder(at("run"), { precision: "fp32", threads: 1, size: SIDE });
    using shelf = await loadEncoder(at("timm"), { precision: "fp32", threads: 1 });
    const files = ["0.png", "1.png"].map((name) => join(data, "val", "ant", name));
    expect(await shelf.encode(files)).toEqual(await own.encode(files));
    expect(await shelf.encode(files, { tokens: true })).toEqual(await own.encode(files, { tokens: true }));
    expect(shelf).toMatchObject({
      method: null,
      architecture: "vit_tiny",
      step: 0,
      size: SIDE,
      source: { licence: "mit" },
    });
    expect(own).toMatchObject({ method: "simclr", source: null });
    await expect(loadEncoder(at("nothing"))).rejects.toThrow(/Expected .*nothing/);
  });

  it("a labelling session compares it with runs", async () => {
    using store = openStore("-o", at("labels.csv"));
    let log = "";
    const stream = { write: (text: string) => (log += text) };
    const options = { ...quiet, stream, threads: 1, size: SIDE, runs: [at("run"), at("timm"), at("bare.safetensors")] };
    const labelling = await openLabelling(data, store, options);
    expect(labelling.runs).toBe(3);
    expect(labelling.session.standing.runs.map(({ name }) => name)).toEqual(["run", "timm", "bare.safetensors"]);
    expect(log).toContain("an encoder off the shelf: timm's vit_tiny_patch8");
    expect(readdirSync(at("timm")).sort()).toEqual(["config.json", "model.safetensors"]);
  });
});

it("weights that see more channels than images have are refused with what to do", async () => {
  scope(() => {
    const net = createEncoder({ encoder: "vit_tiny", size: SIDE, patch: 8, channels: 4 });
    saveSafetensors(at("four.safetensors"), net.stateDict());
    net.dispose();
  });
  await expect(evaluateAny(at("four.safetensors"), data, quiet)).rejects.toThrow(
    /images of 4 bands or more.*: the weights in .*four\.safetensors see 4 channels; pretrain --init with them adapts/,
  );
});

describe("embed and search with weights off the shelf", () => {
  const rows = async (weights: string, images: string, name: string) => {
    const done = await embed(weights, images, at(name), quiet);
    const { features } = loadSafetensors(at(name)).tensors;
    const values = features!.toNumbers();
    features!.dispose();
    return { done, values };
  };

  it("gives the features of the run that the weights are of", async () => {
    const [run, folder] = [
      await rows(at("run"), data, "run.safetensors"),
      await rows(at("timm"), data, "t.safetensors"),
    ];
    expect(folder.values).toEqual(run.values);
    expect(folder.done.source!.path).toContain("timm");
    expect(run.done).not.toHaveProperty("source");
  }, 60_000);

  it("crops as the source's own config says", async () => {
    // The middle half of images of twice the size, which are not resized, is those images cut.
    for (const name of ["large", "cut"]) mkdirSync(at(name));
    for (let i = 0; i < 3; i++) {
      const edge = 2 * SIDE;
      const pixels = Buffer.from(Uint8Array.from({ length: edge * edge * 3 }, (_, k) => (k * (7 + i) + k ** 2) % 251));
      const image = () => sharp(pixels, { raw: { width: edge, height: edge, channels: 3 } });
      await image()
        .png()
        .toFile(at("large", `${i}.png`));
      const middle = { left: SIDE / 2, top: SIDE / 2, width: SIDE, height: SIDE };
      await image()
        .extract(middle)
        .png()
        .toFile(at("cut", `${i}.png`));
    }
    scope(() => {
      manualSeed(5);
      const net = createEncoder({ ...config, channels: 3 });
      timm("half", { crop_pct: 0.5, input_size: [3, SIDE, SIDE], interpolation: "bicubic" }, net.stateDict());
      net.dispose();
    });
    const [half, whole] = [
      await rows(at("half"), at("large"), "h.safetensors"),
      await rows(at("timm"), at("cut"), "c.safetensors"),
    ];
    expect(half.values).toEqual(whole.values);
    const shown = await rows(at("timm"), at("large"), "l.safetensors");
    expect(shown.values).not.toEqual(whole.values);
  }, 60_000);

  it("finds an image itself first, and keeps nothing", async () => {
    const [name] = FOUR_CLASSES;
    const image = readdirSync(join(data, "val", name!))[0]!;
    const found = await search(at("timm"), join(data, "val", name!, image), data, { ...quiet, k: 2 });
    expect(found.found[0]!.path).toContain(image);
    expect(found.found[0]!.similarity).toBeCloseTo(1, 5);
    expect([found.cached, existsSync(at("timm", "cache"))]).toEqual([false, false]);
  }, 60_000);
});

describe("on the command line", () => {
  async function told(...args: string[]) {
    let [out, err] = ["", ""];
    vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      out += text;
      return true;
    });
    vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      err += text;
      return true;
    });
    const code = await command(args);
    vi.restoreAllMocks();
    return { code, out, err };
  }

  it("prints the scores, and writes all of it where asked to", async () => {
    const args = ["--data", data, "--protocols", "knn", "--device", "cpu"];
    const { code, out } = await told("evaluate", at("timm"), ...args, "--json", "-o", at("all.json"));
    expect(code).toBe(0);
    const printed = JSON.parse(out) as Record<string, { top1: number }>;
    expect(printed).toMatchObject({ source: { path: at("timm") }, knn: { step: 0 } });
    expect(printed).not.toHaveProperty("run");
    const written = JSON.parse(readFileSync(at("all.json"), "utf8")) as typeof printed;
    expect(written.knn!.top1).toBe(printed.knn!.top1);
    expect(written.knn).toHaveProperty("predictions");
    const people = await told("knn", at("timm"), ...args.filter((_, i) => i < 2));
    expect(people.out).toContain(`${at("timm")}: as it comes, 4 classes`);
  }, 60_000);

  it("asks for images, which weights from elsewhere have not", async () => {
    for (const path of [at("timm"), at("bare.safetensors")]) {
      const { code, err } = await told("probe", path);
      expect([code, err]).toEqual([
        2,
        expect.stringContaining(`Expected --data SOURCE, the images to evaluate on, beside ${path}`),
      ]);
    }
    expect((await told("knn", at("none"))).err).toContain("Expected a run directory");
  });
});
