import { readFileSync } from "node:fs";
import { manualSeed, ones, randn, scope, type Tensor, tensor, zeros } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { Draws } from "../base/draws.ts";
import { withDraws } from "./draws-in-use.ts";
import { drawPaths, dropPath, dropRates } from "./drop-path.ts";
import { createEncoder } from "./registry.ts";
import { Block } from "./transformer.ts";

interface Fixture {
  drop_rates: { rate: number; depth: number; rates: number[] }[];
}
/** timm's; see fixtures/positions.py. */
const fixture: Fixture = JSON.parse(
  readFileSync(new URL("../../../../fixtures/positions.json", import.meta.url), "utf8"),
);

const drawsOf = (images: number, step = 1) =>
  new Draws(
    7,
    step,
    Int32Array.from({ length: images }, (_, i) => i),
  );
const configs = {
  resnet18: { encoder: "resnet18", size: 32, patch: 8 },
  vit_tiny: { encoder: "vit_tiny", size: 32, patch: 8 },
  // Branches as large as trained ones are: at 1e-6 nothing would be seen of those that are left out.
  convnext_tiny: { encoder: "convnext_tiny", size: 32, patch: 8, layer_scale: 1 },
};
const names = ["resnet18", "vit_tiny", "convnext_tiny"] as const;

it.each(fixture.drop_rates)("rises over $depth blocks to $rate as in timm", ({ rate, depth, rates }) => {
  for (const [i, found] of dropRates(rate, depth).entries()) expect(found).toBeCloseTo(rates[i]!, 6);
});

describe("what blocks' branches are multiplied by", () => {
  const draw = (draws: Draws, rows: number, calls = 1, rates = [0, 0.25, 0.5]) =>
    withDraws(draws, () => {
      const x = zeros([rows, 3]);
      return Array.from({ length: calls }, () => drawPaths(rates, 2, x).map((paths) => paths?.toNumbers() ?? null));
    });

  it("is 0 as often as the rate says, else so much that the mean stays", () => {
    scope(() => {
      const [[first, second, third]] = draw(drawsOf(2000), 2000) as [(number[] | null)[]];
      expect(first).toBeNull();
      for (const [scales, rate] of [
        [second!, 0.25],
        [third!, 0.5],
      ] as const) {
        expect(scales).toHaveLength(4000);
        const share = scales.filter((scale) => scale === 0).length / scales.length;
        expect(Math.abs(share - rate)).toBeLessThan(0.03); // Four deviations of so many draws.
        for (const scale of scales) if (scale !== 0) expect(scale).toBeCloseTo(1 / (1 - rate), 5);
      }
      // The two branches of a block do not go together.
      const together = third!.filter((scale, i) => i % 2 === 0 && scale === third![i + 1]).length / 2000;
      expect(Math.abs(together - 0.5)).toBeLessThan(0.05);
    });
  });

  it("is the same in the same call again, and another in every other call, step and image", () => {
    scope(() => {
      const [one, two] = draw(drawsOf(64), 64, 2);
      expect(draw(drawsOf(64), 64, 2)).toEqual([one, two]);
      expect(one).not.toEqual(two);
      expect(draw(drawsOf(64, 2), 64)).not.toEqual([one]);
      expect(new Set(one!.slice(1).flat()).size).toBeGreaterThan(2);
    });
  });

  it("is an image's own in whatever micro-batch it comes, in each of its views", () => {
    scope(() => {
      const rates = [0.5];
      const [[whole]] = draw(drawsOf(6), 12, 1, rates) as [[number[]]];
      const [[part]] = draw(drawsOf(6).narrow(2, 3), 6, 1, rates) as [[number[]]];
      expect(part).toEqual([...whole.slice(4, 10), ...whole.slice(16, 22)]);
    });
  });

  it("is nothing, and draws nothing, where nothing is left out", () => {
    expect(drawPaths([0, 0], 2, zeros([2, 3]))).toEqual([null, null]);
  });

  it("needs whole views of the images in use", () => {
    expect(() => draw(drawsOf(4), 6)).toThrow(
      "Expected whole views of the 4 images of withDraws(…) for drop path, got 6 rows",
    );
  });
});

it("leaves out one image's branch and not another's, and keeps the branch's dtype", () => {
  scope(() => {
    const branch = randn([2, 3, 4]).to({ dtype: "bfloat16" });
    const found = dropPath(branch, tensor([[0, 9] as number[], [2, 9] as number[]]));
    expect(found.dtype).toBe("bfloat16");
    expect(found.select(0, 0).abs().sum().item()).toBe(0);
    expect(found.select(0, 1).equal(branch.select(0, 1).mul(2))).toBe(true);
    expect(dropPath(branch, null)).toBe(branch);
    const block = new Block(8, 2);
    const x = randn([2, 5, 8]);
    expect(block.call(x, zeros([2, 2])).equal(x)).toBe(true);
    expect(block.call(x, ones([2, 2])).equal(block.call(x))).toBe(true);
  });
});

describe.each(names)("%s", (name) => {
  const make = (drop_path: number) => {
    manualSeed(0);
    return createEncoder({ ...configs[name], drop_path });
  };
  const same = (a: Tensor, b: Tensor) => a.equal(b);

  it("draws for training alone, and refuses to train without the step's numbers", () => {
    scope(() => {
      const [net, plain] = [make(0.5), make(0)];
      const images = randn([4, 3, 32, 32]);
      const expected = "Expected withDraws(…) around a forward pass in training that draws for drop path, got none";
      expect(() => net.features(images)).toThrow(expected);
      expect(() => net.tokens(images)).toThrow(expected);
      const outside = plain.features(images);
      expect(
        same(
          withDraws(drawsOf(4), () => plain.features(images)),
          outside,
        ),
      ).toBe(true);
      net.eval();
      plain.eval();
      net.loadStateDict(plain.stateDict());
      expect(same(net.features(images), plain.features(images))).toBe(true);
      for (const one of [net, plain]) one.dispose();
    });
  });

  it("gives the same again with the same numbers, something else in a second call", () => {
    scope(() => {
      const [net, plain] = [make(0.5), make(0)];
      const images = randn([4, 3, 32, 32]);
      const twice = () => withDraws(drawsOf(4), () => [net.features(images), net.features(images)] as const);
      const [[a, b], [again, other]] = [twice(), twice()];
      expect(same(a, again)).toBe(true);
      expect(same(b, other)).toBe(true);
      expect(same(a, b)).toBe(false);
      expect(same(a, plain.features(images))).toBe(false);
      for (const one of [net, plain]) one.dispose();
    });
  });
});
