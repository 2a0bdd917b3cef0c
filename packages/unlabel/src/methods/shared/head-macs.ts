// What heads compute, for forecasts: imports no LibTorch.

/** Multiply-adds of one row through linear layers of these widths. */
export function headMacs(widths: readonly number[]): number {
  return widths.slice(1).reduce((sum, width, i) => sum + widths[i]! * width, 0);
}
