import { randn, scope } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { UserError } from "../base/errors.ts";
import { createEncoder, ResNet, VisionTransformer } from "./index.ts";

describe("createEncoder", () => {
  it.each([
    ["auto", 64, 3],
    ["auto", 65, 7],
    [undefined, 64, 3],
    ["3x3", 224, 3],
    ["7x7", 32, 7],
  ] as const)("stem %s at %d px is %d pixels wide", (stem, size, kernel) => {
    const net = createEncoder({ encoder: "resnet18", patch: 16, stem, size });
    expect(net).toBeInstanceOf(ResNet);
    expect(net.stateDict()["conv1.weight"]!.shape).toEqual([64, 3, kernel, kernel]);
  });

  it("learns a ViT's positions, or fixes them where it is told", () => {
    scope(() => {
      const config = { encoder: "vit_tiny", patch: 8, size: 64 };
      const [learned, fixed] = [createEncoder(config), createEncoder(config, { positions: "sincos" })];
      for (const net of [learned, fixed]) {
        expect(net).toBeInstanceOf(VisionTransformer);
        expect(net.features(randn([1, 3, 64, 64])).shape).toEqual([1, net.dim]);
      }
      expect(learned.stateDict().pos_embed!.requiresGrad).toBe(true);
      expect(fixed.stateDict().pos_embed!.requiresGrad).toBe(false);
    });
  });

  it("refuses positions for a ResNet, and a drop_path out of range", () => {
    const config = { encoder: "resnet18", patch: 8, size: 64 };
    expect(() => createEncoder(config, { positions: "sincos" })).toThrow(
      "Expected a ViT for encoder, whose positions are sincos, got resnet18",
    );
    for (const encoder of ["resnet18", "vit_tiny"]) {
      for (const drop_path of [1, -0.1, Number.NaN]) {
        const make = () => createEncoder({ ...config, encoder, drop_path });
        expect(make).toThrow(UserError);
        expect(make).toThrow(`Expected a number from 0 to below 1 for drop_path, got ${drop_path}`);
      }
    }
  });
});
