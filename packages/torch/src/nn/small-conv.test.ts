import { describe, expect, it } from "vitest";
import { autocast, conv2d, manualSeed, nn, randn, scope, type Tensor } from "../index.ts";
import { smallConvolution } from "./small-conv.ts";

// Height, width, kernel, stride, padding, input channels.
const cases: [number, number, [number, number], number, number, number][] = [
  [2, 2, [3, 3], 1, 1, 8],
  [1, 1, [3, 3], 1, 1, 8],
  [1, 2, [3, 3], 1, 1, 8],
  [2, 2, [3, 3], 2, 1, 8],
  [4, 4, [3, 3], 2, 1, 8],
  [7, 5, [3, 3], 2, 1, 8],
  [14, 14, [3, 3], 2, 1, 8],
  [7, 7, [3, 3], 1, 1, 512],
  [6, 6, [5, 3], 3, 2, 8],
  [7, 7, [1, 1], 1, 0, 8],
  [9, 8, [1, 1], 2, 0, 8],
  [2, 2, [1, 1], 1, 1, 8],
];

describe("convolutions over small maps", () => {
  it.each(cases)(
    "%d × %d, kernel %j, stride %d, padding %d, %d channels: as LibTorch's, with gradients",
    (...shape) => {
      const [height, width, kernel, stride, padding, channels] = shape;
      for (const bias of [true, false]) {
        scope(() => {
          manualSeed(0);
          const conv = new nn.Conv2d(channels, 6, kernel, { stride, padding, bias });
          conv.to({ memoryFormat: "channels_last" });
          const images = randn([3, channels, height, width]);
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
    },
  );

  it("are channels-last, as what follows expects", () => {
    scope(() => {
      for (const [size, stride] of [
        [2, 1],
        [4, 2],
      ] as const) {
        const conv = new nn.Conv2d(8, 8, 3, { stride, padding: 1 });
        const out = smallConvolution(conv, randn([2, 8, size, size]))!;
        expect(out.isContiguous("channels_last")).toBe(true);
      }
    });
  });

  it("are left to LibTorch where that is faster, or computes in another precision", () => {
    scope(() => {
      const conv = (channels: number, options: nn.Conv2dOptions = {}) =>
        new nn.Conv2d(channels, 8, 3, { padding: 1, ...options });
      const x = (size: number, channels = 8) => randn([2, channels, size, size]);
      expect(smallConvolution(conv(8), x(4))).toBeNull();
      expect(smallConvolution(conv(512), x(8, 512))).toBeNull();
      expect(smallConvolution(conv(8, { stride: 2 }), x(16))).toBeNull();
      expect(smallConvolution(conv(8, { groups: 2 }), x(2))).toBeNull();
      expect(smallConvolution(conv(8, { dilation: 2 }), x(2))).toBeNull();
      expect(smallConvolution(conv(8), x(2).to({ dtype: "float64" }))).toBeNull();
      expect(autocast({ dtype: "bfloat16" }, () => smallConvolution(conv(8), x(2)))).toBeNull();
      expect(autocast({ enabled: false }, () => smallConvolution(conv(8), x(2)))).not.toBeNull();
    });
  });
});
