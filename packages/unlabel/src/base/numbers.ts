// Small sums that several rooms need.
import { UsageError } from "./errors.ts";

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const last = sorted.length - 1;
  return (sorted[Math.floor(last / 2)]! + sorted[Math.ceil(last / 2)]!) / 2;
}

/** Four digits after the point: enough for times, and lines stay short. */
export function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

/** A share as people write it in per cent: 0.07 is 7, not 7.000000000000001. */
export function inPercent(share: number): number {
  return Number((100 * share).toPrecision(12));
}

/** @throws {UsageError} for anything but a whole number from 1, which would divide by nothing or never end */
export function wholeFromOne(name: string, value: unknown): void {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return;
  throw new UsageError(
    `Expected a whole number from 1 for ${name}, got ${value === undefined ? "none" : String(value)}`,
  );
}
