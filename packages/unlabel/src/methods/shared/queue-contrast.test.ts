import { autocast, randn, scope, tensor, zeros } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { cosine, expectGradient, mean, rowsOf } from "../../testing/naive.ts";
import { infoNceChance } from "./info-nce-bounds.ts";
import { prototypeFloor } from "./prototype-bounds.ts";
import { queueContrast } from "./queue-contrast.ts";

const loop = (queries: number[][], keys: number[][], rows: number[][], temperature: number) =>
  mean(
    queries.map((query, i) => {
      const e = (key: number[]) => Math.exp(cosine(query, key) / temperature);
      return -Math.log(e(keys[i]!) / (e(keys[i]!) + rows.reduce((sum, row) => sum + e(row), 0)));
    }),
  );

describe("queueContrast", () => {
  it("is the loop over queries, gradients too", () => {
    scope(() => {
      const [queries, keys, rows] = [
        [5, 4],
        [5, 4],
        [9, 4],
      ].map((shape) => randn(shape, { dtype: "float64" }));
      const found = queueContrast(queries!, keys!, rows!, 0.2);
      const [k, n] = [rowsOf(keys!), rowsOf(rows!)];
      expect(found.loss.item()).toBeCloseTo(loop(rowsOf(queries!), k, n, 0.2), 10);
      expectGradient(
        queries!,
        (q) => queueContrast(q, keys!, rows!, 0.2).loss,
        (q) => loop(q, k, n, 0.2),
      );
      const alike = rowsOf(queries!).map((query, i) => cosine(query, k[i]!));
      expect(found.logs.positive_similarity!.item()).toBeCloseTo(mean(alike), 10);
      const right = rowsOf(queries!).map((query, i) => +n.every((row) => cosine(query, row) < alike[i]!));
      expect(found.logs.contrastive_accuracy!.item()).toBeCloseTo(mean(right), 6);
    });
  });

  it("gives keys and queue no gradient, and is float32 under autocast", () => {
    scope(() => {
      const [q, k, n] = [randn([4, 3]), randn([4, 3]), randn([6, 3])].map((x) => x.requiresGrad_());
      const { loss } = autocast({ dtype: "bfloat16" }, () => queueContrast(q!, k!, n!, 0.2));
      expect(loss.dtype).toBe("float32");
      loss.backward();
      expect([q!.grad === null, k!.grad, n!.grad]).toEqual([false, null, null]);
    });
  });

  it("is ln(1 + Q) where all are alike, and its floor where the key alone is", () => {
    scope(() => {
      const same = tensor([[1, 0]]);
      expect(queueContrast(same, same, same.repeat([7, 1]), 0.2).loss.item()).toBeCloseTo(infoNceChance(8), 5);
      const found = queueContrast(same, same.mul(3), same.mul(-2).repeat([7, 1]), 0.2);
      expect(found.loss.item()).toBeCloseTo(prototypeFloor(8, 0.2), 6);
    });
  });

  it("refuses other shapes", () => {
    expect(() => queueContrast(zeros([2, 3]), zeros([2, 3]), zeros([4, 2]), 0.2)).toThrow(
      "Expected [N, D], [N, D] and [Q, D] for queries, keys and rows, got [2, 3], [2, 3], [4, 2]",
    );
  });
});
