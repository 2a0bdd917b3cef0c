import { fromTypedArray, layerNorm, manualSeed, noGrad, optim, randn, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import type { Config } from "../../config/common.ts";
import { gatherTokens } from "../../encoders/patches.ts";
import { VisionTransformer } from "../../encoders/vit.ts";
import { rowsOf } from "../../testing/naive.ts";
import { stepOn } from "../../testing/progress.ts";
import { presetConfig } from "../presets.ts";
import { createMethod, resolveConfig } from "../registry.ts";
import { sphereSpread } from "../shared/spread.ts";
import { IJepa } from "./method.ts";

const tiny: Config = {
  ...presetConfig("ijepa", "small"),
  ...{ size: 32, patch: 8, batch: 4, predictor_width: 24, predictor_depth: 1, predictor_heads: 2 },
};

function ijepa(config: Config = tiny): IJepa {
  manualSeed(0);
  const method = createMethod(config);
  if (!(method instanceof IJepa)) throw new TypeError("Expected I-JEPA");
  return method;
}

const STEPS = 60;

/** 16 px in 16 patches, two narrow blocks, and predictor and settings to go with them. */
function toy(own: Record<string, unknown> = {}): IJepa {
  manualSeed(0);
  const encoder = () => new VisionTransformer({ size: 16, patch: 4, width: 32, depth: 2, heads: 2 });
  return new IJepa({ ...tiny, size: 16, patch: 4, momentum_start: 0.99, ...own } as never, encoder(), encoder());
}

/** Images of a slow wave each, so that parts say something of each other. */
const waves = (images: number) => randn([images, 3, 2, 2]).upsampleBilinear2d([16, 16], false);

const toIndex = (rows: number[][]) =>
  fromTypedArray(BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0]!.length]);

/** How far mean latents of new images spread over the sphere after some training. */
function spreadAfter(method: IJepa, targetsOf?: (images: Tensor) => Tensor): { spread: number; losses: number[] } {
  if (targetsOf) method.targets = targetsOf;
  const optimizer = new optim.AdamW(method.train().parameters(), { lr: 3e-3 });
  const losses = Array.from({ length: STEPS }, (_, i) =>
    scope(() => {
      const images = waves(8);
      const { loss } = method.loss([images], stepOn(8, { step: i + 1, total: STEPS }));
      loss.backward();
      optimizer.step();
      method.afterStep({ step: i + 1, total: STEPS, epoch: 1 });
      method.zeroGrad();
      return loss.item();
    }),
  );
  optimizer.dispose();
  const spread = scope(() => noGrad(() => sphereSpread(method.encoder.tokens(waves(32)).tokens.mean(1)).item()));
  return { spread, losses };
}

