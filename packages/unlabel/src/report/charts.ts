// Charts as inline SVG by Observable Plot in linkedom's document: no browser, no scripts in the page. Colours are the
// page's CSS variables, text is currentColor, so one drawing serves light, dark and paper.
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { percent, shorten, significant } from "./format.ts";
import { escapeText, type Html, raw } from "./html.ts";
import type { Interval } from "./intervals.ts";
import type { Point, Series } from "./series.ts";

const { document } = parseHTML("<!doctype html><html><body></body></html>");

/** Draws a plot and gives it a title for those who do not see it. */
function draw(title: string, options: Plot.PlotOptions): Html {
  const svg = Plot.plot({
    ...options,
    document,
    style: { fontFamily: "inherit", fontSize: "11.5px", overflow: "visible" },
  });
  const text = svg.outerHTML.replace(/<style>.*?<\/style>/s, "");
  return raw(text.replace(/^<svg /, '<svg role="img" ').replace(">", `><title>${escapeText(title)}</title>`));
}

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

/** A series over steps; every extreme is drawn. */
export function curve(series: Series, options: CurveOptions): Html {
  const { title, width, height, color, lines = [], smooth = false, zero = false } = options;
  const points = series.points();
  const values = [...points.map(([, value]) => value), ...lines.map(({ value }) => value)];
  const low = zero ? 0 : Math.min(...values);
  const high = Math.max(...values);
  const pad = (high - low || Math.abs(high) || 1) * 0.08;
  const smoothed: Point[] = smooth && points.length > 150 ? series.means() : [];
  const x = ([step]: Point) => step;
  const y = ([, value]: Point) => value;
  return draw(title, {
    width,
    height,
    marginLeft: 48,
    marginRight: 12,
    marginTop: 14,
    marginBottom: 32,
    x: { label: null, ticks: ticksOf(points, width), tickFormat: steps, nice: false },
    y: {
      domain: [zero ? 0 : low - pad, high + pad],
      ticks: 5,
      tickFormat: (value: number) => significant(value),
      label: null,
    },
    marks: [
      Plot.gridY({ ticks: 5, stroke: "var(--grid)", strokeOpacity: 1 }),
      Plot.ruleY(lines, { y: "value", stroke: "currentColor", strokeOpacity: 0.55, strokeDasharray: "4 4" }),
      points.length > 1
        ? Plot.line(points, {
            x,
            y,
            stroke: color,
            strokeWidth: smoothed.length ? 1 : 1.8,
            strokeOpacity: smoothed.length ? 0.32 : 1,
          })
        : Plot.dot(points, { x, y, fill: color, r: 4 }),
      smoothed.length ? Plot.line(smoothed, { x, y, stroke: color, strokeWidth: 2.2 }) : null,
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

export type Bar = { label: string; value: number; kind: "trained" | "untrained" | "pixels"; interval?: Interval };
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

export type ClassBar = { name: string; f1: number; untrained: number | null; support: number };

/** F1 of each class, with a tick where the untrained encoder stands. */
export function classBars(title: string, classes: readonly ClassBar[], color: string): Html {
  const rows = classes.map((one, index) => ({ ...one, key: String(index) }));
  const compact = rows.length > 30;
  const text = new Map(rows.map(({ key, name }) => [key, shorten(name, 18)]));
  return draw(title, {
    width: 400,
    height: rows.length * (compact ? 15 : 21) + 40,
    marginLeft: 122,
    marginRight: 44,
    marginTop: 6,
    marginBottom: 26,
    x: { domain: [0, 1], ticks: 5, tickFormat: (value: number) => `${Math.round(value * 100)}`, label: null },
    y: {
      domain: rows.map(({ key }) => key),
      label: null,
      tickSize: 0,
      padding: 0.25,
      tickFormat: (key: string) => text.get(key) ?? "",
    },
    marks: [
      Plot.gridX({ ticks: 5, stroke: "var(--grid)", strokeOpacity: 1 }),
      Plot.barX(rows, {
        y: "key",
        x: "f1",
        rx: 2,
        fill: color,
        title: ({ name, f1, support }) => `${name}: F1 ${percent(f1)}, ${support} images`,
      }),
      Plot.tickX(
        rows.filter(({ untrained }) => untrained !== null),
        { y: "key", x: "untrained", stroke: "currentColor", strokeWidth: 2 },
      ),
      Plot.text(rows, {
        y: "key",
        x: ({ f1, untrained }) => Math.max(f1, untrained ?? 0),
        dx: 6,
        text: ({ f1 }) => (f1 * 100).toFixed(0),
        textAnchor: "start",
        fontVariant: "tabular-nums",
      }),
    ],
  });
}
