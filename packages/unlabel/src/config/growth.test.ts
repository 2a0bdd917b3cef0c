import { describe, expect, it } from "vitest";
import { resolveConfig } from "../methods/registry.ts";
import { type GrowthConfig, sharesOf, sizeAt, sizesOf, stagesAnew, stagesOf } from "./growth.ts";

const grow = (size_start: number | null, size: number, grow_until = 0.7, patch = 16): GrowthConfig => ({
  ...{ size, size_start, grow_until, patch },
});

describe("sizesOf", () => {
  it.each([
    [grow(32, 64), false, [32, 40, 48, 56, 64]],
    [grow(48, 96), false, [48, 64, 80, 96]],
    // Above 64 px in cells of 16, from whatever multiple of 8 on; of too many six.
    [grow(40, 128), false, [40, 64, 80, 96, 112, 128]],
    [grow(96, 224), false, [96, 128, 144, 176, 192, 224]],
    [grow(64, 72), false, [64, 72]],
    [grow(16, 50), false, [16, 24, 32, 40, 50]],
    [grow(32, 96, 0.7, 16), true, [32, 48, 64, 80, 96]],
    [grow(16, 32, 0.7, 4), true, [16, 20, 24, 28, 32]],
    [grow(112, 224, 0.7, 14), true, [112, 140, 154, 182, 196, 224]],
    [grow(null, 64), false, [64]],
    [grow(64, 64), false, [64]],
    [grow(32, 64, 0), false, [64]],
  ])("%o, ViT %s: %o", (config, vit, expected) => {
    expect(sizesOf(config, vit)).toEqual(expected);
  });

  it("ascends in multiples of the unit from size_start to size, six at most, whatever they are", () => {
    const wrong: [number, number, number[]][] = [];
    for (const [patch, vit] of [
      [4, true],
      [14, true],
      [16, true],
      [16, false],
    ] as const) {
      const unit = vit ? patch : 8;
      for (let start = unit * Math.ceil(16 / unit); start <= 160; start += unit)
        for (let size = start; size <= 320; size += vit ? patch : 1) {
          const sizes = sizesOf(grow(start, size, 0.5, patch), vit);
          const right =
            sizes[0] === start &&
            sizes.at(-1) === size &&
            sizes.length <= 6 &&
            sizes.every((edge, i) => i === 0 || edge > sizes[i - 1]!) &&
            sizes.slice(0, -1).every((edge) => edge % unit === 0);
          if (!right) wrong.push([start, size, sizes]);
        }
    }
    expect(wrong).toEqual([]);
  });
});

describe("stagesOf", () => {
  it("has equal stages up to grow_until, and the rest at size", () => {
    expect(stagesOf(grow(32, 64), false, 1000)).toEqual([
      { from: 0, size: 32 },
      { from: 175, size: 40 },
      { from: 350, size: 48 },
      { from: 525, size: 56 },
      { from: 700, size: 64 },
    ]);
    const stages = stagesOf(grow(48, 96, 0.5), false, 60);
    const sizes = Array.from({ length: 60 }, (_, step) => sizeAt(stages, step));
    expect(sizes).toEqual([48, 64, 80].flatMap((size) => Array(10).fill(size)).concat(Array(30).fill(96)));
    expect(sizeAt(stages, 1_000_000)).toBe(96);
  });

  it("leaves out what no step would have", () => {
    expect(stagesOf(grow(32, 64, 1), false, 8).map(({ size }) => size)).toEqual([32, 40, 48, 56]);
    expect(stagesOf(grow(32, 64), false, 1)).toEqual([{ from: 0, size: 40 }]);
    for (let total = 0; total < 40; total++) {
      const stages = stagesOf(grow(32, 64), false, total);
      expect(stages[0]!.from).toBe(0);
      expect(stages.every(({ from }, i) => i === 0 || (from > stages[i - 1]!.from && from < total))).toBe(true);
    }
    expect(stagesOf(grow(null, 64), false, 100)).toEqual([{ from: 0, size: 64 }]);
  });
});

it("sharesOf are those of the steps", () => {
  const config = grow(32, 64, 0.8);
  const stages = stagesOf(config, false, 1000);
  for (const { size, share } of sharesOf(config, false)) {
    const steps = Array.from({ length: 1000 }, (_, step) => sizeAt(stages, step)).filter((one) => one === size);
    expect(share).toBeCloseTo(steps.length / 1000, 10);
  }
  expect(sharesOf(grow(null, 64), false)).toEqual([{ size: 64, share: 1 }]);
});

describe("stagesAnew", () => {
  const config = grow(48, 96, 0.6);
  const before = stagesOf(config, false, 100);
  const sizes = (stages: typeof before, total: number) =>
    Array.from({ length: total }, (_, step) => sizeAt(stages, step));

  it.each([
    [30, 200],
    [30, 60],
    [30, 35],
    [75, 500],
    [0, 20],
  ])("after %i of 100 steps planned for %i, keeps what was before and never shrinks", (done, total) => {
    const anew = stagesAnew(before, stagesOf(config, false, total), done + 4);
    expect(sizes(anew, done + 4)).toEqual(sizes(before, done + 4));
    const all = sizes(anew, total);
    expect(all).toEqual(all.toSorted((a, b) => a - b));
    // Where the new plan is ahead, it is followed from there on.
    const planned = stagesOf(config, false, total);
    for (let step = done + 4; step < total; step++)
      expect(sizeAt(anew, step)).toBe(Math.max(sizeAt(planned, step), sizeAt(before, done + 3)));
  });

  it("is the plan itself where the number of steps is the same", () => {
    for (let done = 0; done < 100; done++)
      expect(stagesAnew(before, stagesOf(config, false, 100), done)).toEqual(before);
  });
});

describe("settings that make no sense", () => {
  it.each([
    [{ size_start: 96 }, "Expected a size_start of at most size (64 px), got 96"],
    [{ size_start: 36 }, "Expected a multiple of 8 for size_start with resnet18, got 36; nearest: 32 or 40"],
    [{ size_start: 8 }, "Expected a whole number from 16 to 1024 for size_start, got 8"],
    [
      { encoder: "vit_tiny", patch: 16, size_start: 40 },
      "Expected a size_start that patch 16 divides, got 40; nearest: 32 or 48",
    ],
    [
      { method: "mae", encoder: "vit_tiny", patch: 16, size_start: 32 },
      "Expected no size_start with mae, whose decoder has places for images of one size, got 32; leave it out",
    ],
    [{ grow_until: 0.5 }, "Expected no grow_until with size_start null, where it would change nothing"],
    [{ size_start: 32, grow_until: 1.5 }, "Expected a number from 0 to 1 for grow_until, got 1.5"],
  ])("%o: %s", (flags, line) => {
    expect(() => resolveConfig({ flags: { method: "simclr", size: 64, ...flags } })).toThrow(line);
  });

  it("are told from those that do", () => {
    const config = resolveConfig({ flags: { method: "simclr", size: 64, size_start: 32 } });
    expect(config).toMatchObject({ size_start: 32, grow_until: 0.7 });
    expect(
      resolveConfig({ flags: { method: "byol", encoder: "vit_tiny", patch: 16, size: 64, size_start: 32 } }),
    ).toBeTruthy();
    for (const method of ["simclr", "mae", "byol"])
      expect(resolveConfig({ flags: { method } })).toMatchObject({ size_start: null });
    // A config of before there was growing, as run.json holds it.
    const { size_start: _, grow_until: __, ...older } = config;
    expect(resolveConfig({ file: { name: "run.json", settings: older } })).toMatchObject({ size_start: null });
  });
});
