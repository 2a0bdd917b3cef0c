import { arange, manualSeed, nn, noGrad, randn, scope } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { Draws } from "../../base/draws.ts";
import { groupSizes, groupsOfPart, inGroups, inShuffledGroups, normalisesBatches } from "./batch-groups.ts";

const drawsOf = (images: number, step = 1) =>
  new Draws(
    0,
    step,
    Int32Array.from({ length: images }, (_, i) => i),
  );

describe("groups of a batch", () => {
  it("differ by one image at most, and have two at least where there are as many", () => {
    expect(groupSizes(8, 4)).toEqual([2, 2, 2, 2]);
    expect(groupSizes(10, 4)).toEqual([2, 2, 3, 3]);
    expect(groupSizes(5, 8)).toEqual([2, 3]);
    expect([groupSizes(3, 2), groupSizes(1, 4), groupSizes(7, 1)]).toEqual([[3], [1], [7]]);
  });

  it("are as large in a part of a batch, and two at least", () => {
    expect([64, 32, 16, 8].map((images) => groupsOfPart(4, images, 64))).toEqual([4, 2, 2, 2]);
    expect([groupsOfPart(1, 16, 64), groupsOfPart(8, 32, 64), groupsOfPart(3, 64, 64)]).toEqual([1, 4, 3]);
  });

  it("are normalised by themselves, and come back in their order", () => {
    scope(() => {
      const norm = new nn.BatchNorm1d(3);
      const x = randn([8, 3]);
      const found = inGroups(x, 2, (part) => norm.call(part));
      const apart = x.chunk(2, 0).map((part) => norm.call(part));
      for (const [i, part] of found.chunk(2, 0).entries())
        expect(part.sub(apart[i]!).abs().amax().item()).toBeLessThan(1e-6);
      expect(found.sub(norm.call(x)).abs().amax().item()).toBeGreaterThan(0.01);
    });
  });

  it("hold other images when they are shuffled, by the step's own numbers, and come back in order all the same", () => {
    scope(() => {
      const x = arange(0, 12, 1, { dtype: "float32" }).reshape([12, 1]);
      const seen: number[][] = [];
      const look = (step: number) =>
        inShuffledGroups(x, 3, drawsOf(12, step), (part) => {
          seen.push(part.toNumbers());
          return part.mul(2);
        });
      expect(look(1).toNumbers()).toEqual(x.mul(2).toNumbers());
      const first = seen.splice(0);
      expect(first.map(({ length }) => length)).toEqual([4, 4, 4]);
      expect(first.flat().toSorted((a, b) => a - b)).toEqual(x.toNumbers());
      expect(first.flat()).not.toEqual(x.toNumbers());
      look(1);
      expect(seen.splice(0)).toEqual(first);
      look(2);
      expect(seen).not.toEqual(first);
    });
  });

  it("do not tell a query its key: what two views of the same images have in common is not their group's statistics", () => {
    scope(() => {
      // Two views of each image that have nothing in common but the shift of their batch, which BatchNorm takes off group by group.
      manualSeed(0);
      const norm = new nn.BatchNorm1d(16);
      const [one, two] = [randn([32, 16]), randn([32, 16])];
      const shared = (second: (x: typeof two) => typeof two) => {
        const [a, b] = noGrad(() => [inGroups(one, 4, (x) => norm.call(x)), second(two)]);
        // Sums over a group of one view, against those of the same images in the other: zero in both where both have the same groups.
        const sums = (x: typeof two) => x.reshape([4, 8, 16]).sum([1]).abs().amax().item();
        return [sums(a!), sums(b!)];
      };
      const [, same] = shared((x) => inGroups(x, 4, (part) => norm.call(part)));
      const [, other] = shared((x) => inShuffledGroups(x, 4, drawsOf(32), (part) => norm.call(part)));
      expect(same).toBeLessThan(1e-4);
      expect(other).toBeGreaterThan(1);
    });
  });

  it("matter to networks with BatchNorm alone", () => {
    const [norm, layer] = [new nn.Sequential(new nn.Linear(2, 2), new nn.BatchNorm1d(2)), new nn.LayerNorm(2)];
    expect([normalisesBatches(norm), normalisesBatches(layer)]).toEqual([true, false]);
  });
});
