// VISReg's loss against its formula word by word.
import { autocast, eye, manualSeed, ones, randn, scope, type Tensor, zeros } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { dot, mean, rowsOf } from "../../testing/naive.ts";
import { gaussianQuantiles } from "./slices.ts";
import { type VisRegWeights, visReg, visRegChance } from "./visreg-loss.ts";

const double = { dtype: "float64" } as const;
const PAIR = { globals: 2, locals: 0 };

/** The loss in JavaScript's numbers. @param deviations those that divide, where they are not to follow the rows */
function naive(
  rows: number[][],
  views: { globals: number; locals: number },
  directions: number[][],
  { regulation, scale = 1, shape = 1, centre = 1 }: VisRegWeights,
): number {
  const count = views.globals + views.locals;
  const [images, dim] = [rows.length / count, rows[0]!.length];
  const quantiles = gaussianQuantiles(images).toNumbers();
  let [distance, scales, shapes, centres] = [0, 0, 0, 0];
  for (let v = 0; v < count; v++) {
    const view = rows.slice(v * images, (v + 1) * images);
    const means = Array.from({ length: dim }, (_, d) => mean(view.map((row) => row[d]!)));
    const deviations = means.map((m, d) => Math.sqrt(mean(view.map((row) => (row[d]! - m) ** 2))));
    scales += mean(deviations.map((s) => (1 - s) ** 2)) / count;
    centres += mean(means.map((m) => m ** 2)) / count;
    const normal = view.map((row) => row.map((value, d) => (value - means[d]!) / (deviations[d]! + 1e-4)));
    for (const direction of directions) {
      const sorted = normal.map((row) => dot(row, direction)).sort((a, b) => a - b);
      shapes += mean(sorted.map((value, i) => (value - quantiles[i]!) ** 2)) / directions.length / count;
    }
    for (const [i, row] of view.entries()) {
      for (const [d, value] of row.entries()) {
        const middle = mean(Array.from({ length: views.globals }, (_, g) => rows[g * images + i]![d]!));
        distance += (value - middle) ** 2 / (count * images * dim);
      }
    }
  }
  return (1 - regulation) * distance + regulation * (scale * scales + shape * shapes + centre * centres);
}

function directionsOf(dim: number, count: number): Tensor {
  const drawn = randn([dim, count], double);
  return drawn.div(drawn.linalgVectorNorm(2, [0], true));
}

/** Each of two views' own means, `[2N, D]`. */
function byViewMeans(z: Tensor): Tensor {
  const [rows, dim] = z.shape as [number, number];
  return z
    .reshape([2, rows / 2, dim])
    .mean([1], true)
    .expand([2, rows / 2, dim])
    .reshape([rows, dim]);
}

