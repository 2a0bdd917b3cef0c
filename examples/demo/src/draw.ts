// One image: a drawing somewhere on a plain ground, at some size, in colours turned to any hue, to the left or to the right.
import { createHash } from "node:crypto";
import sharp from "sharp";

/** Edge of an image in pixels. */
export const EDGE = 64;
/** Least and largest edge of the drawing on it. */
const SIZES = [34, 56] as const;

/** Numbers from 0 to 1 (excluded) that only `key` decides. */
export function numbers(key: string): () => number {
  let [block, at, count] = [Buffer.alloc(0), 0, 0];
  return () => {
    if (at === block.length) [block, at] = [createHash("sha256").update(`${key} ${count++}`).digest(), 0];
    at += 4;
    return block.readUInt32BE(at - 4) / 2 ** 32;
  };
}

/**
 * A PNG file.
 *
 * @param drawing a PNG of any size, transparent where nothing is drawn
 * @param next numbers from 0 to 1, which decide place, size, colours and direction
 */
export async function drawAnimal(drawing: string, next: () => number): Promise<Buffer> {
  const whole = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  const size = whole(...SIZES);
  const [left, top] = [whole(0, EDGE - size), whole(0, EDGE - size)];
  const turned = sharp(drawing)
    .ensureAlpha()
    .modulate({ hue: whole(0, 359) });
  const figure = next() < 0.5 ? turned.flop() : turned;
  const ground = hsl(next(), 0.2 + 0.7 * next(), 0.3 + 0.6 * next());
  return sharp({ create: { width: EDGE, height: EDGE, channels: 3, background: ground } })
    .composite([{ input: await figure.resize(size, size).png().toBuffer(), left, top }])
    .removeAlpha()
    .png()
    .toBuffer();
}

/** A colour by hue, saturation and lightness from 0 to 1. */
function hsl(hue: number, saturation: number, lightness: number): { r: number; g: number; b: number } {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  const channel = (n: number) => {
    const k = (n + 12 * hue) % 12;
    return Math.round(255 * (lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return { r: channel(0), g: channel(8), b: channel(4) };
}
