import { fromTypedArray, manualSeed, memory, ones, randn } from "@unlabel/torch";
import { expect, it } from "vitest";
import { viewHits } from "./view-retrieval.ts";

it("an image is found where its own cosine is the largest, as a loop finds", () => {
  manualSeed(0);
  const [count, dim] = [30, 4];
  const images = randn([count, dim]);
  const views = images.add(randn([count, dim]).mul(0.5));
  const [a, b] = [images.toNumbers(), views.toNumbers()];
  const live = memory().liveTensors;
  const row = (all: number[], n: number) => all.slice(n * dim, (n + 1) * dim);
  const dot = (x: number[], y: number[]) => x.reduce((sum, one, i) => sum + one * y[i]!, 0);
  const cosine = (x: number[], y: number[]) => dot(x, y) / Math.hypot(...x) / Math.hypot(...y);
  const wanted = Array.from({ length: count }, (_, n) => {
    const all = Array.from({ length: count }, (_, m) => cosine(row(b, n), row(a, m)));
    return Number(all.indexOf(Math.max(...all)) === n);
  });
  const hits = viewHits(images, views) as Float64Array;
  expect([...hits]).toEqual(wanted);
  expect(wanted.includes(0) && wanted.includes(1)).toBe(true);
  expect(memory().liveTensors).toBe(live);
});

it("of images that tie for the first place each is found as often as chance finds it", () => {
  // Two images with one direction each, shared by three: every view is nearest to three alike.
  const rows = [1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1];
  const images = fromTypedArray(Float32Array.from(rows), [6, 2]);
  for (const hit of viewHits(images, images.mul(2)) as Float64Array) expect(hit).toBeCloseTo(1 / 3, 12);
  // And never as another.
  const swapped = fromTypedArray(Float32Array.from([...rows.slice(6), ...rows.slice(0, 6)]), [6, 2]);
  expect([...(viewHits(images, swapped) as Float64Array)]).toEqual([0, 0, 0, 0, 0, 0]);
});

it("a constant is no better than chance, though rounding tells its rows apart", () => {
  manualSeed(1);
  const count = 50;
  const nearly = ones([count, 8]).add(randn([count, 8]).mul(1e-8));
  expect(viewHits(nearly, nearly)).toEqual({
    refused: "the features of all images are alike: the encoder has collapsed, or the images are the same",
  });
  // Spread out just enough not to be refused, and unrelated between views.
  const loose = () => ones([count, 8]).add(randn([count, 8]).mul(0.01));
  const hits = viewHits(loose(), loose()) as Float64Array;
  expect(hits.reduce((sum, hit) => sum + hit, 0) / count).toBeLessThan(0.15);
});