describe("IJepa", () => {
  it("is the smooth absolute error of what the predictor says of each target block, by a loop", () => {
    scope(() => {
      const method = ijepa().eval();
      const images = randn([4, 3, 32, 32]);
      const seen: { predicted?: Tensor; asked?: Parameters<IJepa["predictor"]["forward"]>[1] } = {};
      const forward = method.predictor.forward.bind(method.predictor);
      method.predictor.forward = (latent, asked) => {
        const predicted = forward(latent, asked);
        Object.assign(seen, { predicted, asked });
        return predicted;
      };
      const { loss } = method.loss([images], stepOn(4));
      const latents = noGrad(() => method.target_encoder.tokens(images).tokens);
      const wanted = gatherTokens(layerNorm(latents, [192]), seen.asked!.targets);
      const [guess, target] = [seen.predicted!, wanted].map((x) => rowsOf(x.detach().reshape([-1, 192])));
      let [sum, count] = [0, 0];
      for (const [row, values] of guess!.entries()) {
        for (const [i, value] of values.entries()) {
          const apart = Math.abs(value - target![row]![i]!);
          sum += apart < 1 ? apart ** 2 / 2 : apart - 0.5;
          count++;
        }
      }
      expect(count % (4 * 4 * 192)).toBe(0);
      expect(loss.item()).toBeCloseTo(sum / count, 5);
    });
  });

  it("predicts each block from the context and its places alone: other blocks change nothing", () => {
    scope(() => {
      const method = ijepa().eval();
      const latent = randn([2, 5, 192]);
      const asked = (targets: number[][], blocks: number) => ({
        context: toIndex([
          [0, 1, 2, 3, 4],
          [4, 5, 6, 7, 8],
        ]),
        targets: toIndex(targets),
        ...{ blocks, grid: 4 },
      });
      const two = noGrad(() =>
        method.predictor.call(
          latent,
          asked(
            [
              [9, 10, 11, 12],
              [9, 10, 13, 14],
            ],
            2,
          ),
        ),
      );
      const first = noGrad(() =>
        method.predictor.call(
          latent,
          asked(
            [
              [9, 10],
              [9, 10],
            ],
            1,
          ),
        ),
      );
      expect(two.narrow(1, 0, 2).sub(first).abs().amax().item()).toBeLessThan(1e-5);
      // The same context, another place.
      const other = noGrad(() =>
        method.predictor.call(
          latent,
          asked(
            [
              [15, 10],
              [9, 15],
            ],
            1,
          ),
        ),
      );
      expect(other.sub(first).abs().amax().item()).toBeGreaterThan(1e-4);
    });
  });

  it("begins with a target that is the encoder, follows it by 1 − m in a straight line, and trains nothing of it", () => {
    scope(() => {
      for (const [step, momentum] of [
        [1, 0.9],
        [51, 0.95],
        [101, 1],
      ] as const) {
        const method = ijepa({ ...tiny, momentum_start: 0.9, momentum_end: 1 });
        const [own, target] = [method.encoder, method.target_encoder].map((net) => net.stateDict());
        for (const [name, tensor] of Object.entries(target!)) {
          expect.soft(tensor.requiresGrad, name).toBe(false);
          expect.soft(tensor.equal(own![name]!), name).toBe(true);
        }
        const weight = target!["blocks.0.attn.qkv.weight"]!;
        const before = weight.clone();
        noGrad(() => own!["blocks.0.attn.qkv.weight"]!.add_(1));
        method.afterStep({ step, total: 100, epoch: 1 });
        expect(weight.sub(before).mean().item()).toBeCloseTo(1 - momentum, 5);
      }
    });
  });

  it("collapses where targets have a gradient and follow at once, and does not as it is", () => {
    const free = toy({ momentum_start: 0, momentum_end: 0 });
    // The trained encoder's own latents, as they are.
    const collapsed = spreadAfter(free, (images) => free.encoder.tokens(images).tokens);
    expect(collapsed.spread).toBeLessThan(0.1);
    expect(collapsed.losses.at(-1)).toBeLessThan(0.02);
    const kept = spreadAfter(toy());
    expect(kept.spread).toBeGreaterThan(0.15);
    expect(kept.losses.at(-1)).toBeLessThan(0.8 * kept.losses[0]!);
    free.dispose();
  });

  it("lets weight decay follow the progress where it is told to", () => {
    scope(() => {
      expect(ijepa().groups({ step: 1, total: 10, epoch: 1 })).toEqual([]);
      const method = ijepa({ ...tiny, weight_decay: 0.04, weight_decay_end: 0.4 });
      const decayAt = (step: number) => method.groups({ step, total: 100, epoch: 1 })[0]!.weightDecay;
      expect([decayAt(1), decayAt(51), decayAt(101)].map((value) => Number(value!.toFixed(6)))).toEqual([
        0.04, 0.22, 0.4,
      ]);
      expect(method.groups({ step: 1, total: 10, epoch: 1 })[0]!.params).toHaveLength(method.parameters().length);
    });
  });

  it("preset paper: ViT-B/16, 4 blocks of 15 to 20 %, a predictor of 6 blocks × 384", () => {
    expect(presetConfig("ijepa", "paper")).toMatchObject({
      ...{ encoder: "vit_base", target_blocks: 4, target_scale_min: 0.15, target_scale_max: 0.2 },
      ...{ predictor_depth: 6, predictor_width: 384, momentum_start: 0.996, weight_decay_end: 0.4, crop_min: 0.3 },
    });
  });

  it.each([
    [{ target_scale_min: 0.3 }, "Expected at least target_scale_min 0.3 for target_scale_max, got 0.2"],
    [{ momentum_start: 1, momentum_end: 0.5 }, "Expected at least momentum_start 1 for momentum_end, got 0.5"],
    [
      { predictor_width: 100, predictor_heads: 3 },
      "Expected a predictor_width that predictor_heads 3 divides, got 100",
    ],
    [{ predictor_width: 30, predictor_heads: 3 }, "Expected a multiple of 4 for predictor_width"],
    [{ size: 16, patch: 16 }, "Expected a size of two patches (32 px) or more for I-JEPA"],
    [{ encoder: "resnet18" }, "resnet18"],
  ])("refuses %j in one line", (flags, line) => {
    expect(() => resolveConfig({ flags: { method: "ijepa", ...flags } })).toThrow(line);
  });
});
