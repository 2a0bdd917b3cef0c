import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadSafetensors, manualSeed, memory, nn, noGrad, randn, scope, type Tensor, tensor } from "@unlabel/torch";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { withoutImages } from "../config/channels.ts";
import { openData } from "../data/open.ts";
import { ImageReader } from "../data/reader.ts";
import { Encoder } from "../encoders/encoder.ts";
import { createMethod, resolveConfig } from "../methods/registry.ts";
import { RunDirectory } from "../run/directory.ts";
import { temporaryFolder, writeImages } from "../testing/data.ts";
import { averageOf, splitAverage, WeightsAverage } from "./average.ts";
import { makeOptimizer } from "./optimizer.ts";
import { type PretrainRequest, pretrain } from "./pretrain.ts";
import { stepSettings, trainStep } from "./step.ts";
import { startWatch } from "./watch.ts";

// What runs do with an average does not depend on the encoder; how it follows one is tried on real ones.
const encoders = vi.hoisted(() => ({ small: true }));
vi.mock("../encoders/registry.ts", async (original) =>
  (await import("../testing/small-encoders.ts")).withSmallEncoders(original, encoders),
);

const SIMCLR = {
  ...{ method: "simclr", size: 32, batch: 4, epochs: 2, warmup_epochs: 0, stem: "7x7", lr: 0.01 },
  ...{ device: "cpu", precision: "fp32", weights_average: 0.6 },
};

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const data = join(folder.path, "images");
beforeAll(async () => {
  const names = ["ant", "bee"].flatMap((kind) => Array.from({ length: 6 }, (_, i) => `${kind}/${i}.png`));
  await writeImages(data, names, 32);
});

/** One number and a count, which tests set. */
class Numbers extends Encoder {
  override readonly dim = 1;
  weight = nn.parameter(tensor([1, 1]));
  running = nn.buffer(tensor([0, 0]));
  count = nn.buffer(tensor(new BigInt64Array([0n])));
  override forward(images: Tensor): Tensor {
    return images.mul(this.weight).add(this.running);
  }
}

