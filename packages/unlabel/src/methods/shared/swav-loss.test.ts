import { autocast, cat, randn, scope, tensor, zeros } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { expectGradient, mean, rowsOf } from "../../testing/naive.ts";
import { prototypeChance, prototypeFloor } from "./prototype-bounds.ts";
import { Prototypes } from "./prototypes.ts";
import { sinkhorn } from "./sinkhorn.ts";
import { swav } from "./swav-loss.ts";

/** The loss by a loop, with codes that stay as they are. */
const loop = (codes: number[][][], rows: number[][], views: number, temperature: number) => {
  const images = rows.length / views;
  const logShare = (row: number[], k: number) =>
    row[k]! / temperature - Math.log(row.reduce((sum, s) => sum + Math.exp(s / temperature), 0));
  return mean(
    codes.map((code, a) =>
      mean(
        Array.from({ length: views }, (_, v) => v)
          .filter((v) => v !== a)
          .flatMap((v) =>
            Array.from(
              { length: images },
              (_, i) => -code[i]!.reduce((sum, q, k) => sum + q * logShare(rows[v * images + i]!, k), 0),
            ),
          ),
      ),
    ),
  );
};

describe("swav", () => {
  it.each([
    [2, 0],
    [5, 0],
    [3, 7],
  ])("is the loop over pairs of views, gradients too: %i views, %i rows queued", (views, queue) => {
    scope(() => {
      const scores = randn([views * 4, 6], { dtype: "float64" }).mul(0.3);
      const queued = queue > 0 ? [0, 1].map(() => randn([queue, 6], { dtype: "float64" }).mul(0.3)) : [];
      const codes = [0, 1].map((a) => {
        const own = scores.narrow(0, 4 * a, 4);
        return rowsOf(sinkhorn(queue > 0 ? cat([own, queued[a]!], 0) : own).narrow(0, 0, 4));
      });
      const { loss, logs } = swav(scores, views, { queued });
      expect(loss.item()).toBeCloseTo(loop(codes, rowsOf(scores), views, 0.1), 10);
      expect(logs.assignment_accuracy!.item()).toBeGreaterThanOrEqual(0);
      // Codes are what is to be predicted: they take no gradient, so the loop keeps those of the point.
      expectGradient(
        scores,
        (x) => swav(x, views, { queued }).loss,
        (rows) => loop(codes, rows, views, 0.1),
      );
    });
  });

  it("is ln K where nothing is told apart, and never below its floor", () => {
    scope(() => {
      expect(swav(zeros([8, 10]), 2).loss.item()).toBeCloseTo(prototypeChance(10), 6);
      // Each image on a prototype of its own, in all views: as sure as cosines allow.
      const best = tensor(Array.from({ length: 4 }, (_, i) => Array.from({ length: 4 }, (_, k) => (i === k ? 1 : -1))));
      const { loss, logs } = swav(cat([best, best], 0), 2);
      expect(loss.item()).toBeCloseTo(prototypeFloor(4, 0.1), 6);
      expect(logs.assignment_accuracy!.item()).toBe(1);
      expect(logs.prototypes_in_use!.item()).toBeCloseTo(4, 3);
    });
  });

  it("is float32 under autocast, and refuses scores that are no views", () => {
    scope(() => {
      expect(autocast({ dtype: "bfloat16" }, () => swav(randn([8, 4]), 2)).loss.dtype).toBe("float32");
      expect(() => swav(zeros([7, 4]), 2)).toThrow("Expected scores [V·N, K] of V = 2 views, 2 or more, got [7, 4]");
      expect(() => swav(zeros([8, 4]), 1)).toThrow("got [8, 4]");
      expect(() => swav(zeros([8, 4]), 2, { queued: [zeros([3, 4])] })).toThrow("for each of 2 whole views");
    });
  });
});

describe("Prototypes", () => {
  it("give cosines whatever the lengths, and go back to the sphere", () => {
    scope(() => {
      const prototypes = new Prototypes(7, 5);
      for (const row of rowsOf(prototypes.weight)) expect(Math.hypot(...row)).toBeCloseTo(1, 5);
      const x = randn([3, 5]);
      const found = prototypes.call(x);
      expect([found.shape, found.dtype]).toEqual([[3, 7], "float32"]);
      expect(prototypes.call(x.mul(9)).sub(found).abs().amax().item()).toBeLessThan(1e-5);
      expect(prototypes.call(prototypes.weight).diagonal().sub(1).abs().amax().item()).toBeLessThan(1e-5);
      expect(() => prototypes.call(randn([3, 4]))).toThrow("Expected embeddings [N, 5], got [3, 4]");
    });
  });

  it("get no gradient while they are frozen; embeddings do", () => {
    scope(() => {
      const prototypes = new Prototypes(7, 5);
      const x = randn([3, 5]).requiresGrad_();
      prototypes.call(x, true).square().sum().backward();
      expect([prototypes.weight.grad, x.grad === null]).toEqual([null, false]);
      prototypes.call(x).square().sum().backward();
      expect(prototypes.weight.grad).not.toBeNull();
    });
  });
});
