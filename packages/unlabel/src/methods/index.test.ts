import { randn, scope } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { UserError } from "../base/errors.ts";
import type { Config } from "../config/common.ts";
import { stepOn } from "../testing/progress.ts";
import { Byol } from "./byol/method.ts";
import { Mae } from "./mae/method.ts";
import type { Method } from "./method.ts";
import { presetConfig } from "./presets.ts";
import { createMethod } from "./registry.ts";
import { SimClr } from "./simclr/method.ts";

describe("createMethod", () => {
  it.each<[Config, new (...args: never[]) => Method]>([
    [{ ...presetConfig("simclr", "small"), encoder: "resnet18" }, SimClr],
    [presetConfig("mae", "small"), Mae],
    [presetConfig("byol", "small"), Byol],
    [{ ...presetConfig("simclr", "small"), encoder: "convnext_tiny" }, SimClr],
    [{ ...presetConfig("byol", "small"), encoder: "convnext_tiny" }, Byol],
    [{ ...presetConfig("simclr", "small"), encoder: "vit_tiny", pooling: "class", registers: 2 }, SimClr],
    [{ ...presetConfig("mae", "small"), encoder: "vit_tiny", registers: 2, layer_scale: 0.1 }, Mae],
  ])("makes the method of a config, whose state dict is its own", (config, type) => {
    scope(() => {
      const method: Method = createMethod(config);
      expect(method).toBeInstanceOf(type);
      expect(
        Object.keys(method.stateDict()).every((name) =>
          /^(encoder|head|decoder|projector|predictor|target_encoder|target_projector)\./.test(name),
        ),
      ).toBe(true);
      expect(createMethod(config).loadStateDict(method.stateDict())).toEqual({ missing: [], unexpected: [] });
      method.dispose();
    });
  });

  it("trains what the config says of its encoder: MAE beside registers, SimCLR on a class token", () => {
    scope(() => {
      const mae = createMethod({ ...presetConfig("mae", "small"), registers: 3, layer_scale: 0.1 });
      const { loss } = mae.loss([randn([2, 3, 64, 64])], stepOn(2));
      loss.backward();
      for (const [name, { grad }] of mae.encoder.namedParameters()) {
        expect(grad?.abs().sum().item(), name).toBeGreaterThan(0);
      }
      const simclr = createMethod({ ...presetConfig("simclr", "small"), encoder: "vit_tiny", pooling: "class" });
      expect(simclr.encoder.dim).toBe(192);
      expect(Number.isFinite(simclr.loss([randn([4, 3, 64, 64])], stepOn(2)).loss.item())).toBe(true);
      for (const method of [mae, simclr]) method.dispose();
    });
    expect(() => createMethod({ ...presetConfig("mae", "small"), class_token: false })).toThrow(
      "Expected a ViT with a class token for MAE, got one without",
    );
  });

  it("refuses a patch that does not divide the image", () => {
    expect(() => createMethod({ ...presetConfig("mae", "small"), size: 60 })).toThrow(UserError);
  });
});
