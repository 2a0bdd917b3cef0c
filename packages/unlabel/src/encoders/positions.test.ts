import { readFileSync } from "node:fs";
import { autocast, manualSeed, noGrad, randn, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { UserError } from "../base/errors.ts";
import { formulaImages, formulaNumbers, formulaState, relativeError } from "../testing/reference.ts";
import { ARCHITECTURES } from "./facts.ts";
import { resamplePositions, sinCosPositions } from "./positions.ts";
import { VisionTransformer } from "./vit.ts";

interface Fixture {
  resampled: { from: [number, number]; to: [number, number]; dim: number; values: number[]; grad: number[] }[];
  vit: { size: number; class: number[]; mean: number[] }[];
}
/** timm's; see fixtures/positions.py. */
const fixture: Fixture = JSON.parse(
  readFileSync(new URL("../../../../fixtures/positions.json", import.meta.url), "utf8"),
);

describe("sinCosPositions", () => {
  it("follows its formula, x before y, behind a row of zeros", () => {
    const table = sinCosPositions(8, 2);
    expect(table.shape).toEqual([5, 8]);
    const wave = (t: number) => [Math.sin(t), Math.sin(t / 100), Math.cos(t), Math.cos(t / 100)];
    const expected = [
      Array(8).fill(0),
      ...[
        [0, 0],
        [1, 0],
        [0, 1],
        [1, 1],
      ].map(([x, y]) => [...wave(x!), ...wave(y!)]),
    ];
    for (const [i, value] of table.toNumbers().entries()) expect(value).toBeCloseTo(expected.flat()[i]!, 6);
  });

  it("tells all places of a 14 × 14 grid apart", () => {
    const table = sinCosPositions(64, 14);
    const places = table.narrow(0, 1, 196);
    const gram = places.matmul(places.t());
    expect(gram.fillDiagonal_(0).amax().item()).toBeLessThan(32 - 1e-3);
  });

  it("needs a multiple of 4", () => {
    expect(() => sinCosPositions(6, 2)).toThrow("Expected a multiple of 4 for dim, got 6");
  });
});

describe("resamplePositions", () => {
  it.each(fixture.resampled)("computes timm's values and gradients: $from to $to", (reference) => {
    scope(() => {
      const [height, width] = reference.from;
      const table = formulaNumbers("positions", [1 + height * width, reference.dim]).requiresGrad_();
      const found = resamplePositions(table, reference.from, reference.to);
      expect(relativeError(found, reference.values)).toBeLessThan(1e-6);
      found.mul(formulaNumbers("cotangent", found.shape)).sum().backward();
      expect(relativeError(table.grad as Tensor, reference.grad)).toBeLessThan(1e-6);
    });
  });

  it("is the same to the bit under autocast", () => {
    scope(() => {
      const table = formulaNumbers("positions", [17, 8]);
      const resample = () => resamplePositions(table, [4, 4], [6, 5]);
      expect(autocast({}, resample).equal(resample())).toBe(true);
    });
  });
});

describe("a ViT's images of other sizes", () => {
  const tiny = { width: 16, depth: 1, heads: 2, size: 32, patch: 8 };

  it.each(fixture.vit)("give timm's tokens: $size px after 32", (reference) => {
    scope(() => {
      const net = new VisionTransformer({ ...ARCHITECTURES.vit_tiny, size: 32, patch: 8 });
      net.loadStateDict(formulaState(net.stateDict()));
      const { tokens, classToken } = noGrad(() => net.tokens(formulaImages(1, reference.size)));
      expect(relativeError(classToken!, reference.class)).toBeLessThan(1e-5);
      expect(relativeError(tokens.mean(1), reference.mean)).toBeLessThan(1e-5);
      net.dispose();
    });
  });

  it("train learnt positions, two sizes in one step", () => {
    scope(() => {
      manualSeed(0);
      const net = new VisionTransformer(tiny);
      const loss = (size: number) =>
        net
          .features(randn([2, 3, size, size]))
          .square()
          .sum();
      loss(32).add(loss(16)).backward();
      const together = (net.pos_embed.grad as Tensor).clone();
      net.zeroGrad();
      loss(48).backward();
      for (const grad of [together, net.pos_embed.grad as Tensor]) {
        expect(grad.linalgVectorNorm(2, [2]).amin().item()).toBeGreaterThan(0);
      }
    });
  });

  it("train them as a small step in each direction says", () => {
    scope(() => {
      manualSeed(0);
      const net = new VisionTransformer({ ...tiny, width: 8 }).to({ dtype: "float64" });
      const images = randn([1, 3, 48, 16]).to({ dtype: "float64" });
      const value = () => net.tokens(images).tokens.sin().sum();
      value().backward();
      const grad = (net.pos_embed.grad as Tensor).toNumbers();
      const step = 1e-3;
      noGrad(() => {
        for (const at of [0, 3, 9, 60, 100, 135]) {
          const entry = net.pos_embed.reshape([-1]).narrow(0, at, 1);
          const moved = (by: number) => {
            entry.add_(by);
            const found = value().item();
            entry.sub_(by);
            return found;
          };
          const slope = (moved(step) - moved(-step)) / (2 * step);
          expect.soft(slope, String(at)).toBeCloseTo(grad[at]!, 2);
        }
      });
    });
  });

  it("have fixed positions resampled too, and no others at the size that they are made for", () => {
    scope(() => {
      manualSeed(0);
      const net = new VisionTransformer({ ...tiny, positions: "sincos" });
      const images = randn([1, 3, 64, 24]);
      const { tokens, grid } = net.tokens(images);
      expect(grid).toEqual([8, 3]);
      manualSeed(0);
      const like = new VisionTransformer({ ...tiny, positions: "sincos" });
      const learned = new VisionTransformer(tiny);
      learned.loadStateDict(like.stateDict());
      expect(learned.tokens(images).tokens.equal(tokens)).toBe(true);
    });
  });

  it.each([
    [36, 32, "got 36; nearest: 32 or 40"],
    [32, 4, "got 4; nearest: 8"],
  ])("are refused where the patch does not divide them: %d × %d", (height, width, message) => {
    const net = new VisionTransformer(tiny);
    for (const ask of [
      () => net.features(randn([1, 3, height, width])),
      () => net.tokens(randn([1, 3, height, width])),
    ]) {
      expect(ask).toThrow(UserError);
      expect(ask).toThrow(`Expected an image size that patch 8 divides, ${message}`);
    }
  });
});
