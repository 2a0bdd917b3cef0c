import { expect, it } from "vitest";
import { Rng } from "../base/rng.ts";
import { Candidates, MOST_IMAGES } from "./candidates.ts";

it("has each pair once, the nearest first, with the distance from its later image", () => {
  const rng = new Rng(0, "candidates");
  const images = 300;
  const candidates = new Candidates(images);
  const wanted = new Map<string, { a: number; b: number; distance: number }>();
  // Each image's own finds, as a search goes through them.
  for (let image = 0; image < images; image++) {
    const others = new Set(Array.from({ length: 8 }, () => rng.below(images)));
    others.delete(image);
    for (const other of others) {
      const distance = rng.below(12);
      candidates.add(image, other, distance);
      const [a, b] = [Math.min(image, other), Math.max(image, other)];
      wanted.set(`${a} ${b}`, { a, b, distance });
    }
  }
  const { count, at } = candidates.sorted();
  const sorted = [...wanted.values()].sort((p, q) => p.distance - q.distance || p.a - q.a || p.b - q.b);
  expect(Array.from({ length: count }, (_, k) => at(k))).toEqual(sorted.map(({ a, b }) => ({ a, b })));
});

it("tells the last two of as many images as it takes apart, and refuses more", () => {
  const candidates = new Candidates(MOST_IMAGES);
  candidates.add(MOST_IMAGES - 1, MOST_IMAGES - 2, 11);
  candidates.add(MOST_IMAGES - 1, MOST_IMAGES - 3, 11);
  const { count, at } = candidates.sorted();
  const last = MOST_IMAGES - 1;
  expect(Array.from({ length: count }, (_, k) => at(k))).toEqual([
    { a: last - 2, b: last },
    { a: last - 1, b: last },
  ]);
  expect(() => new Candidates(MOST_IMAGES + 1)).toThrow(/Expected at most \d+ images to look for copies among/);
});
