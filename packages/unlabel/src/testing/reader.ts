// For tests of the image reader: a reader, whole images, and how far two results are apart.
import { expect } from "vitest";
import { ImageReader } from "../data/reader.ts";
import type { Box } from "../data/views.ts";

export const reader = new ImageReader();

export function whole(width: number, height: number, flip = false): Box {
  return { x: 0, y: 0, width, height, flip };
}

export async function readWhole(image: string | Uint8Array, width: number, height: number) {
  return reader.read([{ image, views: [whole(width, height)] }], { width, height, filter: "bilinear" });
}

export function difference(a: ArrayLike<number>, b: ArrayLike<number>) {
  expect(a.length).toBe(b.length);
  let [sum, max] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i]! - b[i]!);
    sum += d;
    max = Math.max(max, d);
  }
  return { mean: sum / a.length, max };
}
