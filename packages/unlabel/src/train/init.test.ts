import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { manualSeed, saveSafetensors, scope, zeros } from "@unlabel/torch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Config } from "../config/common.ts";
import { createEncoder, type Encoder } from "../encoders/index.ts";
import { initialMethod, trainedMethod } from "../eval/baselines.ts";
import { evaluate } from "../eval/evaluate.ts";
import { checksum } from "../eval/features.ts";
import { presetConfig } from "../methods/presets.ts";
import { createMethod } from "../methods/registry.ts";
import { RunDirectory } from "../run/directory.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { testHub } from "../testing/hub.ts";
import { pretrain } from "./pretrain.ts";

const QUICK = {
  batch: 4,
  warmup_epochs: 0,
  device: "cpu",
  precision: "fp32",
  threads: 1,
  health_every: 0,
  online: false,
};
const SIMCLR = { ...QUICK, method: "simclr", preset: "small", epochs: 1 };
const VIT = { encoder: "vit_tiny", size: 32, patch: 8, channels: 3, registers: 2, layer_scale: 0.1 } as const;

let folder: ReturnType<typeof temporaryFolder>;
let data: string;
const at = (...names: string[]) => join(folder.path, ...names);

/** Trains quietly. */
async function train(name: string, flags: Record<string, unknown>, more: { resume?: boolean; images?: string } = {}) {
  let log = "";
  const stream = { write: (text: string) => (log += text) };
  const { resume = false, images = data } = more;
  const found = await pretrain({ data: images, settings: { flags }, out: at(name), stream, resume });
  return { ...found, log };
}

beforeAll(async () => {
  folder = temporaryFolder();
  data = at("images");
  for (const [split, count] of [
    ["train", 6],
    ["val", 3],
  ] as const) {
    const names = ["a", "b"].flatMap((kind) => Array.from({ length: count }, (_, i) => `${split}/${kind}/${i}.png`));
    await writeImages(data, names, 40);
  }
  await train("a", { ...SIMCLR, size: 32 });
  // Names of timm's.
  scope(() => {
    manualSeed(3);
    const net = createEncoder(VIT);
    const names = (name: string) => name.replace(/\.gamma_?(\d)$/, ".ls$1.gamma");
    const state = Object.entries(net.stateDict()).map(([name, tensor]) => [names(name), tensor] as const);
    saveSafetensors(at("vit.safetensors"), Object.fromEntries(state));
    net.dispose();
  });
}, 120_000);
afterAll(() => folder[Symbol.dispose]());

const sums = (methods: { encoder: Parameters<typeof checksum>[0]; dispose(): void }[]) =>
  methods.map((method) => {
    const found = checksum(method.encoder);
    method.dispose();
    return found;
  });

