// Lines over an axis, drawn by uPlot: live, with levels and bands, zoomed by dragging, read by pointer or keyboard. Its size is fixed
// before anything is drawn, so that nothing moves.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { significant } from "../../../page/numbers.ts";
import { say } from "../app/announce.tsx";
import { token, useTheme } from "../app/theme.ts";
import "./chart.css";
import { valueAt } from "./series.ts";
import { shownPlaces } from "./shown-places.ts";

/** One line. */
export interface ChartLine {
  label: string;
  /** `--run0`. */
  color: string;
  x: readonly number[];
  y: readonly number[];
  /** In pixels. */
  width?: number;
  /** Less than 1 for what lies behind. */
  alpha?: number;
  isDashed?: boolean;
  /** At the same places: a band around the line. */
  low?: readonly number[];
  high?: readonly number[];
  /** Not read out. */
  isBehind?: boolean;
}

/** A level that gives values a meaning. */
export interface Level {
  value: number;
  label: string;
}

interface Props {
  /** What is shown, for people who cannot see it, too. */
  title: string;
  lines: readonly ChartLine[];
  levels?: readonly Level[];
  height?: number;
  logX?: boolean;
  logY?: boolean;
  /** What the axis of places counts: `step`. */
  unit: string;
  /** There is nothing between one and two of them. */
  isCount?: boolean;
  xWords: (value: number) => string;
  yWords?: (value: number) => string;
  /** The part that is shown; all where absent. */
  zoom?: readonly [number, number] | null;
  onZoom?: (zoom: readonly [number, number] | null) => void;
  /** Charts of one name have one cursor. */
  together?: string;
  /** Each line's value where the cursor is, or the last. */
  onRead?: (at: number | null, values: readonly (number | null)[]) => void;
  /** Begins at zero. */
  fromZero?: boolean;
  /** A list beside it reads the values out. */
  hasLegend?: boolean;
}

