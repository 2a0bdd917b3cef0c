import { randn, scope } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { presets } from "../config/presets.ts";
import { createEncoder, ResNet, VisionTransformer } from "./index.ts";

describe("createEncoder", () => {
  it.each([
    ["auto", 64, 3],
    ["auto", 65, 7],
    ["3x3", 224, 3],
    ["7x7", 32, 7],
  ] as const)("stem %s at %d px is %d pixels wide", (stem, size, kernel) => {
    const net = createEncoder({ ...presets.simclr.report, encoder: "resnet18", stem, size });
    expect(net).toBeInstanceOf(ResNet);
    expect(net.stateDict()["conv1.weight"]!.shape).toEqual([64, 3, kernel, kernel]);
  });

  it("learns a ViT's positions under SimCLR and fixes them under MAE", () => {
    scope(() => {
      const simclr = createEncoder({ ...presets.simclr.small, encoder: "vit_tiny", patch: 8, size: 64 });
      const mae = createEncoder(presets.mae.small);
      for (const net of [simclr, mae]) {
        expect(net).toBeInstanceOf(VisionTransformer);
        expect(net.features(randn([1, 3, 64, 64])).shape).toEqual([1, net.dim]);
      }
      expect(simclr.stateDict().pos_embed!.requiresGrad).toBe(true);
      expect(mae.stateDict().pos_embed!.requiresGrad).toBe(false);
    });
  });
});
