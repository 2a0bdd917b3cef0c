import { manualSeed, noGrad, randn, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import type { Config } from "../../config/common.ts";
import { cosine, mean, rowsOf } from "../../testing/naive.ts";
import { stepOn } from "../../testing/progress.ts";
import { ToyEncoder, trainOnToys } from "../../testing/toys.ts";
import { gradients } from "../../train/micro-batches.ts";
import { fit } from "../fit.ts";
import { presetConfig } from "../presets.ts";
import { createMethod, resolveConfig } from "../registry.ts";
import { about } from "./about.ts";
import { Swav } from "./method.ts";

const VIT = { encoder: "vit_tiny", patch: 8, size: 16, batch: 4 };
const tiny: Config = {
  ...presetConfig("swav", "small"),
  ...{ ...VIT, local_views: 2, projection_hidden: 32, projection_dim: 16, prototypes: 6, queue: 8 },
};

function swav(own: Record<string, unknown> = {}): Swav {
  manualSeed(0);
  const method = createMethod({ ...tiny, ...own });
  if (!(method instanceof Swav)) throw new TypeError("Expected SwAV");
  return method;
}

const crops = (images = 4): [Tensor, Tensor] => [randn([2 * images, 3, 16, 16]), randn([2 * images, 3, 8, 8])];
const LATER = stepOn(4, { step: 50 });

/** Sinkhorn's scaling, number by number. */
function codesOf(scores: number[][], epsilon: number, rounds: number): number[][] {
  const [images, prototypes] = [scores.length, scores[0]!.length];
  let q = scores.map((row) => row.map((s) => Math.exp(s / epsilon)));
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  for (let round = 0; round < rounds; round++) {
    const columns = q[0]!.map((_, k) => sum(q.map((row) => row[k]!)));
    q = q.map((row) => row.map((value, k) => value / columns[k]! / prototypes));
    q = q.map((row) => row.map((value) => value / sum(row) / images));
  }
  return q.map((row) => row.map((value) => value / sum(row)));
}

describe("Swav", () => {
  it("computes what its paper says, by a loop: each whole view's codes are predicted from all other views of the image", () => {
    scope(() => {
      const method = swav().eval();
      const views = crops();
      const { loss, logs } = method.loss(views, LATER);
      const all = rowsOf(noGrad(() => method.embed(views)));
      const prototypes = rowsOf(method.prototypes.weight);
      const scores = all.map((row) => prototypes.map((prototype) => cosine(row, prototype)));
      const of = (view: number) => scores.slice(4 * view, 4 * view + 4);
      const cross = (code: number[], row: number[]) => {
        const total = row.reduce((sum, s) => sum + Math.exp(s / 0.1), 0);
        return -code.reduce((sum, q, k) => sum + q * Math.log(Math.exp(row[k]! / 0.1) / total), 0);
      };
      const queued = method.queues.map(({ rows }) =>
        rowsOf(rows).map((row) => prototypes.map((prototype) => cosine(row, prototype))),
      );
      const losses = [0, 1].map((whole) => {
        const codes = codesOf([...of(whole), ...queued[whole]!], 0.05, 3).slice(0, 4);
        return mean(
          [0, 1, 2, 3]
            .filter((view) => view !== whole)
            .map((view) => mean(of(view).map((row, i) => cross(codes[i]!, row)))),
        );
      });
      expect(loss.item()).toBeCloseTo(mean(losses), 4);
      expect(loss.item()).toBe(method.contrast(method.embed(views), LATER).loss.item());
      expect(logs.prototypes_in_use!.item()).toBeLessThanOrEqual(6);
    });
  });

  it("sends each size through the encoder once, and all through the head at once", () => {
    scope(() => {
      const method = swav();
      const shapes: number[][] = [];
      const features = method.encoder.features.bind(method.encoder);
      method.encoder.features = (x) => {
        shapes.push([...x.shape]);
        return features(x);
      };
      const { features: whole } = method.loss(crops(), LATER);
      expect(shapes).toEqual([
        [8, 3, 16, 16],
        [8, 3, 8, 8],
      ]);
      expect(whole!.shape).toEqual([8, method.encoder.dim]);
    });
  });

  it("uses the queue once it holds nothing but what was seen, and its time has come", () => {
    scope(() => {
      const method = swav({ queue_epochs: 3 }).eval();
      const views = crops();
      const at = (step: number, epoch: number, total = 1000) =>
        method.loss(views, { ...stepOn(4, { step, total }), epoch }).loss.item();
      const without = at(1, 4);
      expect(at(2, 4)).toBe(without);
      // Two steps of four images have filled eight places.
      expect(at(3, 4)).not.toBe(without);
      expect(at(3, 3)).toBe(without);
      // Of a short run a tenth of the steps is enough.
      expect(at(3, 3, 29)).not.toBe(without);
      const same = swav({ queue: 0 })
        .eval()
        .loss(views, { ...stepOn(4, { step: 90 }), epoch: 9 });
      expect(same.loss.item()).toBe(without);
    });
  });

  it("puts whole views' embeddings into their queues after the step, and prototypes back on the sphere", () => {
    scope(() => {
      const method = swav().eval();
      const views = crops();
      const embeddings = rowsOf(noGrad(() => method.embed(views)));
      method.loss(views, LATER);
      noGrad(() => method.prototypes.weight.mul_(3));
      method.afterStep();
      for (const [view, queue] of method.queues.entries()) {
        const rows = rowsOf(queue.rows).slice(0, 4);
        for (const [i, row] of rows.entries()) expect(cosine(row, embeddings[4 * view + i]!)).toBeCloseTo(1, 4);
        expect(queue.next.item()).toBe(4);
      }
      for (const row of rowsOf(method.prototypes.weight)) expect(Math.hypot(...row)).toBeCloseTo(1, 5);
    });
  });

  it("leaves prototypes as they were drawn in the first epoch, of a short run in the first tenth", () => {
    scope(() => {
      const gradient = (step: number, epoch: number, total: number) => {
        const method = swav();
        method.loss(crops(), { ...stepOn(4, { step, total }), epoch }).loss.backward();
        expect(method.head.parameters()[0]!.grad).not.toBeNull();
        return method.prototypes.weight.grad !== null;
      };
      expect([gradient(1, 1, 100), gradient(10, 1, 100), gradient(11, 1, 100), gradient(5, 2, 100)]).toEqual([
        ...[false, false, true, true],
      ]);
      expect(gradient(1, 1, 5)).toBe(true);
    });
  });

  it("collapses where assignments need not be even, and not where they are", () => {
    const found = (iterations: number) =>
      scope(() => {
        manualSeed(0);
        const config = {
          ...tiny,
          batch: 32,
          local_views: 0,
          queue: 0,
          prototypes: 12,
          sinkhorn_iterations: iterations,
        };
        const method = new Swav(config as never, new ToyEncoder());
        let used = 0;
        const losses = trainOnToys(
          method,
          (views, step) => {
            const { loss, logs } = method.loss(views, stepOn(32, { step }));
            used = logs.prototypes_in_use!.item();
            return loss;
          },
          { lr: 3e-3, steps: 120 },
        );
        return { losses, used, chance: method.chance };
      });
    const [even, free] = [found(3), found(0)];
    expect(mean(even.losses.slice(-10))).toBeLessThan(0.7 * even.chance);
    // Of twelve prototypes.
    expect(even.used).toBeGreaterThan(8);
    expect(free.used).toBeLessThan(even.used / 2);
  });

  it("has the loss of a whole batch in parts, and then the same queues", () => {
    scope(() => {
      const outcome = (microBatch: number | null) => {
        const method = swav().eval();
        manualSeed(1);
        const options = {
          method,
          views: crops(),
          progress: LATER,
          microBatch,
          device: "cpu",
          precision: "fp32",
        } as const;
        const loss = gradients(options).loss.item();
        method.afterStep();
        return { loss, rows: method.queues.map(({ rows }) => rows) };
      };
      const [whole, parts] = [outcome(null), outcome(2)];
      expect(parts.loss).toBeCloseTo(whole.loss, 5);
      for (const [i, rows] of parts.rows.entries())
        expect(rows.sub(whole.rows[i]!).abs().amax().item()).toBeLessThan(1e-5);
    });
  });

  it("preset paper: the authors' settings for batches of 256, two views of 224 px and six of 96 px", () => {
    const own = { encoder: "resnet18", projection_hidden: 32, projection_dim: 24, prototypes: 20, queue: 10 };
    manualSeed(0);
    const method = createMethod(resolveConfig({ flags: { method: "swav", preset: "paper", ...own } })) as Swav;
    const shapes = Object.entries(method.head.stateDict()).filter(([name]) => /weight|bias/.test(name));
    expect(shapes.map(([name, { shape }]) => `${name} ${shape}`)).toEqual([
      ...["0.weight 32,512", "1.weight 32", "1.bias 32", "3.weight 24,32", "3.bias 24"],
    ]);
    const [whole, local, ...none] = method.views;
    expect(none).toEqual([]);
    expect(whole).toMatchObject({ count: 2, size: 224, crop: { scale: [0.14, 1] }, blur: { p: 0.5 }, solarize: 0 });
    expect(local).toMatchObject({ count: 6, size: 96, crop: { scale: [0.05, 0.14] }, blur: { p: 0.5 } });
    expect(presetConfig("swav", "paper")).toMatchObject({
      ...{ prototypes: 3000, queue: 3840, queue_epochs: 15, temperature: 0.1, sinkhorn_epsilon: 0.05, lr: 0.6 },
      ...{ projection_hidden: 2048, projection_dim: 128, freeze_epochs: 1 },
    });
    method.dispose();
  });

  it("takes fewer prototypes where images are few, and a queue where it is asked for alone, in which none comes twice", () => {
    const chosen = (images: number, given = {}) =>
      fit(about, { images, side: 96, channels: 3, device: "cpu" }, given).settings;
    expect(chosen(100)).toMatchObject({ prototypes: 12, queue: 0 });
    expect(chosen(1)).toMatchObject({ prototypes: 2, queue: 0 });
    expect(chosen(50_000)).toMatchObject({ queue: 0 });
    expect(chosen(50_000)).not.toHaveProperty("prototypes");
    // A queue that somebody speaks of is `small`'s, or half of the images.
    expect(chosen(50_000, { queue_epochs: 3 })).not.toHaveProperty("queue");
    expect(chosen(100, { queue_epochs: 3 })).toMatchObject({ queue: 50 });
    const given = { method: "swav", queue_epochs: 3 };
    const fitted = chosen(100, given);
    expect(resolveConfig({ flags: given, fitted })).toMatchObject({ queue: 50, queue_epochs: 3 });
    expect(resolveConfig({ flags: { method: "swav" }, fitted: chosen(100) })).toMatchObject({ queue: 0 });
    expect(resolveConfig({ flags: { method: "swav", queue: 700 }, fitted: chosen(100, { queue: 700 }) }).queue).toBe(
      700,
    );
  });

  it.each([
    [{ batch: 1 }, "Expected at least 2 for batch, since SwAV's heads normalise over a batch, got 1"],
    [{ prototypes: 1 }, "Expected a whole number from 2 to 1000000 for prototypes, got 1"],
    [{ queue: 0, queue_epochs: 3 }, "Expected no queue_epochs with queue 0, where it would change nothing"],
    [{ local_views: 0, local_size: 32 }, "Expected no local_size with local_views 0, where it would change nothing"],
    [{ sinkhorn_iterations: 0 }, "Expected a whole number from 1 to 100 for sinkhorn_iterations, got 0"],
  ])("refuses %j in one line", (flags, line) => {
    expect(() => resolveConfig({ flags: { method: "swav", ...flags } })).toThrow(line);
  });
});
