import { scope } from "@unlabel/torch";
import { expect, it } from "vitest";
import { stepOn } from "../../testing/progress.ts";
import { gaussianQuantiles, sliceDirections } from "./slices.ts";

it("draws directions of length 1 that look the same from everywhere", () => {
  scope(() => {
    const directions = sliceDirections(stepOn(4).draws, 3, 4001);
    expect(directions.shape).toEqual([3, 4001]);
    for (const length of directions.linalgVectorNorm(2, [0]).toNumbers()) expect(length).toBeCloseTo(1, 5);
    // Of N directions the means deviate by √(1/3N) = 0.009, mean squares by √(4/45N) = 0.005 from 1/3, mean products by √(1/15N) = 0.004 from 0.
    for (const mean of directions.mean([1]).toNumbers()) expect(Math.abs(mean)).toBeLessThan(0.04);
    const second = directions.matmul(directions.t()).div(4001).toNumbers();
    for (const [i, value] of second.entries()) expect(Math.abs(value - (i % 4 === 0 ? 1 / 3 : 0))).toBeLessThan(0.025);
  });
});

it("gives all parts of a batch the same directions, and the next step and another seed others", () => {
  scope(() => {
    const drawn = (progress = stepOn(4)) => sliceDirections(progress.draws, 5, 7).toNumbers();
    const whole = drawn();
    expect(drawn()).toEqual(whole);
    expect(sliceDirections(stepOn(4).draws.narrow(1, 2), 5, 7).toNumbers()).toEqual(whole);
    expect(drawn(stepOn(4, { step: 2 }))).not.toEqual(whole);
    expect(drawn(stepOn(4, { seed: 1 }))).not.toEqual(whole);
  });
});

it("knows where a Gaussian's values lie", () => {
  scope(() => {
    const found = gaussianQuantiles(3).toNumbers();
    for (const [i, value] of [-0.674489750196, 0, 0.674489750196].entries()) expect(found[i]).toBeCloseTo(value, 10);
    // 95 % lie within 1.96.
    const many = gaussianQuantiles(39).toNumbers();
    expect([many[0], many[38]]).toEqual([expect.closeTo(-1.959963985, 8), expect.closeTo(1.959963985, 8)]);
    expect(many).toEqual(many.toSorted((a, b) => a - b));
  });
});
