import { autocast, memory, randn, scope, tensor, zeros } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { mean, rowsOf } from "../../testing/naive.ts";
import { sinkhorn } from "./sinkhorn.ts";

const sums = (rows: number[][]) => rows.map((row) => row.reduce((a, b) => a + b, 0));

describe("sinkhorn", () => {
  it("gives each image shares that sum to 1, and after many rounds each prototype as many images", () => {
    scope(() => {
      const scores = randn([60, 5]).clamp(-1, 1);
      const codes = rowsOf(sinkhorn(scores, { iterations: 200 }));
      for (const sum of sums(codes)) expect(sum).toBeCloseTo(1, 5);
      for (let k = 0; k < 5; k++) expect(mean(codes.map((row) => row[k]!))).toBeCloseTo(0.2, 3);
    });
  });

  it("evens out what all images like best, which a softmax would not", () => {
    scope(() => {
      // All images like the first prototype best, some less so than others.
      const scores = tensor([
        [1, 0.1],
        [1, 0.2],
        [1, 0.8],
        [1, 0.9],
      ]);
      const even = rowsOf(sinkhorn(scores, { epsilon: 0.05, iterations: 50 })).map(([first]) => Math.round(first!));
      expect(even).toEqual([1, 1, 0, 0]);
      const free = rowsOf(sinkhorn(scores, { epsilon: 0.05, iterations: 0 })).map(([first]) => Math.round(first!));
      expect(free).toEqual([1, 1, 1, 1]);
    });
  });

  it("is a plain softmax without a round", () => {
    scope(() => {
      const scores = randn([7, 4]);
      const found = sinkhorn(scores, { epsilon: 0.5, iterations: 0 });
      expect(found.sub(scores.div(0.5).softmax(1)).abs().amax().item()).toBeLessThan(1e-6);
    });
  });

  it("stays finite where exp would not: the smallest ε, and scores far apart", () => {
    scope(() => {
      const scores = tensor([
        [1, -1, -1],
        [1, -1, -1],
        [-1, 1, -1],
      ]);
      for (const epsilon of [1e-4, 0.01, 0.05]) {
        const codes = sinkhorn(scores, { epsilon });
        expect(codes.isfinite().all().item()).toBe(1);
        expect(codes.shape).toEqual([3, 3]);
      }
    });
  });

  it("takes no gradient, is float32 under autocast, leaves what it is given, and no tensor behind", () => {
    scope(() => {
      const scores = zeros([4, 3]).requiresGrad_();
      const before = memory().liveTensors;
      scope(() => {
        const codes = autocast({ dtype: "bfloat16" }, () => sinkhorn(scores));
        expect([codes.dtype, codes.requiresGrad]).toEqual(["float32", false]);
      });
      expect(memory().liveTensors).toBe(before);
      expect(scores.abs().amax().item()).toBe(0);
    });
  });

  it("refuses what it cannot scale", () => {
    scope(() => {
      expect(() => sinkhorn(zeros([3]))).toThrow("Expected scores [N, K], got [3]");
      expect(() => sinkhorn(zeros([3, 2]), { epsilon: 0 })).toThrow("Expected a number above 0 for epsilon, got 0");
      expect(() => sinkhorn(zeros([3, 2]), { iterations: 1.5 })).toThrow("Expected a whole number from 0");
    });
  });
});
