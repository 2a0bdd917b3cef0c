// One of several small charts that share their axes: its own lines in colour, everybody else's behind them.
import * as Plot from "@observablehq/plot";
import { significant } from "../format.ts";
import type { Html } from "../html.ts";
import { draw } from "./draw.ts";

export type SmallLine = { points: readonly { x: number; y: number }[]; dashed?: boolean };

/** @param right and `top` where the axes end, which all of them share */
export function smallLines(
  title: string,
  own: readonly SmallLine[],
  others: readonly SmallLine[],
  { color, right, top, unit }: { color: string; right: number; top: number; unit: string },
): Html {
  const line = ({ points, dashed }: SmallLine, stroke: string, strokeWidth: number) =>
    Plot.line(points, { x: "x", y: "y", stroke, strokeWidth, strokeDasharray: dashed ? "4 3" : "none" });
  return draw(title, {
    width: 225,
    height: 170,
    marginLeft: 32,
    marginRight: 10,
    marginTop: 10,
    marginBottom: 34,
    x: {
      domain: [0, right],
      ticks: 3,
      tickFormat: (value: number) => significant(value),
      label: unit,
      labelAnchor: "center",
      labelArrow: "none",
    },
    y: { domain: [0, top], ticks: 4, tickFormat: (value: number) => `${Math.round(value * 100)}`, label: null },
    marks: [
      Plot.gridY({ ticks: 4, stroke: "var(--grid)", strokeOpacity: 1 }),
      ...others.map((one) => line(one, "var(--untrained)", 0.6)),
      ...own.map((one) => line(one, color, 2)),
      ...own.flatMap(({ points }) =>
        points.length === 1 ? [Plot.dot(points, { x: "x", y: "y", fill: color, r: 4 })] : [],
      ),
    ],
  });
}