describe("visReg", () => {
  it.each<[{ globals: number; locals: number }, number, VisRegWeights]>([
    [PAIR, 2, { regulation: 0.6 }],
    [{ globals: 2, locals: 3 }, 5, { regulation: 0.9 }],
    [{ globals: 1, locals: 1 }, 9, { regulation: 0.3, scale: 2, shape: 0.5, centre: 3 }],
  ])("equals a loop: %j, %d images, %j", (views, images, weights) => {
    scope(() => {
      manualSeed(images);
      const along = directionsOf(3, 6);
      const z = randn([(views.globals + views.locals) * images, 3], double)
        .mul(0.7)
        .add(0.3);
      const expected = naive(rowsOf(z), views, rowsOf(along.t().contiguous()), weights);
      expect(visReg(z, views, along, weights).loss.item()).toBeCloseTo(expected, 9);
      expect(visReg(z.to({ dtype: "float32" }), views, along, weights).loss.item() / expected).toBeCloseTo(1, 4);
    });
  });

  it("moves deviations by shape too where they are constants, inwards, and by its scale alone where they have their gradient", () => {
    scope(() => {
      manualSeed(1);
      const along = directionsOf(3, 64);
      const z = randn([16, 3], double).mul(0.4);
      // How a part of the loss changes where each number is stretched about its mean, as a share of itself.
      const stretched = (weights: Partial<VisRegWeights>) => {
        const leaf = z.detach().requiresGrad_();
        visReg(leaf, PAIR, along, { regulation: 1, scale: 0, shape: 0, centre: 0, ...weights }).loss.backward();
        return leaf
          .grad!.mul(z.sub(byViewMeans(z)))
          .sum([0])
          .toNumbers();
      };
      // d(1 − σ)² / d ln σ = −2σ(1 − σ), a third a number and half a view.
      const deviations = [0, 8].map((at) => z.narrow(0, at, 8).var(0, { correction: 0 }).sqrt().toNumbers());
      for (const [d, value] of stretched({ scale: 1 }).entries()) {
        const wanted = deviations.map((view) => (-2 * view[d]! * (1 - view[d]!)) / 3 / 2);
        expect(value).toBeCloseTo(wanted[0]! + wanted[1]!, 6);
      }
      // Of eight quantiles the variance is 0.67.
      const inwards = stretched({ shape: 1 }).reduce((sum, value) => sum + value, 0);
      expect(inwards).toBeGreaterThan(2 * (1 - Math.sqrt(0.67)));
      for (const value of stretched({ shape: 1, deviations: "through" })) expect(Math.abs(value)).toBeLessThan(2e-3);
    });
  });

  it("still pulls where all has become the same but for a hair, which a normality test no longer does", () => {
    scope(() => {
      manualSeed(2);
      const leaf = randn([16, 4], double).mul(1e-3).requiresGrad_();
      visReg(leaf, PAIR, directionsOf(4, 8), { regulation: 1, shape: 0, centre: 0 }).loss.backward();
      // Each number's deviation should grow: down the gradient is outwards.
      const view = leaf.detach().narrow(0, 0, 8);
      const outwards = leaf
        .grad!.narrow(0, 0, 8)
        .mul(view.sub(view.mean([0], true)))
        .sum([0])
        .toNumbers();
      for (const value of outwards) expect(value).toBeLessThan(0);
      expect(leaf.grad!.linalgVectorNorm().item()).toBeGreaterThan(0.1);
    });
  });

  it("is its scale's and centre's closed form for constants, and 0 for the quantiles themselves", () => {
    scope(() => {
      const same = ones([8, 3], double).mul(2);
      const { logs } = visReg(same, PAIR, eye(3, double), { regulation: 0.6 });
      expect(logs.scale!.item()).toBeCloseTo(1, 5);
      expect(logs.centre!.item()).toBeCloseTo(4, 10);
      const quantiles = gaussianQuantiles(64).unsqueeze(1);
      const deviation = Math.sqrt(quantiles.square().mean().item());
      const rows = quantiles.div(deviation).expand([64, 1]).repeat([2, 1]);
      const found = visReg(rows, PAIR, ones([1, 1], double), { regulation: 0.6 }).logs;
      expect(found.scale!.item()).toBeCloseTo(0, 8);
      expect(found.centre!.item()).toBeCloseTo(0, 12);
      expect(found.invariance!.item()).toBe(0);
      expect(found.shape!.item()).toBeCloseTo((1 / (1 + 1e-4) - deviation) ** 2, 8);
    });
  });

  it("is at chance, and above, for views that know nothing of each other", () => {
    scope(() => {
      manualSeed(0);
      const chance = visRegChance(0.6, PAIR)!;
      // d = ½: s = 0.6 / (0.6 + 0.2).
      expect(chance).toBeCloseTo(0.4 * 0.5 * 0.75 ** 2 + 0.6 * 0.25 ** 2, 12);
      const drawn = randn([2 * 1024, 4], double);
      const at = (s: number) => visReg(drawn.mul(s), PAIR, directionsOf(4, 32), { regulation: 0.6 }).loss.item();
      expect(at(0.75) / chance).toBeGreaterThan(0.98);
      expect(at(0.75) / chance).toBeLessThan(1.1);
      expect(at(0.75)).toBeLessThan(Math.min(at(0.3), at(1.2)));
      expect(visRegChance(0, PAIR)).toBeNull();
      expect(visRegChance(1, PAIR)).toBeNull();
    });
  });

  it("stays in float32 under autocast, is finite for zeros, and refuses one image", () => {
    scope(() => {
      const [z, along] = [randn([12, 8]), directionsOf(8, 4).to({ dtype: "float32" })];
      const { loss } = autocast({ dtype: "bfloat16" }, () => visReg(z, PAIR, along, { regulation: 0.6 }));
      expect([loss.dtype, loss.item()]).toEqual(["float32", visReg(z, PAIR, along, { regulation: 0.6 }).loss.item()]);
      const nothing = zeros([6, 8]).requiresGrad_();
      visReg(nothing, PAIR, along, { regulation: 0.6 }).loss.backward();
      expect(nothing.grad!.toNumbers().every(Number.isFinite)).toBe(true);
      expect(() => visReg(zeros([2, 8]), PAIR, along, { regulation: 0.6 })).toThrow("Expected two images or more");
    });
  });
});
