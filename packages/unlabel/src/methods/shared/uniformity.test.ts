import { randn, scope, tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { meanSquaredCosine } from "./uniformity.ts";

describe("meanSquaredCosine", () => {
  it("is what a loop over pairs gives", () => {
    scope(() => {
      const features = randn([5, 7], { dtype: "float64" });
      const numbers = features.toNumbers();
      const rows = Array.from({ length: 5 }, (_, i) => numbers.slice(7 * i, 7 * i + 7));
      const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
      let [sum, pairs] = [0, 0];
      for (const [i, a] of rows.entries()) {
        for (const [j, b] of rows.entries()) {
          if (i === j) continue;
          sum += dot(a, b) ** 2 / (dot(a, a) * dot(b, b));
          pairs++;
        }
      }
      expect(meanSquaredCosine(features).item()).toBeCloseTo(sum / pairs, 12);
    });
  });

  it("is 0 for orthogonal images, and 1 for the same and for opposite ones, whatever their length", () => {
    scope(() => {
      const of = (rows: number[][]) => meanSquaredCosine(tensor(rows)).item();
      expect(
        of([
          [2, 0, 0],
          [0, 3, 0],
          [0, 0, 0.5],
        ]),
      ).toBeCloseTo(0, 6);
      expect(
        of([
          [1, 2],
          [2, 4],
          [-1, -2],
        ]),
      ).toBeCloseTo(1, 6);
      expect(
        of([
          [0, 0],
          [1, 1],
        ]),
      ).toBe(0);
    });
  });

  it("pushes two images apart, at right angles to themselves", () => {
    scope(() => {
      const features = tensor(
        [
          [1, 0],
          [0.6, 0.8],
        ],
        { dtype: "float64" },
      ).requiresGrad_(true);
      meanSquaredCosine(features).backward();
      // c = a·b/(|a||b|) = 0.6; d(c²)/da = 2c·(b/|b| − c·a/|a|)/|a| = 1.2 · (0, 0.8).
      const [x, y] = features.grad!.toNumbers();
      expect(x).toBeCloseTo(0, 12);
      expect(y).toBeCloseTo(0.96, 12);
    });
  });

  it("refuses one image alone", () => {
    scope(() => {
      expect(() => meanSquaredCosine(randn([1, 4]))).toThrow(
        "Expected features [N, D] of two images at least, got [1, 4]",
      );
    });
  });
});
