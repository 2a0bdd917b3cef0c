import { manualSeed, randn, scope, type Tensor, tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { UserError } from "../base/errors.ts";
import { formulaImages, formulaState, references, relativeError } from "../testing/reference.ts";
import { ARCHITECTURES } from "./facts.ts";
import { patchify } from "./patches.ts";
import { VisionTransformer } from "./vit.ts";

const parameters = (net: VisionTransformer) => net.parameters().reduce((sum, { numel }) => sum + numel, 0);

describe("VisionTransformer", () => {
  it.each([
    ["vit_tiny", 5_524_416],
    ["vit_small", 21_665_664],
    ["vit_base", 85_798_656],
  ] as const)("%s/16 at 224 px has timm's names, shapes and %d parameters", (name, count) => {
    const net = new VisionTransformer({ ...ARCHITECTURES[name], size: 224, patch: 16 });
    const shapes = Object.entries(net.stateDict()).map(([key, { shape }]) => [key, shape.join(",")]);
    expect(shapes).toEqual(Object.entries(references.names[name]!));
    expect(parameters(net)).toBe(count);
    net.dispose();
  });

  const { size, patch, keep, features, some } = references.vit;

  it("computes timm's tokens: all patches, and some of them", () => {
    scope(() => {
      const net = new VisionTransformer({ ...ARCHITECTURES.vit_tiny, size, patch });
      net.loadStateDict(formulaState(net.stateDict()));
      const images = formulaImages(2, size);
      const mean = (of: Tensor) => net.features(of).narrow(1, 0, 192);
      expect(relativeError(mean(images), features)).toBeLessThan(1e-5);
      expect(relativeError(mean(images.to({ memoryFormat: "channels_last" })), features)).toBeLessThan(1e-5);
      const visible = net.encode(patchify(images, patch), tensor(keep, { dtype: "int64" }));
      expect(visible.shape).toEqual([2, 5, 192]);
      expect(relativeError(visible, some)).toBeLessThan(1e-5);
      net.to({ memoryFormat: "channels_last" });
      expect(relativeError(mean(images), features)).toBeLessThan(1e-5);
    });
  });

  it("gives mean and maximum of the patch tokens, the class token left out", () => {
    scope(() => {
      const net = new VisionTransformer({ width: 4, depth: 1, heads: 1, size: 16, patch: 8 });
      const images = randn([1, 3, 16, 16]);
      const rows = net.encode(patchify(images, 8)).reshape([5, 4]).toNumbers();
      const column = (c: number) => [1, 2, 3, 4].map((token) => rows[4 * token + c]!);
      const mean = [0, 1, 2, 3].map((c) => column(c).reduce((a, b) => a + b) / 4);
      const most = [0, 1, 2, 3].map((c) => Math.max(...column(c)));
      expect(relativeError(net.features(images), [...mean, ...most])).toBeLessThan(1e-5);
    });
  });

  it("keeps fixed positions out of the parameters but in the state dict", () => {
    const options = { ...ARCHITECTURES.vit_tiny, size: 32, patch: 8 };
    const [fixed, learned] = [
      new VisionTransformer({ ...options, positions: "sincos" }),
      new VisionTransformer(options),
    ];
    expect(parameters(learned) - parameters(fixed)).toBe(17 * 192);
    expect(Object.keys(fixed.stateDict())).toEqual(Object.keys(learned.stateDict()));
  });

  it.each([
    [100, 16, "Expected an image size that patch 16 divides, got 100; nearest: 96 or 112"],
    [8, 16, "Expected an image size that patch 16 divides, got 8; nearest: 16"],
  ])("refuses images of %d px in patches of %d", (size, patch, message) => {
    const make = () => new VisionTransformer({ ...ARCHITECTURES.vit_tiny, size, patch });
    expect(make).toThrow(UserError);
    expect(make).toThrow(message);
  });

  it.each([3, 5, 15, 30])("takes any patch that divides the image: %d of 30", (patch) => {
    scope(() => {
      const net = new VisionTransformer({ width: 16, depth: 1, heads: 2, size: 30, patch });
      expect(net.features(randn([2, 3, 30, 30])).shape).toEqual([2, 32]);
    });
  });

  it("refuses patches of another size than its own, and images of other channels", () => {
    const net = new VisionTransformer({ width: 16, depth: 1, heads: 2, size: 32, patch: 8 });
    expect(() => net.encode(randn([1, 64, 192]))).toThrow("Expected 16 patches an image, got 64");
    expect(() => net.features(randn([1, 4, 32, 32]))).toThrow("Expected images [B, 3, H, W], got [1, 4, 32, 32]");
  });

  it("gives every parameter a gradient, and treats images of a batch apart", () => {
    scope(() => {
      manualSeed(1);
      const net = new VisionTransformer({ width: 16, depth: 2, heads: 2, size: 16, patch: 4 });
      const images = randn([3, 3, 16, 16]);
      const together = net.features(images);
      const apart = net.features(images.narrow(0, 1, 1));
      expect(relativeError(together.narrow(0, 1, 1), apart.toNumbers())).toBeLessThan(1e-5);
      together.square().sum().backward();
      const norms = net.parameters().map(({ grad }) => (grad as Tensor).linalgVectorNorm().item());
      expect(Math.min(...norms)).toBeGreaterThan(0);
    });
  });
});
