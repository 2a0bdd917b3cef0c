// What holds of every method, from the one list: a new one is tested here without a line of its own. Encoders and heads are small ones, since
// what is held here does not depend on them; gradients are looked at in the real ones, too.
import { autocast, manualSeed, memory, randn, scope, type Tensor } from "@unlabel/torch";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Draws } from "../base/draws.ts";
import type { Config } from "../config/common.ts";
import { commonSchema } from "../config/common.ts";
import { buildEncoder, withDraws } from "../encoders/index.ts";
import { stepOn } from "../testing/progress.ts";
import { gradients } from "../train/micro-batches.ts";
import { makeOptimizer, setRates } from "../train/optimizer.ts";
import { checkShapes, stepSettings, trainStep } from "../train/step.ts";
import { type About, couplingOf } from "./about.ts";
import { ABOUTS } from "./abouts.ts";
import { METHODS } from "./list.ts";
import type { Method } from "./method.ts";
import { createMethod, resolveConfig, viewsAt } from "./registry.ts";
import { Teacher } from "./shared/teacher.ts";

const encoders = vi.hoisted(() => ({ small: true }));
vi.mock("../encoders/registry.ts", async (original) =>
  (await import("../testing/small-encoders.ts")).withSmallEncoders(original, encoders),
);

const BATCH = 8;
/** A step of a hundred in which nothing is frozen any more, nothing begins, and queues are full of what was seen. */
const LATER = { step: 50 };
/** Small values for settings that many methods have; others are as preset `small` has them. */
const SMALL = {
  ...{ projection_hidden: 64, projection_dim: 32, predictor_hidden: 32, head_hidden: 64, head_bottleneck: 32 },
  ...{ decoder_width: 32, decoder_depth: 1, decoder_heads: 2, outputs: 64, prototypes: 32, queue: 64 },
};

/** For methods that learn from one: a small ViT that wants images of its own size and range. */
function teacherOf(channels: number): Teacher {
  const options = { size: 24, patch: 8, width: 24, depth: 1, heads: 2, channels } as const;
  const view = { size: 24, mean: Array(channels).fill(0.4), std: Array(channels).fill(0.2) };
  manualSeed(7);
  return new Teacher(buildEncoder({ family: "vit", ...options }), view);
}

it("is known by the same names to help and to training, in the same order", () => {
  expect(METHODS.map(({ about }) => about)).toEqual(ABOUTS);
  expect(new Set(ABOUTS.map(({ name }) => name)).size).toBe(ABOUTS.length);
});

