import { cat, manualSeed, noGrad, randn, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import type { Config } from "../../config/common.ts";
import { directions, ownLoss, ToyEncoder, trainOnToys } from "../../testing/toys.ts";
import { makeOptimizer, setRates } from "../../train/optimizer.ts";
import { presetConfig } from "../presets.ts";
import { createMethod, resolveConfig } from "../registry.ts";
import { barlowTwins } from "../shared/barlow-loss.ts";
import { BarlowTwins } from "./method.ts";

const tiny: Config = {
  ...presetConfig("barlow", "small"),
  size: 32,
  batch: 8,
  projection_hidden: 64,
  projection_dim: 16,
};

function barlow(config: Config = tiny): BarlowTwins {
  manualSeed(0);
  const method = createMethod(config);
  if (!(method instanceof BarlowTwins)) throw new TypeError("Expected Barlow Twins");
  return method;
}

const toys = (own: Record<string, unknown> = {}) => {
  manualSeed(0);
  return new BarlowTwins({ ...tiny, batch: 32, ...own } as never, new ToyEncoder());
};

describe("BarlowTwins", () => {
  it("is the loss of what the projector makes of two views, each through the network by itself", () => {
    scope(() => {
      const method = barlow().train();
      const views = [randn([8, 3, 32, 32]), randn([8, 3, 32, 32]).mul(3)] as [Tensor, Tensor];
      const { loss, features } = method.loss(views);
      const made = noGrad(() => views.map((view) => method.encoder.features(view)));
      const embeddings = noGrad(() => cat(made.map((x) => method.head.call(x))));
      expect(loss.item()).toBeCloseTo(barlowTwins(embeddings, 0.005).loss.item(), 3);
      expect(features!.sub(cat(made)).abs().amax().item()).toBeLessThan(1e-5);
      expect(loss.item()).toBe(method.contrast(method.embed(views)).loss.item());
    });
  });

  it("says one thing in all its numbers without the term off the diagonal, and not with it", () => {
    scope(() => {
      const found = (redundancy_weight: number) => {
        const method = toys({ redundancy_weight });
        trainOnToys(method, ownLoss(method), { steps: 300 });
        return noGrad(() => directions(method.embed([randn([64, 3, 8, 8])])));
      };
      const [without, whole] = [found(0), found(0.05)];
      expect(whole).toBeGreaterThan(without + 2);
    });
  });

  it("learns: numbers of two views correlate, and the loss leaves chance behind", () => {
    scope(() => {
      const method = toys();
      const losses = trainOnToys(method, ownLoss(method));
      expect(losses.at(-1)).toBeLessThan(0.5 * losses[0]!);
      expect(losses.at(-1)).toBeLessThan(0.5 * method.chance);
      expect(losses.at(-1)).toBeGreaterThan(method.floor);
    });
  });

  it("preset paper: the learning rate of biases and norm scales is 0.0048 beside 0.2", () => {
    scope(() => {
      const small = { projection_hidden: 16, projection_dim: 8, batch: 512, encoder: "resnet18" };
      const config = resolveConfig({ flags: { method: "barlow", preset: "paper", ...small } });
      const method = barlow(config);
      const optimizer = makeOptimizer(config, method);
      setRates(optimizer, config, method, 0.4, { step: 1, total: 2, epoch: 1 });
      expect(optimizer.groups.map(({ lr, weightDecay }) => [lr, weightDecay])).toEqual([
        [0.4, 1e-6],
        [expect.closeTo(0.0096, 12), 0],
      ]);
      expect(optimizer.groups.map(({ params }) => params.every(({ ndim }) => ndim > 1))).toEqual([true, false]);
      expect(optimizer.groups.flatMap(({ params }) => params)).toHaveLength(method.parameters().length);
      optimizer.dispose();
      const small2 = makeOptimizer(tiny, barlow());
      expect(small2.groups.map(({ lr }) => lr)).toEqual([1e-3, 1e-3]);
      small2.dispose();
    });
    expect(presetConfig("barlow", "paper")).toMatchObject({ projection_hidden: 8192, projection_dim: 8192 });
  });

  it.each([
    [{ batch: 1 }, "Expected at least 2 for batch, since Barlow Twins' heads normalise over a batch, got 1"],
    [{ redundancy_weight: 2 }, "Expected a number from 0 to 1 for redundancy_weight, got 2"],
    [{ norm_bias_lr: 0 }, "Expected a number above 0 and at most 1 for norm_bias_lr, got 0"],
  ])("refuses %j in one line", (flags, line) => {
    expect(() => resolveConfig({ flags: { method: "barlow", ...flags } })).toThrow(line);
  });
});
