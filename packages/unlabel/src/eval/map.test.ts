import { fromTypedArray, manualSeed, memory, randn, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { fitted, layOut, principal } from "./map.ts";

/** Three directions, with noise around each. */
function clusters(each: number): Tensor {
  manualSeed(0);
  const noise = randn([3 * each, 8]).toArray() as Float32Array;
  return fromTypedArray(
    noise.map((value, i) => 0.1 * value + Number(i % 8 === Math.floor(i / 8 / each))),
    [3 * each, 8],
  );
}

describe("the map", () => {
  it("keeps together what lies together, in the unit square, and is the same again", () => {
    const points = clusters(30);
    const live = memory().liveTensors;
    const { x, y, how, neighbours } = layOut(points, 1);
    expect(memory().liveTensors).toBe(live);
    expect([how, neighbours]).toEqual(["PCA 50 → UMAP", 15]);
    for (const value of [...x, ...y]) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(1);
    }
    const distance = (a: number, b: number) => Math.hypot(x[a]! - x[b]!, y[a]! - y[b]!);
    const near = x.map((_, a) => {
      const others = x.map((_, b) => b).filter((b) => b !== a);
      const nearest = others.reduce((best, b) => (distance(a, b) < distance(a, best) ? b : best));
      return Math.floor(nearest / 30) === Math.floor(a / 30);
    });
    expect(near.filter(Boolean).length / near.length).toBeGreaterThan(0.95);
    const epochs: string[] = [];
    const again = layOut(points, 1, (done, total) => epochs.push(`${done}/${total}`));
    expect(again).toEqual({ x, y, how, neighbours });
    expect([epochs.length, epochs[0], epochs.at(-1)]).toEqual([500, "1/500", "500/500"]);
    expect(layOut(points, 2).x).not.toEqual(x);
  });

  it.each([1, 2, 4, 5, 9])("lays out %i images", (count) => {
    const { x, y } = layOut(clusters(3).narrow(0, 0, count), 0);
    expect([x.length, y.length]).toEqual([count, count]);
    expect([...x, ...y].every(Number.isFinite)).toBe(true);
  });

  it("lays out features that are all alike", () => {
    const same = fromTypedArray(new Float32Array(20 * 4), [20, 4]);
    const { x, y } = layOut(same, 0);
    expect([...x, ...y].every(Number.isFinite)).toBe(true);
  });

  it("rests on components that keep all distances where none is left out", () => {
    const points = clusters(4);
    const rows = principal(points, 50);
    const unit = points.toNumbers();
    const row = (n: number) => {
      const own = unit.slice(8 * n, 8 * n + 8);
      const length = Math.hypot(...own);
      return own.map((value) => value / length);
    };
    const between = (a: number[], b: number[]) => Math.hypot(...a.map((value, i) => value - b[i]!));
    for (let a = 0; a < 12; a++) {
      for (let b = 0; b < a; b++) expect(between(rows[a]!, rows[b]!)).toBeCloseTo(between(row(a), row(b)), 4);
    }
    // The first component varies most.
    const spread = (at: number) => rows.reduce((sum, one) => sum + one[at]! ** 2, 0);
    expect(spread(0)).toBeGreaterThan(spread(1));
  });
});

it("fits a map into a square, the shorter side in its middle", () => {
  expect(
    fitted([
      [0, 5],
      [10, 7],
    ]),
  ).toEqual({ x: [0, 1], y: [0.4, 0.6] });
  expect(fitted([[3, 3]])).toEqual({ x: [0.5], y: [0.5] });
});
