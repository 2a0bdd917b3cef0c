import { manualSeed, noGrad, ones, randn, scope, type Tensor, tensor, zeros } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { relativeError } from "../testing/reference.ts";
import { ConvNeXt } from "./convnext.ts";
import { Encoder } from "./encoder.ts";
import { ARCHITECTURES } from "./facts.ts";
import { patchify } from "./patches.ts";
import { ResNet } from "./resnet.ts";
import { VisionTransformer, type VitOptions } from "./vit.ts";

const vit = (options: Partial<VitOptions> = {}) => {
  manualSeed(0);
  return new VisionTransformer({ width: 16, depth: 2, heads: 2, size: 32, patch: 8, ...options });
};
const indices = (rows: number[][]) => tensor(rows, { dtype: "int64" });
const same = (a: Tensor, b: Tensor) => expect(a.equal(b)).toBe(true);

describe("a ViT's tokens", () => {
  it("are those of encode, the class token apart, all of them or those asked for", () => {
    scope(() => {
      const net = vit();
      const images = randn([2, 3, 32, 32]);
      const keep = indices([
        [3, 0, 15],
        [9, 8, 2],
      ]);
      for (const kept of [undefined, keep]) {
        const { tokens, classToken, grid } = net.tokens(images, { keep: kept });
        const all = net.encode(patchify(images, 8), kept);
        expect(grid).toEqual([4, 4]);
        expect(tokens.shape).toEqual([2, kept ? 3 : 16, 16]);
        same(tokens, all.narrow(1, 1, tokens.shape[1]!));
        same(classToken!, all.select(1, 0));
      }
    });
  });

  it("hide what a mask covers behind its token, and nothing else", () => {
    scope(() => {
      const net = vit();
      const images = randn([2, 3, 32, 32]);
      const mask = zeros([2, 16]);
      same(net.tokens(images, { mask }).tokens, net.tokens(images).tokens);
      mask.select(1, 5).fill_(1);
      const maskToken = randn([1, 1, 16]).requiresGrad_();
      const masked = net.tokens(images, { mask, maskToken });
      same(net.tokens(images, { mask: mask.to({ dtype: "bool" }), maskToken }).tokens, masked.tokens);
      // What lies beneath the mask changes nothing; what lies beside it does.
      const changed = (x: number, y: number) => {
        const other = images.clone();
        other
          .narrow(2, 8 * y, 8)
          .narrow(3, 8 * x, 8)
          .add_(1);
        return net.tokens(other, { mask, maskToken }).tokens;
      };
      same(changed(1, 1), masked.tokens);
      expect(changed(2, 1).equal(masked.tokens)).toBe(false);
      expect(net.tokens(images, { mask }).tokens.equal(masked.tokens)).toBe(false);
      same(net.tokens(images, { mask, maskToken: zeros([1, 1, 16]) }).tokens, net.tokens(images, { mask }).tokens);
      masked.tokens.square().sum().backward();
      expect((maskToken.grad as Tensor).linalgVectorNorm().item()).toBeGreaterThan(0);
    });
  });

  it("keep their positions where they are masked: two hidden patches differ", () => {
    scope(() => {
      const { tokens } = vit().tokens(randn([1, 3, 32, 32]), { mask: ones([1, 16]) });
      expect(tokens.select(1, 0).equal(tokens.select(1, 1))).toBe(false);
    });
  });

  it("take a mask of all patches beside keep", () => {
    scope(() => {
      const net = vit();
      const images = randn([1, 3, 32, 32]);
      const mask = zeros([1, 16]);
      mask.select(1, 7).fill_(1);
      const [keep, maskToken] = [indices([[4, 7]]), randn([1, 1, 16])];
      const some = net.tokens(images, { keep, mask, maskToken }).tokens;
      const unseen = mask.clone();
      unseen.select(1, 0).fill_(1);
      same(some, net.tokens(images, { keep, mask: unseen, maskToken }).tokens);
      const other = images.clone();
      other.narrow(2, 8, 8).narrow(3, 24, 8).add_(1);
      same(some, net.tokens(other, { keep, mask, maskToken }).tokens);
    });
  });

  it("stand behind class token and registers, whichever of them there are", () => {
    scope(() => {
      const images = randn([2, 3, 32, 32]);
      const keep = indices([
        [3, 0, 15],
        [9, 8, 2],
      ]);
      for (const [classToken, registers] of [
        [true, 3],
        [false, 2],
        [false, 0],
      ] as const) {
        for (const prefixPositions of ["none", "class", "all"] as const) {
          const net = vit({ classToken, registers, prefixPositions, pooling: "mean" });
          for (const kept of [undefined, keep]) {
            const found = net.tokens(images, { keep: kept });
            expect(found.tokens.shape).toEqual([2, kept ? 3 : 16, 16]);
            expect(found.classToken?.shape).toEqual(classToken ? [2, 16] : undefined);
            const all = net.encode(patchify(images, 8), kept);
            same(found.tokens, classToken ? all.narrow(1, 1, all.shape[1]! - 1) : all);
            if (found.classToken) same(found.classToken, all.select(1, 0));
          }
          // All that is there is made use of.
          net.tokens(images).tokens.square().sum().backward();
          for (const [name, { grad }] of net.namedParameters()) {
            expect(Math.abs((grad as Tensor).abs().sum().item()), name).toBeGreaterThan(0);
          }
          net.dispose();
        }
      }
    });
  });

  it("refuse a mask of another shape, and a token without a mask", () => {
    const net = vit();
    const images = randn([2, 3, 32, 32]);
    expect(() => net.tokens(images, { mask: zeros([2, 15]) })).toThrow(
      "Expected a mask [2, 16], one entry a patch, got [2, 15]",
    );
    expect(() => net.tokens(images, { maskToken: zeros([1, 1, 16]) })).toThrow("Expected a mask beside maskToken");
  });

  it("see all channels of five", () => {
    scope(() => {
      const net = vit({ channels: 5 });
      const images = randn([1, 5, 32, 32]);
      const before = net.tokens(images).tokens;
      for (let channel = 0; channel < 5; channel++) {
        const other = images.clone();
        other.select(1, channel).add_(1);
        expect(net.tokens(other).tokens.equal(before)).toBe(false);
      }
    });
  });
});

