import { describe, expect, it } from "vitest";
import { Rng } from "../../base/rng.ts";
import { mean } from "../../testing/naive.ts";
import { type BlockOptions, stepBlocks } from "./blocks.ts";

const PAPER: BlockOptions = {
  grid: 14,
  targets: 4,
  targetScale: [0.15, 0.2],
  targetAspect: [0.75, 1.5],
  contextScale: [0.85, 1],
};

const drawn = (options: BlockOptions, step: number, images = 8) => {
  const sizes = stepBlocks(new Rng(0, "sizes", step), options);
  return { sizes, all: Array.from({ length: images }, (_, i) => sizes.of(new Rng(0, "blocks", step, i))) };
};

/** Rows and columns that patches span, and whether they fill it. */
function rectangle(patches: readonly number[], grid: number) {
  const [rows, columns] = [patches.map((p) => Math.floor(p / grid)), patches.map((p) => p % grid)];
  const height = Math.max(...rows) - Math.min(...rows) + 1;
  const width = Math.max(...columns) - Math.min(...columns) + 1;
  return { height, width, full: height * width === new Set(patches).size };
}

describe("blocks", () => {
  it.each([14, 8, 7])("are rectangles of the step's size, and contexts lie outside of them: grid %d", (grid) => {
    for (let step = 1; step <= 6; step++) {
      const { sizes, all } = drawn({ ...PAPER, grid }, step);
      for (const { context, targets } of all) {
        expect(context).toHaveLength(sizes.context);
        expect(targets).toHaveLength(4 * sizes.target);
        for (let b = 0; b < 4; b++) {
          const { height, width, full } = rectangle(targets.slice(b * sizes.target, (b + 1) * sizes.target), grid);
          expect([full, height * width]).toEqual([true, sizes.target]);
        }
        expect(context.filter((patch) => targets.includes(patch))).toEqual([]);
        expect(new Set(context).size).toBe(sizes.context);
        expect(Math.min(...context, ...targets)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...context, ...targets)).toBeLessThan(grid * grid);
      }
    }
  });

  it("have the paper's shares: targets 15 to 20 % of 196 patches, to whole patches, and a context of a third or more", () => {
    const steps = Array.from({ length: 100 }, (_, step) => drawn(PAPER, step, 1).sizes);
    for (const { target, context } of steps) {
      expect(target).toBeGreaterThanOrEqual(24);
      expect(target).toBeLessThanOrEqual(48);
      expect(context).toBeGreaterThan(20);
    }
    expect(mean(steps.map(({ target }) => target)) / 196).toBeCloseTo(0.175, 1);
    expect(mean(steps.map(({ context }) => context)) / 196).toBeGreaterThan(0.3);
  });

  it("come everywhere, and are each image's own; a step's sizes are the same again", () => {
    const { all, sizes } = drawn(PAPER, 3, 150);
    expect(new Set(all.map(({ targets }) => String(targets))).size).toBeGreaterThan(145);
    const covered = new Set(all.flatMap(({ targets }) => targets));
    expect(covered.size).toBe(196);
    expect(new Set(all.flatMap(({ context }) => context)).size).toBe(196);
    expect(drawn(PAPER, 3, 150).all).toEqual(all);
    expect(drawn(PAPER, 3, 1).sizes.context).toBe(sizes.context);
  });

  it.each([2, 3, 4])("leave some to see of images as small as %d patches a side", (grid) => {
    for (let step = 1; step <= 20; step++) {
      const { sizes, all } = drawn({ ...PAPER, grid }, step, 8);
      expect(sizes.context).toBeGreaterThanOrEqual(1);
      for (const { context } of all) expect(context).toHaveLength(sizes.context);
    }
  });

  it("are refused where they leave nothing to see", () => {
    expect(() => drawn({ ...PAPER, targetScale: [1, 1], targetAspect: [1, 1] }, 1)).toThrow(
      "Expected target blocks that leave some of 14 × 14 patches to see, got 4 of 14 × 14; lower target_scale_max or target_blocks",
    );
  });
});
