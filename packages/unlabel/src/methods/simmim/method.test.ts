import { autocast, manualSeed, noGrad, optim, randn, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import type { Config } from "../../config/common.ts";
import { patchify } from "../../encoders/patches.ts";
import { VisionTransformer } from "../../encoders/vit.ts";
import { rowsOf } from "../../testing/naive.ts";
import { stepOn, told } from "../../testing/progress.ts";
import { presetConfig } from "../presets.ts";
import { createMethod, resolveConfig } from "../registry.ts";
import { randomUnitMask } from "../shared/unit-masking.ts";
import { SimMim } from "./method.ts";

const tiny: Config = { ...presetConfig("simmim", "small"), size: 32, patch: 8, batch: 4 };
/** 16 px in 16 patches, two narrow blocks. */
const small = { size: 16, patch: 4, width: 32, depth: 2, heads: 2 };

function simmim(config: Config = tiny): SimMim {
  manualSeed(0);
  const method = createMethod(config);
  if (!(method instanceof SimMim)) throw new TypeError("Expected SimMIM");
  return method;
}

describe("SimMim", () => {
  it("is the mean absolute error of hidden pixels, by a loop over patches, and of no others", () => {
    scope(() => {
      const method = simmim();
      const images = randn([4, 3, 32, 32]);
      const { loss, logs } = told(method.loss([images], stepOn(4)));
      const mask = randomUnitMask(stepOn(4).draws, { grid: 4, unit: 2, ratio: 0.6 });
      const { tokens } = noGrad(() => method.encoder.tokens(images, { mask, maskToken: method.mask_token }));
      const predicted = noGrad(() => method.head.call(tokens));
      const [guess, target] = [predicted, patchify(images, 8)].map((x) => rowsOf(x.reshape([64, 192])));
      const hidden = mask.toNumbers();
      let [sum, count] = [0, 0];
      for (const [row, values] of guess!.entries()) {
        if (hidden[row] !== 1) continue;
        for (const [i, value] of values.entries()) {
          sum += Math.abs(value - target![row]![i]!);
          count++;
        }
      }
      // Of four units three are hidden, as 0.6 asks: 12 of 16 patches.
      expect(count).toBe(4 * 12 * 192);
      expect(loss.item()).toBeCloseTo(sum / count, 5);
      expect(logs.explained!.item()).toBeCloseTo(1 - loss.item() / method.chance!, 5);
    });
  });

  it("sees nothing of what is hidden: other pixels there change the target alone", () => {
    scope(() => {
      const method = simmim().eval();
      const mask = randomUnitMask(stepOn(2).draws, { grid: 4, unit: 2, ratio: 0.6 });
      const hidden = mask.reshape([2, 1, 4, 1, 4, 1]).expand([2, 3, 4, 8, 4, 8]).reshape([2, 3, 32, 32]);
      const images = randn([2, 3, 32, 32]);
      const other = images.add(hidden.mul(5));
      const tokensOf = (x: Tensor) =>
        noGrad(() => method.encoder.tokens(x, { mask, maskToken: method.mask_token }).tokens);
      expect(tokensOf(other).sub(tokensOf(images)).abs().amax().item()).toBeLessThan(1e-6);
      expect(
        tokensOf(images.add(hidden.neg().add(1)))
          .sub(tokensOf(images))
          .abs()
          .amax()
          .item(),
      ).toBeGreaterThan(1e-3);
    });
  });

  it("learns to fill in what stands beside it, and its features still tell images apart", () => {
    manualSeed(0);
    const method = new SimMim(
      { ...tiny, size: 16, patch: 4, mask_unit: 4, mask_ratio: 0.5 } as never,
      new VisionTransformer(small),
    ).train();
    const optimizer = new optim.AdamW(method.parameters(), { lr: 3e-3 });
    const step = (at: number) =>
      scope(() => {
        // Each image of one colour: what is hidden can be told from what is not, and from nothing else.
        const images = randn([8, 3, 1, 1]).expand([8, 3, 16, 16]);
        const { loss, logs } = method.loss([images], stepOn(8, { step: at }));
        loss.backward();
        optimizer.step();
        method.zeroGrad();
        return { explained: logs.explained!.item(), std: logs.feature_std!.item() };
      });
    const found = Array.from({ length: 60 }, (_, i) => step(i + 1));
    expect(found[0]!.explained).toBeLessThan(0.1);
    expect(found.at(-1)!.explained).toBeGreaterThan(0.5);
    expect(found.at(-1)!.std).toBeGreaterThan(0.1);
    optimizer.dispose();
    method.dispose();
  });

  it("makes pictures: hidden squares in the mean colour, then filled; the same at every call, whatever was drawn before", () => {
    scope(() => {
      const method = simmim().eval();
      const images = randn([2, 3, 32, 32]).mul(0.2);
      const { original, masked, reconstructed } = method.pictures(images);
      for (const one of [original, masked, reconstructed])
        expect([one.dtype, one.shape]).toEqual(["uint8", [2, 3, 32, 32]]);
      const same = masked.eq(original).to({ dtype: "float32" }).mean().item();
      // Three of four units hidden, whose pixels are the mean colour's by chance at times.
      expect(same).toBeGreaterThan(0.24);
      expect(same).toBeLessThan(0.35);
      randn([3]);
      expect(method.pictures(images).masked.equal(masked)).toBe(true);
      // What is seen stays as it is: a quarter at the least.
      expect(reconstructed.eq(original).to({ dtype: "float32" }).mean().item()).toBeGreaterThan(0.24);
    });
  });

  it("stays in float32 under autocast, and keeps to units of a view that has grown little", () => {
    scope(() => {
      const method = simmim();
      const images = randn([4, 3, 32, 32]);
      expect(autocast({ dtype: "bfloat16" }, () => method.loss([images], stepOn(4)).loss.dtype)).toBe("float32");
      for (const size of [16, 24])
        expect(method.loss([randn([4, 3, size, size])], stepOn(4)).loss.item()).toBeGreaterThan(0);
    });
  });

  it("preset paper: ViT-B/16, 60 % in squares of 32 px, 800 epochs", () => {
    expect(presetConfig("simmim", "paper")).toMatchObject({
      ...{ encoder: "vit_base", patch: 16, mask_ratio: 0.6, mask_unit: 32, epochs: 800, crop_min: 0.67 },
    });
    const { views } = simmim({ ...tiny, crop_min: 0.67 });
    expect(views).toEqual([
      expect.objectContaining({ count: 1, color: null, crop: { scale: [0.67, 1], ratio: [3 / 4, 4 / 3] } }),
    ]);
  });

  it.each([
    [{ mask_unit: 12 }, "Expected a mask_unit that is a multiple of patch 8, got 12"],
    [{ size: 16 }, undefined],
    [{ mask_unit: 64 }, "Expected a mask_unit of at most half of size (32 px), so that something is seen, got 64"],
    [{ size: 16, patch: 16 }, "Expected a size of two patches (32 px) or more for SimMIM"],
    [{ mask_ratio: 1 }, "Expected a number between 0 and 1 for mask_ratio, got 1"],
  ])("refuses %j in one line: %s", (flags, line) => {
    const resolved = () => resolveConfig({ flags: { method: "simmim", ...flags } });
    if (line) expect(resolved).toThrow(line);
    else expect(resolved).not.toThrow();
  });
});
