import { empty, fromTypedArray, lend, scope } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import type { Pixels } from "../base/native.ts";
import { Rng } from "../base/rng.ts";
import { IMAGENET } from "../config/defaults.ts";
import { reader, whole } from "../testing/reader.ts";
import { augment } from "./augment.ts";
import { finishOf, paintValuesOf } from "./paint-values.ts";
import { drawParams, type ViewParams } from "./params.ts";
import type { ViewSpec } from "./views.ts";

type Form = "fused" | "exact";

function specOf(size: number, colorForm: Form, channels: number): ViewSpec {
  const colours = channels === 3;
  return {
    count: 1,
    size,
    crop: { scale: [1, 1], ratio: [1, 1] },
    filter: "bilinear",
    flip: 0,
    color: { brightness: 0.8, contrast: 0.8, saturation: colours ? 0.8 : 0, hue: colours ? 0.5 : 0, p: 0.8 },
    colorForm,
    grayscale: colours ? 0.2 : 0,
    blur: { p: 0.5, sigma: [0.1, 2], kernel: 5 },
    solarize: 0.3,
    mean: colours ? IMAGENET.mean : Array.from({ length: channels }, (_, c) => 0.3 + c / 100),
    std: colours ? IMAGENET.std : Array.from({ length: channels }, (_, c) => 0.2 + c / 200),
  };
}

function noise(size: number, channels: number, top: number, seed: number): Pixels {
  const rng = new Rng(seed, "noise");
  const values = Array.from({ length: size * size * channels }, () => rng.below(top + 1));
  const data = top === 255 ? Uint8Array.from(values) : Uint16Array.from(values);
  return { data, width: size, height: size, channels };
}

/** The native painter's views of images, one each, `[N, S, S, C]`. */
async function paint(images: readonly Pixels[], spec: ViewSpec, params: readonly ViewParams[]): Promise<Float32Array> {
  const { size } = spec;
  const channels = spec.mean.length;
  const made = empty([images.length, channels, size, size], { memoryFormat: "channels_last" });
  const failures = await reader.fill(
    images.map((image, i) => {
      const paintValues = paintValuesOf([params[i]!], spec.colorForm, channels);
      return { image, parts: [{ views: [whole(size, size)], slots: [i], paintValues }] };
    }),
    [{ width: size, height: size, filter: "bilinear", channels, memory: () => lend(made), finish: finishOf(spec) }],
  );
  expect(failures).toEqual([]);
  const values = scope(() => Float32Array.from(made.permute([0, 2, 3, 1]).toNumbers()));
  made.dispose();
  return values;
}

const clamp = (x: number) => Math.min(1, Math.max(0, x));
const mirror = (i: number, size: number) => (i < 0 ? -i : i >= size ? 2 * size - 2 - i : i);

/** The same in plain loops, of values from 0 to 1. */
function naive({ data }: Pixels, top: number, spec: ViewSpec, params: ViewParams): number[] {
  const { size } = spec;
  const channels = spec.mean.length;
  let x = Array.from(data, (v) => v / top);
  const mean = () => x.reduce((sum, v) => sum + v, 0) / x.length;
  const { jitter, sigma, solarize } = params;
  if (jitter && spec.colorForm === "fused") {
    const shift = (1 - jitter.contrast) * jitter.brightness * mean();
    x = x.map((v) => clamp(v * jitter.brightness * jitter.contrast + shift));
  } else if (jitter) {
    for (const kind of jitter.order) {
      if (kind === 0) x = x.map((v) => clamp(v * jitter.brightness));
      if (kind === 1) {
        const other = mean();
        x = x.map((v) => clamp(v * jitter.contrast + (1 - jitter.contrast) * other));
      }
    }
  }
  if (sigma !== null) {
    const half = (spec.blur!.kernel - 1) / 2;
    const taps = Array.from({ length: 2 * half + 1 }, (_, k) => Math.exp(-0.5 * ((k - half) / sigma) ** 2));
    const total = taps.reduce((sum, tap) => sum + tap, 0);
    const from = x;
    x = x.map((_, at) => {
      const [c, column, row] = [
        at % channels,
        Math.floor(at / channels) % size,
        Math.floor(at / channels / size),
      ] as const;
      let sum = 0;
      for (let dy = -half; dy <= half; dy++) {
        for (let dx = -half; dx <= half; dx++) {
          const [sx, sy] = [mirror(column + dx, size), mirror(row + dy, size)];
          sum += (from[(sy * size + sx) * channels + c]! * taps[dy + half]! * taps[dx + half]!) / total ** 2;
        }
      }
      return sum;
    });
  }
  if (solarize) x = x.map((v) => (v >= 0.5 ? 1 - v : v));
  return x.map((v, at) => (v - spec.mean[at % channels]!) / spec.std[at % channels]!);
}

/** The largest difference, but for the values near one half that one of both may solarise and the other not. */
function apart(found: Float32Array, expected: readonly number[], std: number, solarize: boolean): number {
  expect(found.length).toBe(expected.length);
  const gaps = expected.map((value, i) => Math.abs(value - found[i]!)).filter((gap) => !solarize || gap * std < 0.9);
  return Math.max(...gaps);
}