export function Chart(props: Props) {
  const { title, lines, levels = [], height = 160, logX = false, logY = false, unit, xWords, onZoom, together } = props;
  const yWords = props.yWords ?? significant;
  const theme = useTheme();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const now = useRef(props);
  now.current = props;
  const [at, setAt] = useState<number | null>(null);
  const read = lines.filter(({ isBehind }) => !isBehind);
  const values = read.map((line) => (at === null ? (line.y.at(-1) ?? null) : nearest(line, at)));

  const data = useMemo(() => dataOf(lines, logX, logY), [lines, logX, logY]);
  // What uPlot has to be made anew for.
  const shape = JSON.stringify([
    lines.map(({ color, width, alpha, isDashed, low }) => [color, width, alpha, isDashed, low !== undefined]),
    levels,
    [height, logX, logY, unit, together, theme, props.fromZero],
  ]);

  useEffect(() => {
    const own = place.current;
    if (!own) return;
    const options = optionsOf(now, own.clientWidth, setAt);
    const made = new uPlot(options, data, own);
    plot.current = made;
    const size = new ResizeObserver(() => {
      if (own.clientWidth !== made.width && own.clientWidth > 0) made.setSize({ width: own.clientWidth, height });
    });
    size.observe(own);
    return () => {
      size.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape]);

  useEffect(() => {
    plot.current?.setData(data, false);
    show(plot.current, props.zoom ?? null, logX);
  }, [data, props.zoom?.[0], props.zoom?.[1]]);

  useEffect(() => props.onRead?.(at, values), [at, ...values]);

  const onKeyDown = (event: KeyboardEvent) => {
    const made = plot.current;
    if (!made || event.ctrlKey || event.metaKey || event.altKey) return;
    const { min = 0, max = 1 } = made.scales.x ?? {};
    if (min === null || max === null) return;
    const left = made.cursor.left ?? -1;
    const width = made.over.clientWidth;
    const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (by !== undefined) {
      const next = Math.max(0, Math.min(width, (left < 0 ? (by > 0 ? 0 : width) : left) + (by * width) / 60));
      made.setCursor({ left: next, top: made.over.clientHeight / 2 });
      const where = made.posToVal(next, "x");
      say(`${unit} ${xWords(where)}: ${read.map((line) => `${line.label} ${words(nearest(line, where))}`).join(", ")}`);
    } else if (event.key === "Escape" && (left >= 0 || props.zoom)) {
      made.setCursor({ left: -10, top: -10 });
      onZoom?.(null);
    } else if ((event.key === "+" || event.key === "=") && onZoom) {
      const middle = left < 0 ? (min + max) / 2 : made.posToVal(left, "x");
      onZoom([middle - (middle - min) / 2, middle + (max - middle) / 2]);
    } else if (event.key === "-" && onZoom) onZoom(null);
    else return;
    event.preventDefault();
  };
  const words = (value: number | null) => (value === null ? "–" : yWords(value));
  const said = read.slice(0, 6).map((line) => `${line.label} ${words(line.y.at(-1) ?? null)}`);
  return (
    <figure class="chart">
      <figcaption>
        <b>{title}</b>
        <span class="read">
          {onZoom && (
            <button type="button" class="quiet all" hidden={!props.zoom} onClick={() => onZoom(null)}>
              Show all
            </button>
          )}
          {at !== null && (
            <span class="soft">
              {unit} {xWords(at)}
            </span>
          )}
          {!props.hasLegend &&
            values.slice(0, 2).map((value, i) => (
              <span
                key={read[i]!.label}
                class={read.length > 1 ? "of-many" : ""}
                style={{ "--color": `var(${read[i]!.color})` }}
              >
                {words(value)}
              </span>
            ))}
        </span>
      </figcaption>
      <div
        ref={place}
        class="plot"
        style={{ height: `${height}px` }}
        role="img"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys read its values, as a pointer does
        tabIndex={0}
        aria-label={`${title} over ${unit}s, last ${said.join(", ") || "nothing"}. Arrow keys read values.`}
        onKeyDown={onKeyDown}
        onBlur={() => plot.current?.setCursor({ left: -10, top: -10 })}
      />
    </figure>
  );
}

/** The value of a line at the place of its that is nearest. */
function nearest({ x, y }: ChartLine, at: number): number | null {
  return valueAt(x, y, at);
}

/** Shows a part, or all. */
function show(plot: uPlot | null, zoom: readonly [number, number] | null, logX: boolean): void {
  if (!plot) return;
  const [min, max] = shownPlaces(plot.data[0], zoom, logX);
  plot.setScale("x", { min, max });
}

/** One column of places and one of values for each line; for a band two more. */
function dataOf(lines: readonly ChartLine[], logX: boolean, logY: boolean): uPlot.AlignedData {
  const tables = lines.map(({ x, y, low, high }): uPlot.AlignedData => {
    const keep = [...x.keys()].filter((i) => !(logX && x[i]! <= 0));
    const column = (values: readonly number[]) => keep.map((i) => (logY && values[i]! <= 0 ? null : values[i]!));
    const rest = low && high ? [column(low), column(high)] : [];
    return [keep.map((i) => x[i]!), column(y), ...rest];
  });
  if (tables.length === 0) return [[]];
  return tables.length === 1 ? tables[0]! : uPlot.join(tables);
}

function optionsOf(props: { current: Props }, width: number, setAt: (at: number | null) => void): uPlot.Options {
  const { lines, levels = [], height = 160, logX = false, logY = false, fromZero = false, together } = props.current;
  const [soft, grid, paper] = [token("--soft"), token("--grid"), token("--paper")];
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  for (const { color, width: thick = 1.6, alpha = 1, isDashed, low } of lines) {
    const stroke = token(color);
    const own = { stroke, width: thick, alpha, spanGaps: true, points: { show: lonely, fill: stroke, size: 6 } };
    series.push(isDashed ? { ...own, dash: [6, 4] } : own);
    if (low !== undefined) {
      const edge: uPlot.Series = { stroke: "transparent", width: 0, spanGaps: true, points: { show: false } };
      bands.push({ series: [series.length + 1, series.length], fill: faint(stroke) });
      series.push(edge, edge);
    }
  }
  const words = (props.current.yWords ?? significant) as (value: number) => string;
  return {
    width: Math.max(60, width),
    height,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    series,
    bands,
    scales: {
      x: { time: false, distr: logX ? 3 : 1, auto: false },
      y: {
        distr: logY ? 3 : 1,
        range: (_, low, high) => rangeOf(low, high, levels, logY, fromZero),
      },
    },
    axes: [
      {
        stroke: soft,
        font,
        size: 26,
        gap: 4,
        space: 64,
        grid: { show: false },
        ticks: { show: true, stroke: grid, size: 4, width: 1 },
        border: { show: true, stroke: grid, width: 1 },
        ...(props.current.isCount && !logX && { incrs: WHOLE }),
        values: (_, splits) => splits.map((value) => (value === null ? "" : props.current.xWords(value))),
      },
      {
        stroke: soft,
        font,
        size: 48,
        gap: 4,
        space: 28,
        grid: { stroke: grid, width: 1 },
        ticks: { show: false },
        values: (_, splits) => splits.map((value) => (value === null ? "" : words(value))),
      },
    ],
    cursor: {
      y: false,
      drag: { x: props.current.onZoom !== undefined, y: false, setScale: false },
      points: { size: 7, width: 2, stroke: () => paper },
      ...(together !== undefined && { sync: { key: together } }),
    },
    hooks: {
      setCursor: [
        ({ cursor, posToVal }) =>
          setAt(cursor.left === undefined || cursor.left < 0 ? null : posToVal(cursor.left, "x")),
      ],
      setSelect: [
        (plot) => {
          const { left, width: wide } = plot.select;
          if (wide < 4) return;
          props.current.onZoom?.([plot.posToVal(left, "x"), plot.posToVal(left + wide, "x")]);
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      draw: [(plot) => drawLevels(plot, levels, soft, paper, font)],
      ready: [
        (plot) => {
          plot.over.addEventListener("dblclick", () => props.current.onZoom?.(null));
          show(plot, props.current.zoom ?? null, props.current.logX ?? false);
        },
      ],
    },
  };
}

/** 1, 2, 5, 10, … up to 5 · 10¹²: how far apart labels of counts may be. */
const WHOLE = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

/** A value alone is no line, and is drawn as a point. */
function lonely(plot: uPlot, index: number): boolean {
  const column = plot.data[index] as ArrayLike<number | null | undefined> | undefined;
  return column !== undefined && Array.from(column).filter((value) => value != null).length === 1;
}

function faint(color: string): string {
  return color.replace(/^rgb\((.*)\)$/, "rgba($1, 0.18)");
}

function rangeOf(
  low: number | null,
  high: number | null,
  levels: readonly Level[],
  isLog: boolean,
  fromZero: boolean,
): [number, number] {
  const all = [low, high, ...levels.map(({ value }) => value)].filter(
    (value) => value !== null && Number.isFinite(value),
  ) as number[];
  const there = isLog ? all.filter((value) => value > 0) : all;
  if (there.length === 0) return isLog ? [0.1, 1] : [0, 1];
  const [least, most] = [Math.min(...there), Math.max(...there)];
  if (isLog) return least === most ? [least / 2, most * 2] : [least / 1.1, most * 1.1];
  const pad = (most - least || Math.abs(most) || 1) * 0.06;
  return [fromZero ? Math.min(0, least) : least - pad, most + pad];
}

function drawLevels(plot: uPlot, levels: readonly Level[], soft: string, paper: string, font: string): void {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  for (const { value, label } of levels) {
    const y = Math.round(plot.valToPos(value, "y", true));
    if (!Number.isFinite(y) || y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.save();
    ctx.strokeStyle = soft;
    ctx.lineWidth = scale;
    ctx.setLineDash([4 * scale, 4 * scale]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.font = font.replace("12px", `${12 * scale}px`);
    ctx.textAlign = "right";
    ctx.textBaseline = "bottom";
    ctx.lineWidth = 4 * scale;
    ctx.strokeStyle = paper;
    const x = bbox.left + bbox.width;
    const top = y - 3 * scale < bbox.top + 14 * scale ? y + 15 * scale : y - 3 * scale;
    ctx.strokeText(label, x, top);
    ctx.fillStyle = soft;
    ctx.fillText(label, x, top);
    ctx.restore();
  }
}
