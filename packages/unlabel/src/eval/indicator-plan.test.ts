import { describe, expect, it } from "vitest";
import { expectedSeconds, planAsked, planIndicators, SHARE, SIZES, type TrainingCost } from "./indicator-plan.ts";

const KIND = { ways: 15, kinds: 3, dims: 512 };
/** A training at 20 ms an image, of which an encoder's share with one view is a sixth: two views, forwards and backwards. */
const training = (seconds: number): TrainingCost => ({ seconds, perImage: 0.02, viewShare: 1 / 6 });

describe("how many images are looked at", () => {
  it("all, where nobody knows what training took, or it took long", () => {
    const all = { images: 2048, viewed: 512, isCut: false };
    expect(planIndicators(5000, null, KIND)).toEqual({ ...all, allowed: null, expected: null });
    const long = planIndicators(5000, training(3600), KIND);
    expect(long).toMatchObject({ ...all, allowed: 720 });
    expect(long.expected).toBeLessThan(720);
  });

  it("no more than fit into a fifth of it, by what was foretold; never fewer where it took longer", () => {
    const plans = [60, 120, 300, 600, 1200].map((seconds) => planIndicators(5000, training(seconds), KIND));
    let before = 0;
    for (const { images, viewed, isCut, allowed, expected } of plans) {
      expect(expected!).toBeLessThanOrEqual(allowed!);
      expect(expected!).toBeCloseTo(expectedSeconds({ images, viewed }, training(0), KIND), 9);
      expect(isCut).toBe(images < 2048 || viewed < 512);
      expect(expected!).toBeGreaterThanOrEqual(before);
      before = expected!;
    }
    expect(plans[0]!.isCut).toBe(true);
    expect(plans[0]!.images).toBeLessThan(plans.at(-1)!.images);
  });

  it("the next larger number would not have fitted", () => {
    for (const seconds of [60, 200, 500]) {
      const { images, viewed } = planIndicators(5000, training(seconds), KIND);
      const at = SIZES.findIndex((one) => one.images === images && one.viewed === viewed);
      expect(at).toBeGreaterThan(0);
      for (const larger of SIZES.slice(0, at))
        expect(expectedSeconds(larger, training(seconds), KIND)).toBeGreaterThan(SHARE * seconds);
    }
  });

  it("the fewest where not even these fit: whoever looks is told that it took longer", () => {
    expect(planIndicators(5000, training(0.5), KIND)).toMatchObject({ images: 64, viewed: 32, isCut: true });
  });

  it("of fewer images than that, all: nothing was left out", () => {
    const few = planIndicators(66, training(200), KIND);
    expect(few).toMatchObject({ images: 2048, viewed: 512, isCut: false });
    expect(few.expected).toBeCloseTo(expectedSeconds({ images: 66, viewed: 66 }, training(0), KIND), 9);
    expect(planIndicators(66, training(1), KIND)).toMatchObject({ images: 64, viewed: 32, isCut: true });
  });

  it("so many as are asked for", () => {
    expect(planAsked(5000, { images: 300, viewed: 9000 })).toMatchObject({ images: 300, viewed: 300, isCut: true });
    expect(planAsked(5000, { images: 2048, viewed: 2048 })).toMatchObject({ images: 2048, viewed: 512, isCut: false });
    expect(planAsked(100, { images: 300, viewed: 300 })).toMatchObject({ isCut: false });
  });

  it("sizes fall in what they take", () => {
    for (const dims of [192, 512, 2048]) {
      const costs = SIZES.map((size) => expectedSeconds(size, training(0), { ...KIND, dims }));
      expect(costs).toEqual(costs.toSorted((a, b) => b - a));
    }
  });
});
