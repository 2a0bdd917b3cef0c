import { expect, it } from "vitest";
import { ImageReader } from "../packages/unlabel/src/data/reader.ts";
import { mosaicJpeg } from "./mosaic-jpeg.ts";

it("is a JPEG of flat stones, each number another", async () => {
  const numbers = [0, 1, 2, 1_299_999];
  const images = numbers.map(mosaicJpeg);
  const box = { x: 0, y: 0, width: 64, height: 64, flip: false };
  const { data, failures } = await new ImageReader().read(
    images.map((image) => ({ image, views: [box] })),
    { width: 64, height: 64, filter: "bilinear" },
  );
  expect(failures).toEqual([]);
  const stones = numbers.map((_, i) => {
    const pixel = (x: number, y: number) => data[3 * (64 * 64 * i + 64 * y + x)]!;
    const values = Array.from({ length: 64 }, (_, k) => {
      const [x, y] = [8 * (k % 8), 8 * Math.floor(k / 8)];
      const value = pixel(x, y);
      for (const [dx, dy] of [
        [7, 0],
        [0, 7],
        [7, 7],
      ] as const)
        expect(pixel(x + dx, y + dy)).toBe(value);
      return value;
    });
    // Brightness is spread over all that there is.
    expect(Math.max(...values) - Math.min(...values)).toBeGreaterThan(150);
    return values.join(" ");
  });
  expect(new Set(stones).size).toBe(numbers.length);
  expect(mosaicJpeg(7)).toEqual(mosaicJpeg(7));
});
