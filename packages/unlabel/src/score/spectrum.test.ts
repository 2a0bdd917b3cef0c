import { fromTypedArray, linalgQr, manualSeed, memory, randn, scope, type Tensor } from "@unlabel/torch";
import { expect, it } from "vitest";
import { alphaReq, effectiveRank, powerLawOf, rankMe, singularValues } from "./spectrum.ts";

/** Columns of a random orthogonal basis, each as long as `lengths` says: their singular values. */
function withSpectrum(rows: number, lengths: readonly number[]): Tensor {
  return scope(() => {
    const [q] = linalgQr(randn([rows, lengths.length], { dtype: "float64" }));
    return q.mul(fromTypedArray(Float64Array.from(lengths), [1, lengths.length]));
  });
}

it("singular values are those that a matrix was made with, whichever side is longer", () => {
  manualSeed(0);
  const lengths = [9, 4, 1, 0.5];
  const tall = withSpectrum(50, lengths);
  for (const one of [tall, tall.t()]) {
    for (const [i, value] of singularValues(one).slice(0, 4).entries()) expect(value).toBeCloseTo(lengths[i]!, 10);
  }
});

it("RankMe is the number of directions where all are alike, and 1 where there is one", () => {
  manualSeed(1);
  expect(rankMe(withSpectrum(64, [3, 3, 3, 3, 3, 3, 3, 3]))).toBeCloseTo(8, 4);
  expect(rankMe(withSpectrum(64, [5, 0, 0, 0]))).toBeCloseTo(1, 4);
  // As a loop has it.
  const values = [4, 3, 2, 0.1];
  const shares = values.map((value) => value / 9.1 + 1e-7);
  const entropy = -shares.reduce((sum, p) => sum + p * Math.log(p), 0);
  expect(effectiveRank(values)).toBeCloseTo(Math.exp(entropy), 12);
  expect(rankMe(withSpectrum(40, values))).toBeCloseTo(Math.exp(entropy), 8);
});

it("α-ReQ is the exponent of a power law", () => {
  const law = (alpha: number, count: number) => Array.from({ length: count }, (_, i) => 7 * (i + 1) ** -alpha);
  for (const alpha of [0.3, 1, 2.5]) {
    expect(powerLawOf(law(alpha, 60))).toBeCloseTo(alpha, 10);
    expect(powerLawOf(law(alpha, 768))).toBeCloseTo(alpha, 10);
  }
  manualSeed(2);
  const dim = 64;
  // Centring costs one direction of many next to nothing.
  const features = withSpectrum(
    4096,
    law(1.2, dim).map((value) => Math.sqrt(value)),
  );
  expect(alphaReq(features)).toBeCloseTo(1.2, 1);
});

it("both are refused for fewer images than twice the dimensions, and leave no tensors behind", () => {
  manualSeed(3);
  const features = randn([63, 32]);
  const live = memory().liveTensors;
  const words = { refused: "63 images are fewer than twice the 32 dimensions" };
  expect(rankMe(features)).toEqual(words);
  expect(alphaReq(features)).toEqual(words);
  using enough = randn([64, 32]);
  expect(rankMe(enough)).toBeGreaterThan(20);
  expect(alphaReq(enough)).toBeGreaterThan(0);
  expect(memory().liveTensors).toBe(live + 1);
});

it("α-ReQ has no value where the tail of the spectrum is empty", () => {
  expect(powerLawOf([5, 4, 3, 2, 1, ...new Array<number>(40).fill(0)])).toEqual({
    refused: "features vary in fewer than 22 directions: there is no tail to fit a power law to",
  });
  using narrow = randn([64, 8]);
  expect(alphaReq(narrow)).toEqual({ refused: "features have 8 dimensions, and a power law takes 16" });
});
