import { readFileSync } from "node:fs";
import { fromTypedArray, memory, scope, type Tensor } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { Rng } from "../base/rng.ts";
import { IMAGENET } from "../config/defaults.ts";
import { augment } from "./augment.ts";
import { colorMatrix } from "./color-matrix.ts";
import { drawParams, type JitterParams, type ViewParams } from "./params.ts";
import type { ViewSpec } from "./views.ts";

const { mean, std } = IMAGENET;

interface Fixture {
  side: number;
  pixels: string;
  color: { factors: [number, number, number, number]; order: number[]; grayscale: boolean; expected: string }[];
  blur: { sigma: number; kernel: number; expected: string }[];
  solarize: string;
}

const fixture: Fixture = JSON.parse(
  readFileSync(new URL("../../../../fixtures/augment.json", import.meta.url), "utf8"),
);
const { side } = fixture;
const pixels = new Uint8Array(Buffer.from(fixture.pixels, "base64"));
const floats = (text: string) => {
  const bytes = Uint8Array.from(Buffer.from(text, "base64"));
  return new Float32Array(bytes.buffer);
};

const plain = { mean: [0, 0, 0], std: [1, 1, 1], blur: null } as const;
const nothing: ViewParams = { jitter: null, grayscale: false, sigma: null, solarize: false };

/** The fixture's image, `times` over. */
const images = (times: number) =>
  fromTypedArray(
    Uint8Array.from({ length: pixels.length * times }, (_, i) => pixels[i % pixels.length]!),
    [times, side, side, 3],
  );

function expectClose(actual: Tensor, expected: ArrayLike<number>, tolerance: number) {
  const values = actual.toNumbers();
  expect(values.length).toBe(expected.length);
  const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
  expect(worst).toBeLessThan(tolerance);
}

const jitterOf = (
  [brightness, contrast, saturation, hue]: readonly number[],
  order: readonly number[] = [0, 1, 2, 3],
): JitterParams => ({
  brightness: brightness!,
  contrast: contrast!,
  saturation: saturation!,
  hue: hue!,
  order,
});

describe("exact colours", () => {
  it("equal torchvision's functionals, every view with its own parameters and order", () => {
    const views = fixture.color.map(({ factors, order, grayscale }) => ({
      ...nothing,
      jitter: jitterOf(factors, order),
      grayscale,
    }));
    scope(() => {
      const out = augment(images(views.length), { ...plain, colorForm: "exact" }, views);
      for (const [i, { expected }] of fixture.color.entries()) expectClose(out.select(0, i), floats(expected), 2e-6);
    });
  });
});

describe("fused colours", () => {
  const fused = (views: ViewParams[], image = images(views.length)) =>
    augment(image, { ...plain, colorForm: "fused" }, views);

  it.each([0, 2, 4])(
    "equal torchvision's where only one of brightness, contrast and saturation changes (%i)",
    (index) => {
      const { factors, expected } = fixture.color[index]!;
      scope(() => expectClose(fused([{ ...nothing, jitter: jitterOf(factors) }]).select(0, 0), floats(expected), 1e-4));
    },
  );

  it("equal the exact form's sequence where no value leaves the range", () => {
    const middle = Uint8Array.from(pixels, (value) => 100 + value / 8);
    const views = [{ ...nothing, jitter: jitterOf([0.9, 1.2, 0.7, 0]), grayscale: false }];
    scope(() => {
      const image = fromTypedArray(middle, [1, side, side, 3]);
      const exact = augment(image, { ...plain, colorForm: "exact" }, views);
      expectClose(fused(views, image), exact.toNumbers(), 1e-4);
    });
  });

  it("leave an image alone at neutral factors, and gray ones at any hue and saturation", () => {
    scope(() => {
      const neutral = fused([{ ...nothing, jitter: jitterOf([1, 1, 1, 0]) }]);
      expectClose(neutral, augment(images(1), plain).toNumbers(), 1e-6);
    });
    const { matrix } = colorMatrix(jitterOf([1, 1, 1.8, 0.4]), false);
    for (const row of [0, 3, 6]) expect(matrix[row]! + matrix[row + 1]! + matrix[row + 2]!).toBeCloseTo(1, 3);
  });

  it("turn red towards green by a third of the circle, towards blue backwards, and keep luma", () => {
    const red = (turns: number) => {
      const { matrix } = colorMatrix(jitterOf([1, 1, 1, turns]), false);
      return [matrix[0]!, matrix[3]!, matrix[6]!];
    };
    const [forward, backward] = [red(1 / 3), red(-1 / 3)];
    expect(forward.indexOf(Math.max(...forward))).toBe(1);
    expect(backward.indexOf(Math.max(...backward))).toBe(2);
    for (const [r, g, b] of [forward, backward, red(0.1)] as [number, number, number][]) {
      expect(0.299 * r + 0.587 * g + 0.114 * b).toBeCloseTo(0.299, 6);
    }
  });

  it("make gray of grayscale views, the gray that jittered colours have", () => {
    scope(() => {
      const out = fused([{ ...nothing, grayscale: true }]);
      expect(out.select(1, 0).toNumbers()).toEqual(out.select(1, 1).toNumbers());
      const [r, g, b] = [pixels[60]! / 255, pixels[61]! / 255, pixels[62]! / 255];
      expect(out.toNumbers()[20]).toBeCloseTo(0.2989 * r + 0.587 * g + 0.114 * b, 5);
    });
  });
});

