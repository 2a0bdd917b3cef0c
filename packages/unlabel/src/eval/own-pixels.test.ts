import { describe, expect, it } from "vitest";
import type { Pixels } from "../base/native.ts";
import { type Input, PHOTOGRAPHS } from "../data/input.ts";
import { asRunReads } from "./own-pixels.ts";

const pixels = (data: Pixels["data"], channels?: number): Pixels => {
  const width = data.length / (channels ?? 3);
  return { data, width, height: 1, ...(channels !== undefined && { channels }) };
};
const input = (changes: Partial<Input>): Input => ({ ...PHOTOGRAPHS, ...changes });

describe("pixels of a program", () => {
  it("of photographs stay as they are, gray ones among them", () => {
    for (const image of [pixels(Uint8Array.of(1, 2, 3)), pixels(Uint8Array.of(7, 8), 1)]) {
      expect(asRunReads(image, PHOTOGRAPHS)).toBe(image);
      expect(asRunReads(image, input({ channels: 1 }))).toBe(image);
    }
  });

  it("become the run's bands in its order, between its values of black and white", () => {
    const image = pixels(Uint16Array.of(0, 100, 200, 5000, 50, 150, 250, 1), 4);
    const two = input({
      channels: 2,
      bands: [3, 1],
      range: [
        [200, 300],
        [0, 100],
      ],
    });
    expect(asRunReads(image, two)).toEqual({
      data: Uint16Array.of(0, 0, 32_768, 32_768),
      width: 2,
      height: 1,
      channels: 2,
    });
  });

  it("of 8 bits stay so where no range was chosen, and the first bands are taken", () => {
    const image = pixels(Uint8Array.of(1, 2, 3, 4, 5), 5);
    expect(asRunReads(image, input({ channels: 4 })).data).toEqual(Uint8Array.of(1, 2, 3, 4));
    const gray = pixels(Uint16Array.of(65_535), 1);
    const range = [0, 1, 2].map((): [number, number] => [0, 65_535]);
    expect(asRunReads(gray, input({ range })).data).toEqual(Uint16Array.of(65_535, 65_535, 65_535));
  });

  it("are refused where they have other bands, or are not as many as they say", () => {
    const four = input({ channels: 4 });
    expect(() => asRunReads(pixels(Uint8Array.of(1, 2, 3)), four)).toThrow("Expected pixels of 4 channels or more");
    const image = { data: Uint8Array.of(1, 2, 3, 4), width: 2, height: 2, channels: 4 };
    expect(() => asRunReads(image, four)).toThrow("Expected 2 × 2 × 4 numbers for data of pixels, got 4");
  });
});
