import { autocast, manualSeed, memory, noGrad, randn, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import type { Config } from "../../config/common.ts";
import { presetConfig } from "../presets.ts";
import { createMethod } from "../registry.ts";
import { SimClr } from "./method.ts";

/** Small enough for tests: 8 images of 32 px. */
const tiny: Config = { ...presetConfig("simclr", "report"), encoder: "resnet18", size: 32, batch: 8, stem: "7x7" };

const simclr = (config: Config): SimClr => {
  const method = createMethod(config);
  if (!(method instanceof SimClr)) throw new TypeError("Expected SimCLR");
  return method;
};

const shapes = (method: SimClr) =>
  Object.fromEntries(
    Object.entries(method.head.stateDict())
      .filter(([name]) => /weight|bias/.test(name))
      .map(([name, { shape }]) => [name, shape.join(",")]),
  );

describe("SimClr", () => {
  it("preset report: ResNet-50, head 2048 → 512 → ReLU → 128, loss between 2.18 and ln 63", () => {
    const method = simclr(presetConfig("simclr", "report"));
    expect(method.encoder.dim).toBe(2048);
    expect(shapes(method)).toEqual({ "0.weight": "512,2048", "0.bias": "512", "2.weight": "128,512", "2.bias": "128" });
    expect(method.chance).toBeCloseTo(4.143, 3);
    expect(method.floor).toBeCloseTo(2.182, 3);
    const [view] = method.views;
    expect(view).toMatchObject({ count: 2, size: 224, flip: 0.5, grayscale: 0.2, blur: null, mean: [0.5, 0.5, 0.5] });
    expect(view!.color).toEqual({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, p: 0.8 });
    expect(Object.keys(method.stateDict())[0]).toBe("encoder.conv1.weight");
    method.dispose();
  });

  it("preset paper: BatchNorm in the head, blur of 23 taps, stronger jitter", () => {
    const method = simclr({ ...presetConfig("simclr", "paper"), encoder: "resnet18" });
    expect(shapes(method)).toEqual({
      "0.weight": "2048,512",
      "1.weight": "2048",
      "1.bias": "2048",
      "3.weight": "128,2048",
      "4.weight": "128",
      "4.bias": "128",
    });
    expect(method.views[0]).toMatchObject({
      blur: { p: 0.5, sigma: [0.1, 2], kernel: 23 },
      color: { brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.2, p: 0.8 },
      crop: { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] },
    });
    method.dispose();
  });

  it("asks for no jitter where it would change nothing", () => {
    const none = { brightness: 0, contrast: 0, saturation: 0, hue: 0 };
    expect(simclr({ ...tiny, ...none }).views[0]!.color).toBeNull();
    expect(simclr({ ...tiny, jitter_p: 0 }).views[0]!.color).toBeNull();
  });

  it("starts near chance and sends both views through the encoder in one batch", () => {
    scope(() => {
      manualSeed(0);
      const method = simclr(tiny);
      const seen: number[] = [];
      const { encoder } = method;
      const forward = encoder.forward.bind(encoder);
      encoder.forward = (x) => {
        seen.push(x.shape[0]!);
        return forward(x);
      };
      const { loss } = method.loss([randn([16, 3, 32, 32])]);
      expect(seen).toEqual([16]);
      expect(Math.abs(loss.item() - method.chance)).toBeLessThan(0.5);
    });
  });

  it("gives every parameter a gradient", () => {
    scope(() => {
      manualSeed(0);
      const method = simclr(tiny);
      method.loss([randn([16, 3, 32, 32])]).loss.backward();
      for (const [name, { grad }] of method.namedParameters()) {
        expect.soft((grad as Tensor).linalgVectorNorm().item(), name).toBeGreaterThan(0);
      }
    });
  });

  it("learns: the loss falls in 20 steps, and no step leaves a tensor behind", () => {
    manualSeed(0);
    const method = simclr(tiny);
    const images = randn([8, 3, 32, 32]);
    const before = memory().liveTensors;
    const losses = Array.from({ length: 20 }, () =>
      scope(() => {
        const views = images.repeat([2, 1, 1, 1]).add(randn([16, 3, 32, 32]), { alpha: 0.3 });
        const { loss } = method.loss([views]);
        loss.backward();
        noGrad(() => {
          for (const parameter of method.parameters()) parameter.sub_(parameter.grad!, { alpha: 0.05 });
        });
        method.zeroGrad();
        return loss.item();
      }),
    );
    expect(memory().liveTensors).toBe(before);
    expect(losses.at(-1)).toBeLessThan(losses[0]! - 0.5);
    expect(losses.at(-1)).toBeGreaterThan(method.floor);
  });

  it("gives a float32 loss under autocast, close to the exact one", () => {
    scope(() => {
      manualSeed(0);
      const method = simclr(tiny);
      const views = randn([16, 3, 32, 32]);
      const half = autocast({ dtype: "bfloat16" }, () => method.loss([views]).loss);
      expect(half.dtype).toBe("float32");
      expect(half.item()).toBeCloseTo(method.loss([views]).loss.item(), 1);
    });
  });
});
