import { cat, manualSeed, noGrad, randn, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import type { Config } from "../../config/common.ts";
import { stepOn } from "../../testing/progress.ts";
import { ownLoss, ToyEncoder, trainOnToys } from "../../testing/toys.ts";
import { gradients } from "../../train/micro-batches.ts";
import { presetConfig } from "../presets.ts";
import { createMethod, resolveConfig } from "../registry.ts";
import { sliceDirections } from "../shared/slices.ts";
import { visReg } from "../shared/visreg-loss.ts";
import { VisReg } from "./method.ts";

const tiny: Config = {
  ...presetConfig("visreg", "small"),
  ...{ encoder: "vit_tiny", patch: 8, size: 16, batch: 6, local_views: 3 },
  ...{ projection_hidden: 32, projection_dim: 8, slices: 16 },
};

function visreg(config: Config = tiny): VisReg {
  manualSeed(0);
  const method = createMethod(config);
  if (!(method instanceof VisReg)) throw new TypeError("Expected VISReg");
  return method;
}

const viewsOf = (method: VisReg, images: number): Tensor[] =>
  method.views.map(({ count, size }) => randn([count * images, 3, size, size]));

/** What embeddings of new images are like after some training on pairs. */
function trained({ images = 32, ...own }: Record<string, number | string> & { images?: number }): {
  std: number;
  shape: number;
  losses: number[];
  chance: number | null;
} {
  return scope(() => {
    manualSeed(0);
    const more = { batch: 32, local_views: 0, projection_dim: 16, ...own };
    const method = new VisReg({ ...tiny, ...more } as never, new ToyEncoder());
    const joint = ownLoss(method);
    // Both views of an image in one tensor, as the method has them.
    const losses = trainOnToys(method, (pair, step) => joint([cat([...pair])], step), { images, lr: 1e-2 });
    const { logs } = noGrad(() => method.loss([randn([128, 3, 8, 8])], stepOn(64)));
    return { std: logs.embedding_std!.item(), shape: logs.shape!.item(), losses, chance: method.chance };
  });
}

describe("VisReg", () => {
  it("is the loss of what the projector makes of all views together, each size through the encoder by itself", () => {
    scope(() => {
      const method = visreg().train();
      const views = viewsOf(method, 6);
      const { loss, features } = method.loss(views, stepOn(6));
      const made = noGrad(() => views.map((view) => method.encoder.features(view)));
      const embeddings = noGrad(() => method.head.call(cat(made)));
      const directions = sliceDirections(stepOn(6).draws, 8, 16);
      const expected = visReg(embeddings, { globals: 2, locals: 3 }, directions, {
        ...{ regulation: 0.6, deviations: "through" },
      }).loss.item();
      expect(loss.item()).toBeCloseTo(expected, 5);
      expect([features!.shape, features!.requiresGrad]).toEqual([[12, method.encoder.dim], false]);
    });
  });

  it("collapses without its regulation, and not with it; the loss falls below what unrelated views cost", () => {
    expect(trained({ regulation_weight: 0 }).std).toBeLessThan(0.05);
    const { std, losses, chance } = trained({ regulation_weight: 0.6 });
    expect(std).toBeGreaterThan(0.5);
    expect(losses.at(-1)).toBeLessThan(0.7 * losses[0]!);
    expect(losses.at(-1)).toBeLessThan(chance!);
  });

  it("falls back to a point in small batches where deviations are constants, as the paper has them, and not as preset small has them", () => {
    const few = { images: 6, projection_dim: 16 };
    expect(trained({ deviations: "stopped", ...few }).std).toBeLessThan(0.2);
    expect(trained({ deviations: "through", ...few }).std).toBeGreaterThan(0.5);
  });

  it("has the loss and gradients of the whole batch in parts of 2, with the step's directions", () => {
    scope(() => {
      // Heads in evaluation: BatchNorm normalises each part by itself.
      const method = visreg().eval();
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

  it("preset paper: batches of 64, 1e-3, λ 0.9, 4,096 directions", () => {
    expect(presetConfig("visreg", "paper")).toMatchObject({
      ...{ batch: 64, lr: 1e-3, regulation_weight: 0.9, slices: 4096, global_views: 2, local_views: 6 },
      ...{ scale_weight: 1, shape_weight: 1, centre_weight: 1, deviations: "stopped" },
    });
    expect(visreg({ ...tiny, scale_weight: 2 }).chance).toBeNull();
  });

  it.each([
    [{ batch: 1 }, "Expected at least 2 for batch, since VISReg's heads normalise over a batch, got 1"],
    [
      { global_views: 1, local_views: 0 },
      "Expected two views or more for VISReg, got global_views 1 and local_views 0",
    ],
    [{ shape_weight: -1 }, "Expected a number from 0 to 10000 for shape_weight, got -1"],
  ])("refuses %j in one line", (flags, line) => {
    expect(() => resolveConfig({ flags: { method: "visreg", ...flags } })).toThrow(line);
  });
});
