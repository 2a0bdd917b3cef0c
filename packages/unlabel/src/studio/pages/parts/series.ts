// Series as charts take them: over steps, minutes or images; smoothed; seeds as one line with a band. No drawing here.
import type { CurveMessage, RunCurves } from "../../messages/runs.ts";

/** What an axis counts. */
export type XAxis = "step" | "minutes" | "images";

/** A line of a chart: values at rising places. */
export interface Values {
  x: number[];
  y: number[];
}

/** A line with what lies around it. */
export interface Banded extends Values {
  low: number[];
  high: number[];
}

/** The value at a place between points, on the straight line between its neighbours; null outside. */
export function valueAt(x: readonly number[], y: readonly number[], at: number): number | null {
  if (x.length === 0 || at < x[0]! || at > x.at(-1)!) return null;
  let [low, high] = [0, x.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (x[middle]! <= at) low = middle;
    else high = middle;
  }
  const [from, to] = [x[low]!, x[high]!];
  if (from === to) return y[low]!;
  return y[low]! + ((at - from) / (to - from)) * (y[high]! - y[low]!);
}

/**
 * A metric of a run.
 *
 * @param smoothing in [0, 1): of the mean's last value so much stays; 0 draws the values themselves, every extreme
 */
export function valuesOf(run: RunCurves, key: string, axis: XAxis, smoothing = 0): Values {
  const curve = run.series[key];
  if (!curve) return { x: [], y: [] };
  const points = smoothing > 0 ? smoothed(curve.means ?? curve.points, smoothing) : curve.points;
  const place = placeOf(run, axis);
  const values: Values = { x: [], y: [] };
  for (const [step, value] of points) {
    const x = place(step);
    if (x === null) continue;
    values.x.push(x);
    values.y.push(value);
  }
  return values;
}

function placeOf(run: RunCurves, axis: XAxis): (step: number) => number | null {
  if (axis === "step") return (step) => step;
  if (axis === "images") return (step) => (run.batch === null ? null : step * run.batch);
  const clock: CurveMessage | undefined = run.series.seconds;
  const x = clock?.points.map(([step]) => step) ?? [];
  const y = clock?.points.map(([, seconds]) => seconds / 60) ?? [];
  return (step) => valueAt(x, y, step);
}

/** A running mean that forgets: `m ← s·m + (1 − s)·v`, divided by `1 − sᵗ` so that it begins at the first value (arXiv:1412.6980, 3). */
export function smoothed<P extends readonly [number, number]>(
  points: readonly P[],
  smoothing: number,
): (readonly [number, number])[] {
  let [mean, weight] = [0, 0];
  return points.map(([x, value]) => {
    mean = smoothing * mean + (1 - smoothing) * value;
    weight = smoothing * weight + (1 - smoothing);
    return [x, mean / weight] as const;
  });
}

/** Places at which the lines of seeds are compared. */
const PLACES = 240;

/** The mean of several lines, and the least and greatest of them, at places where all of them are. */
export function band(lines: readonly Values[]): Banded {
  const there = lines.filter(({ x }) => x.length > 0);
  const found: Banded = { x: [], y: [], low: [], high: [] };
  if (there.length === 0) return found;
  const from = Math.max(...there.map(({ x }) => x[0]!));
  const to = Math.min(...there.map(({ x }) => x.at(-1)!));
  if (to < from) return found;
  const own = [...new Set(there.flatMap(({ x }) => x))].filter((x) => x >= from && x <= to).sort((a, b) => a - b);
  const places =
    own.length <= PLACES ? own : Array.from({ length: PLACES }, (_, i) => from + (i / (PLACES - 1)) * (to - from));
  for (const x of places) {
    const values = there.map((line) => valueAt(line.x, line.y, x)!);
    found.x.push(x);
    found.y.push(values.reduce((sum, value) => sum + value, 0) / values.length);
    found.low.push(Math.min(...values));
    found.high.push(Math.max(...values));
  }
  return found;
}
