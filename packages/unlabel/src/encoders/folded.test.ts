import { getRngState, manualSeed, noGrad, rand, randn, scope, type Tensor, zeros } from "@unlabel/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { createEncoder, type Encoder } from "./index.ts";

const encoders = ["resnet18", "resnet34", "resnet50", "wide_resnet50_2"] as const;

beforeAll(() => void manualSeed(5));

/** An encoder whose statistics and norms are as no fresh one's: random, as training might leave them. */
function worn(encoder: (typeof encoders)[number], stem: "7x7" | "3x3", channels = 3): Encoder {
  const net = createEncoder({ encoder, stem, size: 64, patch: 16, channels, drop_path: 0 });
  noGrad(() =>
    scope(() => {
      for (const [name, tensor] of net.namedTensors()) {
        const { shape } = tensor;
        if (name.endsWith("running_mean")) tensor.copy_(randn(shape).mul(0.3));
        else if (name.endsWith("running_var")) tensor.copy_(rand(shape).mul(2).add(0.2));
        else if (shape.length === 1)
          tensor.copy_(name.endsWith("weight") ? rand(shape).add(0.3) : randn(shape).mul(0.2));
      }
    }),
  );
  return net.eval();
}

/** |a − b| / |b|. */
const distance = (a: Tensor, b: Tensor) => Math.sqrt(a.sub(b).square().sum().item() / b.square().sum().item());

describe.each(encoders)("%s with its norms folded into its convolutions", (encoder) => {
  // The wide one's maps behind the 3×3 stem would take longer than they tell.
  const stems = encoder === "wide_resnet50_2" ? (["7x7"] as const) : (["7x7", "3x3"] as const);
  it.each(stems)("has the same features and tokens, stem %s", (stem) => {
    scope(() => {
      const net = worn(encoder, stem).to({ memoryFormat: "channels_last" });
      const folded = net.folded("float32")!;
      // Maps of the last stage below and above those that are convolved as products.
      for (const size of [32, 64]) {
        const images = randn([2, 3, size, size]).to({ memoryFormat: "channels_last" });
        noGrad(() => {
          expect(distance(folded.features(images), net.features(images))).toBeLessThan(1e-5);
          const [found, wanted] = [folded.tokens(images), net.tokens(images)];
          expect(distance(found.tokens, wanted.tokens)).toBeLessThan(1e-5);
          expect(found.grid).toEqual(wanted.grid);
        });
      }
      folded.dispose();
      net.dispose();
    });
  });
});

describe("a folded ResNet", () => {
  it("is a copy: neither the encoder nor the generator is touched, and each outlives the other", () => {
    scope(() => {
      const net = worn("resnet18", "7x7", 4);
      const images = randn([2, 4, 64, 64]);
      const before = [...net.namedTensors()].map(([, tensor]) => tensor.clone());
      const state = getRngState();
      const folded = net.folded("float32")!;
      expect(getRngState().equal(state)).toBe(true);
      expect([...net.namedTensors()].every(([, tensor], i) => tensor.equal(before[i]!))).toBe(true);
      expect(folded.parameters()).toEqual([]);
      expect([folded.dim, folded.training]).toEqual([512, false]);
      const wanted = noGrad(() => net.features(images));
      net.dispose();
      expect(distance(folded.features(images), wanted)).toBeLessThan(1e-5);
      folded.dispose();
    });
  });

  it("computes in bfloat16 to the rounding of its numbers", () => {
    scope(() => {
      const net = worn("resnet18", "3x3");
      const folded = net.folded("bfloat16")!;
      const images = randn([2, 3, 32, 32]);
      const found = folded.features(images);
      expect(found.dtype).toBe("bfloat16");
      expect(
        distance(
          found.to({ dtype: "float32" }),
          noGrad(() => net.features(images)),
        ),
      ).toBeLessThan(0.02);
    });
  });

  it("can leave out no place, as the encoder it is of", () => {
    using folded = { net: worn("resnet18", "3x3").folded("float32")!, [Symbol.dispose]: () => folded.net.dispose() };
    expect(() => folded.net.tokens(zeros([1, 3, 32, 32]), { mask: zeros([1, 4]) })).toThrow(
      "Expected no mask for a ResNet",
    );
  });

  it("is no ViT's affair, which has no such norms", () => {
    const net = createEncoder({ encoder: "vit_tiny", size: 32, patch: 16, channels: 3, drop_path: 0 });
    expect(net.folded("float32")).toBeNull();
    net.dispose();
  });
});