describe("a run that begins with another's encoder", () => {
  let log: string;
  beforeAll(async () => {
    ({ log } = await train("c", { ...SIMCLR, init: at("a") }));
  }, 120_000);

  it("has that one's to the bit as its initial encoder, follows it in form, and says so", () => {
    const [a, c] = [RunDirectory.open(at("a")), RunDirectory.open(at("c"))];
    const [trained, initial] = sums([trainedMethod(a).method, initialMethod(c)]);
    expect(initial).toBe(trained);
    expect(c.info.config).toMatchObject({ init: at("a"), encoder: "resnet18", size: 32 });
    expect(c.info.config.lr).toBeCloseTo(a.info.config.lr / 10, 12);
    expect(c.info.init).toMatchObject({
      source: at("a"),
      producer: "unlabel's run, simclr after step 3",
      checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
      licence: null,
      reshaped: [],
      tensors: 120,
    });
    expect(log).toContain(`begins with ${at("a")}: unlabel's run, simclr after step 3, resnet18`);
    expect(log).toContain("120 tensors, none missing");
    expect(log).toMatch(/lr 0\.0001, a tenth of .*--lr sets another/);
  });

  it("scores at the beginning what that one scored at its end, also when that one is gone", async () => {
    const quiet = {
      protocols: ["knn", "retrieval"] as const,
      stream: { write: () => true },
      pixels: false,
      precision: "fp32" as const,
    };
    const own = await evaluate(at("a"), data, { ...quiet, pictures: false });
    renameSync(at("a"), at("gone"));
    try {
      const found = await evaluate(at("c"), data, { ...quiet, pictures: false });
      expect(found.knn!.untrained.top1).toBe(own.knn!.top1);
      expect(found.knn!.predictions!.untrained).toBe(own.knn!.predictions!.trained);
      expect(found.retrieval!.untrained).toEqual(own.retrieval!.recall);
      expect(found.knn!.notes.join()).toContain(`training began with the weights of ${at("a")}`);
    } finally {
      renameSync(at("gone"), at("a"));
    }
  }, 60_000);

  it("goes on without its source, and begins again from what it keeps where nothing was saved", async () => {
    renameSync(at("a"), at("gone"));
    try {
      const more = await train("c", { epochs: 2, init: at("a") }, { resume: true });
      expect(more.result.steps).toBe(6);
      const run = RunDirectory.open(at("c"));
      const first = run.metrics()[0]!["train/loss"];
      for (const name of ["last", "previous"])
        for (const kind of ["safetensors", "state.safetensors"])
          rmSync(at("c", "checkpoints", `${name}.${kind}`), { force: true });
      rmSync(at("c", "metrics.jsonl"));
      const info = JSON.parse(readFileSync(at("c", "run.json"), "utf8")) as object;
      writeFileSync(at("c", "run.json"), JSON.stringify({ ...info, status: "running", result: null }));
      const again = await train("c", {}, { resume: true });
      expect(again.result.loss_first).toBe(first);
      await expect(train("c", { init: at("b"), epochs: 3 }, { resume: true })).rejects.toThrow(
        /Expected init .* began with/,
      );
      rmSync(at("c", "checkpoints", "initial.safetensors"));
      expect(() => initialMethod(RunDirectory.open(at("c")))).toThrow(
        /Expected the encoder that .* began with in .*initial/,
      );
    } finally {
      renameSync(at("gone"), at("a"));
    }
  }, 120_000);

  it("keeps a learning rate that was set", async () => {
    const { info, log } = await train("rate", { ...SIMCLR, init: at("a"), lr: 0.002, method: "byol" });
    expect(info.config.lr).toBe(0.002);
    expect(log).not.toContain("a tenth of");
    expect(info.init!.tensors).toBe(120);
  }, 60_000);

  it.each(["byol", "mocov3"])("%s: its momentum copy begins where its encoder does", (method) => {
    const config = {
      ...presetConfig(method, "small"),
      encoder: "resnet18",
      stem: "7x7",
      size: 32,
      eval_size: null,
    } as Config;
    const from = trainedMethod(RunDirectory.open(at("a"))).method;
    const built = createMethod(config, (encoder) => encoder.loadStateDict(from.encoder.stateDict()));
    const target = (built as unknown as { target_encoder: Encoder }).target_encoder;
    expect(checksum(target)).toBe(checksum(built.encoder));
    expect(checksum(target)).toBe(sums([from])[0]);
    built.dispose();
  });
});

describe("a ViT of another size and form", () => {
  it("gives the config its patch, registers and layer scale; positions are interpolated, which MAE leaves fixed", async () => {
    const { info, log } = await train("m", {
      ...SIMCLR,
      method: "mae",
      size: 48,
      init: at("vit.safetensors"),
      decoder_width: 32,
      decoder_depth: 1,
    });
    expect(info.config).toMatchObject({ encoder: "vit_tiny", patch: 8, registers: 2, size: 48 });
    expect(info.init!.reshaped).toEqual([
      { name: "pos_embed", from: [1, 17, 192], to: [1, 37, 192], how: "positions interpolated from 4 × 4 to 6 × 6" },
    ]);
    expect(log).toContain("pos_embed: positions interpolated from 4 × 4 to 6 × 6");
    expect(log).toContain("positions are the source's and stay fixed, as mae has them");
    const before = initialMethod(RunDirectory.open(at("m")));
    const after = trainedMethod(RunDirectory.open(at("m"))).method;
    const [one, other] = [before, after].map(({ encoder }) => encoder.stateDict().pos_embed!.toNumbers());
    expect(other).toEqual(one);
    before.dispose();
    after.dispose();
  }, 60_000);

  it("of images of other channels adapts the first layer, and warns", async () => {
    const { info, log } = await train("gray", { ...SIMCLR, init: at("a"), channels: 1, init_channels: "inflate" });
    expect(info.init!.reshaped).toMatchObject([{ name: "conv1.weight", from: [64, 3, 7, 7], to: [64, 1, 7, 7] }]);
    expect(log).toContain("conv1.weight: channels adapted (inflate), which often does not help");
  }, 60_000);
});

