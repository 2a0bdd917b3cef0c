import { arange, randn, scope, tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { gatherTokens, patchify, unpatchify } from "./patches.ts";

describe("patchify", () => {
  it.each([
    [224, 16],
    [64, 8],
    [30, 5],
    [8, 8],
  ])("is undone by unpatchify: %d px in patches of %d", (size, patch) => {
    scope(() => {
      const images = randn([2, 3, size, size]);
      for (const x of [images, images.to({ memoryFormat: "channels_last" })]) {
        const patches = patchify(x, patch);
        expect(patches.shape).toEqual([2, (size / patch) ** 2, patch * patch * 3]);
        expect(unpatchify(patches, patch).equal(images)).toBe(true);
      }
    });
  });

  it("orders patches by row and column, and values by row, column and colour", () => {
    scope(() => {
      const [batch, size, patch] = [2, 6, 2];
      const images = arange(0, batch * 3 * size * size).reshape([batch, 3, size, size]);
      const expected: number[] = [];
      for (let b = 0; b < batch; b++)
        for (let py = 0; py < size; py += patch)
          for (let px = 0; px < size; px += patch)
            for (let y = py; y < py + patch; y++)
              for (let x = px; x < px + patch; x++)
                for (let c = 0; c < 3; c++) expected.push(((b * 3 + c) * size + y) * size + x);
      expect(patchify(images, patch).toNumbers()).toEqual(expected);
    });
  });

  it("refuses what it cannot cut or put together", () => {
    expect(() => patchify(randn([1, 3, 10, 8]), 4)).toThrow("Expected images whose sides 4 divides, got [1, 3, 10, 8]");
    expect(() => patchify(randn([3, 8, 8]), 4)).toThrow("got [3, 8, 8]");
    expect(() => unpatchify(randn([1, 5, 48]), 4)).toThrow("Expected [B, n², 48] for patches, got [1, 5, 48]");
    expect(() => unpatchify(randn([1, 4, 47]), 4)).toThrow("got [1, 4, 47]");
  });
});

it("gathers each image's own tokens", () => {
  const tokens = arange(0, 12).reshape([2, 3, 2]);
  const index = tensor(
    [
      [2, 0],
      [1, 1],
    ],
    { dtype: "int64" },
  );
  expect(gatherTokens(tokens, index).toNumbers()).toEqual([4, 5, 0, 1, 8, 9, 8, 9]);
});
