// InfoNCE against its formula word by word.
import { autocast, eye, manualSeed, noGrad, ones, randn, scope, type Tensor, tensor, zeros } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { cosine, expectGradient, mean, rowsOf } from "../../testing/naive.ts";
import { infoNce, infoNceChance, infoNceFloor, unit } from "./info-nce.ts";

/** The loss in JavaScript's numbers. */
function naive(queries: number[][], keys: number[][], temperature: number): number {
  const e = (i: number, j: number) => Math.exp(cosine(queries[i]!, keys[j]!) / temperature);
  const own = (i: number) => -Math.log(e(i, i) / keys.reduce((sum, _, j) => sum + e(i, j), 0));
  return mean(queries.map((_, i) => own(i)));
}

const double = { dtype: "float64" } as const;
const lossOf = (q: Tensor, k: Tensor, temperature: number) => infoNce(q, k, temperature).loss.item();

describe("infoNce", () => {
  it.each([
    [1, 0.5],
    [2, 0.1],
    [7, 0.2],
    [7, 10],
    [32, 1],
  ])("equals a double loop: %d queries, τ %d", (images, temperature) => {
    scope(() => {
      manualSeed(images);
      const [q, k] = [randn([images, 5], double), randn([images, 5], double)];
      const expected = naive(rowsOf(q), rowsOf(k), temperature);
      expect(lossOf(q, k, temperature)).toBeCloseTo(expected, 11);
      const single = [q, k].map((x) => x.to({ dtype: "float32" })) as [Tensor, Tensor];
      expect(Math.abs(lossOf(...single, temperature) - expected)).toBeLessThan(1e-4);
    });
  });

  it("has the gradient of the loop's finite differences, for queries and keys", () => {
    scope(() => {
      manualSeed(3);
      const [q, k] = [randn([4, 3], double), randn([4, 3], double)];
      const [queries, keys] = [rowsOf(q), rowsOf(k)];
      expectGradient(
        q,
        (x) => infoNce(x, k, 0.3).loss,
        (rows) => naive(rows, keys, 0.3),
      );
      expectGradient(
        k,
        (x) => infoNce(q, x, 0.3).loss,
        (rows) => naive(queries, rows, 0.3),
      );
    });
  });

  it("does not depend on lengths, and gives no gradient to what is detached", () => {
    scope(() => {
      const [q, k] = [randn([6, 4]).requiresGrad_(), randn([6, 4]).requiresGrad_()];
      expect(lossOf(q.mul(7), k.mul(0.1), 0.5)).toBeCloseTo(lossOf(q, k, 0.5), 5);
      infoNce(q, k.detach(), 0.5).loss.backward();
      expect(q.grad!.abs().amax().item()).toBeGreaterThan(0);
      expect(k.grad).toBeNull();
    });
  });

  it.each([1, 2, 32])("is at chance, ln N, where all keys are the same: %d keys", (images) => {
    scope(() => {
      const chance = infoNceChance(images);
      expect(chance).toBe(Math.log(images));
      expect(lossOf(randn([images, 4], double), ones([images, 4], double), 0.2)).toBeCloseTo(chance, 12);
    });
  });

  it.each([
    [2, 0.1],
    [5, 0.2],
    [5, 1],
    [16, 0.5],
  ])("reaches its floor at the corners of a simplex, and goes below it nowhere: %d images, τ %d", (images, tau) => {
    scope(() => {
      const floor = infoNceFloor(images, tau);
      const corners = eye(images, double).sub(1 / images);
      expect(lossOf(corners, corners, tau)).toBeCloseTo(floor, 10);
      manualSeed(1);
      for (let i = 0; i < 20; i++) {
        for (const noise of [10, 0.01, 0.0001]) {
          const near = () => corners.add(randn([images, images], double).mul(noise));
          expect(lossOf(near(), near(), tau)).toBeGreaterThan(floor - 1e-9);
        }
      }
      expect(infoNceFloor(1, tau)).toBe(0);
    });
  });

  it("logs how alike a query and its key are, and how often it is the nearest", () => {
    scope(() => {
      const axes = eye(4);
      const values = (q: Tensor, k: Tensor) => Object.values(infoNce(q, k, 0.5).logs).map((value) => value.item());
      expect(values(axes, axes.mul(2))).toEqual([1, 1]);
      expect(values(axes, axes.roll([1], [0]))).toEqual([0, 0]);
      expect(values(axes, axes.neg())).toEqual([-1, 0]);
    });
  });

  it("stays in float32 under autocast and for halves, and finite for rows of zeros", () => {
    scope(() => {
      const [q, k] = [randn([8, 4]), randn([8, 4])];
      const loss = autocast({ dtype: "bfloat16" }, () => infoNce(q, k, 0.1).loss);
      expect([loss.dtype, loss.item()]).toEqual(["float32", noGrad(() => lossOf(q, k, 0.1))]);
      const half = { dtype: "bfloat16" } as const;
      expect(infoNce(q.to(half), k.to(half), 0.1).loss.dtype).toBe("float32");
      const nothing = zeros([4, 3]).requiresGrad_();
      infoNce(nothing, ones([4, 3]), 0.1).loss.backward();
      expect(nothing.grad!.toNumbers().every(Number.isFinite)).toBe(true);
    });
  });

  it("refuses queries without a key each", () => {
    expect(() => infoNce(zeros([3, 2]), zeros([4, 2]), 0.5)).toThrow(
      "Expected [N, D] for queries and keys, got [3, 2] and [4, 2]",
    );
    expect(() => infoNce(zeros([3]), zeros([3]), 0.5)).toThrow("got [3] and [3]");
  });
});

it("unit makes rows of length 1, and leaves one of zeros", () => {
  scope(() => {
    const rows = tensor([
      [3, 4],
      [0, 0],
      [-2, 0],
    ]);
    for (const [i, value] of unit(rows).toNumbers().entries())
      expect(value).toBeCloseTo([0.6, 0.8, 0, 0, -1, 0][i]!, 6);
  });
});
