import { randn, scope } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { UserError } from "../base/errors.ts";
import {
  buildEncoder,
  configOf,
  createEncoder,
  describeEncoder,
  type EncoderConfig,
  type EncoderDescription,
  encoderDim,
  encoderShapes,
  nameOf,
  ResNet,
  VisionTransformer,
} from "./index.ts";

describe("createEncoder", () => {
  it.each([
    ["auto", 64, 3],
    ["auto", 65, 7],
    [undefined, 64, 3],
    ["3x3", 224, 3],
    ["7x7", 32, 7],
  ] as const)("stem %s at %d px is %d pixels wide", (stem, size, kernel) => {
    const net = createEncoder({ encoder: "resnet18", patch: 16, stem, size });
    expect(net).toBeInstanceOf(ResNet);
    expect(net.stateDict()["conv1.weight"]!.shape).toEqual([64, 3, kernel, kernel]);
  });

  it("learns a ViT's positions, or fixes them where it is told", () => {
    scope(() => {
      const config = { encoder: "vit_tiny", patch: 8, size: 64 };
      const [learned, fixed] = [createEncoder(config), createEncoder(config, { positions: "sincos" })];
      for (const net of [learned, fixed]) {
        expect(net).toBeInstanceOf(VisionTransformer);
        expect(net.features(randn([1, 3, 64, 64])).shape).toEqual([1, net.dim]);
      }
      expect(learned.stateDict().pos_embed!.requiresGrad).toBe(true);
      expect(fixed.stateDict().pos_embed!.requiresGrad).toBe(false);
    });
  });

  it("refuses a ViT's options for another family, and a class token's pooling without one", () => {
    const config = { patch: 8, size: 64 };
    expect(() => createEncoder({ ...config, encoder: "resnet18", registers: 4 })).toThrow(
      "Expected a ViT for encoder, whose registers is 4, got resnet18",
    );
    expect(() => createEncoder({ ...config, encoder: "convnext_tiny", pooling: "class" })).toThrow(
      "Expected a ViT for encoder, whose pooling is class, got convnext_tiny",
    );
    expect(() => createEncoder({ ...config, encoder: "vit_tiny", class_token: false, pooling: "class_mean" })).toThrow(
      "Expected mean or mean_max for pooling of a ViT without a class token, got class_mean",
    );
    expect(() => createEncoder({ ...config, encoder: "vit_tiny", pooling: "max" as never })).toThrow(
      "Expected one of mean_max, class, mean, class_mean for pooling, got max",
    );
    expect(() => createEncoder({ ...config, encoder: "vit_tiny", registers: 1.5 })).toThrow(
      "Expected a whole number from 0 for registers, got 1.5",
    );
  });

  it("refuses positions for a ResNet, and a drop_path out of range", () => {
    const config = { encoder: "resnet18", patch: 8, size: 64 };
    expect(() => createEncoder(config, { positions: "sincos" })).toThrow(
      "Expected a ViT for encoder, whose positions are sincos, got resnet18",
    );
    for (const encoder of ["resnet18", "vit_tiny"]) {
      for (const drop_path of [1, -0.1, Number.NaN]) {
        const make = () => createEncoder({ ...config, encoder, drop_path });
        expect(make).toThrow(UserError);
        expect(make).toThrow(`Expected a number from 0 to below 1 for drop_path, got ${drop_path}`);
      }
    }
  });
});

it.each<EncoderDescription>([
  { family: "vit", size: 16, patch: 8, width: 16, depth: 1, heads: 2, registers: 2, pooling: "class_mean" },
  { family: "vit", size: 16, patch: 8, width: 16, depth: 1, heads: 2, pooledNorm: true },
  { family: "resnet", bottleneck: false, counts: [1, 1, 1, 1] },
  { family: "convnext", counts: [1, 1], widths: [8, 16] },
])("gives features and tokens of one pass as it gives each by itself: $family", (description) => {
  scope(() => {
    const net = buildEncoder(description).eval();
    const images = randn([2, 3, 64, 64]);
    for (const one of [net, net.folded("float32")]) {
      if (!one) continue;
      const { features, tokens, grid } = one.both(images);
      expect(features.equal(one.features(images))).toBe(true);
      expect([tokens.equal(one.tokens(images).tokens), grid]).toEqual([true, one.tokens(images).grid]);
    }
    net.dispose();
  });
});

describe("a description", () => {
  const vit: EncoderConfig = {
    encoder: "vit_tiny",
    size: 32,
    patch: 8,
    channels: 4,
    drop_path: 0.1,
    pooling: "class_mean",
    class_token: true,
    registers: 4,
    layer_scale: 1e-5,
    norm_eps: 1e-12,
    prefix_positions: "none",
    interpolation: "offset",
    pooled_norm: false,
    mlp_ratio: 2,
    qkv_bias: false,
  };
  const configs: EncoderConfig[] = [
    vit,
    { encoder: "vit_tiny", size: 32, patch: 16, channels: 1, class_token: false, pooled_norm: true, pooling: "mean" },
    { encoder: "wide_resnet50_2", size: 96, patch: 16, channels: 3, stem: "3x3" },
    { encoder: "convnext_small", size: 96, patch: 16, channels: 3, layer_scale: null, norm_eps: 1e-12, drop_path: 0 },
  ];

  it.each(configs)("of $encoder is plain data, and leads back to its config", (config) => {
    const description = describeEncoder(config);
    expect(JSON.parse(JSON.stringify(description))).toEqual(JSON.parse(JSON.stringify(description)));
    expect(configOf(JSON.parse(JSON.stringify(description)), config.size)).toEqual(config);
    expect(nameOf(description)).toBe(config.encoder);
  });

  it.each(configs.slice(0, 2))("builds what it says: $pooling", (config) => {
    scope(() => {
      const net = buildEncoder(describeEncoder(config));
      const shapes = Object.entries(net.stateDict()).map(([name, { shape }]) => [name, shape]);
      expect(shapes).toEqual(Object.entries(encoderShapes(describeEncoder(config))));
      expect(net.eval().features(randn([1, config.channels as number, 32, 48])).shape).toEqual([1, encoderDim(config)]);
      net.dispose();
    });
  });

  it("needs no name", () => {
    const small: EncoderDescription = { family: "convnext", counts: [1, 1], widths: [8, 16] };
    scope(() => {
      const net = buildEncoder(small);
      expect(net.features(randn([1, 3, 8, 8])).shape).toEqual([1, 16]);
      expect(() => net.features(randn([1, 3, 8, 7]))).toThrow(
        "Expected images of at least 8 px for a ConvNeXt, got 8 × 7",
      );
      expect(Object.keys(net.stateDict())).toEqual(Object.keys(encoderShapes(small)));
      net.dispose();
    });
    expect(nameOf(small)).toBeNull();
    expect(configOf(small)).toBeNull();
  });
});
