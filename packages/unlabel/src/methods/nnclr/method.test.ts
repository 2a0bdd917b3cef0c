import { manualSeed, noGrad, randn, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import type { Config } from "../../config/common.ts";
import { cosine, mean, rowsOf } from "../../testing/naive.ts";
import { stepOn } from "../../testing/progress.ts";
import { ownLoss, ToyEncoder, trainOnToys } from "../../testing/toys.ts";
import { gradients } from "../../train/micro-batches.ts";
import { abouts } from "../abouts.ts";
import { fit } from "../fit.ts";
import { presetConfig } from "../presets.ts";
import { createMethod, resolveConfig } from "../registry.ts";
import { sphereSpread } from "../shared/spread.ts";
import { Nnclr } from "./method.ts";

const tiny: Config = {
  ...presetConfig("nnclr", "small"),
  ...{ size: 32, batch: 4, projection_hidden: 64, projection_dim: 16, predictor_hidden: 32, queue: 10 },
};

function nnclr(config: Config = tiny): Nnclr {
  manualSeed(0);
  const method = createMethod(config);
  if (!(method instanceof Nnclr)) throw new TypeError("Expected NNCLR");
  return method;
}

const pair = (images = 4): [Tensor, Tensor] => [randn([images, 3, 32, 32]), randn([images, 3, 32, 32])];
const projected = (method: Nnclr, x: Tensor) => noGrad(() => method.projector.call(method.encoder.features(x)));

describe("Nnclr", () => {
  it("computes what its paper says, by a loop: neighbours of one view ask for predictions of the other", () => {
    scope(() => {
      const method = nnclr().eval();
      const views = pair();
      const { loss, logs } = method.loss(views);
      const z = views.map((view) => rowsOf(projected(method, view)));
      const p = views.map((view) => rowsOf(noGrad(() => method.predictor.call(projected(method, view)))));
      const queue = rowsOf(method.queue.rows);
      const neighbour = (row: number[]) => queue.reduce((a, b) => (cosine(b, row) > cosine(a, row) ? b : a));
      const way = (asking: number[][], keys: number[][]) =>
        mean(
          asking.map((row, i) => {
            const e = (j: number) => Math.exp(cosine(neighbour(row), keys[j]!) / 0.1);
            return -Math.log(e(i) / keys.reduce((sum, _, j) => sum + e(j), 0));
          }),
        );
      expect(loss.item()).toBeCloseTo((way(z[0]!, p[1]!) + way(z[1]!, p[0]!)) / 2, 4);
      const alike = (asking: number[][], keys: number[][]) =>
        mean(asking.map((row, i) => cosine(neighbour(row), keys[i]!)));
      expect(logs.neighbour_similarity!.item()).toBeCloseTo((alike(z[0]!, p[1]!) + alike(z[1]!, p[0]!)) / 2, 5);
      expect(loss.item()).toBe(method.contrast(method.embed(views)).loss.item());
    });
  });

  it("puts first views' projections into the queue after a step, and not before", () => {
    scope(() => {
      const method = nnclr().eval();
      const before = rowsOf(method.queue.rows);
      const seen: number[][] = [];
      for (let step = 1; step <= 3; step++) {
        const views = pair();
        const held = rowsOf(method.queue.rows);
        method.loss(views);
        method.loss(views);
        expect(rowsOf(method.queue.rows)).toEqual(held);
        method.afterStep();
        seen.push(...rowsOf(projected(method, views[0])));
        const rows = rowsOf(method.queue.rows);
        // Ten places: the third step's last two go to the beginning.
        const expected = Array.from(
          { length: 10 },
          (_, place) => seen.findLast((_, i) => i % 10 === place) ?? before[place]!,
        );
        for (const [i, row] of rows.entries()) expect(cosine(row, expected[i]!)).toBeCloseTo(1, 4);
        expect(method.queue.next.item()).toBe((4 * step) % 10);
      }
      // Nothing new was seen since.
      const rows = rowsOf(method.queue.rows);
      method.afterStep();
      expect(rowsOf(method.queue.rows)).toEqual(rows);
    });
  });

  it("gives the queue and the neighbours no gradient: each way reaches the network through its keys alone", () => {
    scope(() => {
      const method = nnclr();
      const [one, two] = pair();
      one.requiresGrad_();
      two.requiresGrad_();
      const embeddings = method.embed([one, two]).detach().requiresGrad_();
      method.contrast(embeddings).loss.backward();
      const [z1, z2, p1, p2] = embeddings.grad!.chunk(4, 0).map((x) => x.abs().amax().item());
      expect([z1, z2]).toEqual([0, 0]);
      expect(Math.min(p1!, p2!)).toBeGreaterThan(0);
      expect([method.queue.rows.requiresGrad, method.queue.rows.grad]).toEqual([false, null]);
    });
  });

  it("learns without collapsing, which would be chance", () => {
    scope(() => {
      manualSeed(0);
      const config = { ...tiny, batch: 32, queue: 128 };
      const method = new Nnclr(config as never, new ToyEncoder());
      const losses = trainOnToys(method, ownLoss(method));
      expect(mean(losses.slice(-10))).toBeLessThan(0.7 * losses[0]!);
      expect(mean(losses.slice(-10))).toBeGreaterThan(method.floor);
      const spread = noGrad(() => sphereSpread(method.embed([randn([64, 3, 8, 8])]).narrow(0, 0, 64)));
      expect(spread.item()).toBeGreaterThan(0.5);
    });
  });

  it("has the paper's heads: three layers, all with BatchNorm, and two for the predictor; a queue of 98,304", () => {
    const method = nnclr();
    const shapes = (head: Nnclr["projector"]) =>
      Object.entries(head.stateDict()).flatMap(([name, { shape }]) =>
        /weight|bias/.test(name) ? [`${name} ${shape}`] : [],
      );
    expect(shapes(method.projector)).toEqual([
      ...["0.weight 64,512", "1.weight 64", "1.bias 64", "3.weight 64,64", "4.weight 64", "4.bias 64"],
      ...["6.weight 16,64", "7.weight 16", "7.bias 16"],
    ]);
    expect(shapes(method.predictor)).toEqual([
      "0.weight 32,16",
      "1.weight 32",
      "1.bias 32",
      "3.weight 16,32",
      "3.bias 16",
    ]);
    expect(presetConfig("nnclr", "paper")).toMatchObject({
      ...{
        projection_hidden: 2048,
        projection_dim: 256,
        predictor_hidden: 4096,
        queue: 98_304,
        temperature: 0.1,
        lr: 0.3,
      },
    });
    method.dispose();
  });

  it("takes a queue of half the images where these are few, so that neighbours are others", () => {
    const about = abouts().find(({ name }) => name === "nnclr")!;
    const queueFor = (images: number) =>
      fit(about, { images, side: 96, channels: 3, device: "cpu" }, {}).settings.queue;
    expect([1, 2, 500, 8191, 8192, 100_000].map(queueFor)).toEqual([1, 1, 250, 4095, undefined, undefined]);
  });

  it.each([
    [{ batch: 1 }, "Expected at least 2 for batch, since NNCLR's heads normalise over a batch, got 1"],
    [{ queue: 0 }, "Expected a whole number from 1 to 10000000 for queue, got 0"],
    [{ temperature: 0 }, "Expected a number above 0 and at most 100 for temperature, got 0"],
  ])("refuses %j in one line", (flags, line) => {
    expect(() => resolveConfig({ flags: { method: "nnclr", ...flags } })).toThrow(line);
  });

  it("has the loss of a whole batch in parts, and then the same queue", () => {
    scope(() => {
      const outcome = (microBatch: number | null) => {
        const method = nnclr({ ...tiny, encoder: "vit_tiny", patch: 8 }).eval();
        manualSeed(1);
        const views = pair();
        const options = { method, views, progress: stepOn(4), microBatch, device: "cpu", precision: "fp32" } as const;
        const loss = gradients(options).loss.item();
        method.afterStep();
        return { loss, rows: method.queue.rows, next: method.queue.next.item() };
      };
      const [whole, parts] = [outcome(null), outcome(2)];
      expect(parts.loss).toBeCloseTo(whole.loss, 5);
      expect([whole.next, parts.next]).toEqual([4, 4]);
      expect(parts.rows.sub(whole.rows).abs().amax().item()).toBeLessThan(1e-5);
    });
  });
});
