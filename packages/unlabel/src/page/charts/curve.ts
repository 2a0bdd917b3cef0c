// What was recorded at each step, and accuracy over time.
import * as Plot from "@observablehq/plot";
import type { Point } from "../../run/read/series.ts";
import { significant } from "../format.ts";
import type { Html } from "../html.ts";
import { draw } from "./draw.ts";

/** Step numbers on an axis: 12000 → "12k". */
function steps(value: number): string {
  return value >= 1e6
    ? `${significant(value / 1e6)}M`
    : value >= 1e4
      ? `${significant(value / 1e3)}k`
      : significant(value);
}

/** A few steps are all marked, so that none falls between two. */
function ticksOf(points: readonly Point[], width: number): number | number[] {
  return points.length <= 5 ? points.map(([step]) => step) : Math.max(2, Math.floor(width / 110));
}

export type Line = { value: number; label: string };

export type CurveOptions = {
  title: string;
  width: number;
  height: number;
  color: string;
  /** Levels that give the curve a meaning, such as the loss at chance. */
  lines?: readonly Line[];
  /** Draw means over stretches of steps on top of the values themselves. */
  smooth?: boolean;
  /** Start the axis of values at zero. */
  zero?: boolean;
};

/** The values of one run, and means over stretches of them where there are many. */
export interface CurveSeries {
  points: readonly Point[];
  means: readonly Point[];
}

/** Series over steps, one a seed; every extreme is drawn. */
export function curve(all: readonly CurveSeries[], options: CurveOptions): Html {
  const { title, width, height, color, lines = [], smooth = false, zero = false } = options;
  const points = all.flatMap((one) => one.points);
  const values = [...points.map(([, value]) => value), ...lines.map(({ value }) => value)];
  const low = zero ? 0 : Math.min(...values);
  const high = Math.max(...values);
  const pad = (high - low || Math.abs(high) || 1) * 0.08;
  const x = ([step]: Point) => step;
  const y = ([, value]: Point) => value;
  return draw(title, {
    width,
    height,
    marginLeft: 48,
    marginRight: 12,
    marginTop: 14,
    marginBottom: 32,
    x: { label: null, ticks: ticksOf(all[0]?.points ?? [], width), tickFormat: steps, nice: false },
    y: {
      domain: [zero ? 0 : low - pad, high + pad],
      ticks: 5,
      tickFormat: (value: number) => significant(value),
      label: null,
    },
    marks: [
      Plot.gridY({ ticks: 5, stroke: "var(--grid)", strokeOpacity: 1 }),
      Plot.ruleY(lines, { y: "value", stroke: "currentColor", strokeOpacity: 0.55, strokeDasharray: "4 4" }),
      ...all.flatMap((one) => {
        const means = smooth ? one.means : [];
        const thin = means.length > 0;
        return [
          one.points.length > 1
            ? Plot.line(one.points, {
                x,
                y,
                stroke: color,
                strokeWidth: thin ? 1 : 1.8,
                strokeOpacity: thin ? 0.32 : 1,
              })
            : Plot.dot(one.points, { x, y, fill: color, r: 4 }),
          thin ? Plot.line(means, { x, y, stroke: color, strokeWidth: 2.2 }) : null,
        ];
      }),
      Plot.text(lines, {
        y: "value",
        text: "label",
        frameAnchor: "right",
        dy: -7,
        textAnchor: "end",
        stroke: "var(--paper)",
        strokeWidth: 4,
        fill: "currentColor",
      }),
    ],
  });
}
