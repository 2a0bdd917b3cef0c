import sharp from "sharp";
import { expect, it } from "vitest";
import { SHEET_COLUMNS, Sheet } from "./sheet.ts";

const plain = (value: number, side: number, channels: 1 | 3) => ({
  pixels: new Uint8Array(side * side * channels).fill(value),
  width: side,
  height: side,
  channels,
});

it("fits pictures of any size to tiles, in rows", async () => {
  const sheet = new Sheet(16);
  // Halves of black and white, averaged to gray where four pixels become one.
  const fine = plain(0, 32, 1);
  for (let i = 0; i < fine.pixels.length; i += 2) fine.pixels[i] = 255;
  expect(sheet.add(fine)).toBe(0);
  const quarters = { pixels: Uint8Array.from([0, 255, 255, 0]), width: 2, height: 2, channels: 1 as const };
  expect(sheet.add(quarters)).toBe(1);
  for (let i = 2; i <= SHEET_COLUMNS; i++) sheet.add(plain(200, 5, 3));
  const { data, info } = await sharp(await sheet.encode())
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([16 * SHEET_COLUMNS, 32]);
  const at = (x: number, y: number) => data[(y * info.width + x) * 3]!;
  expect(at(5, 5)).toBeCloseTo(128, -1);
  expect([at(18, 2), at(29, 2), at(18, 13), at(29, 13)].map((value) => Math.round(value / 255))).toEqual([0, 1, 1, 0]);
  expect(Math.abs(at(5, 20) - 200)).toBeLessThan(4);
  // The rest of the last row is white.
  expect(at(40, 20)).toBeGreaterThan(250);
});

it("weighs little, whatever is in it", async () => {
  const sheet = new Sheet(96);
  for (let i = 0; i < 60; i++) {
    const noise = plain(0, 96, 3);
    for (let k = 0; k < noise.pixels.length; k++) noise.pixels[k] = (k * 2654435761 * (i + 1)) >>> 24;
    sheet.add(noise);
  }
  expect((await sheet.encode()).length).toBeLessThan(400_000);
});
