import { describe, expect, it } from "vitest";
import type { Evaluation } from "../run/read/evaluation-schema.ts";
import { gainOf, leadOf, type Scored, spread } from "./groups.ts";
import { difference, type Interval } from "./intervals.ts";

const IMAGES = 960;
/** Student's t at 97.5 %, by degrees of freedom. */
const T = { 1: 12.706, 2: 4.303, 4: 2.776 };

/** A group by what its seeds came to: trained, and untrained where it was measured. */
function scored(trained: readonly number[], untrained?: readonly number[]): Scored {
  const evaluations = trained.map((top1, n) => ({
    top1,
    untrained: untrained && { top1: untrained[n] },
  })) as unknown as Evaluation[];
  const { mean: top1, std, n: seeds } = spread(trained)!;
  const [evaluation] = evaluations;
  return {
    ...{ group: { name: "a", runs: [] }, evaluation: evaluation!, evaluations, top1, std, seeds, images: IMAGES },
    ...{ untrained: spread(untrained ?? [])?.mean ?? null, pixels: null },
  };
}

const half = ([low, high]: Interval) => (high - low) / 2;

describe("a lead", () => {
  it("of several seeds over an encoder without any holds the seeds' own spread", () => {
    const [several, one] = [scored([0.56, 0.6, 0.64]), scored([0.54])];
    const images = difference(0.6, 0.54, IMAGES);
    const [low, high] = leadOf(several, one);
    const seeds = (T[2] * 0.04) / Math.sqrt(3);
    expect(low).toBeCloseTo(0.06 - Math.hypot(0.06 - images[0], seeds), 10);
    expect(high).toBeCloseTo(0.06 + Math.hypot(images[1] - 0.06, seeds), 10);
    // Wide enough to hold zero, which the images alone would not.
    expect([low < 0, images[0] > 0]).toEqual([true, true]);
    // No more is known of three seeds that came to the same.
    expect(leadOf(several, scored([0.54, 0.54, 0.54]))).toEqual([low, high]);
    expect(
      leadOf(one, several)
        .map((end) => -end)
        .toReversed(),
    ).toEqual([expect.closeTo(low, 10), expect.closeTo(high, 10)]);
  });

  it("of single runs, and of seeds that all came to the same, is what the images tell", () => {
    expect(leadOf(scored([0.6]), scored([0.5]))).toEqual(difference(0.6, 0.5, IMAGES));
    expect(leadOf(scored([0.6, 0.6]), scored([0.5, 0.5]))).toEqual(difference(0.6, 0.5, IMAGES));
  });

  it("takes Welch's degrees of freedom where both have several seeds", () => {
    const [a, b] = [scored([0.56, 0.6, 0.64]), scored([0.46, 0.5, 0.54])];
    const seeds = T[4] * 0.04 * Math.sqrt(2 / 3);
    expect(half(leadOf(a, b))).toBeCloseTo(Math.hypot(half(difference(0.6, 0.5, IMAGES)), seeds), 3);
  });
});

describe("a gain over several seeds", () => {
  it("goes by each seed's own gain, whose spread is not that of its scores", () => {
    const gains = [0.624 - 0.368, 0.594 - 0.402, 0.572 - 0.369];
    const one = scored([0.624, 0.594, 0.572], [0.368, 0.402, 0.369]);
    const std = spread(gains)!.std!;
    expect(std).toBeCloseTo(0.0343, 3);
    const images = half(difference(one.top1, one.untrained!, IMAGES));
    expect(half(gainOf(one, "untrained")!)).toBeCloseTo(Math.hypot(images, (T[2] * std) / Math.sqrt(3)), 3);
  });

  it("sees baselines that lie apart where the trained ones do not, and pairs that rise together", () => {
    const images = half(difference(0.6, 0.4, IMAGES));
    const apart = half(gainOf(scored([0.6, 0.6], [0.3, 0.5]), "untrained")!);
    expect(apart).toBeCloseTo(Math.hypot(images, T[1] * 0.1), 2);
    const together = gainOf(scored([0.5, 0.7], [0.3, 0.5]), "untrained")!;
    expect(half(together)).toBeCloseTo(images, 10);
    expect(gainOf(scored([0.6, 0.6]), "untrained")).toBeNull();
  });
});
