import {
  autocast,
  getRngState,
  manualSeed,
  memory,
  noGrad,
  randint,
  randn,
  scope,
  type Tensor,
  tensor,
} from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import type { Config } from "../../config/common.ts";
import { gatherTokens, patchify, unpatchify } from "../../encoders/patches.ts";
import { GeneratorDraws, stepOn, told } from "../../testing/progress.ts";
import { formulaImages, formulaState, gradNorm, references } from "../../testing/reference.ts";
import { presetConfig } from "../presets.ts";
import { createMethod } from "../registry.ts";
import { maskingOf, randomMasking } from "../shared/masking.ts";
import { Mae } from "./method.ts";

/** 32 px in 16 patches. */
const tiny: Config = {
  ...presetConfig("mae", "small"),
  size: 32,
  patch: 8,
  batch: 4,
  decoder_width: 64,
  decoder_depth: 2,
  decoder_heads: 4,
  predict_share: 1,
};
const mae = (config: Config): Mae => {
  const method = createMethod(config);
  if (!(method instanceof Mae)) throw new TypeError("Expected MAE");
  return method;
};
const decoders = ["transformer", "cross", "mlp"] as const;

describe("Mae", () => {
  it.each(references.mae)(
    "computes the loss and gradient of a plain MAE on timm's parts: $norm_pixels",
    (reference) => {
      scope(() => {
        const method = mae({ ...tiny, norm_pixels: reference.norm_pixels });
        method.loadStateDict(formulaState(method.stateDict()));
        manualSeed(5);
        const { loss } = method.loss([formulaImages(4, 32)], { ...stepOn(4), draws: new GeneratorDraws(4) });
        expect(loss.item() / reference.loss).toBeCloseTo(1, 5);
        loss.backward();
        expect(gradNorm(method.encoder) / reference.encoder_grad_norm).toBeCloseTo(1, 5);
      });
    },
  );

  it("adds its weight times the likeness of images' mean visible tokens, and refuses to do so in parts", () => {
    scope(() => {
      const images = formulaImages(4, 32);
      const outcome = (uniformity: number) => {
        const method = mae({ ...tiny, uniformity });
        method.loadStateDict(formulaState(method.stateDict()));
        const { loss, logs } = told(method.loss([images], { ...stepOn(4), draws: new GeneratorDraws(4) }));
        return { loss: loss.item(), chance: method.chance!, likeness: logs!.squared_cosine?.item() };
      };
      manualSeed(5);
      const plain = outcome(0);
      manualSeed(5);
      const kept = outcome(0.5);
      expect(kept.likeness).toBeGreaterThan(0);
      expect(kept.likeness).toBe(plain.likeness);
      expect(kept.loss).toBeCloseTo(plain.loss + 0.5 * kept.likeness!, 5);
      expect(kept.chance).toBeCloseTo(plain.chance + 0.5, 6);
      expect(() => mae({ ...tiny, uniformity: 0.5, micro_batch: 2 })).toThrow(
        "Expected no micro_batch with mae, whose loss, as it is set, looks across the images of a batch",
      );
    });
  });

  it("preset report: ViT-B/16 and 768 → 1024 → ReLU → 1024 → 768 → 768", () => {
    const method = mae(presetConfig("mae", "report"));
    const shapes = Object.fromEntries(Object.entries(method.decoder.stateDict()).map(([k, t]) => [k, t.shape.join()]));
    expect(shapes).toEqual({
      mask_token: "1,1,768",
      pos_embed: "1,197,768",
      "mlp.0.weight": "1024,768",
      "mlp.0.bias": "1024",
      "mlp.2.weight": "768,1024",
      "mlp.2.bias": "768",
      "pred.weight": "768,768",
      "pred.bias": "768",
    });
    expect(method.encoder.width).toBe(768);
    expect(method.views).toHaveLength(1);
    expect(method.views[0]).toMatchObject({ count: 1, size: 224, filter: "bicubic", flip: 0.5, color: null });
    method.dispose();
  });

  it("preset paper: 8 blocks of width 512", () => {
    const method = mae({ ...presetConfig("mae", "paper"), encoder: "vit_tiny" });
    const state = method.decoder.stateDict();
    expect(state["embed.weight"]!.shape).toEqual([512, 192]);
    expect(state["blocks.7.mlp.fc1.weight"]!.shape).toEqual([2048, 512]);
    expect(Object.keys(state).some((name) => name.startsWith("blocks.8"))).toBe(false);
    expect(state["pred.weight"]!.shape).toEqual([768, 512]);
    expect(state.pos_embed!.requiresGrad).toBe(false);
    method.dispose();
  });

  describe.each(decoders)("with decoder %s", (decoder) => {
    const config = { ...tiny, decoder };

    it("gives the encoder, and every other parameter, a gradient", () => {
      scope(() => {
        manualSeed(0);
        const method = mae(config);
        method.loss([randn([4, 3, 32, 32])], stepOn(4)).loss.backward();
        expect(gradNorm(method.encoder)).toBeGreaterThan(1e-3);
        for (const [name, { grad }] of method.namedParameters()) {
          expect.soft((grad as Tensor).linalgVectorNorm().item(), name).toBeGreaterThan(0);
        }
      });
    });

    it("predicts something else when a visible patch changes, and the same when a hidden one does", () => {
      scope(() => {
        manualSeed(0);
        const method = mae(config);
        const masking = maskingOf(tensor([[...Array(16).keys()]]), 0.75);
        const patches = randn([1, 16, 192]);
        const predict = (at: number) => {
          const changed = patches.clone();
          changed.select(1, at).add_(1);
          return method.decoder.call(method.encoder.encode(changed, masking.keep), masking);
        };
        const before = method.decoder.call(method.encoder.encode(patches, masking.keep), masking);
        expect(before.shape).toEqual([1, 12, 192]);
        for (const visible of [0, 1, 2, 3]) {
          expect(predict(visible).sub(before).abs().mean([0, 2]).amin().item()).toBeGreaterThan(1e-6);
        }
        for (const hidden of [4, 15]) expect(predict(hidden).equal(before)).toBe(true);
      });
    });

    it("does not count visible patches in the loss", () => {
      scope(() => {
        manualSeed(0);
        const method = mae({ ...config, norm_pixels: false });
        const images = randn([4, 3, 32, 32]);
        const { loss } = method.loss([images], stepOn(images.shape[0]!));
        const masking = randomMasking(stepOn(4).draws, 16, 0.75);
        const patches = patchify(images, 8);
        const predicted = method.decoder.call(method.encoder.encode(patches, masking.keep), masking);
        const hidden = gatherTokens(patches, masking.hidden);
        expect(predicted.sub(hidden).square().mean().item()).toBeCloseTo(loss.item(), 6);
      });
    });

    it("learns: the loss falls in 20 steps, and no step leaves a tensor behind", () => {
      manualSeed(0);
      const method = mae(config);
      const images = unpatchify(randn([4, 1, 192]).repeat([1, 16, 1]), 8);
      const before = memory().liveTensors;
      const losses = Array.from({ length: 20 }, () =>
        scope(() => {
          const { loss } = method.loss([images], stepOn(images.shape[0]!));
          loss.backward();
          noGrad(() => {
            for (const parameter of method.parameters()) parameter.sub_(parameter.grad!, { alpha: 0.05 });
          });
          method.zeroGrad();
          return loss.item();
        }),
      );
      expect(memory().liveTensors).toBe(before);
      expect(losses.at(-1)).toBeLessThan(losses[0]! - 0.2);
    });

    it("gives a float32 loss under autocast, close to the exact one", () => {
      scope(() => {
        manualSeed(0);
        const method = mae(config);
        const images = randn([4, 3, 32, 32]);
        const half = autocast({ dtype: "bfloat16" }, () => method.loss([images], stepOn(images.shape[0]!)).loss);
        expect(half.dtype).toBe("float32");
        expect(half.item()).toBeCloseTo(method.loss([images], stepOn(images.shape[0]!)).loss.item(), 1);
      });
    });
  });

  it("decoder cross predicts any share of the hidden patches as it would predict them all", () => {
    scope(() => {
      manualSeed(0);
      const whole = mae({ ...tiny, decoder: "cross", norm_pixels: false });
      const part = mae({ ...tiny, decoder: "cross", norm_pixels: false, predict_share: 0.25 });
      part.loadStateDict(whole.stateDict());
      const images = randn([4, 3, 32, 32]);
      const { loss } = part.loss([images], stepOn(images.shape[0]!));
      const { keep, hidden } = randomMasking(stepOn(4).draws, 16, 0.75);
      const patches = patchify(images, 8);
      const predicted = whole.decoder.call(whole.encoder.encode(patches, keep), { keep, hidden });
      const errors = predicted.sub(gatherTokens(patches, hidden)).square().mean(2);
      expect(errors.shape).toEqual([4, 12]);
      expect(errors.narrow(1, 0, 3).mean().item()).toBeCloseTo(loss.item(), 6);
      // Queries do not see each other: an order of theirs changes nothing.
      const turned = whole.decoder.call(whole.encoder.encode(patches, keep), { keep, hidden: hidden.flip([1]) });
      expect(turned.flip([1]).sub(predicted).abs().amax().item()).toBeLessThan(1e-5);
    });
  });

  it.each([
    [true, "mean square of the normalised targets, a little under 1"],
    [false, "variance of the pixels"],
  ])("knows chance after the first batch (norm_pixels %s): the %s", (norm_pixels) => {
    scope(() => {
      manualSeed(0);
      const method = mae({ ...tiny, norm_pixels });
      expect(method.chance).toBeNull();
      const images = randn([64, 3, 32, 32]).mul(2);
      told(method.loss([images], stepOn(images.shape[0]!)));
      expect(method.chance! / (norm_pixels ? 191 / 192 : 4)).toBeCloseTo(1, 1);
      const first = method.chance;
      told(method.loss([images.mul(3)], stepOn(64)));
      expect(method.chance).toBe(first);
    });
  });

  describe.each([true, false])("pictures, norm_pixels %s", (norm_pixels) => {
    const config = {
      ...tiny,
      norm_pixels,
      mean: presetConfig("mae", "paper").mean,
      std: presetConfig("mae", "paper").std,
    };
    const bytes = randint(0, 256, [2, 3, 32, 32]).to({ dtype: "float32" });
    const channels = (values: readonly number[]) => tensor(values).reshape([1, 3, 1, 1]);
    const images = bytes.div(255).sub(channels(config.mean)).div(channels(config.std));

    it("show the original, its visible patches, and predictions elsewhere", () => {
      scope(() => {
        manualSeed(0);
        const { original, masked, reconstructed } = mae(config).pictures(images);
        for (const picture of [original, masked, reconstructed]) {
          expect([picture.dtype, picture.shape]).toEqual(["uint8", [2, 3, 32, 32]]);
        }
        expect(original.equal(bytes.to({ dtype: "uint8" }))).toBe(true);
        const patches = (x: Tensor) => patchify(x.to({ dtype: "float32" }), 8).reshape([32, 192]);
        const [from, hidden, made] = [patches(original), patches(masked), patches(reconstructed)];
        const grey = tensor(config.mean.map((m) => Math.round(255 * m))).repeat([64]);
        let visible = 0;
        for (let i = 0; i < 32; i++) {
          const row = hidden.select(0, i);
          if (row.equal(from.select(0, i))) {
            visible++;
            expect(made.select(0, i).equal(row)).toBe(true);
          } else {
            expect(row.equal(grey)).toBe(true);
            expect(made.select(0, i).equal(from.select(0, i))).toBe(false);
          }
        }
        expect(visible).toBe(8);
      });
    });

    it("are exact where the prediction is: targets mapped back are the hidden pixels", () => {
      scope(() => {
        const method = mae(config);
        const { encoder, decoder } = method;
        const patches = patchify(images, 8);
        decoder.forward = (_, { hidden }) => {
          const truth = gatherTokens(patches, hidden);
          if (!norm_pixels) return truth;
          return truth.sub(truth.mean(2, true)).div(truth.var(2, { keepdim: true }).add(1e-6).sqrt());
        };
        expect(encoder.patch).toBe(8);
        const { original, reconstructed } = method.pictures(images);
        expect(reconstructed.equal(original)).toBe(true);
      });
    });

    it("leave LibTorch's generator as it was, and hide the same patches each time", () => {
      scope(() => {
        const method = mae(config);
        const before = getRngState();
        const first = method.pictures(images);
        expect(getRngState().equal(before)).toBe(true);
        expect(method.pictures(images).masked.equal(first.masked)).toBe(true);
      });
    });
  });
});
