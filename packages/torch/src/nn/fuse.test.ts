import { beforeAll, describe, expect, it } from "vitest";
import { getRngState, manualSeed, nn, noGrad, rand, randn, scope, type Tensor } from "../index.ts";

beforeAll(() => void manualSeed(4));

/** A norm as training leaves it, in evaluation mode. */
function used(channels: number, options: nn.BatchNormOptions = {}): nn.BatchNorm2d {
  const norm = new nn.BatchNorm2d(channels, options).eval();
  noGrad(() =>
    scope(() => {
      norm.weight?.copy_(randn([channels]));
      norm.bias?.copy_(randn([channels]));
      norm.running_mean?.copy_(randn([channels]).mul(3));
      norm.running_var?.copy_(rand([channels]).mul(5).add(1e-3));
    }),
  );
  return norm;
}

/** |a − b| / |b|. */
const distance = (a: Tensor, b: Tensor) =>
  scope(() => Math.sqrt(a.sub(b).square().sum().item() / b.square().sum().item()));

describe("a convolution and a norm as one convolution", () => {
  it.each([
    ["plain", { bias: false, padding: 1 }, {}],
    ["with a bias, in groups, with strides", { bias: true, stride: 2, groups: 2 }, {}],
    ["before a norm without scale and shift", { bias: true }, { affine: false }],
    ["with a large ε", { bias: false }, { eps: 0.5 }],
  ] as const)("computes the same: %s", (_, convolution, options) => {
    scope(() => {
      const conv = new nn.Conv2d(4, 6, 3, convolution);
      const norm = used(6, options);
      const fused = nn.fuseConvBnEval(conv, norm);
      const x = randn([3, 4, 9, 8]);
      expect(distance(fused.call(x), norm.call(conv.call(x)))).toBeLessThan(1e-6);
      expect(fused.parameters()).toEqual([]);
      expect([fused.stride, fused.padding, fused.groups]).toEqual([conv.stride, conv.padding, conv.groups]);
    });
  });

  it("leaves layers and the generator as they were, and keeps the layout", () => {
    scope(() => {
      const conv = new nn.Conv2d(4, 6, 3).to({ memoryFormat: "channels_last" });
      const norm = used(6);
      const before = [...conv.namedTensors(), ...norm.namedTensors()].map(([, tensor]) => tensor.clone());
      const state = getRngState();
      const fused = nn.fuseConvBnEval(conv, norm);
      expect(getRngState().equal(state)).toBe(true);
      const after = [...conv.namedTensors(), ...norm.namedTensors()];
      expect(after.map(([, tensor], i) => tensor.equal(before[i]!))).toEqual(after.map(() => true));
      expect(fused.weight.isContiguous("channels_last")).toBe(true);
    });
  });

  it("refuses norms that it cannot fold", () => {
    const conv = new nn.Conv2d(4, 6, 3);
    expect(() => nn.fuseConvBnEval(conv, new nn.BatchNorm2d(6, { trackRunningStats: false }))).toThrow(
      "Expected a norm with running statistics, got one without",
    );
    expect(() => nn.fuseConvBnEval(conv, new nn.BatchNorm2d(4))).toThrow("Expected a norm of 6 channels, got 4");
  });
});
