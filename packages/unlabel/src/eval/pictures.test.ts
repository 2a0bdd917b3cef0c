import { describe, expect, it } from "vitest";
import { MOST_POINTS, shownOnMap } from "./pictures.ts";

/** So many images of each of so many classes. */
const labelsOf = (classes: number, each: number) => Int32Array.from({ length: classes * each }, (_, n) => n % classes);

const counts = (labels: Int32Array, shown: readonly number[]) => {
  const found = new Map<number, number>();
  for (const n of shown) found.set(labels[n]!, (found.get(labels[n]!) ?? 0) + 1);
  return found;
};

describe("images of a map", () => {
  it.each([
    [10, 100],
    [1, 7],
  ])("are all where there are few: %i classes of %i", (classes, each) => {
    const labels = labelsOf(classes, each);
    expect(shownOnMap(labels, 0)).toEqual(Array.from(labels.keys()));
  });

  it.each([
    [1000, 49],
    [1200, 1],
    [1500, 3],
    [7, 999],
    [100, 13],
  ])("are as many as there is room for, each class in proportion: %i classes of %i", (classes, each) => {
    const labels = labelsOf(classes, each);
    const shown = shownOnMap(labels, 0);
    expect(shown).toHaveLength(MOST_POINTS);
    expect(new Set(shown).size).toBe(MOST_POINTS);
    const found = counts(labels, shown);
    const share = MOST_POINTS / classes;
    for (let label = 0; label < classes; label++) {
      expect(found.get(label) ?? 0).toBeGreaterThanOrEqual(Math.floor(share));
      expect(found.get(label) ?? 0).toBeLessThanOrEqual(Math.ceil(share));
    }
    expect(shownOnMap(labels, 0)).toEqual(shown);
  });

  it("holds rare classes beside large ones by their rests, and not by their names", () => {
    const labels = Int32Array.from([
      ...new Array<number>(8000).fill(0),
      ...Array.from({ length: 2000 }, (_, n) => 1 + n),
    ]);
    const found = counts(labels, shownOnMap(labels, 0));
    expect(found.get(0)).toBe(800);
    const rare = [...found.keys()].filter((label) => label > 0);
    expect(rare).toHaveLength(200);
    // Half of the names lie in the upper half of them.
    expect(rare.filter((label) => label > 1000).length).toBeGreaterThan(70);
  });
});
