// Which views to make of which images, and where they go: what the reader is asked for, and the arrays that its native part takes.
import type { TensorMemory } from "@unlabel/torch";
import type { NativeTarget } from "../base/native.ts";
import type { AnyImage } from "./input.ts";
import type { Box, Filter } from "./views.ts";

/** An image and the views to make of it. */
export interface ReadItem {
  /** A path, the bytes of an encoded image, decoded pixels, or a description. */
  image: AnyImage;
  /** What to cut out of it, a view each. */
  views: readonly Box[];
  /** The views' places in the result, counted in views; by default one after the other, item by item. */
  slots?: readonly number[];
}

/** What the views of one reading have in common. */
export interface ReadOptions {
  /** Of a view in pixels. */
  width: number;
  /** Of a view in pixels. */
  height: number;
  /** Interpolation of the resize. */
  filter: Filter;
  /** Of a view: as many as the image has, or 1 for the gray of three, or 3 for one three times; default 3. */
  channels?: number;
  /** Where the views are written; by default a new array with room for all of them. */
  out?: Uint8Array;
}

/** An item's views of one size. */
export interface Part {
  /** What to cut out of the image, a view each. */
  views: readonly Box[];
  /** The views' places in the target, counted in views. */
  slots: readonly number[];
  /** How each view is painted, as the native reader takes it; for a target with a `finish`. */
  paintValues?: Float32Array;
}

/** An image and its views of every size. */
export interface FillItem {
  /** A path, the bytes of an encoded image, decoded pixels, or a description. */
  image: AnyImage;
  /** One a target, in their order. */
  parts: readonly Part[];
}

/** Where the views of one size go. */
export interface Target extends Omit<ReadOptions, "out"> {
  /** Lends the memory of the tensor that the views are written to, once for each call of it. */
  memory: () => TensorMemory;
  /** What all views share that are painted, as the native reader takes it; without, views are bytes. */
  finish?: Float32Array;
}

/** A {@link Target}, or an array in its place. */
export type AnyTarget = Omit<Target, "memory"> & {
  memory: () => TensorMemory | Uint8Array | Uint16Array;
  /** See `NativeTarget`. */
  picture?: boolean;
};

/** Gives each view its place, by default one after the other. */
export function placed(items: readonly ReadItem[]): FillItem[] {
  let total = 0;
  return items.map(({ image, views, slots }) => {
    const first = total;
    total += views.length;
    return { image, parts: [{ views, slots: slots ?? views.map((_, k) => first + k) }] };
  });
}

/** A target as the native reader takes it, with each item's part of it. */
export function nativeTarget(
  { width, height, filter, channels = 3, memory, finish, picture = false }: AnyTarget,
  parts: readonly Part[],
): NativeTarget {
  const boxes = parts.flatMap(({ views }) => views.flatMap((b) => [b.x, b.y, b.width, b.height, Number(b.flip)]));
  const target = {
    out: memory(),
    counts: Int32Array.from(parts, ({ views }) => views.length),
    slots: Int32Array.from(parts.flatMap(({ slots }) => slots)),
    boxes: Float64Array.from(boxes),
    width,
    height,
    bicubic: filter === "bicubic",
    channels,
    picture,
  };
  if (!finish) return target;
  return { ...target, paintValues: joined(parts.map(({ paintValues = NO_VALUES }) => paintValues)), finish };
}

const NO_VALUES = new Float32Array();

function joined(arrays: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}
