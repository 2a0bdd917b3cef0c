// How each class fared.
import * as Plot from "@observablehq/plot";
import { percent, shorten } from "../format.ts";
import type { Html } from "../html.ts";
import { draw } from "./draw.ts";

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
