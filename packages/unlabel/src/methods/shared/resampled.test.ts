import { scope, tensor } from "@unlabel/torch";
import { expect, it } from "vitest";
import { resampled, resampledTokens } from "./resampled.ts";

it("takes the mean of what a place covers where a map shrinks", () => {
  scope(() => {
    const map = tensor(Array.from({ length: 16 }, (_, i) => i)).reshape([1, 1, 4, 4]);
    expect(resampled(map, [2, 2]).toNumbers()).toEqual([2.5, 4.5, 10.5, 12.5]);
    expect(resampled(map, [4, 4])).toBe(map);
  });
});

it("is bilinear between the places' centres where it grows", () => {
  scope(() => {
    const map = tensor([0, 4, 8, 12]).reshape([1, 1, 2, 2]);
    // Centres of four lie at −¼, ¼, ¾ and 1¼ of two; edges are repeated.
    expect(resampled(map, [4, 4]).select(0, 0).select(0, 0).select(0, 0).toNumbers()).toEqual([0, 1, 3, 4]);
    expect(resampled(map, [4, 1]).flatten().toNumbers()).toEqual([2, 4, 8, 10]);
  });
});

it("keeps tokens in the order of their places", () => {
  scope(() => {
    // Two numbers a token, four by two places.
    const tokens = tensor(Array.from({ length: 16 }, (_, i) => i)).reshape([1, 8, 2]);
    const found = resampledTokens(tokens, [4, 2], [2, 1]);
    expect(found.shape).toEqual([1, 2, 2]);
    // The first four tokens' means, then the last four's.
    expect(found.contiguous().toNumbers()).toEqual([3, 4, 11, 12]);
    expect(resampledTokens(tokens, [4, 2], [4, 2])).toBe(tokens);
  });
});
