import { describe, expect, it } from "vitest";
import type { Draw } from "../data/labels-file.ts";
import { halfOfDrawn, knowsDraws } from "./drawn-labels.ts";
import { probeSplits } from "./splits.ts";

type Row = [label: number, draw: Draw, path?: string, at?: number];
const splitOf = (rows: readonly Row[]) => ({
  name: "train" as const,
  root: "images",
  items: rows.map(([label, draw, path, at], i) => ({
    path: path ?? `${i}.png`,
    label,
    draw,
    ...(at !== undefined && { tile: { x: at, y: 0, width: 8, height: 8 } }),
  })),
});
const times = (count: number, ...rows: Row[]): Row[] => Array.from({ length: count }, () => rows).flat();

describe("labels scored on", () => {
  it("are half of those drawn at random, class by class, and each as likely as any other", () => {
    const train = splitOf([...times(9, [0, "uniform"], [0, "coverage"]), ...times(4, [1, "uniform"], [2, "coverage"])]);
    const times_held = new Array<number>(train.items.length).fill(0);
    const seeds = 2000;
    for (let seed = 0; seed < seeds; seed++) {
      const { rest, held } = halfOfDrawn(train, seed);
      expect([...rest, ...held].sort((a, b) => a - b)).toEqual([...train.items.keys()]);
      const of = (label: number) => held.filter((i) => train.items[i]!.label === label).length;
      expect([4, 5]).toContain(of(0));
      expect([2]).toContain(of(1));
      for (const i of held) times_held[i]!++;
    }
    for (const [i, { draw }] of train.items.entries()) {
      if (draw === "coverage") expect(times_held[i]).toBe(0);
      else expect(Math.abs(times_held[i]! / seeds - 0.5)).toBeLessThan(0.06);
    }
    expect(halfOfDrawn(train, 3)).toEqual(halfOfDrawn(train, 3));
    expect(halfOfDrawn(train, 3).held).not.toEqual(halfOfDrawn(train, 4).held);
  });

  it("of tiles are whole files, and no tile of such a file is fitted on", () => {
    const rows = ["a", "b", "c", "d"].flatMap((file): Row[] => [
      [0, "uniform", file, 0],
      [1, "uniform", file, 8],
      [0, "coverage", file, 16],
    ]);
    const train = splitOf(rows);
    const { rest, held, notes } = halfOfDrawn(train, 1);
    const files = (indices: number[]) => new Set(indices.map((i) => train.items[i]!.path));
    expect([files(held).size, held.length, rest.length]).toEqual([2, 4, 6]);
    for (const file of files(held)) expect(files(rest).has(file)).toBe(false);
    expect(notes).toContain("2 tiles chosen to cover the images are left out: they lie in files that are scored on");
  });

  it("are refused where there is none to score on, or none to fit on", () => {
    for (const rows of [times(3, [0, "coverage"], [1, "coverage"]), [[0, "uniform"]]] as Row[][])
      expect(() => halfOfDrawn(splitOf(rows), 0)).toThrow(/^Expected labels of two images or more, one of them drawn/);
    expect(
      halfOfDrawn(
        splitOf([
          [0, "uniform"],
          [1, "coverage"],
        ]),
        0,
      ),
    ).toMatchObject({ rest: [1], held: [0] });
    expect(
      halfOfDrawn(
        splitOf([
          [0, "uniform"],
          [1, "uniform"],
        ]),
        0,
      ).notes.at(-1),
    ).toBe("1 image scored on is of classes that no label fitted on has, and cannot be told");
  });

  it("stay a stratified fifth where nothing says how images were chosen", () => {
    const train = splitOf(times(10, [0, "uniform"], [1, "uniform"]));
    const items = train.items.map(({ draw: _, ...item }) => item);
    expect(knowsDraws({ items })).toBe(false);
    const classes = ["a", "b"].map((id) => ({ id, name: id }));
    const data = { root: "images", layout: "flat" as never, val: null, classes, fingerprint: "" };
    const fifth = probeSplits({ ...data, train: { ...train, items } }, 0);
    expect([fifth.train.items.length, fifth.val.items.length]).toEqual([16, 4]);
    const half = probeSplits({ ...data, train }, 0);
    expect([half.train.items.length, half.val.items.length]).toEqual([10, 10]);
    expect(half.notes[0]).toMatch(/^scores are of 10 labels: half of the 20 of images drawn at random, so that/);
  });
});
