import { manualSeed, noGrad, randn, scope, type Tensor } from "@unlabel/torch";
import { expect, it } from "vitest";
import { ConvNeXt, type ConvNeXtOptions } from "./convnext.ts";
import { recomputing } from "./recompute.ts";

const shape = { counts: [1, 2], widths: [8, 16] };
const small = (options: ConvNeXtOptions = {}) => {
  manualSeed(0);
  return new ConvNeXt(shape, options);
};

it("begins with small weights, no biases, and branches that are all but off", () => {
  scope(() => {
    const net = new ConvNeXt({ counts: [1], widths: [64] });
    const state = net.stateDict();
    for (const name of ["stem.0", "stages.0.blocks.0.conv_dw", "stages.0.blocks.0.mlp.fc1"]) {
      expect(state[`${name}.weight`]!.std().item(), name).toBeCloseTo(0.02, 2);
      expect(state[`${name}.bias`]!.abs().sum().item(), name).toBe(0);
    }
    for (const gamma of state["stages.0.blocks.0.gamma"]!.toNumbers()) expect(gamma).toBeCloseTo(1e-6, 10);
    net.dispose();
  });
});

it("keeps channels-last through all layers, and computes the same in it", () => {
  scope(() => {
    const net = small({ layerScale: 1 }).eval();
    const images = randn([2, 3, 32, 32]);
    noGrad(() => {
      const plain = net.features(images);
      net.to({ memoryFormat: "channels_last" });
      const laid = images.to({ memoryFormat: "channels_last" });
      const first = net.stages[0]!.call(net.stem.call(laid));
      expect(first.isContiguous("channels_last")).toBe(true);
      expect(net.stages[1]!.call(first).isContiguous("channels_last")).toBe(true);
      expect(net.features(laid).sub(plain).abs().amax().item()).toBeLessThan(1e-5);
    });
    net.dispose();
  });
});

it("gives every parameter a gradient, the same where activations are computed again", () => {
  scope(() => {
    const images = randn([3, 5, 16, 24]);
    const gradients = (again: boolean) => {
      const net = small({ channels: 5, layerScale: 1 });
      const loss = () => net.features(images).sin().sum();
      if (again)
        recomputing(
          net,
          loss,
          (found) => found.backward(),
          (body) => body(),
        );
      else loss().backward();
      return net.namedParameters().map(([name, { grad }]) => [name, (grad as Tensor).toNumbers()] as const);
    };
    const plain = gradients(false);
    for (const [name, grad] of plain) expect(Math.max(...grad.map(Math.abs)), name).toBeGreaterThan(0);
    for (const [i, [name, grad]] of gradients(true).entries()) {
      const most = Math.max(...plain[i]![1].map(Math.abs));
      for (const [j, value] of grad.entries())
        expect(Math.abs(value - plain[i]![1][j]!) / most, name).toBeLessThan(1e-4);
    }
  });
});

it("refuses images of other channels, and such as leave nothing for its last map", () => {
  const net = small();
  expect(() => net.features(randn([1, 4, 32, 32]))).toThrow("Expected images [B, 3, H, W], got [1, 4, 32, 32]");
  expect(() => net.features(randn([1, 3, 32, 7]))).toThrow(
    "Expected images of at least 8 px for a ConvNeXt, got 32 × 7",
  );
  expect(net.features(randn([1, 3, 8, 9])).shape).toEqual([1, 16]);
  net.dispose();
});
