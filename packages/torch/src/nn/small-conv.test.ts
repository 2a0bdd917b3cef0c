import { describe, expect, it } from "vitest";
import {
  autocast,
  conv2d,
  grad,
  manualSeed,
  nn,
  positionConv2d,
  randn,
  scope,
  setThreads,
  type Tensor,
  zeros,
} from "../index.ts";
import { smallConvolution } from "./small-conv.ts";

// Height, width, kernel, stride, padding, images.
const cases: [number, number, [number, number], number, number, number][] = [
  [2, 2, [3, 3], 1, 1, 3],
  [1, 1, [3, 3], 1, 1, 3],
  [1, 2, [3, 3], 1, 1, 3],
  [2, 2, [3, 3], 2, 1, 3],
  [4, 4, [3, 3], 2, 1, 3],
  [4, 4, [3, 3], 1, 1, 32],
  [8, 7, [3, 3], 2, 1, 32],
  [6, 6, [5, 3], 3, 2, 32],
  [3, 5, [2, 3], 1, 0, 32],
  [2, 2, [1, 1], 1, 1, 32],
  [1, 1, [1, 1], 2, 2, 32],
  [7, 7, [1, 1], 1, 0, 3],
  [9, 8, [1, 1], 2, 0, 3],
];

describe("convolutions over small maps", () => {
  it.each(cases)("%d × %d, kernel %j, stride %d, padding %d, %d images: as LibTorch's, with gradients", (...shape) => {
    const [height, width, kernel, stride, padding, count] = shape;
    for (const [bias, threads] of [
      [true, 1],
      [false, 2],
    ] as const) {
      scope(() => {
        setThreads(threads);
        manualSeed(0);
        const conv = new nn.Conv2d(128, 40, kernel, { stride, padding, bias });
        conv.to({ memoryFormat: "channels_last" });
        const images = randn([count, 128, height, width]);
        const outcome = (forward: (x: Tensor) => Tensor) => {
          const x = images.to({ memoryFormat: "channels_last" }).detach().requiresGrad_();
          conv.zeroGrad();
          const out = forward(x);
          out.square().sum().backward();
          return [out, x.grad!, ...conv.parameters().map(({ grad }) => grad!.clone())];
        };
        const expected = outcome((x) => conv2d(x, conv.weight, conv.bias, [stride, stride], [padding, padding]));
        const found = outcome((x) => {
          const small = smallConvolution(conv, x);
          expect(small).not.toBeNull();
          return small!;
        });
        for (const [i, tensor] of expected.entries()) {
          expect(found[i]!.shape).toEqual(tensor.shape);
          const scale = Math.max(1, tensor.abs().amax().item());
          expect(found[i]!.sub(tensor).abs().amax().item() / scale).toBeLessThan(1e-5);
        }
      });
    }
  });

  const isSmall = ([height, width, kernel, stride, padding]: (typeof cases)[number]) => {
    const length = (size: number, axis: 0 | 1) => Math.floor((size + 2 * padding - kernel[axis]) / stride) + 1;
    return length(height, 0) * length(width, 1) <= 4 || (kernel[0] === 1 && padding === 0);
  };
  it.each(cases.filter(isSmall))(
    "%d × %d, kernel %j, stride %d, padding %d, %d images: in autocast as exact as LibTorch's, with gradients",
    (height, width, kernel, stride, padding, count) => {
      scope(() => {
        manualSeed(0);
        const conv = new nn.Conv2d(128, 40, kernel, { stride, padding });
        conv.to({ memoryFormat: "channels_last" });
        const images = randn([count, 128, height, width]).to({ memoryFormat: "channels_last" });
        const theirs = () => (x: Tensor) => conv2d(x, conv.weight, conv.bias, [stride, stride], [padding, padding]);
        const slope = randn(theirs()(images).shape);
        const outcome = (forward: (x: Tensor) => Tensor, enabled: boolean) => {
          const x = images.detach().requiresGrad_();
          conv.zeroGrad();
          const out = autocast({ enabled }, () => forward(x));
          expect(out.dtype).toBe(enabled ? "bfloat16" : "float32");
          out
            .mul(slope.to({ dtype: out.dtype }))
            .sum()
            .backward();
          return [out, x.grad!, ...conv.parameters().map(({ grad }) => grad!.clone())];
        };
        const ours = (x: Tensor) => smallConvolution(conv, x)!;
        const [exact, expected, found] = [outcome(theirs(), false), outcome(theirs(), true), outcome(ours, true)];
        const length = (x: Tensor) => x.square().sum().sqrt().item();
        for (const [i, tensor] of exact.entries()) {
          expect(found[i]!.shape).toEqual(tensor.shape);
          const off = (x: Tensor) => length(x.to({ dtype: "float32" }).sub(tensor)) / length(tensor);
          expect(off(found[i]!)).toBeLessThan(1.5 * off(expected[i]!) + 1e-6);
        }
      });
    },
  );

  it("are laid out as their maps and weights are", () => {
    scope(() => {
      const maps = randn([2, 128, 2, 2]);
      for (const kernel of [1, 3]) {
        const conv = new nn.Conv2d(128, 8, kernel, { padding: (kernel - 1) / 2 });
        expect(conv.call(maps).view([2, 32]).shape).toEqual([2, 32]);
        expect(conv.call(maps.to({ memoryFormat: "channels_last" })).isContiguous("channels_last")).toBe(true);
        conv.to({ memoryFormat: "channels_last" });
        if (kernel > 1) expect(conv.call(maps).isContiguous("channels_last")).toBe(true);
      }
    });
  });

  it("are channels-last where maps are, as what follows expects", () => {
    scope(() => {
      for (const [kernel, stride, padding] of [
        [3, 1, 1],
        [3, 2, 1],
        [1, 2, 0],
      ] as const) {
        const conv = new nn.Conv2d(128, 8, kernel, { stride, padding });
        const out = smallConvolution(conv, randn([2, 128, 2, 2]).to({ memoryFormat: "channels_last" }))!;
        expect(out.isContiguous("channels_last")).toBe(true);
      }
    });
  });

  it("may be changed in place, and derived twice, like LibTorch's", () => {
    scope(() => {
      const conv = new nn.Conv2d(128, 8, 3, { padding: 1, bias: false });
      const start = randn([2, 128, 2, 2]);
      const twice = (forward: (x: Tensor) => Tensor) => {
        const x = start.detach().requiresGrad_();
        const [slope] = grad([forward(x).relu_().square().sum()], [x], { createGraph: true });
        return [slope!, ...grad([slope!.square().sum()], [x, conv.weight])];
      };
      const expected = twice((x) => conv2d(x, conv.weight, null, [1, 1], [1, 1]));
      for (const [i, found] of twice((x) => smallConvolution(conv, x)!).entries()) {
        expect(found!.sub(expected[i]!).abs().amax().item()).toBeLessThan(1e-5 * expected[i]!.abs().amax().item());
      }
    });
  });

  it("refuses what it can't compute, in words", () => {
    scope(() => {
      const [x, weight] = [zeros([1, 2, 2, 2]), zeros([4, 2, 3, 3])];
      expect(() => positionConv2d(x, weight)).toThrow(/kernel of at most the padded map/);
      expect(() => positionConv2d(x, zeros([4, 3, 1, 1]))).toThrow(
        /weights \[out, 2, height, width\], got \[4, 3, 1, 1\]/,
      );
      expect(() => positionConv2d(x, weight.to({ dtype: "float64" }), 1, 1)).toThrow(
        /float32, float64 or bfloat16 on the CPU, got Float on cpu/,
      );
      expect(() => positionConv2d(x, weight, 0, 1)).toThrow(/a stride above 0/);
      expect(() => positionConv2d(x, weight, 1, 2 ** 40)).toThrow(/a padding of 0 to 1024/);
      for (const short of [[], [1]]) expect(() => positionConv2d(x, weight, short, [1, 1])).toThrow(/two numbers/);
      expect(() => positionConv2d(zeros([0, 2, 2, 2]), weight, 1, 1)).toThrow(/not empty/);
    });
  });

  it("are left to LibTorch where that is faster, or computes in another precision", () => {
    scope(() => {
      const conv = (options: nn.Conv2dOptions = {}, kernel = 3, channels = 128) =>
        new nn.Conv2d(channels, 8, kernel, { padding: 1, ...options });
      const x = (size: number, images = 2, channels = 128) => randn([images, channels, size, size]);
      expect(smallConvolution(conv(), x(4))).toBeNull();
      expect(smallConvolution(conv(), x(4, 32))).not.toBeNull();
      expect(smallConvolution(conv({}, 3, 64), x(2, 2, 64))).toBeNull();
      expect(smallConvolution(conv(), x(5, 32))).toBeNull();
      expect(smallConvolution(conv({ stride: 2 }), x(4))).not.toBeNull();
      expect(smallConvolution(conv({ padding: 0 }, 1), x(8))).toBeNull();
      expect(smallConvolution(conv({ groups: 2 }), x(2))).toBeNull();
      expect(smallConvolution(conv({ dilation: 2 }), x(2))).toBeNull();
      expect(smallConvolution(conv(), x(2).to({ dtype: "float64" }))).toBeNull();
      const half = (size: number, images = 2) => autocast({}, () => smallConvolution(conv(), x(size, images)));
      expect(half(2)?.dtype).toBe("bfloat16");
      expect(half(4, 32)).toBeNull();
      expect(smallConvolution(conv(), x(2).to({ dtype: "bfloat16" }))).toBeNull();
      expect(autocast({ enabled: false }, () => smallConvolution(conv(), x(2)))).not.toBeNull();
    });
  });
});
