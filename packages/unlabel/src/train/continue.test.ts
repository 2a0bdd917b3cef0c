// Continuing from weights: what is looked at before the first step, heads alone at first, and a rate by layer; all of it resumes to the bit.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadSafetensors, manualSeed, saveSafetensors, scope } from "@unlabel/torch";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createEncoder } from "../encoders/index.ts";
import { presetConfig } from "../methods/presets.ts";
import { createMethod } from "../methods/registry.ts";
import { RunDirectory } from "../run/directory.ts";
import { readRun } from "../run/read/run.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { makeOptimizer, setRates } from "./optimizer.ts";
import { pretrain } from "./pretrain.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const at = (name: string) => join(folder.path, name);
const data = at("images");
beforeAll(async () => {
  const names = ["ant", "bee"].flatMap((kind) => Array.from({ length: 6 }, (_, i) => `train/${kind}/${i}.png`));
  await writeImages(data, [...names, "val/ant/0.png", "val/bee/0.png"], 32);
  scope(() => {
    manualSeed(3);
    const net = createEncoder({ encoder: "vit_tiny", size: 32, patch: 16 });
    saveSafetensors(at("vit.safetensors"), net.stateDict());
    net.dispose();
  });
});

const FLAGS = {
  ...{
    method: "simclr",
    preset: "small",
    size: 32,
    batch: 4,
    warmup_epochs: 0,
    device: "cpu",
    precision: "fp32",
    threads: 1,
  },
  ...{
    encoder: "vit_tiny",
    patch: 16,
    projection_hidden: 32,
    projection_dim: 16,
    health_every: 0,
    online: false,
    epochs: 2,
  },
};

async function train(name: string, flags: Record<string, unknown>, more: { stopAt?: number; resume?: boolean } = {}) {
  const { stopAt, resume = false } = more;
  const stop = new AbortController();
  let log = "";
  const stream = { write: (text: string) => (log += text) };
  await pretrain({
    ...{
      data,
      settings: resume ? {} : { flags: { ...FLAGS, ...flags } },
      out: at(name),
      resume,
      stream,
      signal: stop.signal,
    },
    onStep: ({ step }) => {
      if (step === stopAt) stop.abort();
    },
  });
  return { run: RunDirectory.open(at(name)), log };
}
/** Some of a file's tensors. */
const tensors = (file: string, ...names: string[]) =>
  scope(() => {
    const all = loadSafetensors(file).tensors;
    return names.map((name) => all[name]!.toNumbers());
  });
const digest = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");

it("is looked at before the first step as its source was at its end, which report and log have too", async () => {
  const seen = { health_every: 1, online: true };
  const { run: a } = await train("a", { ...seen, steps: 2 });
  const { run: c, log } = await train("c", { ...seen, steps: 3, init: at("a"), log: "tensorboard" });
  const last = a.metrics().at(-1)!;
  const { start } = c.info;
  expect(start!.votes).toEqual([{ images: 12, top1: last["online/knn_top1"] }]);
  const health = ["std", "rank", "uniformity"].map((name) => [`health/${name}`, last[`health/${name}`]]);
  expect(start!.health).toEqual({ images: 12, values: Object.fromEntries(health) });
  expect(log).toContain(`at step 0: kNN ${(100 * last["online/knn_top1"]!).toFixed(1)} % among 12 images`);
  expect(c.metrics()[2]).toMatchObject({ "online/images": 12 });
  expect(c.metrics()[0]!.step).toBe(1);
  const { series } = await readRun(at("c"));
  expect(series.get("online/knn_top1")!.points()[0]).toEqual([0, last["online/knn_top1"]]);
  // A run with random weights has no such start.
  expect(a.info.start).toBeUndefined();
  expect(last).not.toHaveProperty("online/images");
  const before = start;
  await train("c", {}, { resume: true });
  expect(RunDirectory.open(at("c")).info.start).toEqual(before);
}, 240_000);

it("lets the heads learn alone at first, then all, and resumes to the bit within and after", async () => {
  const flags = { init: at("vit.safetensors"), freeze_encoder_steps: 3, layer_decay: 0.7, steps: 6 };
  const whole = await train("whole", flags);
  expect(whole.log).toContain("the encoder learns from now on");
  await train("parts", flags, { stopAt: 2 });
  const names = [
    "cls_token",
    "patch_embed.proj.weight",
    "blocks.0.attn.proj.weight",
    "blocks.11.attn.proj.weight",
    "norm.bias",
  ];
  const ours = names.map((name) => `encoder.${name}`);
  const initial = tensors(whole.run.initial, ...names);
  expect(tensors(RunDirectory.open(at("parts")).weights, ...ours)).toEqual(initial);
  await train("parts", {}, { resume: true, stopAt: 4 });
  const { run } = await train("parts", {}, { resume: true });
  expect(digest(run.weights)).toBe(digest(whole.run.weights));
  expect(digest(run.state)).toBe(digest(whole.run.state));
  const trained = tensors(run.weights, ...ours);
  const moved = (at: number) => Math.max(...initial[at]!.map((value, i) => Math.abs(trained[at]![i]! - value)));
  // Adam's first steps are as long as the rate: the layer next to the images moves least.
  const ratio = moved(2) / moved(3);
  expect(ratio).toBeGreaterThan(0.5 * 0.7 ** 11);
  expect(ratio).toBeLessThan(2 * 0.7 ** 11);
}, 240_000);

it("gives each layer its rate at every step, heads the whole one, and changes nothing at 1", () => {
  const config = {
    ...presetConfig("byol", "small"),
    ...{
      encoder: "resnet18",
      stem: "7x7",
      size: 32,
      eval_size: null,
      size_start: null,
      channels: 3,
      layer_decay: 0.5,
      lr: 1,
      lr_scaling: "none",
    },
  } as never;
  scope(() => {
    const method = createMethod(config);
    const optimizer = makeOptimizer(config, method);
    setRates(optimizer, config, method, 0.8, { step: 1, total: 2, epoch: 1 });
    const rateOf = (name: string) => {
      const param = method.stateDict()[name];
      return optimizer.groups.find(({ params }) => params.some((one) => one === param))!.lr;
    };
    const names = ["conv1", "layer1.0.conv1", "layer2.0.conv1", "layer3.0.conv1", "layer4.1.conv2"];
    const rates = names.map((name) => rateOf(`encoder.${name}.weight`));
    for (const [i, rate] of rates.entries()) expect(rate).toBeCloseTo(0.8 * 0.5 ** (5 - i), 12);
    const heads = Object.keys(method.stateDict()).find((name) => /^(projector|projection).*weight$/.test(name))!;
    expect(rateOf(heads)).toBeCloseTo(0.8, 12);
    const counted = optimizer.groups.flatMap(({ params }) => params);
    expect(new Set(counted).size).toBe([...method.parameters()].length);
    method.dispose();
  });
});

it.each([
  ["without weights to begin with", { freeze_encoder_steps: 2 }, /Expected no freeze_encoder_steps with init null/],
  [
    "of all steps",
    { init: at("vit.safetensors"), freeze_encoder_steps: 5, steps: 5 },
    /Expected fewer than steps \(5\) for freeze_encoder_steps/,
  ],
  ["a decay of nothing", { layer_decay: 0 }, /Expected a number above 0 and at most 1 for layer_decay/],
])("refuses heads alone %s", async (_, flags, words) => {
  await expect(train("never", flags)).rejects.toThrow(words);
});