describe("blur, solarise and normalise", () => {
  it("equal torchvision's, and leave other views alone", () => {
    for (const { sigma, kernel, expected } of fixture.blur) {
      scope(() => {
        const spec = { ...plain, blur: { p: 1, sigma: [0.1, 2], kernel } } as const;
        const out = augment(images(3), spec, [nothing, { ...nothing, sigma }, nothing]);
        expectClose(out.select(0, 1), floats(expected), 2e-6);
        expectClose(out.select(0, 2), augment(images(1), plain).toNumbers(), 1e-6);
      });
    }
    scope(() => {
      const out = augment(images(2), plain, [nothing, { ...nothing, solarize: true }]);
      expectClose(out.select(0, 1), floats(fixture.solarize), 1e-6);
    });
  });

  it("gives (x / 255 − mean) / std, channels-last", () => {
    scope(() => {
      const out = augment(images(2), { blur: null, mean, std });
      expect(out.shape).toEqual([2, 3, side, side]);
      expect(out.dtype).toBe("float32");
      expect(out.isContiguous("channels_last")).toBe(true);
      const values = out.toNumbers();
      for (const at of [0, 17, 150]) {
        for (const c of [0, 1, 2]) {
          const expected = (pixels[3 * at + c]! / 255 - mean[c]!) / std[c]!;
          expect(values[side * side * c + at]).toBeCloseTo(expected, 5);
        }
      }
    });
  });

  it("works through batches larger than a chunk, and keeps no tensor but the result", () => {
    const many = fromTypedArray(
      new Uint8Array(7 * 300 * 300 * 3).map((_, i) => i % 251),
      [7, 300, 300, 3],
    );
    const views = Array.from({ length: 7 }, (_, i) => ({ ...nothing, grayscale: i % 2 === 0, solarize: i === 6 }));
    const before = memory().liveTensors;
    const all = augment(many, plain, views);
    expect(memory().liveTensors).toBe(before + 1);
    scope(() => {
      const last = augment(many.narrow(0, 6, 1), plain, views.slice(6));
      expect(all.narrow(0, 6, 1).equal(last)).toBe(true);
    });
    all.dispose();
    many.dispose();
  });
});

describe("drawParams", () => {
  const spec: ViewSpec = {
    count: 1,
    size: 32,
    crop: { scale: [0.2, 1], ratio: [3 / 4, 4 / 3] },
    filter: "bilinear",
    flip: 0.5,
    color: { brightness: 0.8, contrast: 0.8, saturation: 1.5, hue: 0.2, p: 0.8 },
    grayscale: 0.2,
    blur: { p: 0.5, sigma: [0.1, 2], kernel: 3 },
    solarize: 0.1,
    mean,
    std,
  };
  const n = 20_000;
  const all = Array.from({ length: n }, (_, i) => drawParams(spec, new Rng(3, "augment", 0, i)));
  const share = (of: (p: ViewParams) => boolean) => all.filter(of).length / n;

  it("applies each change with its probability", () => {
    // Five standard deviations of a share are at most 0.018.
    expect(Math.abs(share((p) => p.jitter !== null) - 0.8)).toBeLessThan(0.018);
    expect(Math.abs(share((p) => p.grayscale) - 0.2)).toBeLessThan(0.018);
    expect(Math.abs(share((p) => p.sigma !== null) - 0.5)).toBeLessThan(0.018);
    expect(Math.abs(share((p) => p.solarize) - 0.1)).toBeLessThan(0.018);
    // Independent of one another.
    expect(Math.abs(share((p) => p.grayscale && p.sigma !== null) - 0.1)).toBeLessThan(0.018);
  });

  it("draws factors uniformly from torchvision's ranges", () => {
    const jitters = all.flatMap(({ jitter }) => (jitter ? [jitter] : []));
    const check = (values: number[], low: number, high: number) => {
      const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
      const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
      expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
      expect(Math.max(...values)).toBeLessThanOrEqual(high);
      expect(Math.abs(mean - (low + high) / 2)).toBeLessThan(0.02 * (high - low));
      expect(Math.abs(variance / ((high - low) ** 2 / 12) - 1)).toBeLessThan(0.05);
    };
    check(
      jitters.map((j) => j.brightness),
      0.2,
      1.8,
    );
    check(
      jitters.map((j) => j.contrast),
      0.2,
      1.8,
    );
    check(
      jitters.map((j) => j.saturation),
      0,
      2.5,
    );
    check(
      jitters.map((j) => j.hue),
      -0.2,
      0.2,
    );
    check(
      all.flatMap(({ sigma }) => (sigma === null ? [] : [sigma])),
      0.1,
      2,
    );
  });

  it("shuffles the order evenly", () => {
    const orders = new Map<string, number>();
    for (const { jitter } of all)
      if (jitter) orders.set(jitter.order.join(), (orders.get(jitter.order.join()) ?? 0) + 1);
    expect(orders.size).toBe(24);
    for (const count of orders.values())
      expect(Math.abs(count - (0.8 * n) / 24)).toBeLessThan(5 * Math.sqrt((0.8 * n) / 24));
  });
});
