// Small sums that several rooms need.

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
