import { cat, manualSeed, noGrad, randn, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import type { Config } from "../../config/common.ts";
import { stepOn } from "../../testing/progress.ts";
import { ownLoss, ToyEncoder, trainOnToys } from "../../testing/toys.ts";
import { gradients } from "../../train/micro-batches.ts";
import { presetConfig } from "../presets.ts";
import { createMethod, resolveConfig } from "../registry.ts";
import { leJepa } from "../shared/sigreg.ts";
import { sliceDirections } from "../shared/slices.ts";
import { LeJepa } from "./method.ts";

const tiny: Config = {
  ...presetConfig("lejepa", "small"),
  ...{ encoder: "vit_tiny", patch: 8, size: 16, batch: 6, local_views: 3 },
  ...{ projection_hidden: 32, projection_dim: 8, slices: 16 },
};

function lejepa(config: Config = tiny): LeJepa {
  manualSeed(0);
  const method = createMethod(config);
  if (!(method instanceof LeJepa)) throw new TypeError("Expected LeJEPA");
  return method;
}

const viewsOf = (method: LeJepa, images: number): Tensor[] =>
  method.views.map(({ count, size }) => randn([count * images, 3, size, size]));

/** Mean deviation of embeddings of new images after some training on pairs. */
function deviation(weight: number): { std: number; losses: number[]; chance: number | null } {
  return scope(() => {
    manualSeed(0);
    const own = { batch: 32, local_views: 0, projection_dim: 16, sigreg_weight: weight };
    const method = new LeJepa({ ...tiny, ...own } as never, new ToyEncoder());
    const joint = ownLoss(method);
    // Both views of an image in one tensor, as the method has them; so many rows draw as so many images.
    const losses = trainOnToys(method, (pair, step) => joint([cat([...pair])], step), { images: 32, lr: 1e-2 });
    const std = noGrad(() => method.loss([randn([128, 3, 8, 8])], stepOn(64)).logs.embedding_std!.item());
    return { std, losses, chance: method.chance };
  });
}

describe("LeJepa", () => {
  it("is the loss of what the projector makes of all views together, each size through the encoder by itself", () => {
    scope(() => {
      const method = lejepa().train();
      const views = viewsOf(method, 6);
      expect(views.map(({ shape }) => shape)).toEqual([
        [12, 3, 16, 16],
        [18, 3, 8, 8],
      ]);
      const { loss, features } = method.loss(views, stepOn(6));
      const made = noGrad(() => views.map((view) => method.encoder.features(view)));
      const embeddings = noGrad(() => method.head.call(cat(made)));
      const directions = sliceDirections(stepOn(6).draws, 8, 16);
      expect(loss.item()).toBeCloseTo(leJepa(embeddings, { globals: 2, locals: 3 }, directions, 0.05).loss.item(), 5);
      expect([features!.shape, features!.requiresGrad]).toEqual([[12, method.encoder.dim], false]);
    });
  });

  it("collapses without SIGReg, and not with it; the loss falls below what unrelated views cost", () => {
    expect(deviation(0).std).toBeLessThan(0.05);
    const { std, losses, chance } = deviation(0.2);
    expect(std).toBeGreaterThan(0.4);
    expect(losses.at(-1)).toBeLessThan(0.7 * losses[0]!);
    expect(losses.at(-1)).toBeLessThan(chance!);
  });

  it("has the loss and gradients of the whole batch in parts of 2, with the step's directions", () => {
    scope(() => {
      // Heads in evaluation: BatchNorm normalises each part by itself.
      const method = lejepa().eval();
      const views = viewsOf(method, 6);
      const outcome = (microBatch: number | null) => {
        const { loss } = gradients({
          ...{ method, views, progress: stepOn(6), microBatch },
          ...{ device: "cpu", precision: "fp32" },
        });
        const grads = method.parameters().map(({ grad }) => grad!.clone());
        method.zeroGrad();
        return { loss: loss.item(), grads };
      };
      const [whole, parts] = [outcome(null), outcome(2)];
      expect(parts.loss).toBeCloseTo(whole.loss, 5);
      for (const [i, grad] of whole.grads.entries()) {
        expect(parts.grads[i]!.sub(grad).abs().amax().item()).toBeLessThan(
          1e-4 * Math.max(1e-3, grad.abs().amax().item()),
        );
      }
    });
  });

  it("preset paper: two whole views and six small ones, 1,024 directions, λ 0.05", () => {
    expect(presetConfig("lejepa", "paper")).toMatchObject({
      ...{ encoder: "vit_large", global_views: 2, local_views: 6, local_size: 96, slices: 1024, sigreg_weight: 0.05 },
      ...{ optimizer: "adamw", lr: 5e-4, weight_decay: 5e-2 },
    });
    const [whole, small] = lejepa({ ...tiny, solarize_p: 0.3 }).views;
    expect(whole).toMatchObject({ count: 2, size: 16, solarize: 0.3, crop: { scale: [0.2, 1] } });
    expect(small).toMatchObject({ count: 3, size: 8, solarize: 0.3, crop: { scale: [0.05, 0.25] } });
  });

  it.each([
    [{ batch: 1 }, "Expected at least 2 for batch, since LeJEPA's heads normalise over a batch, got 1"],
    [
      { global_views: 1, local_views: 0 },
      "Expected two views or more for LeJEPA, got global_views 1 and local_views 0",
    ],
    [{ sigreg_weight: 2 }, "Expected a number from 0 to 1 for sigreg_weight, got 2"],
    [{ local_size: 65, size: 64 }, "Expected at most size (64 px) for local_size, got 65"],
    [{ local_views: 0, local_size: 32 }, "Expected no local_size with local_views 0, where it would change nothing"],
  ])("refuses %j in one line", (flags, line) => {
    expect(() => resolveConfig({ flags: { method: "lejepa", ...flags } })).toThrow(line);
  });
});
