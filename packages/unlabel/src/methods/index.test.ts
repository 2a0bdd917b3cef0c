import { scope } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { UserError } from "../base/errors.ts";
import type { Config } from "../config/common.ts";
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

  it("refuses a patch that does not divide the image", () => {
    expect(() => createMethod({ ...presetConfig("mae", "small"), size: 60 })).toThrow(UserError);
  });
});
