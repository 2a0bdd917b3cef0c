// What holds of every method, from the one list: a new one is tested here without a line of its own.
import { autocast, manualSeed, memory, randn, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { Draws } from "../base/draws.ts";
import type { Config } from "../config/common.ts";
import { commonSchema } from "../config/common.ts";
import type { ViewSpec } from "../data/views.ts";
import { withDraws } from "../encoders/index.ts";
import { stepOn } from "../testing/progress.ts";
import { gradients } from "../train/micro-batches.ts";
import { makeOptimizer, setRates } from "../train/optimizer.ts";
import { checkShapes, stepSettings, trainStep } from "../train/step.ts";
import { type About, couplingOf } from "./about.ts";
import { ABOUTS } from "./abouts.ts";
import { METHODS } from "./list.ts";
import type { Method } from "./method.ts";
import { createMethod, resolveConfig, viewsAt } from "./registry.ts";

const BATCH = 8;

it("is known by the same names to help and to training, in the same order", () => {
  expect(METHODS.map(({ about }) => about)).toEqual(ABOUTS);
  expect(new Set(ABOUTS.map(({ name }) => name)).size).toBe(ABOUTS.length);
});

describe.each(
  METHODS.map((method): readonly [string, { about: About; schema: object }] => [method.about.name, method]),
)("%s", (name, { about, schema }) => {
  const encoder = about.encoders.includes("resnet18") ? "resnet18" : "vit_tiny";
  const config: Config = resolveConfig({
    flags: { method: name, encoder, size: 32, batch: BATCH, ...(encoder === "vit_tiny" && { patch: 8 }) },
  });
  const viewsOf = (method: Method, images = BATCH) =>
    method.views.map(({ count, size }) => randn([count * images, 3, size, size]));
  const made = (settings: Config = config) => {
    manualSeed(0);
    return createMethod(settings);
  };

  it("says what it is in full, of settings and curves that there are", () => {
    scope(() => {
      expect(about.name).toMatch(/^[a-z0-9]+$/);
      expect(about.paper).toMatch(/^arXiv:\d{4}\.\d{5}$/);
      expect(Object.keys(about.presets)).toContain("small");
      expect(Object.keys(schema).filter((key) => key in commonSchema)).toEqual([]);
      for (const { flag } of about.flags ?? []) expect(schema).toHaveProperty(flag.slice(2).replaceAll("-", "_"));
      const method = made();
      const { logs } = method.loss(viewsOf(method), stepOn(BATCH));
      for (const [key] of about.curves ?? []) expect(logs).toHaveProperty(key.replace("train/", ""));
      expect(about.flops(config)).toBeGreaterThan(1e6);
    });
  });

  it("gives a scalar loss in float32, features of every view, and a gradient to all that is trained and to nothing else", () => {
    scope(() => {
      const method = made();
      const views = viewsOf(method);
      const { loss, logs, features } = method.loss(views, stepOn(BATCH));
      expect([loss.dtype, loss.shape]).toEqual(["float32", []]);
      expect(Number.isFinite(loss.item())).toBe(true);
      for (const [key, value] of Object.entries(logs)) expect.soft(value.requiresGrad, key).toBe(false);
      // Of all views, or of those that show the whole image alone.
      const [whole, all] = [(one: ViewSpec) => one.size === config.size, () => true].map((which) =>
        method.views.filter(which).reduce((sum, { count }) => sum + count * BATCH, 0),
      );
      if (features) {
        expect([whole, all]).toContain(features.shape[0]);
        expect([features.shape[1], features.requiresGrad]).toEqual([method.encoder.dim, false]);
      }
      loss.backward();
      for (const [key, tensor] of method.namedTensors()) {
        const norm = (tensor.grad as Tensor | null)?.linalgVectorNorm().item() ?? 0;
        if (tensor.requiresGrad) expect.soft(norm, key).toBeGreaterThan(0);
        else expect.soft(tensor.grad, key).toBeNull();
      }
      const { chance, floor } = method;
      if (chance !== null && floor !== null) expect(chance).toBeGreaterThan(floor);
    });
  });

  it("is close to that under autocast, still in float32", () => {
    scope(() => {
      const method = made();
      const views = viewsOf(method);
      const half = autocast({ dtype: "bfloat16" }, () => method.loss(views, stepOn(BATCH)).loss);
      expect(half.dtype).toBe("float32");
      const exact = made().loss(views, stepOn(BATCH)).loss.item();
      // A sum over many numbers is large.
      expect(Math.abs(half.item() - exact)).toBeLessThan(Math.max(0.5, 0.05 * exact));
    });
  });

  it("falls in 20 steps of its own optimizer on images seen before, and no step leaves a tensor behind", {
    timeout: 300_000,
  }, () => {
    const method = made().train();
    const optimizer = makeOptimizer(config, method);
    const views = scope(() => viewsOf(method));
    const step = (at: number) => {
      const progress = { step: at, total: 20, epoch: 1 };
      setRates(optimizer, config, method, 1e-3, progress);
      return trainStep({
        ...{ method, optimizer, views, progress, device: "cpu", precision: "fp32" as const },
        ...stepSettings(config),
      }).loss;
    };
    const first = step(1);
    const before = memory().liveTensors;
    const losses = Array.from({ length: 19 }, (_, i) => step(i + 2));
    expect(memory().liveTensors).toBe(before);
    // The middle of the last five: one lucky step does not count.
    expect(losses.slice(-5).sort((a, b) => a - b)[2]).toBeLessThan(first);
    if (method.floor !== null) expect(Math.min(...losses)).toBeGreaterThanOrEqual(method.floor);
    for (const view of views) view.dispose();
    optimizer.dispose();
    method.dispose();
  });

  it("draws by seed, step and place alone, in training too: again the same, elsewhere another where it draws at all", () => {
    scope(() => {
      const method = made().train();
      const views = viewsOf(method);
      const lossAt = (step: number, { seed = 0, first = 0 } = {}) => {
        const places = Int32Array.from({ length: BATCH }, (_, i) => first + i);
        const progress = { step, total: 100, epoch: 1, draws: new Draws(seed, step, places) };
        return withDraws(progress.draws, () => method.loss(views, progress).loss.item());
      };
      expect(lossAt(3)).toBe(lossAt(3));
      if (about.draws)
        for (const other of [
          lossAt(4),
          lossAt(3, { seed: 1 }),
          ...(about.sharedDraws ? [] : [lossAt(3, { first: BATCH })]),
        ])
          expect(other).not.toBe(lossAt(3));
      else expect(lossAt(4)).toBe(lossAt(3));
    });
  });

  it.each([1, 4])(
    "trains on images of %i channels, predicts them and leaves out colours that they do not have",
    (channels) => {
      scope(() => {
        const asked = (of: number): Config =>
          resolveConfig({
            flags: {
              ...{ method: name, encoder, size: 16, batch: BATCH, channels: of },
              ...(encoder === "vit_tiny" && { patch: 4 }),
            },
          });
        const other = asked(channels);
        const method = made(other).train();
        for (const view of method.views) {
          expect([view.mean.length, view.std.length, view.grayscale]).toEqual([channels, channels, 0]);
          expect([view.color?.saturation ?? 0, view.color?.hue ?? 0]).toEqual([0, 0]);
        }
        const views = method.views.map(({ count, size }) => randn([count * BATCH, channels, size, size]));
        checkShapes(views, method, BATCH);
        const optimizer = makeOptimizer(other, method);
        const step = (at: number) =>
          trainStep({
            ...{ method, optimizer, views, progress: { step: at, total: 2, epoch: 1 }, device: "cpu" },
            ...{ precision: "fp32" as const, ...stepSettings(other) },
          });
        expect(Number.isFinite(step(1).loss + step(2).gradNorm)).toBe(true);
        optimizer.dispose();
        const pictures = method.eval().pictures?.(views[0]!.narrow(0, 0, 2));
        if (pictures) expect(pictures.reconstructed.shape).toEqual([2, channels, 16, 16]);
        const more = about.flops(other) - about.flops(asked(3));
        expect(Math.sign(more)).toBe(Math.sign(channels - 3));
      });
    },
  );

  it("learns from views that grow, or refuses them", () => {
    const flags = { method: name, encoder, size: 32, size_start: 16, batch: BATCH };
    const asked = () => resolveConfig({ flags: { ...flags, ...(encoder === "vit_tiny" && { patch: 8 }) } });
    // A decoder has places for its tokens.
    if ("decoder" in schema) {
      expect(asked).toThrow(/^Expected no size_start with/);
      return;
    }
    scope(() => {
      const growing = asked();
      const method = made(growing).train();
      for (const size of [16, 24]) {
        const specs = viewsAt(growing, size);
        expect(specs.map(({ size }) => size)).toEqual(method.views.map((view) => (view.size * size) / 32));
        const views = specs.map(({ count, size }) => randn([count * BATCH, 3, size, size]));
        const { loss } = method.loss(views, stepOn(BATCH));
        loss.backward();
        expect(Number.isFinite(loss.item())).toBe(true);
      }
    });
  });

  it("is gone once it is disposed of", () => {
    const before = memory().liveTensors;
    made().dispose();
    // Fewer where the garbage collector has freed what others left.
    expect(memory().liveTensors).toBeLessThanOrEqual(before);
  });

  it("comes back from its state dict, and its weights from the seed", () => {
    scope(() => {
      const [one, two] = [made(), made()];
      for (const [key, tensor] of one.namedTensors()) expect.soft(tensor.equal(two.stateDict()[key]!), key).toBe(true);
      manualSeed(1);
      const other = createMethod(config);
      expect(other.loadStateDict(one.stateDict())).toEqual({ missing: [], unexpected: [] });
      const views = viewsOf(one);
      expect(other.loss(views, stepOn(BATCH)).loss.item()).toBe(one.loss(views, stepOn(BATCH)).loss.item());
    });
  });

  it("goes through the network in parts as its coupling says", () => {
    scope(() => {
      // Without statistics over a batch, parts and whole are the same: ViTs, and heads in evaluation.
      const vit: Config = resolveConfig({
        flags: { method: name, encoder: "vit_tiny", size: 32, patch: 8, batch: BATCH },
      });
      const method = made(vit).eval();
      const halves = method.embed !== undefined && method.contrast !== undefined;
      const views = viewsOf(method);
      const outcome = (microBatch: number | null) => {
        const { loss } = gradients({
          ...{ method, views, progress: stepOn(BATCH), microBatch },
          ...{ device: "cpu", precision: "fp32" },
        });
        const grads = Object.fromEntries(method.namedParameters().map(([key, { grad }]) => [key, grad!.clone()]));
        method.zeroGrad();
        return { loss: loss.item(), grads };
      };
      if (couplingOf(about, vit) === "batch" && !halves) {
        expect(() => createMethod({ ...vit, micro_batch: 2 })).toThrow("Expected no micro_batch");
        return;
      }
      const whole = outcome(null);
      const parts = outcome(3);
      expect(Math.abs(parts.loss - whole.loss)).toBeLessThan(5e-5 * Math.max(1, whole.loss / 10));
      for (const [key, grad] of Object.entries(whole.grads)) {
        const scale = Math.max(1e-3, grad.abs().amax().item());
        expect.soft(parts.grads[key]!.sub(grad).abs().amax().item() / scale, key).toBeLessThan(1e-4);
      }
    });
  });
});
