// Statistics of a few measurements.

/** The middle of some measurements. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation, `√(Σ (x − mean)² / (n − 1))`; 0 of a single value. */
export function deviation(values: readonly number[]): number {
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0;
}

/** Mean ± sample standard deviation. */
export function spread(values: readonly number[]): string {
  return `${mean(values).toFixed(2)} ± ${deviation(values).toFixed(2)}`;
}

export interface PowerLaw {
  exponent: number;
  factor: number;
}

/** The law `y = factor · x^exponent` nearest to some points by least squares over their logarithms. */
export function powerLaw(points: readonly { x: number; y: number }[]): PowerLaw {
  const logs = points.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) }));
  const [mx, my] = [mean(logs.map(({ x }) => x)), mean(logs.map(({ y }) => y))];
  const covariance = logs.reduce((sum, { x, y }) => sum + (x - mx) * (y - my), 0);
  const variance = logs.reduce((sum, { x }) => sum + (x - mx) ** 2, 0);
  const exponent = covariance / variance;
  return { exponent, factor: Math.exp(my - exponent * mx) };
}
