// Scores as bars, baselines beneath.
import * as Plot from "@observablehq/plot";
import { percent } from "../format.ts";
import type { Html } from "../html.ts";
import { draw } from "./draw.ts";

export type Bar = {
  label: string;
  value: number;
  kind: "trained" | "untrained" | "pixels" | "majority";
  interval?: readonly [number, number];
};
export type BarGroup = { name: string; color: string; bars: readonly Bar[] };

const BAR = 23;

/** Scores of each run with its baselines beneath it, on an axis from 0 to `top`; `chance` is drawn as a labelled line. */
export function scoreBars(title: string, groups: readonly BarGroup[], chance: number | null, top: number): Html {
  const rows = groups.flatMap(({ name, color, bars }) => [
    {
      heading: name,
      key: `${name}\u0000`,
      label: "",
      value: null,
      color,
      kind: "trained" as const,
      interval: undefined,
    },
    ...bars.map((bar) => ({ ...bar, heading: "", key: `${name}\u0000${bar.label}`, color })),
  ]);
  const bars = rows.flatMap((row) => (row.value === null ? [] : [{ ...row, value: row.value }]));
  const bands: Plot.ScaleOptions = { domain: rows.map(({ key }) => key), label: null, axis: null, padding: 0.18 };
  const marginLeft = 84;
  return draw(title, {
    width: 400,
    height: rows.length * BAR + 44,
    marginLeft,
    marginRight: 62,
    marginTop: 20,
    marginBottom: 24,
    x: { domain: [0, top], ticks: 5, tickFormat: (value: number) => `${Math.round(value * 100)}`, label: null },
    y: bands,
    marks: [
      Plot.gridX({ ticks: 5, stroke: "var(--grid)", strokeOpacity: 1 }),
      Plot.text(bars, {
        y: "key",
        frameAnchor: "left",
        dx: -8,
        text: "label",
        textAnchor: "end",
        fill: "currentColor",
      }),
      Plot.barX(bars, {
        y: "key",
        x: "value",
        rx: 2,
        fill: ({ kind, color }) => (kind === "trained" ? color : `var(--${kind})`),
        title: ({ label, value }) => `${label}: ${percent(value)}`,
      }),
      Plot.ruleY(
        bars.filter(({ interval }) => interval),
        {
          y: "key",
          x1: ({ interval }) => interval?.[0],
          x2: ({ interval }) => interval?.[1],
          stroke: "currentColor",
          strokeWidth: 1.6,
          marker: "tick",
        },
      ),
      ...[true, false].map((own) =>
        Plot.text(
          bars.filter(({ kind }) => (kind === "trained") === own),
          {
            y: "key",
            x: ({ value, interval }) => interval?.[1] ?? value,
            dx: 7,
            text: ({ value }) => percent(value),
            textAnchor: "start",
            fontWeight: own ? 650 : 400,
            fontVariant: "tabular-nums",
          },
        ),
      ),
      ...(chance === null
        ? []
        : [
            Plot.ruleX([chance], { stroke: "currentColor", strokeOpacity: 0.55, strokeDasharray: "4 4" }),
            Plot.text([chance], {
              x: (value: number) => value,
              frameAnchor: "top",
              dy: -14,
              text: (value: number) => `chance ${percent(value)}`,
            }),
          ]),
      Plot.text(
        rows.filter(({ heading }) => heading),
        {
          y: "key",
          frameAnchor: "left",
          dx: -marginLeft,
          text: "heading",
          textAnchor: "start",
          fontWeight: 650,
          dy: 3,
          stroke: "var(--paper)",
          strokeWidth: 5,
          fill: "currentColor",
        },
      ),
    ],
  });
}
