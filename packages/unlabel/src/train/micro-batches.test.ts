import { manualSeed, memory, nn, randn, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { plainView } from "../data/views.ts";
import { createEncoder } from "../encoders/index.ts";
import { type LossOutput, Method } from "../methods/method.ts";
import { presetConfig } from "../methods/presets.ts";
import { createMethod } from "../methods/registry.ts";
import { stepOn } from "../testing/progress.ts";

import { gradients } from "./micro-batches.ts";

const vit = { encoder: "vit_tiny", patch: 8, size: 32, batch: 8 } as const;

function outcome(method: Method, views: Tensor[], microBatch: number | null, recompute = false) {
  const { loss, logs } = gradients({
    method,
    views,
    progress: stepOn(views[0]!.shape[0]! / method.views[0]!.count),
    microBatch,
    recompute,
    device: "cpu",
    precision: "fp32",
  });
  const grads = Object.fromEntries(method.namedParameters().map(([name, { grad }]) => [name, grad!.clone()]));
  method.zeroGrad();
  return { loss: loss.item(), logs: Object.entries(logs).map(([name, value]) => [name, value.item()] as const), grads };
}

describe("gradients of a batch in parts", () => {
  it.each([
    ["simclr", 2],
    ["simclr", 3],
    ["simclr", 1],
    ["mae", 2],
    ["mae", 3],
  ] as const)("of %s, %d images at a time, are those of the whole batch", (name, microBatch) => {
    scope(() => {
      manualSeed(0);
      const method: Method =
        name === "simclr"
          ? createMethod({ ...presetConfig("simclr", "small"), ...vit })
          : createMethod({ ...presetConfig("mae", "small"), ...vit, norm_pixels: false });
      const views = [randn([name === "simclr" ? 16 : 8, 3, 32, 32])];
      const whole = outcome(method, views, null);
      const parts = outcome(method, views, microBatch);
      expect(parts.loss).toBeCloseTo(whole.loss, 5);
      for (const [name, grad] of Object.entries(whole.grads)) {
        const scale = Math.max(1e-3, grad.abs().amax().item());
        expect.soft(parts.grads[name]!.sub(grad).abs().amax().item() / scale, name).toBeLessThan(1e-5);
      }
      if (name === "simclr")
        for (const [i, [, value]] of whole.logs.entries()) expect(parts.logs[i]![1]).toBeCloseTo(value, 5);
    });
  });

  it("moves BatchNorm's statistics once a part, as one pass would, and leaves no tensor behind", () => {
    manualSeed(0);
    const method = createMethod({ ...presetConfig("simclr", "small"), size: 32, batch: 4 });
    scope(() => {
      const views = [randn([8, 3, 32, 32])];
      outcome(method, views, 2);
      const tracked = [...method.namedTensors()].filter(([name]) => name.endsWith("num_batches_tracked"));
      expect(tracked.length).toBeGreaterThan(10);
      for (const [, count] of tracked) expect(count.item()).toBe(2);
      const before = memory().liveTensors;
      scope(() => void outcome(method, views, 2));
      expect(memory().liveTensors).toBe(before);
    });
    method.dispose();
  });
});

describe("stochastic depth", () => {
  const dropping = {
    simclr: { ...presetConfig("simclr", "small"), ...vit, drop_path: 0.5 },
    mae: { ...presetConfig("mae", "small"), ...vit, norm_pixels: false, drop_path: 0.5 },
    resnet18: { ...presetConfig("simclr", "small"), size: 32, batch: 8, drop_path: 0.5 },
    // Two calls a step, and a target that leaves nothing out.
    byol: { ...presetConfig("byol", "small"), ...vit, drop_path: 0.5 },
  };

  it.each([
    ["simclr", 2, false],
    ["simclr", 3, true],
    ["simclr", null, true],
    ["mae", 2, false],
    ["mae", 3, true],
    ["mae", null, true],
    // BatchNorm normalises each part by itself, so that parts are another sum.
    ["resnet18", null, true],
    ["byol", null, true],
  ] as const)("leaves out the same branches: %s, %s images at a time, computed again: %s", (name, micro, recompute) => {
    manualSeed(0);
    const method = createMethod(dropping[name]);
    scope(() => {
      const views = method.views.map(({ count }) => randn([8 * count, 3, 32, 32]));
      const whole = outcome(method, views, null);
      const parts = outcome(method, views, micro, recompute);
      expect(parts.loss).toBeCloseTo(whole.loss, 5);
      for (const [key, grad] of Object.entries(whole.grads)) {
        const scale = Math.max(1e-3, grad.abs().amax().item());
        expect.soft(parts.grads[key]!.sub(grad).abs().amax().item() / scale, key).toBeLessThan(1e-5);
      }
      const before = memory().liveTensors;
      scope(() => void outcome(method, views, micro, recompute));
      expect(memory().liveTensors).toBe(before);
    });
    method.dispose();
  });

  it("leaves out something", () => {
    scope(() => {
      const views = [randn([16, 3, 32, 32])];
      const losses = [dropping.simclr, { ...dropping.simclr, drop_path: 0 }].map((config) => {
        manualSeed(0);
        return outcome(createMethod(config), views, null).loss;
      });
      expect(Math.abs(losses[0]! - losses[1]!)).toBeGreaterThan(1e-4);
    });
  });
});

/** A method that holds a teacher of `teachers` layers, not trained, beside a small network; it counts what is alive in `embed`. */
class Taught extends Method {
  override readonly encoder = createEncoder({ encoder: "resnet18", size: 16, patch: 8 });
  override readonly views = [plainView({ size: 16, cropMin: 1, filter: "bilinear", mean: [0, 0, 0], std: [1, 1, 1] })];
  override readonly chance = null;
  override readonly floor = null;
  teacher: nn.Linear[];
  readonly alive: number[] = [];

  constructor(teachers: number) {
    super();
    this.teacher = Array.from({ length: teachers }, () => new nn.Linear(4, 4));
    for (const layer of this.teacher) for (const tensor of layer.parameters()) tensor.requiresGrad_(false);
  }

  override embed([images]: readonly Tensor[]): Tensor {
    this.alive.push(memory().liveTensors);
    return this.encoder.features(images!);
  }

  override contrast(embeddings: Tensor): LossOutput {
    return { loss: embeddings.square().mean(), logs: {} };
  }

  override loss(views: readonly Tensor[]): LossOutput {
    return this.contrast(this.embed(views));
  }
}

it("copies no teacher that a method holds, in parts", () => {
  const counts = [0, 40].map((teachers) => {
    const method = new Taught(teachers);
    const found = scope(() => {
      const views = [randn([4, 3, 16, 16])];
      outcome(method, views, 2);
      const before = memory().liveTensors;
      method.alive.length = 0;
      outcome(method, views, 2);
      return method.alive.map((count) => count - before);
    });
    method.dispose();
    return found;
  });
  expect(counts[0]).toHaveLength(4);
  expect(counts[1]).toEqual(counts[0]);
});

describe("activation checkpointing", () => {
  const configs = {
    resnet18: { ...presetConfig("simclr", "small"), size: 32, batch: 4 },
    vit: { ...presetConfig("simclr", "small"), ...vit, batch: 4 },
    mae: { ...presetConfig("mae", "small"), ...vit, batch: 4 },
  };

  it.each([
    ["resnet18", null],
    ["resnet18", 2],
    ["vit", null],
    ["mae", null],
    ["mae", 2],
  ] as const)(
    "of %s (micro-batch %s) changes no gradient and no statistic, and leaves no tensor behind",
    (name, micro) => {
      manualSeed(0);
      const config = configs[name];
      const [kept, again] = [createMethod(config), createMethod(config)];
      scope(() => {
        again.loadStateDict(kept.stateDict());
        const views = [randn([name === "mae" ? 4 : 8, 3, 32, 32])];
        const [a, b] = [outcome(kept, views, micro), outcome(again, views, micro, true)];
        expect(b.loss).toBe(a.loss);
        for (const [key, grad] of Object.entries(a.grads)) {
          const scale = Math.max(1e-3, grad.abs().amax().item());
          expect.soft(b.grads[key]!.sub(grad).abs().amax().item() / scale, key).toBeLessThan(1e-6);
        }
        for (const [key, tensor] of again.namedTensors())
          expect.soft(tensor.equal(kept.stateDict()[key]!), key).toBe(true);
        const before = memory().liveTensors;
        scope(() => void outcome(again, views, micro, true));
        expect(memory().liveTensors).toBe(before);
      });
      for (const method of [kept, again]) method.dispose();
    },
  );
});
