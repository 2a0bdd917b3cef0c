// Scores in order, a row each with its interval; filled where it cannot be told from the first.
import * as Plot from "@observablehq/plot";
import { percent } from "../format.ts";
import type { Html } from "../html.ts";
import { draw } from "./draw.ts";

export type RankedMark = {
  name: string;
  color: string;
  value: number;
  interval: readonly [low: number, high: number];
  /** Whether it is the first, or cannot be told from it. */
  first: boolean;
};

const ROW = 26;

export function rankingChart(title: string, marks: readonly RankedMark[]): Html {
  const low = Math.min(...marks.map(({ interval }) => interval[0]));
  const high = Math.max(...marks.map(({ interval }) => interval[1]));
  const pad = (high - low || 0.1) * 0.06;
  const rows = marks.map((mark, i) => ({ ...mark, key: `${i + 1}` }));
  const left = 30 + 7.2 * Math.max(...rows.map(({ name }) => name.length));
  return draw(title, {
    width: 640,
    height: rows.length * ROW + 44,
    marginLeft: left,
    marginRight: 64,
    marginTop: 8,
    marginBottom: 34,
    x: {
      domain: [Math.max(0, low - pad), Math.min(1, high + pad)],
      ticks: 6,
      tickFormat: (value: number) => `${Math.round(value * 1000) / 10}`,
      label: "top-1, %",
      labelAnchor: "center",
      labelArrow: "none",
    },
    y: { domain: rows.map(({ key }) => key), label: null, axis: null, padding: 0.2 },
    marks: [
      Plot.gridX({ ticks: 6, stroke: "var(--grid)", strokeOpacity: 1 }),
      Plot.text(rows, {
        y: "key",
        frameAnchor: "left",
        dx: -left,
        text: "key",
        textAnchor: "start",
        fill: "currentColor",
        fillOpacity: 0.7,
      }),
      Plot.text(rows, {
        y: "key",
        frameAnchor: "left",
        dx: 24 - left,
        text: "name",
        textAnchor: "start",
        fontWeight: 600,
        fill: "currentColor",
      }),
      Plot.ruleY(rows, {
        y: "key",
        x1: ({ interval }) => interval[0],
        x2: ({ interval }) => interval[1],
        stroke: "color",
        strokeWidth: 2.4,
      }),
      Plot.dot(rows, {
        y: "key",
        x: "value",
        r: 5.5,
        fill: ({ first, color }) => (first ? color : "var(--paper)"),
        stroke: "color",
        strokeWidth: 2,
        title: ({ name, value }) => `${name}: ${percent(value)}`,
      }),
      Plot.text(rows, {
        y: "key",
        frameAnchor: "right",
        dx: 62,
        text: ({ value }) => percent(value),
        textAnchor: "end",
        fontVariant: "tabular-nums",
        fill: "currentColor",
      }),
    ],
    color: { type: "identity" },
  });
}
