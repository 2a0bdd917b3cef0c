import { scope } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { UserError } from "../base/errors.ts";
import { presets } from "../config/presets.ts";
import type { Config } from "../config/schema.ts";
import { createMethod, Mae, type Method, SimClr } from "./index.ts";

describe("createMethod", () => {
  it.each<[Config, new (...args: never[]) => Method]>([
    [{ ...presets.simclr.small, encoder: "resnet18" }, SimClr],
    [presets.mae.small, Mae],
  ])("makes the method of a config, whose state dict is its own", (config, type) => {
    scope(() => {
      const method: Method = createMethod(config);
      expect(method).toBeInstanceOf(type);
      expect(Object.keys(method.stateDict()).every((name) => /^(encoder|head|decoder)\./.test(name))).toBe(true);
      expect(createMethod(config).loadStateDict(method.stateDict())).toEqual({ missing: [], unexpected: [] });
      method.dispose();
    });
  });

  it("refuses a patch that does not divide the image", () => {
    expect(() => createMethod({ ...presets.mae.small, size: 60 })).toThrow(UserError);
  });
});
