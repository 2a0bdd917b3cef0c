// Scores as lines: over seconds of training, or over the number of labels (log).
import * as Plot from "@observablehq/plot";
import { significant } from "../format.ts";
import type { Html } from "../html.ts";
import { draw } from "./draw.ts";

export type Mark = { x: number; y: number; low?: number; high?: number };
export type ScoreLine = {
  /** Empty where another line of its colour speaks for it. */
  label: string;
  color: string;
  points: readonly Mark[];
  /** Drawn broken: what is not the trained encoder. */
  dashed?: boolean;
  /** Points alone, with no line between. */
  dots?: boolean;
};

export type ScoreLinesOptions = {
  title: string;
  unit: string;
  log?: boolean;
  ticks?: number[];
  chance?: number | null;
};

/** Lines of scores with their names at the height where they end, intervals as bars. */
export function scoreLines(given: readonly ScoreLine[], { title, unit, log, ticks, chance }: ScoreLinesOptions): Html {
  // An axis of logarithms rather than Plot's own, which leaves out the names of most ticks.
  const to = (value: number) => (log ? Math.log10(value) : value);
  const lines = given.map((line) => ({ ...line, points: line.points.map((point) => ({ ...point, x: to(point.x) })) }));
  const all = lines.flatMap((line) => line.points.map((point) => ({ ...point, line })));
  const top = Math.min(1, Math.max(0.02, ...all.map(({ y, high }) => high ?? y)) * 1.06);
  const xs = all.map(({ x }) => x);
  const ends = spaced(
    lines.flatMap((line) => {
      const last = line.points.at(-1);
      return last && line.label ? [{ line, y: last.y }] : [];
    }),
    top * 0.062,
    top,
  );
  const right = log ? Math.max(...xs) + 0.06 : Math.max(...xs) * 1.02;
  const color = ({ line }: { line: ScoreLine }) => line.color;
  return draw(title, {
    width: 640,
    height: 330,
    marginLeft: 42,
    marginRight: 190,
    marginTop: 14,
    marginBottom: 40,
    x: {
      domain: [log ? Math.min(...xs) - 0.06 : 0, right],
      ticks: ticks?.map(to) ?? 6,
      tickFormat: (value: number) => significant(log ? 10 ** value : value),
      label: unit,
      labelAnchor: "center",
      labelArrow: "none",
    },
    y: { domain: [0, top], ticks: 6, tickFormat: (value: number) => `${Math.round(value * 100)}`, label: null },
    marks: [
      Plot.gridY({ ticks: 6, stroke: "var(--grid)", strokeOpacity: 1 }),
      chance ? Plot.ruleY([chance], { stroke: "currentColor", strokeOpacity: 0.55, strokeDasharray: "4 4" }) : null,
      ...lines.map(({ points, color, dashed, dots }) =>
        dots
          ? null
          : Plot.line(points, {
              x: "x",
              y: "y",
              stroke: color,
              strokeWidth: 2,
              strokeDasharray: dashed ? "5 4" : "none",
            }),
      ),
      Plot.ruleX(
        all.filter(({ low, high }) => low !== undefined && high !== undefined),
        { x: "x", y1: "low", y2: "high", stroke: color, strokeWidth: 1.6 },
      ),
      Plot.dot(
        all.filter(({ line }) => line.dots || line.points.length <= 12),
        { x: "x", y: "y", fill: color, stroke: "var(--paper)", r: 4.5 },
      ),
      // All names in the margin, where they cover no line, each behind its line's own mark.
      Plot.text(ends, {
        x: right,
        y: "at",
        dx: 14,
        text: ({ line: { dots, dashed } }) => (dots ? "●" : dashed ? "╍╍" : "━━"),
        textAnchor: "start",
        fill: color,
      }),
      Plot.text(ends, { x: right, y: "at", dx: 42, text: ({ line }) => line.label, textAnchor: "start" }),
      chance
        ? Plot.text([chance], {
            y: (value: number) => value,
            frameAnchor: "left",
            dx: 4,
            dy: -7,
            textAnchor: "start",
            text: () => "chance",
          })
        : null,
    ],
  });
}

/** Moves names of lines that end at like heights apart, so that none covers another or leaves the chart at its top. */
function spaced<T extends { y: number }>(ends: readonly T[], gap: number, top: number): (T & { at: number })[] {
  const placed: (T & { at: number })[] = [];
  for (const end of [...ends].sort((a, b) => a.y - b.y)) {
    const below = placed.at(-1);
    placed.push({ ...end, at: Math.max(end.y, below ? below.at + gap : 0) });
  }
  let most = top;
  for (const end of placed.toReversed()) {
    end.at = Math.min(end.at, most);
    most = end.at - gap;
  }
  return placed;
}
