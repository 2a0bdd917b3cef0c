import { describe, expect, it } from "vitest";
import { Rng } from "../base/rng.ts";
import { centerBox, randomBox } from "./crop.ts";

const spec = { crop: { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] }, flip: 0.5 } as const;

describe("randomBox", () => {
  it("stays inside the image, in whole pixels, whatever its size", () => {
    for (const [width, height] of [
      [1, 1],
      [2, 300],
      [300, 2],
      [64, 64],
      [500, 375],
      [3, 5],
    ] as const) {
      for (let i = 0; i < 300; i++) {
        const box = randomBox(width, height, spec, new Rng(0, "crop", 0, i));
        expect([box.x, box.y, box.width, box.height].every(Number.isInteger)).toBe(true);
        expect(box.x >= 0 && box.y >= 0 && box.width > 0 && box.height > 0).toBe(true);
        expect(box.x + box.width <= width && box.y + box.height <= height).toBe(true);
      }
    }
  });

  it("draws area uniformly, ratio log-uniformly, position uniformly and flips half", () => {
    // Scales this small always fit a square image at the first attempt, so no rejection bends the distributions.
    const small = { crop: { scale: [0.1, 0.5], ratio: [0.5, 2] }, flip: 0.5 } as const;
    const n = 20_000;
    const side = 10_000;
    let [area, logRatio, logSquare, position, flips] = [0, 0, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      const box = randomBox(side, side, small, new Rng(5, "crop", 0, i));
      area += (box.width * box.height) / side ** 2;
      const log = Math.log(box.width / box.height);
      logRatio += log;
      logSquare += log * log;
      position += box.x / (side - box.width);
      flips += Number(box.flip);
    }
    expect(area / n).toBeCloseTo(0.3, 2);
    expect(logRatio / n).toBeCloseTo(0, 1);
    expect(logSquare / n).toBeCloseTo(Math.log(2) ** 2 / 3, 2);
    expect(position / n).toBeCloseTo(0.5, 2);
    expect(flips / n).toBeCloseTo(0.5, 1);
  });

  it("is the centred box, always, where nothing is left to chance: also of sides a pixel apart", () => {
    const whole = { crop: { scale: [1, 1], ratio: [1, 1] }, flip: 0 } as const;
    const box = (width: number, height: number, i: number) => randomBox(width, height, whole, new Rng(0, "crop", 0, i));
    for (let i = 0; i < 20; i++) {
      expect(box(100, 101, i)).toEqual({ x: 0, y: 0, width: 100, height: 100, flip: false });
      expect(box(1025, 1024, i)).toEqual({ x: 0, y: 0, width: 1024, height: 1024, flip: false });
      expect(box(100, 104, i)).toEqual({ x: 0, y: 2, width: 100, height: 100, flip: false });
    }
  });

  it("falls back to the largest centred box of an allowed ratio", () => {
    const rng = () => new Rng(0, "crop");
    const whole = { crop: { scale: [1, 1], ratio: [3 / 4, 4 / 3] }, flip: 0 } as const;
    expect(randomBox(400, 30, whole, rng())).toEqual({ x: 180, y: 0, width: 40, height: 30, flip: false });
    expect(randomBox(30, 400, whole, rng())).toEqual({ x: 0, y: 180, width: 30, height: 40, flip: false });
    expect(randomBox(1, 50, whole, rng()).width).toBe(1);
  });
});

describe("centerBox", () => {
  it("equals Resize(256) and CenterCrop(224)", () => {
    // torchvision on 500 × 375: resized to 341 × 256, then left = round(58.5) = 58, top = 16.
    const box = centerBox(500, 375, 224);
    expect(box.x).toBeCloseTo((58 * 500) / 341);
    expect(box.y).toBeCloseTo((16 * 375) / 256);
    expect(box.width).toBeCloseTo((224 * 500) / 341);
    expect(box.height).toBeCloseTo((224 * 375) / 256);
  });

  it("rounds the short side down, as timm and transformers do, and not what division leaves of a whole number", () => {
    const short = (size: number, fraction: number) => (1000 * size) / centerBox(1000, 1000, size, fraction).width;
    expect(short(224, 0.9)).toBeCloseTo(248, 6);
    expect(short(224, 0.95)).toBeCloseTo(235, 6);
    for (const [crop, resized] of [
      [224, 256],
      [448, 512],
      [518, 592],
      [336, 384],
      [384, 384],
    ] as const)
      expect(short(crop, crop / resized)).toBeCloseTo(resized, 6);
  });

  it("keeps a square image whole at fraction 1", () => {
    expect(centerBox(64, 64, 64, 1)).toEqual({ x: 0, y: 0, width: 64, height: 64, flip: false });
    expect(centerBox(100, 100, 64, 1)).toEqual({ x: 0, y: 0, width: 100, height: 100, flip: false });
  });

  it("stays inside images of any shape", () => {
    for (const [width, height] of [
      [1, 1000],
      [1000, 1],
      [7, 13],
      [4000, 3000],
    ] as const) {
      const box = centerBox(width, height, 224);
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.y).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(width + 1e-9);
      expect(box.y + box.height).toBeLessThanOrEqual(height + 1e-9);
    }
  });
});
