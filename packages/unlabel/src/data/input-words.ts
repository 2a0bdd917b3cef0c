// How images are read, in a line, where it was chosen before and not now.
import { type Input, isOrdinary } from "./input.ts";

/** The words; null for photographs, of which nothing needs to be said. */
export function inputInWords(input: Input): string | null {
  const { channels, bands, range } = input;
  if (isOrdinary(input) && channels === 3) return null;
  const which = bands ? `bands ${bands.join(", ")}` : channels === 1 ? "one channel" : `${channels} channels`;
  return `read as when it was chosen: ${which}${range ? `, ${rangesInWords(range)}` : ""}`;
}

function rangesInWords(ranges: NonNullable<Input["range"]>): string {
  const words = ([low, high]: readonly [number, number]) => `${valueInWords(low)} … ${valueInWords(high)}`;
  const [first, ...others] = ranges.map(words);
  const same = others.every((other) => other === first);
  return `values ${first}${same ? "" : " of the first, and each other's own,"} as 0 … 1`;
}

/** A value for people: whole numbers with commas, others to four digits. */
export function valueInWords(value: number): string {
  const rounded = Number.isInteger(value) ? value : Number(value.toPrecision(4));
  return rounded.toLocaleString("en", { maximumFractionDigits: 12 });
}