describe("a ResNet's tokens", () => {
  it("are its last map, whose mean are the features", () => {
    scope(() => {
      const net = new ResNet(ARCHITECTURES.resnet18, { channels: 2 }).eval();
      const images = randn([2, 2, 64, 96]);
      noGrad(() => {
        const { tokens, classToken, grid } = net.tokens(images);
        expect(grid).toEqual([2, 3]);
        expect(tokens.shape).toEqual([2, 6, 512]);
        expect(classToken).toBeNull();
        expect(relativeError(tokens.mean(1), net.features(images).toNumbers())).toBeLessThan(1e-6);
      });
      net.dispose();
    });
  });

  it.each(["keep", "mask", "maskToken"] as const)("refuse %s", (name) => {
    const net = new ResNet(ARCHITECTURES.resnet18);
    expect(() => net.tokens(randn([1, 3, 32, 32]), { [name]: zeros([1, 1]) })).toThrow(
      new RegExp(`Expected no ${name} for a ResNet, got .*; leaving out patches needs a ViT`),
    );
    net.dispose();
  });
});

describe("a ConvNeXt's tokens", () => {
  it("are its last map, and the norm of its mean are the features", () => {
    scope(() => {
      const net = new ConvNeXt({ counts: [1, 1], widths: [8, 12] }, { channels: 2, layerScale: 1 }).eval();
      const images = randn([2, 2, 16, 24]);
      noGrad(() => {
        const { tokens, classToken, grid } = net.tokens(images);
        expect(grid).toEqual([2, 3]);
        expect(tokens.shape).toEqual([2, 6, 12]);
        expect(classToken).toBeNull();
        expect(relativeError(net.head.norm.call(tokens.mean(1)), net.features(images).toNumbers())).toBeLessThan(1e-5);
      });
      net.dispose();
    });
  });

  it.each(["keep", "mask", "maskToken"] as const)("refuse %s", (name) => {
    const net = new ConvNeXt({ counts: [1], widths: [8] });
    expect(() => net.tokens(randn([1, 3, 32, 32]), { [name]: zeros([1, 1]) })).toThrow(
      new RegExp(`Expected no ${name} for a ConvNeXt, got .*; leaving out patches needs a ViT`),
    );
    net.dispose();
  });
});

it("an encoder that has none says so", () => {
  class Flat extends Encoder {
    override readonly dim = 3;
    override forward(images: Tensor): Tensor {
      return images.mean([2, 3]);
    }
  }
  expect(() => new Flat().tokens(randn([1, 3, 8, 8]))).toThrow("Expected an encoder with tokens, got Flat");
});