describe("an average of weights", () => {
  beforeAll(() => {
    encoders.small = false;
  });
  afterAll(() => {
    encoders.small = true;
  });

  it("is a ← d·a + (1 − d)·w with d = min(decay, (1 + t) / (10 + t)), from the weights that it begins with", () => {
    const encoder = new Numbers();
    using average = new WeightsAverage({ encoder }, 0.3);
    let [weight, running] = [1, 0];
    for (let t = 1; t <= 6; t++) {
      noGrad(() => {
        encoder.weight.fill_(10 * t);
        encoder.running.fill_(-t);
        encoder.count.add_(1);
      });
      average.follow(t);
      const d = Math.min(0.3, (1 + t) / (10 + t));
      // 2/11, 3/12, 4/13 > 0.3: the third step on, the decay holds.
      expect(d).toBe([2 / 11, 3 / 12, 0.3, 0.3, 0.3, 0.3][t - 1]);
      [weight, running] = [d * weight + (1 - d) * 10 * t, d * running - (1 - d) * t];
      const found = average.stateDict();
      expect(Object.keys(found)).toEqual(["weight", "running", "count"].map((name) => `encoder_average.${name}`));
      expect(found["encoder_average.weight"]!.toNumbers()[1]).toBeCloseTo(weight, 4);
      expect(found["encoder_average.running"]!.toNumbers()[0]).toBeCloseTo(running, 5);
      expect(found["encoder_average.count"]!.item()).toBe(t);
    }
    encoder.dispose();
  });

  it("lends its values to the encoder, which has its own again whatever happens meanwhile", () => {
    const encoder = new Numbers();
    using average = new WeightsAverage({ encoder }, 0.9);
    noGrad(() => encoder.weight.fill_(5));
    const live = memory().liveTensors;
    const seen = average.lend(() => encoder.weight.toNumbers());
    const failing = () =>
      average.lend(() => {
        throw new Error("broken");
      });
    expect(failing).toThrow("broken");
    expect(seen).toEqual([1, 1]);
    expect(encoder.weight.toNumbers()).toEqual([5, 5]);
    expect(encoder.weight.requiresGrad).toBe(true);
    expect(memory().liveTensors).toBe(live);
    // It learns on as its own.
    noGrad(() => encoder.weight.fill_(7));
    expect(average.stateDict()["encoder_average.weight"]!.toNumbers()).toEqual([1, 1]);
    encoder.dispose();
  });

  it("refuses another encoder's, naming what does not fit, and changes nothing", () => {
    const encoder = new Numbers();
    using average = new WeightsAverage({ encoder }, 0.9);
    const saved = { weight: tensor([3, 3]), running: tensor([3, 3]) };
    expect(() => average.loadStateDict(saved)).toThrow(/got no count \[1\]$/);
    const other = { ...saved, count: tensor(new BigInt64Array([1n])), weight: tensor([3]) };
    expect(() => average.loadStateDict(other)).toThrow(/got no weight \[2\] and weight \[1\] of another encoder/);
    expect(average.stateDict()["encoder_average.running"]!.toNumbers()).toEqual([0, 0]);
    encoder.dispose();
  });

  it.each([
    ["whole batches", {}],
    ["micro-batches, activations computed again", { micro_batch: 2, activation_checkpointing: true }],
  ])("follows parameters and BatchNorm's statistics over real steps: %s", (_, flags) => {
    const config = withoutImages(resolveConfig({ flags: { ...SIMCLR, ...flags } }));
    manualSeed(0);
    const method = createMethod(config).to({ memoryFormat: "channels_last" }).train();
    const optimizer = makeOptimizer(config, method);
    using average = averageOf(config, method)!;
    const exact = ([name, value]: [string, Tensor]) => [name, value.detach().to({ dtype: "float64" }).clone()] as const;
    const now = () => new Map([...method.encoder.namedTensors()].map(exact));
    const expected = noGrad(now);
    let live = 0;
    for (let t = 1; t <= 3; t++) {
      scope(() =>
        trainStep({
          ...{ method, optimizer, average, views: [randn([8, 3, 32, 32])], device: "cpu", precision: "fp32" },
          progress: { step: t, total: 3, epoch: 1 },
          ...stepSettings(config),
        }),
      );
      if (t === 1) live = memory().liveTensors;
      const d = Math.min(0.6, (1 + t) / (10 + t));
      scope(() => {
        for (const [name, values] of noGrad(now)) {
          const mean = expected.get(name)!;
          if (name.endsWith("num_batches_tracked")) mean.copy_(values);
          else mean.mul_(d).add_(values.mul(1 - d));
        }
      });
    }
    expect(memory().liveTensors).toBe(live);
    const moved = { parameters: 0, statistics: 0 };
    scope(() => {
      const { average: found } = splitAverage(average.stateDict());
      const last = noGrad(now);
      const most = (x: Tensor) => x.abs().amax().item();
      for (const [name, mean] of expected) {
        const scale = Math.max(most(mean), 1e-6);
        expect([name, most(found[name]!.sub(mean)) / scale < 1e-5]).toEqual([name, true]);
        const apart = most(last.get(name)!.sub(mean));
        if (apart / scale > 1e-3) moved[name.includes("running") ? "statistics" : "parameters"]++;
      }
    });
    for (const mean of expected.values()) mean.dispose();
    // It is not just what the encoder holds now.
    expect(moved.parameters).toBeGreaterThan(20);
    expect(moved.statistics).toBeGreaterThan(20);
    optimizer.dispose();
    method.dispose();
  });
});

