import { fromTypedArray, scope } from "@unlabel/torch";
import { expect, it } from "vitest";
import { Rng } from "../base/rng.ts";
import { augment } from "./augment.ts";
import { viewsOnDevice } from "./on-device.ts";
import { drawParams } from "./params.ts";
import { Parcel } from "./parcel.ts";
import type { ViewSpec } from "./views.ts";

const SPEC: ViewSpec = {
  ...{ count: 2, size: 12, crop: { scale: [0.2, 1], ratio: [1, 1] }, filter: "bilinear", flip: 0.5 },
  ...{ color: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, p: 0.8 }, grayscale: 0.3, solarize: 0.3 },
  ...{ blur: { p: 0.5, sigma: [0.1, 2], kernel: 5 }, mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] },
};
const IMAGES = 5;

it("makes of each kind of view what augment makes of it by itself", () => {
  scope(() => {
    const specs: ViewSpec[] = [
      { ...SPEC, colorForm: "exact" },
      { ...SPEC, count: 1, size: 8, colorForm: "fused", blur: null },
      { ...SPEC, count: 1, color: null, grayscale: 0, solarize: 0, blur: null },
    ];
    const rng = new Rng(1, "pixels");
    const pixels = specs.map(({ count, size }) => {
      const shape = [count * IMAGES, size, size, 3];
      const values = Uint8Array.from({ length: shape.reduce((a, b) => a * b) }, () => rng.below(256));
      return fromTypedArray(values, shape);
    });
    const params = specs.map((spec) =>
      Array.from({ length: spec.count * IMAGES }, (_, i) => drawParams(spec, new Rng(2, "augment", i))),
    );
    const apart = specs.map((spec, s) => augment(pixels[s]!, spec, params[s]!));
    const views = viewsOnDevice(pixels, specs, params, "cpu");
    for (const [s, view] of views.entries()) {
      expect(view.shape).toEqual(apart[s]!.shape);
      expect(view.isContiguous("channels_last")).toBe(true);
      expect(view.sub(apart[s]!).abs().amax().item()).toBeLessThan(1e-6);
    }
    expect(pixels.every(({ disposed }) => disposed)).toBe(true);
  });
});

it("a parcel gives nothing before it is sent", () => {
  scope(() => {
    const parcel = new Parcel();
    const row = parcel.put(Float32Array.of(1, 2), [1, 2]);
    expect(row).toThrow("Expected a parcel that is sent");
    parcel.send("cpu");
    expect(row().toNumbers()).toEqual([1, 2]);
  });
});
