import { expect, it } from "vitest";
import type { Split } from "./folder.ts";
import { drawnSample, filesOf, spreadSample } from "./sample.ts";

const items = Array.from({ length: 20 }, (_, i) => ({ path: `${i}.jpg`, label: 0 }));
const split: Split = { name: "train", root: "/", items };
const paths = ({ items }: Split) => items.map(({ path }) => Number.parseInt(path, 10));

it("is spread over files in their order", () => {
  expect(paths(spreadSample(split, 5, 1))).toEqual([0, 4, 8, 12, 16]);
  expect(paths(spreadSample(split, 50, 1))).toEqual(items.map((_, i) => i));
});

it("is drawn from files as it has been since the first runs, whose held-out images stay the same", () => {
  expect(paths(drawnSample(split, 6, 0))).toEqual([10, 0, 7, 1, 2, 8]);
  expect(paths(drawnSample(split, 50, 7)).sort((a, b) => a - b)).toEqual(items.map((_, i) => i));
});

it("is what a source says that it can read", () => {
  const few = { ...split, items: items.slice(3, 5) };
  const source = { ...split, sample: () => few };
  expect([spreadSample(source, 9, 1), drawnSample(source, 9, 1)]).toEqual([few, few]);
});

it("files are numbered where items are parts of them", () => {
  expect(filesOf(items)).toBeUndefined();
  const tile = { x: 0, y: 0, width: 4, height: 4 };
  const parts = ["b", "b", "a", "b", "c"].map((path) => ({ path, tile }));
  expect(filesOf(parts)).toEqual(Int32Array.of(0, 0, 1, 0, 2));
  expect(filesOf([{ path: "whole" }, ...parts])).toEqual(Int32Array.of(0, 1, 1, 2, 1, 3));
});
