import { empty, fromTypedArray, lend, scope } from "@unlabel/torch";
import { describe, expect, it } from "vitest";
import { type NativeTarget, nativeReader } from "../base/native.ts";
import { Rng } from "../base/rng.ts";
import { IMAGENET } from "../config/defaults.ts";
import { samplePixels } from "../testing/data.ts";
import { reader, whole } from "../testing/reader.ts";
import { augment } from "./augment.ts";
import { finishOf, paintValuesOf } from "./paint-values.ts";
import { drawParams } from "./params.ts";
import type { ViewSpec } from "./views.ts";

function specOf(size: number, form: "fused" | "exact", change: Partial<ViewSpec> = {}): ViewSpec {
  return {
    count: 1,
    size,
    crop: { scale: [1, 1], ratio: [1, 1] },
    filter: "bilinear",
    flip: 0,
    color: { brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.5, p: 0.8 },
    colorForm: form,
    grayscale: 0.2,
    blur: { p: 0.5, sigma: [0.1, 2], kernel: 5 },
    solarize: 0.3,
    mean: IMAGENET.mean,
    std: IMAGENET.std,
    ...change,
  };
}

/** Noise, so that every colour and its neighbours occur, with flat and gray patches. */
function noise(size: number, seed: number): Uint8Array {
  const rng = new Rng(seed, "noise");
  const data = Uint8Array.from({ length: size * size * 3 }, () => rng.below(256));
  data.fill(seed % 256, 0, data.length / 3);
  data.fill(0, 0, 9);
  data.fill(255, 9, 18);
  return data;
}

/** Both ways of painting the same bytes by the same random parameters; the largest difference and the painted values. */
async function both(spec: ViewSpec, count: number) {
  const { size } = spec;
  const images = Array.from({ length: count }, (_, i) => noise(size, i));
  const params = images.map((_, i) => drawParams(spec, new Rng(7, "params", 0, i)));
  const made = empty([count, 3, size, size], { memoryFormat: "channels_last" });
  const paintValues = paintValuesOf(params, spec.colorForm);
  const one = paintValues.length / count;
  const failures = await reader.fill(
    images.map((data, i) => {
      const views = [whole(size, size)];
      const part = { views, slots: [i], paintValues: paintValues.subarray(i * one, (i + 1) * one) };
      return { image: { data, width: size, height: size }, parts: [part] };
    }),
    [{ width: size, height: size, filter: "bilinear", memory: () => lend(made), finish: finishOf(spec) }],
  );
  expect(failures).toEqual([]);
  return scope(() => {
    const raw = fromTypedArray(Uint8Array.from(images.flatMap((data) => [...data])), [count, size, size, 3]);
    const difference = augment(raw, spec, params).sub(made).abs().amax().item();
    const values = made.toNumbers();
    made.dispose();
    return { difference, values, params };
  });
}

