import { manualSeed, memory, randn, scope, type Tensor, tensor, zeros } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { cosine, rowsOf } from "../../testing/naive.ts";
import { Queue } from "./queue.ts";

/** Rows whose first number tells them apart: direction of angle `n` degrees. */
const angles = (...degrees: number[]): Tensor =>
  tensor(degrees.map((n) => [5 * Math.cos((n * Math.PI) / 180), 5 * Math.sin((n * Math.PI) / 180)]));
const held = (queue: Queue) => rowsOf(queue.rows).map(([x, y]) => Math.round((Math.atan2(y!, x!) * 180) / Math.PI));

describe("Queue", () => {
  it("begins with random directions of length 1, the same for the same seed, and nothing that is trained", () => {
    scope(() => {
      manualSeed(1);
      const one = new Queue(50, 8);
      manualSeed(1);
      const two = new Queue(50, 8);
      expect(one.rows.equal(two.rows)).toBe(true);
      for (const row of rowsOf(one.rows)) expect(Math.hypot(...row)).toBeCloseTo(1, 5);
      expect(one.parameters()).toEqual([]);
      expect(Object.keys(one.stateDict())).toEqual(["rows", "next"]);
      expect([one.rows.dtype, one.next.dtype, one.next.item()]).toEqual(["float32", "int64", 0]);
    });
  });

  it("holds the newest rows, step by step, in a circle", () => {
    scope(() => {
      const queue = new Queue(5, 2);
      queue.push(angles(1, 2, 3, 4, 5));
      expect([held(queue), queue.next.item()]).toEqual([[1, 2, 3, 4, 5], 0]);
      queue.push(angles(6, 7));
      expect([held(queue), queue.next.item()]).toEqual([[6, 7, 3, 4, 5], 2]);
      queue.push(angles(8, 9));
      expect([held(queue), queue.next.item()]).toEqual([[6, 7, 8, 9, 5], 4]);
      // Over the end and on from the beginning.
      queue.push(angles(10, 11, 12));
      expect([held(queue), queue.next.item()]).toEqual([[11, 12, 8, 9, 10], 2]);
      // More than it holds: the last ones.
      queue.push(angles(20, 21, 22, 23, 24, 25, 26));
      expect(held(queue).toSorted()).toEqual([22, 23, 24, 25, 26]);
      queue.push(angles(30));
      expect(held(queue).toSorted()).toEqual([23, 24, 25, 26, 30]);
    });
  });

  it("finds the row with the largest cosine, whatever the lengths, without gradient", () => {
    scope(() => {
      manualSeed(2);
      const queue = new Queue(40, 6);
      const x = randn([30, 6]).mul(100).requiresGrad_();
      const found = queue.nearest(x);
      expect([found.shape, found.requiresGrad]).toEqual([[30, 6], false]);
      const rows = rowsOf(queue.rows);
      for (const [i, row] of rowsOf(x).entries()) {
        const best = rows.reduce((a, b) => (cosine(b, row) > cosine(a, row) ? b : a));
        expect(rowsOf(found)[i]).toEqual(best);
      }
    });
  });

  it("keeps its rows in float32 at length 1, whatever is pushed, and leaves no tensor behind", () => {
    scope(() => {
      const queue = new Queue(4, 2);
      const before = memory().liveTensors;
      scope(() => {
        queue.push(angles(10, 80).to({ dtype: "bfloat16" }).requiresGrad_());
        queue.nearest(angles(11)).dispose();
      });
      expect(memory().liveTensors).toBe(before);
      expect([queue.rows.dtype, queue.rows.requiresGrad]).toEqual(["float32", false]);
      for (const row of rowsOf(queue.rows)) expect(Math.hypot(...row)).toBeCloseTo(1, 5);
    });
  });

  it("goes on from its state dict", () => {
    scope(() => {
      const [one, two] = [new Queue(5, 2), new Queue(5, 2)];
      one.push(angles(1, 2, 3));
      two.loadStateDict(one.stateDict());
      for (const queue of [one, two]) queue.push(angles(4, 5, 6));
      expect(held(two)).toEqual([6, 2, 3, 4, 5]);
      expect(two.rows.equal(one.rows)).toBe(true);
    });
  });

  it("refuses rows of another length", () => {
    const queue = new Queue(5, 2);
    expect(() => queue.push(zeros([3, 4]))).toThrow("Expected [B, 2] for a queue's rows, got [3, 4]");
    expect(() => queue.nearest(zeros([2]))).toThrow("got [2]");
    queue.dispose();
  });
});
