import { cosineSimilarity, grad, manualSeed, noGrad, randn, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import type { Config } from "../../config/common.ts";
import { cosine, rowsOf } from "../../testing/naive.ts";
import { ownLoss, ToyEncoder, type ToyLoss, trainOnToys } from "../../testing/toys.ts";
import { makeOptimizer, setRates } from "../../train/optimizer.ts";
import { presetConfig } from "../presets.ts";
import { createMethod, resolveConfig } from "../registry.ts";
import { deepHead } from "../shared/heads.ts";
import { sphereSpread } from "../shared/spread.ts";
import { SimSiam } from "./method.ts";

const tiny: Config = {
  ...presetConfig("simsiam", "small"),
  ...{ size: 32, batch: 8, projection_hidden: 64, projection_dim: 32, predictor_hidden: 8 },
};

function simsiam(config: Config = tiny): SimSiam {
  manualSeed(0);
  const method = createMethod(config);
  if (!(method instanceof SimSiam)) throw new TypeError("Expected SimSiam");
  return method;
}

describe("SimSiam", () => {
  it("computes what its paper says, by a loop over images: −cos of prediction and projection, half each way", () => {
    scope(() => {
      const method = simsiam();
      const [one, two] = [randn([8, 3, 32, 32]), randn([8, 3, 32, 32])];
      const { loss, logs } = method.loss([one, two]);
      const project = (x: Tensor) => method.projector.call(method.encoder.features(x));
      const predict = (x: Tensor) => method.predictor.call(project(x));
      const [z1, z2, p1, p2] = noGrad(() => [project(one), project(two), predict(one), predict(two)].map(rowsOf));
      let sum = 0;
      for (let i = 0; i < 8; i++) sum -= cosine(p1![i]!, z2![i]!) / 2 + cosine(p2![i]!, z1![i]!) / 2;
      expect(loss.item()).toBeCloseTo(sum / 8, 5);
      expect(logs.prediction_similarity!.item()).toBeCloseTo(-sum / 8, 5);
    });
  });

  it("gives what is predicted no gradient: the loss of one way moves the projections of its own view alone", () => {
    scope(() => {
      const method = simsiam(tiny).eval();
      const views = [randn([8, 3, 32, 32]), randn([8, 3, 32, 32])].map((view) => view.requiresGrad_());
      // With targets as constants, the gradient is the same: nothing flows through them.
      const targets = noGrad(() => views.map((view) => method.projector.call(method.encoder.features(view)).clone()));
      const predictions = views.map((view) =>
        method.predictor.call(method.projector.call(method.encoder.features(view))),
      );
      const by = (i: number, j: number) => cosineSimilarity(predictions[i]!, targets[j]!, 1).mean().div(-2);
      const [expected, found] = [by(0, 1).add(by(1, 0)), method.loss(views).loss].map((loss) => grad(loss, views));
      for (const [i, gradient] of found!.entries()) {
        const scale = expected![i]!.abs().amax().item();
        expect(scale).toBeGreaterThan(0);
        expect(gradient!.sub(expected![i]!).abs().amax().item() / scale).toBeLessThan(1e-4);
      }
    });
  });

  it("collapses without the stop of the gradient, and not with it", () => {
    scope(() => {
      const found = (lossOf: (method: SimSiam) => ToyLoss) => {
        manualSeed(0);
        const method = new SimSiam({ ...tiny, batch: 32 } as never, new ToyEncoder());
        // With BatchNorm in hidden layers alone (the paper's table 3b), which leaves one point for all within reach.
        method.projector = deepHead([32, 64, 64, 32]);
        const losses = trainOnToys(method, lossOf(method), { steps: 300, lr: 3e-3 });
        const projections = noGrad(() => method.projector.call(method.encoder.features(randn([128, 3, 8, 8]))));
        return { last: losses.at(-1)!, spread: sphereSpread(projections).item() };
      };
      const flowing = (method: SimSiam) => (views: readonly Tensor[]) => {
        const z = views.map((view) => method.projector.call(method.encoder.features(view)));
        const p = z.map((x) => method.predictor.call(x));
        return cosineSimilarity(p[0]!, z[1]!, 1)
          .add(cosineSimilarity(p[1]!, z[0]!, 1))
          .mean()
          .div(-2);
      };
      const [without, whole] = [found(flowing), found(ownLoss)];
      expect(without.last).toBeLessThan(-0.99);
      expect(without.spread).toBeLessThan(0.5);
      expect(whole.spread).toBeGreaterThan(0.75);
    });
  });

  it("has heads as in the authors' code: three layers with BatchNorm, the last without scale, and a bottleneck", () => {
    const method = simsiam();
    const shapes = (head: SimSiam["projector"]) =>
      Object.entries(head.stateDict()).flatMap(([name, { shape }]) =>
        /weight|bias/.test(name) ? [`${name} ${shape}`] : [],
      );
    expect(shapes(method.projector)).toEqual([
      ...[
        "0.weight 64,512",
        "1.weight 64",
        "1.bias 64",
        "3.weight 64,64",
        "4.weight 64",
        "4.bias 64",
        "6.weight 32,64",
      ],
    ]);
    expect(shapes(method.predictor)).toEqual(["0.weight 8,32", "1.weight 8", "1.bias 8", "3.weight 32,8", "3.bias 32"]);
    expect(presetConfig("simsiam", "paper")).toMatchObject({ projection_dim: 2048, predictor_hidden: 512, lr: 0.05 });
    method.dispose();
  });

  it("keeps the predictor's learning rate where it is while the others' falls, unless it is told not to", () => {
    scope(() => {
      for (const constant of [true, false]) {
        const config = {
          ...tiny,
          optimizer: "sgd",
          lr: 0.5,
          exclude_norm_bias: false,
          predictor_lr_constant: constant,
        } as Config;
        const method = simsiam(config);
        const optimizer = makeOptimizer(config, method);
        setRates(optimizer, config, method, 0.01, { step: 9, total: 10, epoch: 1 });
        const rates = new Map(
          optimizer.groups.flatMap(({ params, lr }) => params.map((tensor) => [tensor, lr] as const)),
        );
        for (const tensor of method.predictor.parameters()) expect(rates.get(tensor)).toBe(constant ? 0.5 : 0.01);
        for (const tensor of method.projector.parameters()) expect(rates.get(tensor)).toBe(0.01);
        optimizer.dispose();
      }
    });
  });

  it("asks for two views of one kind, each through the network by itself", () => {
    const [one, two, ...none] = simsiam().views;
    expect(none).toEqual([]);
    expect(one).toEqual(two);
    expect(one).toMatchObject({ count: 1, blur: { p: 0.5 }, solarize: 0, color: { saturation: 0.4 } });
  });

  it.each([
    [{ batch: 1 }, "Expected at least 2 for batch, since SimSiam's heads normalise over a batch, got 1"],
    [{ batch: 4, micro_batch: 1 }, "Expected at least 2 for micro_batch"],
    [{ predictor_hidden: 0 }, "Expected a whole number from 1 to 65536 for predictor_hidden, got 0"],
  ])("refuses %j in one line", (flags, line) => {
    expect(() => resolveConfig({ flags: { method: "simsiam", ...flags } })).toThrow(line);
  });
});
