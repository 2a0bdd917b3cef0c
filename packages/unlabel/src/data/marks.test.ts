import { expect, it } from "vitest";
import { Rng } from "../base/rng.ts";
import { Marks } from "./marks.ts";

it("holds what a Set holds", () => {
  const [marks, set, rng] = [new Marks(1003), new Set<number>(), new Rng(1, "marks")];
  for (let i = 0; i < 5000; i++) {
    const index = rng.below(1003);
    if (rng.below(3) === 0) {
      marks.delete(index);
      set.delete(index);
    } else {
      marks.add(index);
      set.add(index);
    }
    expect(marks.size).toBe(set.size);
  }
  for (let index = 0; index < 1003; index++) expect(marks.has(index)).toBe(set.has(index));
});

it("takes more than a Set can", () => {
  const marks = new Marks(2 ** 24 + 2);
  for (let index = 0; index <= 2 ** 24 + 1; index++) marks.add(index);
  expect(marks.size).toBe(2 ** 24 + 2);
  expect(marks.has(2 ** 24 + 1)).toBe(true);
});
