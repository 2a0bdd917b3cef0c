// A stand-in until the decoder of described images is there.
import sharp from "sharp";
import type { Pixels } from "../../base/native.ts";
import type { Described } from "../input.ts";

export async function describedHeader({
  file,
  input,
  tile,
}: Described): Promise<{ width: number; height: number; bytes: number }> {
  const { width, height } = tile ?? (await sharp(file).metadata());
  return { width, height, bytes: width * height * input.channels * 2 };
}

export async function decodeDescribed<T>(described: Described, use: (pixels: Pixels) => Promise<T>): Promise<T> {
  const { input, tile } = described;
  let image = sharp(described.file);
  if (tile) image = image.extract({ left: tile.x, top: tile.y, width: tile.width, height: tile.height });
  const { data, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  const bands = input.bands ?? Array.from({ length: input.channels }, (_, c) => c + 1);
  const { width, height } = info;
  const values = new Uint16Array(width * height * bands.length);
  for (let i = 0; i < width * height; i++)
    for (const [c, band] of bands.entries()) {
      const [low, high] = input.range?.[c] ?? [0, 255];
      const value = (data[i * info.channels + band - 1]! - low) / (high - low);
      values[i * bands.length + c] = Math.round(Math.min(1, Math.max(0, value)) * 65535);
    }
  return use({ data: values, width, height, channels: bands.length });
}