describe("a model of the hub", () => {
  const variables = ["HF_HOME", "HF_ENDPOINT", "HF_TOKEN", "HF_HUB_OFFLINE"] as const;
  const before = variables.map((name) => process.env[name]);
  afterAll(() => {
    for (const [i, name] of variables.entries()) {
      if (before[i] === undefined) delete process.env[name];
      else process.env[name] = before[i];
    }
  });

  it("is begun with by its commit, whose token nobody sees, and goes on without the hub", async () => {
    const card = "---\nlicense: other\nlicense_name: a-licence\n---\n";
    const hub = await testHub({ "model.safetensors": readFileSync(at("vit.safetensors")), "README.md": card });
    Object.assign(process.env, { HF_HOME: at("hf"), HF_ENDPOINT: hub.endpoint, HF_TOKEN: "hf_good" });
    delete process.env.HF_HUB_OFFLINE;
    const flags = { ...SIMCLR, size: 32, init: "hub:org/gated" };
    const { info, log } = await train("hub", flags);
    const name = `hub:org/gated@${hub.commit}`;
    expect(info.config.init).toBe(name);
    expect(info.init).toMatchObject({ source: name, licence: "a-licence", reshaped: [] });
    expect(log).toContain(`begins with ${name}`);
    expect(log + readFileSync(at("hub", "run.json"), "utf8")).not.toContain("hf_good");
    await hub[Symbol.asyncDispose]();
    const more = await train("hub", { init: "hub:org/gated@main", epochs: 2 }, { resume: true });
    expect(more.result.steps).toBe(6);
    const other = `hub:org/gated@${"0".repeat(40)}`;
    await expect(train("hub", { init: other, epochs: 3 }, { resume: true })).rejects.toThrow(
      /Expected init .* began with/,
    );
    // What was downloaded serves also where nothing answers.
    const again = await train("hub2", { ...flags, steps: 1, init: name });
    expect(again.info.init!.checksum).toBe(info.init!.checksum);
  }, 60_000);
});

describe("weights that do not fit are refused in one line, before training", () => {
  it.each<[string, Record<string, unknown>, RegExp]>([
    [
      "another encoder",
      { encoder: "resnet50" },
      /Expected encoder resnet18, as the weights in .*a have it, got encoder resnet50/,
    ],
    ["another stem", { stem: "3x3" }, /Expected stem 7x7, as the weights in .* have it, got stem 3x3/],
    [
      "a method that does not train it",
      { method: "mae" },
      /encoder that mae trains \(vit_tiny.*got those of a resnet18/,
    ],
    ["nothing there", { init: "none" }, /which is not there/],
    ["no weights", { init: null, init_channels: "mean" }, /Expected no init_channels with init null/],
  ])("%s", async (_, flags, words) => {
    await expect(train("never", { ...SIMCLR, init: at("a"), ...flags })).rejects.toThrow(words);
    expect(() => readFileSync(at("never", "run.json"))).toThrow();
  });

  it("another patch, and what is no encoder that is known", async () => {
    const vit = { ...SIMCLR, init: at("vit.safetensors") };
    await expect(train("never", { ...vit, patch: 16 })).rejects.toThrow(
      /Expected patch 8, .* got patch 16; leave patch out/,
    );
    scope(() => saveSafetensors(at("odd.safetensors"), { "conv_stem.weight": zeros([4, 3, 3, 3]) }));
    await expect(train("never", { ...SIMCLR, init: at("odd.safetensors") })).rejects.toThrow(
      /encoders known: resnet18/,
    );
  });
});