describe("a run with an average of weights", () => {
  const train = async (name: string, flags: Record<string, unknown>, more: Partial<PretrainRequest> = {}) => {
    const stream = { write: () => true };
    const out = join(folder.path, name);
    await pretrain({ data, settings: { flags }, out, stream, ...more });
    return RunDirectory.open(out);
  };
  /** Everything that a checkpoint's two files hold but the settings: a digest of each tensor. */
  const saved = (run: RunDirectory) =>
    scope(() =>
      [run.weights, run.state].map((file) =>
        Object.entries(loadSafetensors(file).tensors).map(([name, tensor]) => {
          const { buffer, byteOffset, byteLength } = tensor.toArray();
          const bytes = new Uint8Array(buffer, byteOffset, byteLength);
          return `${name} ${tensor.dtype} ${createHash("sha256").update(bytes).digest("hex")}`;
        }),
      ),
    );

  it("stopped and resumed, or killed and resumed, has the bits of one that was not", async () => {
    const flags = { ...SIMCLR, health_every: 2 };
    const whole = await train("whole", flags);
    const expected = saved(whole);
    expect(expected[0]!.filter((one) => one.startsWith("encoder_average.")).length).toBe(12);
    const stop = new AbortController();
    const onStep = ({ step }: { step: number }) => step === 4 && stop.abort();
    const stopped = await train("stopped", flags, { signal: stop.signal, onStep });
    expect(stopped.info.status).toBe("interrupted");
    expect(saved(stopped)).not.toEqual(expected);
    expect(saved(await train("stopped", {}, { resume: true }))).toEqual(expected);
    // What dies in its second epoch goes on from the end of the first.
    const dying = train("killed", flags, {
      onStep: ({ step }) => {
        if (step === 5) throw new Error("killed");
      },
    });
    await expect(dying).rejects.toThrow("killed");
    const killed = await train("killed", {}, { resume: true });
    expect(saved(killed)).toEqual(expected);
    expect(readFileSync(killed.weights).equals(readFileSync(whole.weights))).toBe(true);
  });

  it("trains as one without, and keeps its decay", async () => {
    const plain = await train("plain", { ...SIMCLR, epochs: 1, weights_average: null });
    const averaged = await train("averaged", { ...SIMCLR, epochs: 1 });
    const [without, withAverage] = [plain, averaged].map((run) => saved(run)) as [
      ReturnType<typeof saved>,
      ReturnType<typeof saved>,
    ];
    expect(withAverage[0]!.filter((one) => !one.startsWith("encoder_average."))).toEqual(without[0]);
    expect(averaged.info.config.weights_average).toBe(0.6);
    const other = train("averaged", { weights_average: 0.9 }, { resume: true });
    await expect(other).rejects.toThrow(/Expected weights_average 0.6 as .* began with, got 0.9; start a new run/);
  });

  it("refuses a decay outside (0, 1), and a checkpoint without the average", async () => {
    for (const weights_average of [0, 1, -0.5, "often"]) {
      const failing = train("refused", { ...SIMCLR, weights_average });
      await expect(failing).rejects.toThrow("Expected a number between 0 and 1 for weights_average, got");
    }
    const run = await train("edited", { ...SIMCLR, epochs: 1, weights_average: null });
    run.update({ config: { ...run.info.config, weights_average: 0.5 } });
    const resumed = train("edited", { epochs: 2 }, { resume: true });
    await expect(resumed).rejects.toThrow(/fits run.json .* one of the two was edited: .*got no conv1.weight \[16/);
  });
});

it("what looks at the encoder while it trains sees the average", async () => {
  manualSeed(0);
  const config = withoutImages(resolveConfig({ flags: { ...SIMCLR, health_every: 1 } }));
  const method = createMethod(config).train();
  const copies = () => noGrad(() => method.encoder.parameters().map((parameter) => parameter.detach().clone()));
  const own = copies();
  noGrad(() => {
    for (const parameter of method.encoder.parameters()) parameter.mul_(0);
  });
  using zeros = averageOf(config, method)!;
  noGrad(() => {
    for (const [i, parameter] of method.encoder.parameters().entries()) parameter.copy_(own[i]!);
  });
  const reader = new ImageReader({ threads: 1 });
  const options = { config, data: await openData(data), method, device: "cpu", precision: "fp32", reader } as const;
  const moment = { step: 6, total: 6, stepsPerEpoch: 3, seconds: 60, stepSeconds: 0.1 };
  const stds: number[] = [];
  for (const average of [zeros, null]) {
    using watch = startWatch({ ...options, average, stepsPerEpoch: 3 })!;
    const look = await watch.look(moment, true, [randn([8, 3, 32, 32])]);
    stds.push(look["health/std"]!);
  }
  expect(stds[0]).toBe(0);
  // Its own weights, before any training, tell these images apart by little, but they do.
  expect(stds[1]).toBeGreaterThan(0);
  for (const [i, parameter] of copies().entries()) expect(parameter.equal(own[i]!)).toBe(true);
  method.dispose();
});

it("refuses a method whose own fields would be taken for the average", () => {
  const config = withoutImages(resolveConfig({ flags: SIMCLR }));
  const method = createMethod(config);
  Object.assign(method, { encoder_average: new nn.Linear(2, 2) });
  expect(() => averageOf(config, method)).toThrow(
    /Expected a method without a field encoder_average, .* got encoder_average.weight in simclr; rename the field/,
  );
  expect(averageOf({ ...config, weights_average: null }, method)).toBeNull();
  method.dispose();
});
