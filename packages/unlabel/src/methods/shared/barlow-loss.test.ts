// Barlow Twins' loss against its formula word by word.
import { autocast, cat, manualSeed, noGrad, ones, randn, scope, type Tensor, tensor, zeros } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { expectGradient, mean, rowsOf } from "../../testing/naive.ts";
import { barlowChance, barlowFloor, barlowTwins } from "./barlow-loss.ts";

/** The loss in JavaScript's numbers, one pair of numbers of the embeddings after the other. */
function naive(rows: number[][], redundancy: number): number {
  const images = rows.length / 2;
  const dim = rows[0]!.length;
  const standard = (view: number[][], d: number) => {
    const column = view.map((row) => row[d]!);
    const centre = mean(column);
    const variance = mean(column.map((value) => (value - centre) ** 2));
    return column.map((value) => (value - centre) / Math.sqrt(variance + 1e-5));
  };
  let loss = 0;
  for (let d = 0; d < dim; d++) {
    for (let e = 0; e < dim; e++) {
      const [a, b] = [standard(rows.slice(0, images), d), standard(rows.slice(images), e)];
      const c = mean(a.map((value, i) => value * b[i]!));
      loss += d === e ? (1 - c) ** 2 : redundancy * c ** 2;
    }
  }
  return loss;
}

const double = { dtype: "float64" } as const;
const lossOf = (z: Tensor, redundancy = 0.005) => barlowTwins(z, redundancy).loss.item();

describe("barlowTwins", () => {
  it.each([
    [2, 2, 0.005],
    [3, 5, 0],
    [8, 4, 0.1],
    [20, 7, 1],
  ])("equals a loop: %d images, %d numbers, λ %d", (images, dim, redundancy) => {
    scope(() => {
      manualSeed(images);
      const z = randn([2 * images, dim], double);
      const expected = naive(rowsOf(z), redundancy);
      expect(lossOf(z, redundancy)).toBeCloseTo(expected, 10);
      expect(Math.abs(lossOf(z.to({ dtype: "float32" }), redundancy) - expected)).toBeLessThan(1e-4);
    });
  });

  it("has the gradient of the loop's finite differences", () => {
    scope(() => {
      manualSeed(2);
      expectGradient(
        randn([10, 3], double),
        (x) => barlowTwins(x, 0.3).loss,
        (rows) => naive(rows, 0.3),
      );
    });
  });

  it("is 0 for the same independent numbers, D for constants, and λ·D·(D − 1) for numbers that all say the same", () => {
    scope(() => {
      const bit = (period: number) => Array.from({ length: 8 }, (_, i) => ((i >> period) & 1 ? 100 : -100));
      const corners = tensor([0, 1, 2].map(bit), double).t();
      expect(lossOf(cat([corners, corners]))).toBeCloseTo(0, 6);
      expect(lossOf(ones([12, 5], double))).toBeCloseTo(5, 10);
      const same = corners.narrow(1, 0, 1).repeat([2, 4]);
      expect(lossOf(same, 0.01)).toBeCloseTo(0.01 * 4 * 3, 6);
    });
  });

  it("minds neither scale nor shift of a number, nor the order of images; swapping views changes nothing", () => {
    scope(() => {
      const [a, b] = [randn([64, 4], double), randn([64, 4], double)];
      const loss = lossOf(cat([a, b]), 0.5);
      expect(lossOf(cat([a.mul(100).add(3), b]), 0.5)).toBeCloseTo(loss, 3);
      expect(lossOf(cat([b, a]), 0.5)).toBeCloseTo(loss, 10);
      expect(lossOf(cat([a.flip([0]), b.flip([0])]), 0.5)).toBeCloseTo(loss, 10);
      expect(lossOf(cat([a, b.flip([0])]), 0.5)).not.toBeCloseTo(loss, 3);
    });
  });

  it.each([
    { images: 8, dim: 4, redundancy: 0.1 },
    { images: 32, dim: 16, redundancy: 0.005 },
    { images: 16, dim: 64, redundancy: 0.02 },
  ])("is at chance on average for views that know nothing of each other: %j", (shape) => {
    scope(() => {
      manualSeed(0);
      const losses = Array.from({ length: 400 }, () =>
        scope(() => lossOf(randn([2 * shape.images, shape.dim], double), shape.redundancy)),
      );
      expect(mean(losses) / barlowChance(shape)).toBeCloseTo(1, 1);
    });
  });

  it("reaches its floor where numbers are evenly shared out over too few images, and goes below it nowhere", () => {
    scope(() => {
      // Four images, four numbers in three directions: the corners of a tetrahedron.
      const shape = { images: 4, dim: 4, redundancy: 0.2 };
      const corners = tensor(
        Array.from({ length: 4 }, (_, i) => Array.from({ length: 4 }, (_, j) => 1000 * ((i === j ? 1 : 0) - 1 / 4))),
        double,
      );
      const floor = barlowFloor(shape);
      const k = 0.2 * (4 / 3 - 1);
      expect(floor).toBeCloseTo((4 * k) / (1 + k), 12);
      // At a diagonal of 1; the best is a little below it, which no embeddings of equal views reach.
      expect(lossOf(cat([corners, corners]), 0.2)).toBeCloseTo(4 * k, 6);
      manualSeed(0);
      for (const noise of [0, 0.01, 1, 100, 1000, 1e5]) {
        for (let i = 0; i < 20; i++) {
          const other = corners.add(randn([4, 4], double).mul(noise));
          expect(lossOf(cat([corners, other]), 0.2)).toBeGreaterThanOrEqual(floor);
        }
      }
      expect(barlowFloor({ images: 5, dim: 4, redundancy: 0.2 })).toBe(0);
    });
  });

  it("logs how the views correlate, how numbers do, and how far embeddings spread", () => {
    scope(() => {
      const values = (z: Tensor) =>
        Object.fromEntries(Object.entries(barlowTwins(z, 0.005).logs).map(([name, value]) => [name, value.item()]));
      manualSeed(4);
      const z = randn([500, 3], double).mul(2);
      const twice = values(cat([z, z]));
      expect(twice.view_correlation).toBeCloseTo(1, 4);
      expect(twice.redundancy).toBeLessThan(0.1);
      expect(twice.embedding_std).toBeCloseTo(2, 0);
      expect(values(cat([z, z.neg()])).view_correlation).toBeCloseTo(-1, 4);
      expect(values(z.narrow(1, 0, 1).repeat([2, 3])).redundancy).toBeCloseTo(1, 4);
      expect(values(ones([8, 2], double)).embedding_std).toBe(0);
    });
  });

  it("stays in float32 under autocast and for halves, and finite for embeddings of zeros", () => {
    scope(() => {
      const z = randn([16, 8]);
      const loss = autocast({ dtype: "bfloat16" }, () => barlowTwins(z, 0.005).loss);
      expect([loss.dtype, loss.item()]).toEqual(["float32", noGrad(() => lossOf(z))]);
      expect(barlowTwins(z.to({ dtype: "bfloat16" }), 0.005).loss.dtype).toBe("float32");
      const nothing = zeros([6, 3]).requiresGrad_();
      barlowTwins(nothing, 0.005).loss.backward();
      expect(nothing.grad!.toNumbers().every(Number.isFinite)).toBe(true);
    });
  });

  it("refuses what are no two views of two images or more", () => {
    for (const shape of [[2, 3], [5, 3], [4]])
      expect(() => barlowTwins(zeros(shape), 0.005)).toThrow(
        `Expected [2N, D] with N of 2 or more for embeddings, got [${shape.join(", ")}]`,
      );
  });
});
