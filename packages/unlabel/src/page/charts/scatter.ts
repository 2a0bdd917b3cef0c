// Scores against what they cost, each mark with its number in the ranking.
import * as Plot from "@observablehq/plot";
import { significant } from "../format.ts";
import type { Html } from "../html.ts";
import { draw } from "./draw.ts";

export type ScatterMark = { place: number; name: string; color: string; x: number; y: number };

export function scatter(title: string, unit: string, marks: readonly ScatterMark[]): Html {
  const [xs, ys] = [marks.map(({ x }) => x), marks.map(({ y }) => y)];
  const right = Math.max(...xs) * 1.08 || 1;
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const pad = (high - low || 0.1) * 0.14;
  return draw(title, {
    width: 400,
    height: 270,
    marginLeft: 44,
    marginRight: 16,
    marginTop: 14,
    marginBottom: 40,
    x: {
      domain: [0, right],
      ticks: 5,
      tickFormat: (value: number) => significant(value),
      label: unit,
      labelAnchor: "center",
      labelArrow: "none",
    },
    y: {
      domain: [Math.max(0, low - pad), Math.min(1, high + pad)],
      ticks: 5,
      tickFormat: (value: number) => `${Math.round(value * 1000) / 10}`,
      label: null,
    },
    marks: [
      Plot.gridX({ ticks: 5, stroke: "var(--grid)", strokeOpacity: 1 }),
      Plot.gridY({ ticks: 5, stroke: "var(--grid)", strokeOpacity: 1 }),
      Plot.dot(marks, {
        x: "x",
        y: "y",
        r: 9,
        fill: "var(--paper)",
        stroke: "color",
        strokeWidth: 2,
        title: ({ name }) => name,
      }),
      Plot.text(marks, {
        x: "x",
        y: "y",
        text: ({ place }) => String(place),
        fill: "currentColor",
        fontSize: 10.5,
        fontWeight: 650,
      }),
    ],
    color: { type: "identity" },
  });
}