describe.each(
  METHODS.map((method): readonly [string, { about: About; schema: object }] => [method.about.name, method]),
)("%s", (name, { about, schema }) => {
  const usual = about.encoders.includes("resnet18") ? "resnet18" : "vit_tiny";
  const small = Object.fromEntries(Object.entries(SMALL).filter(([key]) => key in schema));
  const resolved = (own: Record<string, unknown> = {}, { encoder = usual, sizes = small } = {}): Config =>
    resolveConfig({
      flags: {
        ...{ method: name, encoder, size: 32, batch: BATCH, ...sizes },
        ...(encoder === "vit_tiny" && { patch: 8 }),
        ...own,
      },
    });
  const config = resolved();
  const viewsOf = (method: Method, images = BATCH) =>
    method.views.map(({ count, size, mean }) => randn([count * images, mean.length, size, size]));
  const teachers = new Map<number, Teacher>();
  const teacherFor = ({ channels }: Config) => {
    const count = channels === "auto" ? 3 : channels;
    if (!("teacher" in about)) return null;
    const found = teachers.get(count) ?? teacherOf(count);
    teachers.set(count, found);
    return found;
  };
  beforeAll(() => void teacherFor(config));
  afterAll(() => {
    for (const teacher of teachers.values()) teacher[Symbol.dispose]();
  });
  const made = (settings: Config = config) => {
    const teacher = teacherFor(settings);
    manualSeed(0);
    return createMethod(settings, undefined, teacher);
  };
  /** Takes steps of a run of 20, on the same views. */
  const training = (method: Method, settings: Config, views: readonly Tensor[]) => {
    const optimizer = makeOptimizer(settings, method);
    const step = (at: number) => {
      const progress = { step: at, total: 20, epoch: 1 };
      setRates(optimizer, settings, method, 1e-3, progress);
      return trainStep({
        ...{ method, optimizer, views, progress, device: "cpu", precision: "fp32" as const },
        ...stepSettings(settings),
      });
    };
    return { optimizer, step };
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

  it.each(["a real encoder and preset small", "a small encoder"])(
    "gives a scalar loss in float32, features of whole views, and a gradient to all that is trained and to nothing else: %s",
    (which) => {
      encoders.small = which === "a small encoder";
      try {
        scope(() => {
          const method = made(encoders.small ? config : resolved({}, { sizes: {} }));
          const views = viewsOf(method);
          const { loss, logs, features } = method.loss(views, stepOn(BATCH, LATER));
          expect([loss.dtype, loss.shape]).toEqual(["float32", []]);
          expect(Number.isFinite(loss.item())).toBe(true);
          for (const [key, value] of Object.entries(logs)) expect.soft(value.requiresGrad, key).toBe(false);
          if (features) {
            const whole = method.views.filter(({ size }) => size === config.size);
            expect([features.shape[1], features.requiresGrad]).toEqual([method.encoder.dim, false]);
            expect(
              Array.from(
                whole.flatMap(({ count }) => Array(count).fill(0)),
                (_, i) => (i + 1) * BATCH,
              ),
            ).toContain(features.shape[0]);
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
      } finally {
        encoders.small = true;
      }
    },
  );

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
    const views = scope(() => viewsOf(method));
    const { optimizer, step } = training(method, config, views);
    const first = step(1).loss;
    // What is frozen in the first steps has no state before them.
    const losses = [step(2), step(3), step(4)].map(({ loss }) => loss);
    const before = memory().liveTensors;
    for (let at = 5; at <= 20; at++) losses.push(step(at).loss);
    expect(memory().liveTensors).toBe(before);
    // The middle of the last five: one lucky step does not count.
    expect(losses.slice(-5).sort((a, b) => a - b)[2]).toBeLessThan(first);
    if (method.floor !== null) expect(Math.min(...losses)).toBeGreaterThanOrEqual(method.floor);
    for (const view of views) view.dispose();
    optimizer.dispose();
    method.dispose();
  });

  it("goes on from what a checkpoint keeps to the bit", () => {
    const one = made().train();
    const views = scope(() => viewsOf(one));
    const before = training(one, config, views);
    for (let at = 1; at <= 4; at++) before.step(at);
    manualSeed(1);
    const two = createMethod(config, undefined, teacherFor(config)).train();
    const after = training(two, config, views);
    two.loadStateDict(one.stateDict());
    after.optimizer.loadStateDict(before.optimizer.stateDict());
    for (let at = 5; at <= 7; at++) expect(after.step(at)).toEqual(before.step(at));
    const state = two.stateDict();
    for (const [key, tensor] of one.namedTensors()) expect.soft(tensor.equal(state[key]!), key).toBe(true);
    for (const view of views) view.dispose();
    for (const each of [before.optimizer, after.optimizer, one, two]) each.dispose();
  });

  it("draws by seed, step and place alone, in training too: again the same, elsewhere another where it draws at all", () => {
    scope(() => {
      const method = made().train();
      const views = viewsOf(method);
      const lossAt = (step: number, { seed = 0, first = 0 } = {}) => {
        const places = Int32Array.from({ length: BATCH }, (_, i) => first + i);
        // The same progress: schedules may follow that.
        const progress = { step: 30, total: 100, epoch: 1, draws: new Draws(seed, step, places) };
        return withDraws(progress.draws, () => method.loss(views, progress).loss.item());
      };
      expect(lossAt(3)).toBe(lossAt(3));
      if (about.draws)
        for (const other of [
          lossAt(4),
          lossAt(3, { seed: 1 }),
          // What all images of a step have in common is the same wherever they stand.
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
        const asked = (of: number) => resolved({ size: 16, channels: of, ...(usual === "vit_tiny" && { patch: 4 }) });
        const other = asked(channels);
        const method = made(other).train();
        for (const view of method.views) {
          expect([view.mean.length, view.std.length, view.grayscale]).toEqual([channels, channels, 0]);
          expect([view.color?.saturation ?? 0, view.color?.hue ?? 0]).toEqual([0, 0]);
        }
        const views = viewsOf(method);
        checkShapes(views, method, BATCH);
        const { optimizer, step } = training(method, other, views);
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
    const asked = () => resolved({ size_start: 16 });
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
        for (const [i, spec] of specs.entries()) {
          const whole = method.views[i]!.size;
          // Local views grow by the same factor, to what the encoder can take.
          if (whole === 32) expect(spec.size).toBe(size);
          else expect(Math.abs(spec.size - (whole * size) / 32)).toBeLessThanOrEqual(4);
        }
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
      const other = createMethod(config, undefined, teacherFor(config));
      expect(other.loadStateDict(one.stateDict())).toEqual({ missing: [], unexpected: [] });
      const views = viewsOf(one);
      const lossOf = (method: Method) => method.loss(views, stepOn(BATCH, LATER)).loss.item();
      expect(lossOf(other)).toBe(lossOf(one));
    });
  });

  it("goes through the network in parts as its coupling says", () => {
    scope(() => {
      // Without statistics over a batch, parts and whole are the same: ViTs, and heads in evaluation.
      const vit = resolved({}, { encoder: "vit_tiny" });
      const method = made(vit).eval();
      const halves = method.embed !== undefined && method.contrast !== undefined;
      const views = viewsOf(method);
      const outcome = (microBatch: number | null) => {
        const { loss } = gradients({
          ...{ method, views, progress: stepOn(BATCH, LATER), microBatch },
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