describe("painting any number of channels", () => {
  it.each(
    [1, 2, 4, 13].flatMap((channels) =>
      (["fused", "exact"] as const).flatMap((form) => [255, 65_535].map((top) => [channels, form, top] as const)),
    ),
  )("equals a plain loop: %i, %s, values to %i", async (channels, form, top) => {
    const size = 11;
    const spec = specOf(size, form, channels);
    const params = Array.from({ length: 12 }, (_, i) => drawParams(spec, new Rng(5, "params", 0, i)));
    const images = params.map((_, i) => noise(size, channels, top, i));
    const values = await paint(images, spec, params);
    const one = size * size * channels;
    for (const [i, view] of params.entries()) {
      const found = values.subarray(i * one, (i + 1) * one);
      expect(apart(found, naive(images[i]!, top, spec, view), 0.2, view.solarize)).toBeLessThan(5e-5);
    }
    for (const key of ["jitter", "sigma", "solarize"] as const) {
      expect(params.some((view) => view[key])).toBe(true);
      expect(params.some((view) => !view[key])).toBe(true);
    }
  });

  it.each(["fused", "exact"] as const)("paints 16-bit colours as it does 8-bit ones, all steps: %s", async (form) => {
    const size = 19;
    const spec = specOf(size, form, 3);
    const params = Array.from({ length: 24 }, (_, i) => drawParams(spec, new Rng(9, "params", 0, i)));
    const images = params.map((_, i) => noise(size, 3, 255, i));
    const wide = images.map((image) => ({ ...image, data: Uint16Array.from(image.data, (v) => v * 257) }));
    const [narrow, found] = [await paint(images, spec, params), await paint(wide, spec, params)];
    const one = size * size * 3;
    for (const [i, { solarize }] of params.entries()) {
      const part = (of: Float32Array) => of.subarray(i * one, (i + 1) * one);
      expect(apart(part(found), [...part(narrow)], 0.22, solarize)).toBeLessThan(5e-5);
    }
    expect(params.some(({ grayscale }) => grayscale)).toBe(true);
  });

  it("paints gray of colours as it paints gray", async () => {
    const size = 8;
    const spec = specOf(size, "exact", 1);
    const params = Array.from({ length: 6 }, (_, i) => drawParams(spec, new Rng(2, "params", 0, i)));
    const grays = params.map((_, i) => noise(size, 1, 255, i));
    const colours = grays.map((image) => ({
      data: Uint8Array.from([...image.data].flatMap((v) => [v, v, v])),
      width: size,
      height: size,
    }));
    const wide = grays.map((image) => ({ ...image, data: Uint16Array.from(image.data, (v) => v * 257) }));
    const values = await paint(colours, spec, params);
    // 16 bits are scaled by another factor: the last bit of a float may differ.
    const other = await paint(wide, spec, params);
    const one = size * size;
    for (const [i, { solarize }] of params.entries()) {
      const part = (of: Float32Array) => of.subarray(i * one, (i + 1) * one);
      expect(apart(part(other), [...part(values)], 0.2, solarize)).toBeLessThan(1e-5);
    }
    expect(values.length).toBe(6 * size * size);
  });

  it("leaves the views of unreadable images black in every channel", async () => {
    const spec = { ...specOf(2, "fused", 4), blur: null };
    const made = empty([1, 4, 2, 2], { memoryFormat: "channels_last" });
    const parts = [{ views: [whole(2, 2)], slots: [0], paintValues: new Float32Array(13) }];
    const image = { data: new Uint8Array(20), width: 2, height: 2, channels: 5 };
    const target = { width: 2, height: 2, filter: "bilinear", channels: 4, finish: finishOf(spec) } as const;
    const failures = await reader.fill([{ image, parts }], [{ ...target, memory: () => lend(made) }]);
    expect(failures).toEqual([{ index: 0, path: "", reason: "it has 5 channels where 4 are read" }]);
    const black = spec.mean.flatMap((mean, c) => new Array<number>(4).fill(Math.fround(-mean / spec.std[c]!)));
    for (const [i, value] of made.toNumbers().entries()) expect(value).toBeCloseTo(black[i]!, 6);
    made.dispose();
  });
});

describe("tensor operators", () => {
  it("normalise any number of channels, of bytes and of floats, and change no colours of them", () => {
    scope(() => {
      const { mean, std } = specOf(2, "fused", 5);
      const bytes = Uint8Array.from({ length: 20 }, (_, i) => i * 13);
      const shape = [1, 2, 2, 5];
      const expected = Array.from(bytes, (v, i) => (v / 255 - mean[i % 5]!) / std[i % 5]!);
      const floats = Float32Array.from(bytes, (v) => v / 255);
      for (const raw of [fromTypedArray(bytes, shape), fromTypedArray(floats, shape)]) {
        const made = augment(raw, { mean, std, blur: null });
        expect(made.shape).toEqual([1, 5, 2, 2]);
        for (const [i, value] of made.permute([0, 2, 3, 1]).toNumbers().entries())
          expect(value).toBeCloseTo(expected[i]!, 5);
      }
      expect(floats[1]).toBeCloseTo(13 / 255, 6);
      const raw = fromTypedArray(bytes, shape);
      const view = { jitter: null, grayscale: true, sigma: null, solarize: false };
      expect(() => augment(raw, { mean, std, blur: null }, [view])).toThrow("Expected three channels");
      expect(() => augment(raw, { ...IMAGENET, blur: null })).toThrow("Expected pixels of 3 channels");
    });
  });
});
