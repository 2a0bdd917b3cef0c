import { describe, expect, it } from "vitest";
import { resolveConfig } from "../packages/unlabel/src/methods/registry.ts";

import { trainingFlops } from "../packages/unlabel/src/train/flops.ts";
import { gflopOf, type Work } from "./floor.ts";

describe("GFLOP of an image", () => {
  it("of a ResNet are views · 3 · 2 · GMAC, and grow with the area", () => {
    const work: Work = { kind: "resnet50", size: 224, views: 2 };
    expect(gflopOf(work)).toBeCloseTo(2 * 24.534, 3);
    expect(gflopOf({ ...work, size: 112 })).toBeCloseTo(gflopOf(work) / 4, 12);
    expect(gflopOf({ ...work, views: 1, encodeOnly: true })).toBeCloseTo(gflopOf(work) / 6, 12);
  });

  it("of an MAE are those of its blocks: by hand for one block each", () => {
    // 4 patches: the encoder sees 1 + 1 tokens of width 2, the decoder 1 + 4 of width 3.
    const work: Work = { kind: "mae", size: 8, patch: 4, width: 2, depth: 1, decoderWidth: 3, decoderDepth: 1 };
    const encoder = 24 * 2 * 4 + 4 * 4 * 2;
    const decoder = 24 * 5 * 9 + 4 * 25 * 3;
    expect(gflopOf(work) * 1e9).toBeCloseTo(3 * (encoder + decoder), 6);
  });

  // What the product counts has heads and patch embeddings too: a few per cent.
  it.each([
    { kind: "resnet18", size: 224, views: 2 },
    { kind: "resnet50", size: 224, views: 2 },
  ] as const)("of $kind agree with the product's own count", (work) => {
    const config = resolveConfig({ flags: { method: "simclr", encoder: work.kind, size: work.size, stem: "7x7" } });
    const product = trainingFlops(config) / 1e9;
    expect(Math.abs(gflopOf(work) / product - 1)).toBeLessThan(0.01);
  });

  it("of ViT-B/16 with MAE's decoder agree with the product's own count", () => {
    const set = { patch: 16, decoder: "transformer", decoder_width: 512, decoder_depth: 8, decoder_heads: 16 };
    const config = resolveConfig({ flags: { method: "mae", encoder: "vit_base", size: 224, ...set } });
    const shape = { size: 224, patch: 16, width: 768, depth: 12, decoderWidth: 512, decoderDepth: 8 };
    const product = trainingFlops(config) / 1e9;
    expect(Math.abs(gflopOf({ kind: "mae", ...shape }) / product - 1)).toBeLessThan(0.02);
  });
});
