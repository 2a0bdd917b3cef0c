// Runs with averaged weights: what evaluates them sees the average, made again here by hand from each step's checkpoint.

import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadSafetensors, noGrad, saveSafetensors, scope, type Tensor } from "@unlabel/torch";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { RunDirectory } from "../run/directory.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { pretrain } from "../train/pretrain.ts";
import { trainedMethod, untrainedMethod } from "./baselines.ts";
import { embed } from "./embed.ts";
import { evaluate } from "./evaluate.ts";
import { loadEncoder } from "./load-encoder.ts";

// What is held here does not depend on the encoder.
vi.mock("../encoders/registry.ts", async (original) =>
  (await import("../testing/small-encoders.ts")).withSmallEncoders(original),
);

const DECAY = 0.5;
const STEPS = 4;
const folder = temporaryFolder();
const at = (...names: string[]) => join(folder.path, ...names);
afterAll(() => folder[Symbol.dispose]());
const stream = { write: () => true };
const fp32 = { stream, device: "cpu", precision: "fp32" } as const;
const data = at("images");
const images = ["ant", "bee"].flatMap((kind) => Array.from({ length: 6 }, (_, i) => `train/${kind}/${i}.png`));

type State = Record<string, Tensor>;
/** What stands under a prefix in a checkpoint. */
const under = (prefix: string, tensors: State): State =>
  Object.fromEntries(
    Object.entries(tensors).flatMap(([name, t]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), t]] : [])),
  );
const features = async (run: string) => {
  const file = at(`${run}.safetensors`);
  const done = await embed(at(run), data, file, fp32);
  const { tensors, metadata } = loadSafetensors(file);
  return { x: Float32Array.from(tensors.features!.toNumbers()), metadata, done };
};
/** Largest difference, as a share of the largest number. */
const distance = (a: Float32Array, b: Float32Array) =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) / Math.max(...b.map(Math.abs));

/** A run without an average, with another's weights of the last step, of which the encoder's are `encoder`. */
function without(name: string, encoder: State, own: State): void {
  cpSync(at("run"), at(name), { recursive: true });
  const info = JSON.parse(readFileSync(at(name, "run.json"), "utf8"));
  // As versions wrote it that knew no such setting.
  const { weights_average: _, ...config } = info.config;
  writeFileSync(at(name, "run.json"), JSON.stringify({ ...info, config }));
  const named = Object.fromEntries(Object.entries(encoder).map(([key, t]) => [`encoder.${key}`, t.contiguous()]));
  const file = at(name, "checkpoints", "last.safetensors");
  saveSafetensors(file, { ...own, ...named }, { step: String(STEPS) });
}

beforeAll(async () => {
  await writeImages(data, [...images, "val/ant/0.png", "val/ant/1.png", "val/bee/0.png", "val/bee/1.png"], 32);
  const flags = {
    ...{ method: "simclr", size: 32, batch: 12, stem: "7x7", lr: 0.01, warmup_epochs: 0, steps: STEPS },
    ...{ health_every: 0, online: false, device: "cpu", precision: "fp32", weights_average: DECAY },
  };
  let made: State = {};
  // An epoch is one step: each leaves a checkpoint.
  await pretrain({
    ...{ data, settings: { flags }, out: at("run"), stream },
    onEvent: (event) => {
      if (event.type !== "checkpoint") return;
      const run = RunDirectory.open(at("run"));
      if (event.step === 1) {
        const { encoder } = untrainedMethod(run.info.config);
        made = Object.fromEntries(Object.entries(encoder.stateDict()).map(([name, t]) => [name, t.detach().clone()]));
      }
      const d = Math.min(DECAY, (1 + event.step) / (10 + event.step));
      const now = under("encoder.", loadSafetensors(run.weights).tensors);
      noGrad(() => {
        for (const [name, value] of Object.entries(now)) {
          if (value.dtype === "int64") made[name]!.copy_(value);
          else made[name]!.mul_(d).add_(value.mul(1 - d));
        }
      });
    },
  });
  const { tensors } = loadSafetensors(at("run", "checkpoints", "last.safetensors"));
  const own = Object.fromEntries(Object.entries(tensors).filter(([name]) => !name.startsWith("encoder_average.")));
  without("by-hand", made, own);
  without("last-step", under("encoder.", own), own);
}, 600_000);

describe("a run with averaged weights", () => {
  it("is embedded with the average: the features of one made by hand, and not those of the last weights", async () => {
    const [run, byHand, lastStep] = [await features("run"), await features("by-hand"), await features("last-step")];
    expect(distance(run.x, byHand.x)).toBeLessThan(1e-4);
    expect(distance(run.x, lastStep.x)).toBeGreaterThan(0.01);
    expect(run.done).toMatchObject({ step: STEPS, weights_average: DECAY });
    expect(run.metadata.weights_average).toBe(String(DECAY));
    expect(byHand.done.weights_average).toBeNull();
    expect("weights_average" in byHand.metadata).toBe(false);

    using encoder = await loadEncoder(at("run"), fp32);
    expect([encoder.step, encoder.weightsAverage]).toEqual([STEPS, DECAY]);
    const files = images.map((name) => join(data, name));
    const found = await encoder.encode(files);
    expect(distance(found, run.x.subarray(0, found.length))).toBeLessThan(1e-4);
    using last = await loadEncoder(at("last-step"), fp32);
    expect(last.weightsAverage).toBeNull();
  }, 300_000);

  it("is evaluated and fine-tuned from the average, and every file says so", async () => {
    const { method, weightsAverage } = trainedMethod(RunDirectory.open(at("run")));
    expect(weightsAverage).toBe(DECAY);
    scope(() => {
      const { tensors } = loadSafetensors(at("run", "checkpoints", "last.safetensors"));
      const saved = under("encoder_average.", tensors);
      for (const [name, tensor] of method.encoder.namedTensors()) expect(tensor.equal(saved[name]!)).toBe(true);
      const heads = [...method.namedTensors()].filter(([name]) => !name.startsWith("encoder."));
      expect(heads.length).toBeGreaterThan(1);
      for (const [name, tensor] of heads) expect(tensor.equal(tensors[name]!)).toBe(true);
    });
    method.dispose();
    // The head begins with zeros: the first loss is the same whatever the features.
    const network = { epochs: 2, batch: 12 };
    const protocols = ["knn", "fine-tune", "supervised"] as const;
    const options = { ...fp32, protocols, network, pictures: false };
    const run = await evaluate(at("run"), data, options);
    expect([run.knn!.weights_average, run["fine-tune"]!.weights_average]).toEqual([DECAY, DECAY]);
    expect("weights_average" in run.supervised!).toBe(false);

    const last = await evaluate(at("last-step"), data, options);
    expect(Object.values(last).every((file) => !("weights_average" in file))).toBe(true);
    // Baselines are where training began, whatever became of the weights.
    expect(run.knn!.untrained).toEqual(last.knn!.untrained);
    expect(run.supervised!.curve).toEqual(last.supervised!.curve);
    expect(run["fine-tune"]!.curve).not.toEqual(last["fine-tune"]!.curve);
  }, 300_000);

  it("refuses weights without the average that run.json speaks of", () => {
    cpSync(at("last-step"), at("edited"), { recursive: true });
    cpSync(at("run", "run.json"), at("edited", "run.json"));
    const opening = () => trainedMethod(RunDirectory.open(at("edited")));
    expect(opening).toThrow(/Expected weights that fit run.json in .*; one of the two was edited: .*missing: conv1/);
  });
});
