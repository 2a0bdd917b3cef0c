import { cat, manualSeed, noGrad, randn, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import type { Config } from "../../config/common.ts";
import { ownLoss, ToyEncoder, trainOnToys } from "../../testing/toys.ts";
import { presetConfig } from "../presets.ts";
import { createMethod, resolveConfig } from "../registry.ts";
import { vicReg } from "../shared/vicreg-loss.ts";
import { VicReg } from "./method.ts";

const tiny: Config = {
  ...presetConfig("vicreg", "small"),
  size: 32,
  batch: 8,
  projection_hidden: 64,
  projection_dim: 16,
};

function vicreg(config: Config = tiny): VicReg {
  manualSeed(0);
  const method = createMethod(config);
  if (!(method instanceof VicReg)) throw new TypeError("Expected VICReg");
  return method;
}

const toys = (own: Record<string, unknown> = {}) => {
  manualSeed(0);
  return new VicReg({ ...tiny, batch: 32, projection_dim: 32, ...own } as never, new ToyEncoder());
};

/** Mean deviation of embeddings after some training. */
function deviation(own: Record<string, unknown>): number {
  return scope(() => {
    const method = toys(own);
    trainOnToys(method, ownLoss(method), { lr: 1e-2 });
    const views = [randn([64, 3, 8, 8]), randn([64, 3, 8, 8])];
    return noGrad(() => vicReg(method.embed(views)).logs.embedding_std!.item());
  });
}

describe("VicReg", () => {
  it("is the loss of what the expander makes of two views, each through the network by itself", () => {
    scope(() => {
      const method = vicreg().train();
      const views = [randn([8, 3, 32, 32]), randn([8, 3, 32, 32]).mul(3)] as [Tensor, Tensor];
      const { loss, features } = method.loss(views);
      const made = noGrad(() => views.map((view) => method.encoder.features(view)));
      const embeddings = noGrad(() => cat(made.map((x) => method.head.call(x))));
      expect(loss.item()).toBeCloseTo(vicReg(embeddings).loss.item(), 4);
      expect(features!.sub(cat(made)).abs().amax().item()).toBeLessThan(1e-5);
      expect(loss.item()).toBe(method.contrast(method.embed(views)).loss.item());
    });
  });

  it("collapses without its variance term, and not with it", () => {
    expect(deviation({ variance_weight: 0 })).toBeLessThan(0.05);
    expect(deviation({})).toBeGreaterThan(0.5);
  });

  it("asks for numbers that say different things, which without the covariance term they do not", () => {
    scope(() => {
      const shared = (weight: number) => {
        const method = toys({ covariance_weight: weight });
        trainOnToys(method, ownLoss(method));
        const views = [randn([64, 3, 8, 8]), randn([64, 3, 8, 8])];
        return noGrad(() => vicReg(method.embed(views)).logs.covariance!.item());
      };
      expect(shared(0)).toBeGreaterThan(2 * shared(1));
    });
  });

  it("learns: the loss falls below what views cost that know nothing of each other", () => {
    scope(() => {
      const method = toys();
      const losses = trainOnToys(method, ownLoss(method));
      expect(losses.at(-1)).toBeLessThan(0.7 * losses[0]!);
      expect(losses.at(-1)).toBeLessThan(method.chance!);
    });
  });

  it("preset paper: an expander of 8,192 three times, as in the authors' code, and two unlike views", () => {
    const method = vicreg(
      resolveConfig({
        flags: { method: "vicreg", preset: "paper", encoder: "resnet18", projection_hidden: 32, projection_dim: 24 },
      }),
    );
    const shapes = Object.entries(method.head.stateDict()).filter(([name]) => /weight|bias/.test(name));
    expect(shapes.map(([name, { shape }]) => [name, shape.join(",")])).toEqual([
      ["0.weight", "32,512"],
      ["1.weight", "32"],
      ["1.bias", "32"],
      ["3.weight", "32,32"],
      ["4.weight", "32"],
      ["4.bias", "32"],
      ["6.weight", "24,32"],
    ]);
    expect(presetConfig("vicreg", "paper")).toMatchObject({ projection_hidden: 8192, projection_dim: 8192, lr: 0.2 });
    const [one, two] = method.views;
    expect(one).toMatchObject({ count: 1, size: 224, solarize: 0, blur: { p: 1 }, crop: { scale: [0.08, 1] } });
    expect(two).toMatchObject({ count: 1, size: 224, solarize: 0.2, blur: { p: 0.1 }, crop: { scale: [0.08, 1] } });
    method.dispose();
  });

  it("knows chance, but where a term is off", () => {
    scope(() => {
      expect(vicreg().chance).toBeCloseTo(21.87, 2);
      expect(vicreg({ ...tiny, invariance_weight: 0 }).chance).toBeNull();
    });
  });

  it.each([
    [{ batch: 1 }, "Expected at least 2 for batch, since VICReg's heads normalise over a batch, got 1"],
    [
      { batch: 4, micro_batch: 1 },
      "Expected at least 2 for micro_batch, since VICReg's heads normalise over a batch, got 1",
    ],
    [{ covariance_weight: -1 }, "Expected a number from 0 to 10000 for covariance_weight, got -1"],
    [{ projection_dim: 1 }, "Expected a whole number from 2 to 65536 for projection_dim, got 1"],
  ])("refuses %j in one line", (flags, line) => {
    expect(() => resolveConfig({ flags: { method: "vicreg", ...flags } })).toThrow(line);
  });
});
