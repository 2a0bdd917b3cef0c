// Plots of bench `scale` as files for docs/benchmarks.md, drawn as the report draws its charts.
import * as Plot from "@observablehq/plot";
import { draw } from "../packages/unlabel/src/page/charts/draw.ts";
import { significant } from "../packages/unlabel/src/page/format.ts";
import type { Axis, Point } from "./scale.ts";
import { powerLaw } from "./stats.ts";

/** What the report's page gives its charts: a file of its own has no page around it. */
const STYLE = `<style>svg { --paper: #fdfdfc; --grid: #dfdfda; --time: #0b6fb8; --memory: #c85a00; color: #1b1d21;
background: #fdfdfc } @media (prefers-color-scheme: dark) { svg { --paper: #131519;
--grid: #2e323a; --time: #5aaeea; --memory: #f0913e; color: #e7e8ea; background: #131519 } }</style>`;

/** Time of a step and peak memory over an axis, each as a multiple of its first point, both scales logarithmic; broken: the law. */
export function scalePlot({ name, unit }: Axis, points: readonly Point[]): string {
  const series = [
    { what: "time of a step", color: "var(--time)", value: ({ step }: Point) => step },
    { what: "peak memory", color: "var(--memory)", value: ({ mb }: Point) => mb },
  ].map(({ what, color, value }) => {
    const law = powerLaw(points.map((point) => ({ x: point.x, y: value(point) })));
    const first = value(points[0]!);
    return {
      what: `${what}: exponent ${law.exponent.toFixed(2)}`,
      color,
      dots: points.map((point) => ({ x: point.x, y: value(point) / first })),
      fit: points.map(({ x }) => ({ x, y: (law.factor * x ** law.exponent) / first })),
    };
  });
  const values = series.flatMap(({ dots }) => dots.map(({ y }) => y));
  const domain = [Math.min(...values) / 1.25, Math.max(...values) * 1.25] as const;
  const doublings = Array.from({ length: 16 }, (_, i) => 2 ** (i - 4)).filter((y) => y >= domain[0] && y <= domain[1]);
  const title = `Time and memory by ${name}`;
  const svg = draw(title, {
    width: 520,
    height: 300,
    marginLeft: 50,
    marginRight: 20,
    marginTop: 46,
    marginBottom: 42,
    x: {
      type: "log",
      ticks: points.map(({ x }) => x),
      tickFormat: (x: number) => points.find((point) => point.x === x)?.label ?? "",
      label: unit,
      labelAnchor: "center",
      labelArrow: "none",
    },
    y: { type: "log", domain, ticks: doublings, tickFormat: (y: number) => `${significant(y)} ×`, label: null },
    marks: [
      Plot.gridY({ stroke: "var(--grid)", strokeOpacity: 1, ticks: doublings }),
      ...series.flatMap(({ dots, fit, color, what }, i) => [
        Plot.line(fit, { x: "x", y: "y", stroke: color, strokeWidth: 1.6, strokeDasharray: "5 4" }),
        Plot.dot(dots, { x: "x", y: "y", fill: color, r: 4.5 }),
        Plot.text([what], { frameAnchor: "top-left", dy: -38 + 17 * i, text: (text: string) => text, fill: color }),
      ]),
    ],
  })
    .toString()
    .replace("font-family:inherit", "font-family:system-ui,sans-serif");
  const standalone = svg.includes("xmlns=") ? svg : svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ');
  return `${standalone.replace("</title>", `</title>${STYLE}`)}\n`;
}
