import { describe, expect, it } from "vitest";
import { shownPlaces } from "./shown-places.ts";

describe("what a chart shows", () => {
  it.each<[xs: number[], zoom: [number, number] | null, isLog: boolean, shown: [number, number]]>([
    [[1, 2, 9], null, false, [1, 9]],
    [[3], null, false, [2, 4]],
    [[], null, false, [0, 1]],
    [[1, 2, 9], [2, 3], false, [2, 3]],
    [[1, 2, 9], [-5, 3], false, [-5, 3]],
    // By logarithms nothing lies at 0 or below.
    [[0.3], null, true, [0.15, 0.6]],
    [[1], null, true, [0.5, 2]],
    [[], null, true, [1, 10]],
    [[0.5, 8], [-5, 10], true, [0.5, 10]],
    [[0.5, 8], [-5, 0.2], true, [0.1, 0.2]],
    [[0.5, 8], [-5, -1], true, [0.5, 8]],
    [[0.5, 8], [2, 4], true, [2, 4]],
  ])("of %j with zoom %j, by logarithms %j, is %j", (xs, zoom, isLog, shown) => {
    expect(shownPlaces(xs, zoom, isLog)).toEqual(shown);
  });
});
