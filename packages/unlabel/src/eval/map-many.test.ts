import { fromTypedArray } from "@unlabel/torch";
import { expect, it } from "vitest";
import { Rng } from "../base/rng.ts";
import { layOutMany } from "./map-many.ts";

/** Points about three corners of a simplex far from each other, and the corner of each. */
function corners(count: number, dim = 12) {
  const rng = new Rng(1, "corners");
  const kinds = Array.from({ length: count }, (_, i) => i % 3);
  const values = Float32Array.from({ length: count * dim }, (_, at) => {
    const [row, axis] = [Math.floor(at / dim), at % dim];
    return (axis === kinds[row] ? 3 : 0) + rng.uniform(-0.3, 0.3);
  });
  return { kinds, features: fromTypedArray(values, [count, dim]) };
}

/** Share of points whose nearest on the map is of their own corner. */
function kept({ x, y }: { x: number[]; y: number[] }, kinds: number[]): number {
  const right = x.filter((_, i) => {
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let j = 0; j < x.length; j++) {
      const far = (x[i]! - x[j]!) ** 2 + (y[i]! - y[j]!) ** 2;
      if (j !== i && far < least) [best, least] = [j, far];
    }
    return kinds[best] === kinds[i];
  });
  return right.length / x.length;
}

it("lays a sample out, and places the rest between the nearest of it", async () => {
  const { kinds, features } = corners(240);
  const heard: number[] = [];
  const map = await layOutMany(features, 3, { most: 60, onProgress: (share) => heard.push(share) });
  expect(map.fitted).toBe(60);
  expect(map.how).toBe("PCA 50 → UMAP of 60, the others between their 5 nearest of these");
  expect([map.x.length, map.y.length]).toEqual([240, 240]);
  for (const value of [...map.x, ...map.y]) expect(value >= 0 && value <= 1).toBe(true);
  expect(kept(map, kinds)).toBe(1);
  expect(heard.every((share, i) => share >= (heard[i - 1] ?? 0) && share < 1)).toBe(true);
  const again = await layOutMany(features, 3, { most: 60 });
  expect([again.x, again.y]).toEqual([map.x, map.y]);
  features.dispose();
});

it("lays all out where they are few, copies of one image included", async () => {
  const { features } = corners(30);
  const map = await layOutMany(features, 0);
  expect(map).toMatchObject({ fitted: 30, how: "PCA 30 → UMAP", neighbours: 15 });
  using same = fromTypedArray(new Float32Array(40).fill(1), [10, 4]);
  const flat = await layOutMany(same, 0);
  expect(flat.x.every(Number.isFinite)).toBe(true);
  using two = fromTypedArray(new Float32Array([1, 0, 0, 1]), [2, 2]);
  expect((await layOutMany(two, 0)).how).toBe("PCA");
  features.dispose();
});

it("ends when it is told to", async () => {
  const { features } = corners(60);
  const stop = new AbortController();
  const work = layOutMany(features, 0, { signal: stop.signal, onProgress: () => stop.abort(new Error("enough")) });
  await expect(work).rejects.toThrow("enough");
  features.dispose();
});
