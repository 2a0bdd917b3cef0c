// The axes that curves can lie over, in words.
import { compact, significant } from "../../../page/numbers.ts";
import type { XAxis } from "./series.ts";

interface Axis {
  one: string;
  many: string;
  words: (value: number) => string;
  /** There is nothing between one and two of them. */
  isCount: boolean;
}

/** Each by its word for one, for many, and for its numbers. */
export const AXES: Readonly<Record<XAxis, Axis>> = {
  step: { one: "step", many: "Steps", words: (value) => compact(value), isCount: true },
  minutes: { one: "minute", many: "Minutes", words: (value) => significant(value), isCount: false },
  images: { one: "image", many: "Images", words: (value) => compact(value), isCount: true },
};

/** The axis that an address names. */
export function axisOf(text: string): XAxis {
  return Object.hasOwn(AXES, text) ? (text as XAxis) : "step";
}