describe("painting natively", () => {
  it.each([
    ["fused", 13],
    ["fused", 32],
    ["exact", 13],
    ["exact", 32],
  ] as const)("equals the tensor operators on random parameters: %s, %i px", async (form, size) => {
    const { difference, params } = await both(specOf(size, form), 40);
    expect(difference).toBeLessThan(2e-5);
    // Every change was among them.
    for (const key of ["jitter", "grayscale", "sigma", "solarize"] as const) {
      expect(params.some((view) => view[key])).toBe(true);
      expect(params.some((view) => !view[key])).toBe(true);
    }
  });

  it.each([1, 2, 3, 7])("equals them on views of %i px", async (size) => {
    const blur = { p: 1, sigma: [0.5, 2], kernel: Math.max(1, 2 * size - 1) } as const;
    const { difference } = await both(specOf(size, "exact", { blur }), 8);
    expect(difference).toBeLessThan(2e-5);
  });

  it("only normalises where nothing else is asked for", async () => {
    const { values } = await both(specOf(4, "fused", { color: null, grayscale: 0, blur: null, solarize: 0 }), 1);
    const { mean, std } = IMAGENET;
    const data = noise(4, 0);
    // Planes in `values`, interleaved in `data`.
    for (const [at, value] of values.entries()) {
      const channel = Math.floor(at / 16);
      expect(value).toBeCloseTo((data[3 * (at % 16) + channel]! / 255 - mean[channel]!) / std[channel]!, 5);
    }
  });

  it("paints the views of unreadable images black, and names them", async () => {
    const made = empty([1, 3, 2, 2], { memoryFormat: "channels_last" });
    const parts = [{ views: [whole(1, 1)], slots: [0], paintValues: new Float32Array(13) }];
    const finish = finishOf({ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], blur: null });
    const failures = await reader.fill(
      [{ image: "/no/such/file.jpg", parts }],
      [{ width: 2, height: 2, filter: "bilinear", memory: () => lend(made), finish }],
    );
    expect(failures).toEqual([{ index: 0, path: "/no/such/file.jpg", reason: "the file is gone" }]);
    expect(made.toNumbers()).toEqual(new Array(12).fill(-1));
    made.dispose();
  });

  it("refuses paintValues, finishes and memory that would reach outside of memory", async () => {
    const { read } = nativeReader();
    const image = { data: samplePixels(4, 4), width: 4, height: 4 };
    const boxes = Float64Array.of(0, 0, 4, 4, 0);
    const [one, zero] = [Int32Array.of(1), Int32Array.of(0)];
    const made = empty([1, 3, 4, 4], { memoryFormat: "channels_last" });
    const finish = finishOf({ mean: [0, 0, 0], std: [1, 1, 1], blur: { p: 1, sigma: [1, 1], kernel: 3 } });
    const look = (changes: Record<number, number>) => Object.assign(new Float32Array(13), changes);
    const paint = (out: NativeTarget["out"], paintValues: Float32Array, last: Float32Array, side = 4) => {
      const places = { counts: one, slots: zero, boxes };
      return read([image], [{ out, ...places, width: side, height: side, bicubic: false, paintValues, finish: last }]);
    };
    const bad: (() => unknown)[] = [
      () => paint(lend(made), look({}), finish, 5),
      () => paint(lend(made), look({}).subarray(1), finish),
      () => paint(lend(made), look({ 5: Number.NaN }), finish),
      () => paint(lend(made), look({ 5: Number.POSITIVE_INFINITY }), finish),
      () => paint(lend(made), look({ 0: 2, 1: 1 }), finish),
      () => paint(lend(made), look({ 0: 2, 1: 1, 6: -1, 7: 1, 8: 2 }), finish),
      () => paint(lend(made), look({ 0: 2, 1: 1, 6: 9, 7: 1, 8: 2 }), finish),
      () => paint(lend(made), look({ 11: 1 }), Object.assign(finish.slice(), { 6: 9 })),
      () => paint(lend(made), look({}), Object.assign(finish.slice(), { 6: 2 })),
      () => paint(lend(made), look({}), Object.assign(finish.slice(), { 6: 1e9 })),
      () => paint(lend(made), look({}), finish.subarray(1)),
      () => paint(new Uint8Array(192), look({}), finish),
    ];
    for (const call of bad) expect(call, String(call)).toThrow(/^Expected/);
    const memory = lend(made);
    expect((await paint(memory, look({}), finish)).failures).toEqual([]);
    expect(() => paint(memory, look({}), finish)).toThrow("Expected memory that has not been used yet");
    made.dispose();
  });

  it("may outlast the tensor", async () => {
    const made = empty([1, 3, 64, 64], { memoryFormat: "channels_last" });
    const finish = finishOf({ mean: [0, 0, 0], std: [1, 1, 1], blur: null });
    const image = { data: samplePixels(512, 512), width: 512, height: 512 };
    const parts = [{ views: [whole(512, 512)], slots: [0], paintValues: new Float32Array(13) }];
    const reading = reader.fill(
      [{ image, parts }],
      [{ width: 64, height: 64, filter: "bicubic", memory: () => lend(made), finish }],
    );
    made.dispose();
    expect(await reading).toEqual([]);
  });
});
