// The axes that curves can lie over, in words.
import { compact, significant } from "../../../page/numbers.ts";
import type { XAxis } from "./series.ts";

/** Each by its word for one, for many, and for its numbers. */
export const AXES: Readonly<Record<XAxis, { one: string; many: string; words: (value: number) => string }>> = {
  step: { one: "step", many: "Steps", words: (value) => compact(value) },
  minutes: { one: "minute", many: "Minutes", words: (value) => significant(value) },
  images: { one: "image", many: "Images", words: (value) => compact(value) },
};

/** The axis that an address names. */
export function axisOf(text: string): XAxis {
  return Object.hasOwn(AXES, text) ? (text as XAxis) : "step";
}
