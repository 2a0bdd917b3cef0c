import { randn, scope } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { createEncoder, ResNet, VisionTransformer } from "./index.ts";

describe("createEncoder", () => {
  it.each([
    ["auto", 64, 3],
    ["auto", 65, 7],
    ["3x3", 224, 3],
    ["7x7", 32, 7],
  ] as const)("stem %s at %d px is %d pixels wide", (stem, size, kernel) => {
    const net = createEncoder({ encoder: "resnet18", stem, size, patch: 16 });
    expect(net).toBeInstanceOf(ResNet);
    expect(net.stateDict()["conv1.weight"]!.shape).toEqual([64, 3, kernel, kernel]);
  });

  it("learns a ViT's positions, or fixes them as MAE does", () => {
    scope(() => {
      const config = { encoder: "vit_tiny", patch: 8, size: 64 };
      const learned = createEncoder(config);
      const fixed = createEncoder(config, { positions: "sincos" });
      for (const net of [learned, fixed]) {
        expect(net).toBeInstanceOf(VisionTransformer);
        expect(net.features(randn([1, 3, 64, 64])).shape).toEqual([1, net.dim]);
      }
      expect(learned.stateDict().pos_embed!.requiresGrad).toBe(true);
      expect(fixed.stateDict().pos_embed!.requiresGrad).toBe(false);
    });
  });
});
