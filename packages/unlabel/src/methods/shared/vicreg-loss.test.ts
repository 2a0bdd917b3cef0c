// VICReg's loss against its formula word by word.
import { autocast, cat, manualSeed, ones, randn, scope, type Tensor, tensor, zeros } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { expectGradient, mean, rowsOf } from "../../testing/naive.ts";
import { type VicRegWeights, vicReg, vicRegChance } from "./vicreg-loss.ts";

const USUAL: VicRegWeights = { invariance: 25, variance: 25, covariance: 1 };
const ODD: VicRegWeights = { invariance: 3, variance: 0.5, covariance: 7 };

/** The loss in JavaScript's numbers, one number of the embedding after the other. */
function naive(rows: number[][], { invariance, variance, covariance }: VicRegWeights): number {
  const images = rows.length / 2;
  const dim = rows[0]!.length;
  let distance = 0;
  for (let i = 0; i < images; i++)
    for (let d = 0; d < dim; d++) distance += (rows[i]![d]! - rows[images + i]![d]!) ** 2;
  let [lack, shared] = [0, 0];
  for (const view of [rows.slice(0, images), rows.slice(images)]) {
    const column = (d: number) => view.map((row) => row[d]!);
    for (let d = 0; d < dim; d++) {
      for (let e = 0; e < dim; e++) {
        const [a, b] = [column(d), column(e)];
        const cov = a.reduce((sum, value, i) => sum + (value - mean(a)) * (b[i]! - mean(b)), 0) / (images - 1);
        if (d === e) lack += Math.max(0, 1 - Math.sqrt(cov + 1e-4)) / dim / 2;
        else shared += cov ** 2 / dim;
      }
    }
  }
  return invariance * (distance / (images * dim)) + variance * lack + covariance * shared;
}

const lossOf = (z: Tensor, weights = USUAL) => vicReg(z, weights).loss.item();
const double = { dtype: "float64" } as const;

describe("vicReg", () => {
  it.each([
    [2, 1, USUAL],
    [2, 3, ODD],
    [5, 4, USUAL],
    [9, 6, ODD],
  ])("equals a loop: %d images, %d numbers, %j", (images, dim, weights) => {
    scope(() => {
      manualSeed(images);
      const z = randn([2 * images, dim], double).mul(0.7);
      const expected = naive(rowsOf(z), weights);
      expect(lossOf(z, weights)).toBeCloseTo(expected, 11);
      expect(lossOf(z.to({ dtype: "float32" }), weights) / expected).toBeCloseTo(1, 5);
    });
  });

  it("has the gradient of the loop's finite differences", () => {
    scope(() => {
      manualSeed(3);
      for (const weights of [USUAL, ODD]) {
        const z = randn([8, 3], double).mul(0.6);
        expectGradient(
          z,
          (x) => vicReg(x, weights).loss,
          (rows) => naive(rows, weights),
        );
      }
    });
  });

  it("is μ · (1 − 0.01) for constant embeddings, and 0 for the same independent numbers of deviation 1 and more", () => {
    scope(() => {
      expect(lossOf(ones([8, 5], double))).toBeCloseTo(25 * 0.99, 10);
      // ±1 in all combinations: deviations of √(8/7), covariances of 0.
      const signs = (period: number) => Array.from({ length: 8 }, (_, i) => ((i >> period) & 1 ? 1 : -1));
      const corners = cat(
        [0, 1, 2].map((bit) => rowTensor(signs(bit))),
        1,
      );
      expect(lossOf(cat([corners, corners]))).toBeCloseTo(0, 12);
      expect(lossOf(cat([corners, corners.mul(3)]))).toBeCloseTo(25 * 4, 10);
      expect(lossOf(cat([corners.mul(0.5), corners.mul(0.5)]))).toBeCloseTo(
        25 * (1 - Math.sqrt(0.25 * (8 / 7) + 1e-4)),
        10,
      );
    });
  });

  it("swaps views, and minds neither the order of images nor what all embeddings have in common", () => {
    scope(() => {
      const [a, b] = [randn([6, 4], double), randn([6, 4], double)];
      const loss = lossOf(cat([a, b]));
      expect(lossOf(cat([b, a]))).toBeCloseTo(loss, 11);
      expect(lossOf(cat([a.flip([0]), b.flip([0])]))).toBeCloseTo(loss, 11);
      expect(lossOf(cat([a, b]).add(randn([4], double)))).toBeCloseTo(loss, 10);
      expect(lossOf(cat([a, b.flip([0])]))).not.toBeCloseTo(loss, 3);
    });
  });

  it.each([USUAL, { invariance: 1, variance: 8, covariance: 1 }])(
    "is at chance for views that know nothing of each other, at the best deviation: %j",
    (weights) => {
      scope(() => {
        manualSeed(0);
        const chance = vicRegChance(weights)!;
        const at = (std: number) => lossOf(randn([2 * 4096, 8], double).mul(std), weights);
        const best = Math.min(1, weights.variance / (4 * weights.invariance));
        expect(at(best) / chance).toBeCloseTo(1, 1);
        for (const other of [0.2, 0.5, 2]) expect(at(best * other)).toBeGreaterThan(at(best));
      });
    },
  );

  it("has no chance to speak of where one of its terms is off", () => {
    expect(vicRegChance(USUAL)).toBeCloseTo(21.87, 2);
    expect(vicRegChance({ ...USUAL, invariance: 0 })).toBeNull();
    expect(vicRegChance({ ...USUAL, variance: 0 })).toBeNull();
  });

  it("logs its terms without their weights, and how far embeddings spread", () => {
    scope(() => {
      manualSeed(1);
      const z = randn([40, 4], double).mul(0.5);
      const { loss, logs } = vicReg(z, ODD);
      const { invariance, variance, covariance, embedding_std } = Object.fromEntries(
        Object.entries(logs).map(([name, value]) => [name, value.item()]),
      ) as Record<string, number>;
      expect(3 * invariance! + 0.5 * variance! + 7 * covariance!).toBeCloseTo(loss.item(), 10);
      expect(embedding_std).toBeCloseTo(1 - variance!, 10);
      expect(vicReg(ones([8, 2], double)).logs.embedding_std!.item()).toBeCloseTo(0.01, 8);
    });
  });

  it("stays in float32 under autocast and for halves, and finite for embeddings of zeros", () => {
    scope(() => {
      const z = randn([16, 8]);
      const { loss } = autocast({ dtype: "bfloat16" }, () => vicReg(z, USUAL));
      expect([loss.dtype, loss.item()]).toEqual(["float32", lossOf(z)]);
      expect(vicReg(z.to({ dtype: "bfloat16" }), USUAL).loss.dtype).toBe("float32");
      const nothing = zeros([6, 3]).requiresGrad_();
      vicReg(nothing, USUAL).loss.backward();
      expect(nothing.grad!.toNumbers().every(Number.isFinite)).toBe(true);
    });
  });

  it("refuses what are no two views of two images or more", () => {
    const wanted = "Expected [2N, D] with N of 2 or more for embeddings, got";
    for (const shape of [[2, 3], [5, 3], [4]])
      expect(() => vicReg(zeros(shape), USUAL)).toThrow(`${wanted} [${shape.join(", ")}]`);
  });
});

function rowTensor(values: number[]): Tensor {
  return tensor(values, double).unsqueeze(1);
}
