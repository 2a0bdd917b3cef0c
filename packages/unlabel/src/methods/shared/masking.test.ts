import { arange, cat, randn, scope, tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { gatherTokens } from "../../encoders/patches.ts";
import { stepOn } from "../../testing/progress.ts";
import { maskingOf, randomMasking, restoreOrder } from "./masking.ts";
import { visibleCount } from "./visible.ts";

const rows = (flat: number[], width: number) =>
  Array.from({ length: flat.length / width }, (_, i) => flat.slice(i * width, (i + 1) * width));

describe("randomMasking", () => {
  it("keeps exactly 49 of 196 patches; kept and hidden together are all, once", () => {
    scope(() => {
      const { keep, hidden } = randomMasking(stepOn(8).draws, 196, 0.75);
      expect(keep.shape).toEqual([8, 49]);
      expect(hidden.shape).toEqual([8, 147]);
      const all = Array.from({ length: 196 }, (_, i) => i);
      for (const row of rows(cat([keep, hidden], 1).toNumbers(), 196)) {
        expect(row.toSorted((a, b) => a - b)).toEqual(all);
      }
    });
  });

  it.each([
    [196, 0.75, 49],
    [64, 0.75, 16],
    [16, 0.5, 8],
    [9, 0.75, 2],
    [196, 0.6, 78],
  ])("of %d patches at ratio %d shows %d", (patches, ratio, visible) => {
    expect(visibleCount(patches, ratio)).toBe(visible);
  });

  it("masks each image by itself, and every patch as often as any other", () => {
    scope(() => {
      const { keep } = randomMasking(stepOn(4000).draws, 16, 0.75);
      expect(new Set(rows(keep.toNumbers(), 4).map(String)).size).toBeGreaterThan(3000);
      const counts = keep.reshape([-1]).bincount().toNumbers();
      // 1000 expected with a deviation of √(4000 · ¼ · ¾) = 27.
      for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(5 * 27);
    });
  });

  it("gives an image the same mask in whatever part of the batch it comes, and another one at the next step", () => {
    scope(() => {
      const masks = (progress = stepOn(4)) => randomMasking(progress.draws, 16, 0.75).keep.toNumbers();
      const whole = masks();
      expect(randomMasking(stepOn(4).draws.narrow(1, 2), 16, 0.75).keep.toNumbers()).toEqual(whole.slice(4, 12));
      expect(masks(stepOn(4, { step: 2 }))).not.toEqual(whole);
      expect(masks(stepOn(4, { seed: 1 }))).not.toEqual(whole);
    });
  });
});

it("keeps the patches with the smallest numbers", () => {
  const { keep, hidden } = maskingOf(tensor([[0.4, 0.1, 0.9, 0.2]]), 0.5);
  expect(keep.toNumbers()).toEqual([1, 3]);
  expect(hidden.toNumbers()).toEqual([0, 2]);
});

it("restores what masking has shuffled", () => {
  scope(() => {
    const masking = randomMasking(stepOn(5).draws, 36, 0.75);
    const tokens = randn([5, 36, 7]);
    const seen = gatherTokens(tokens, masking.keep);
    const hidden = gatherTokens(tokens, masking.hidden);
    expect(restoreOrder(seen, hidden, masking).equal(tokens)).toBe(true);
    const places = arange(0, 36).reshape([1, 36, 1]).expand([5, 36, 1]);
    expect(gatherTokens(places, masking.keep).toNumbers()).toEqual(masking.keep.toNumbers());
  });
});
