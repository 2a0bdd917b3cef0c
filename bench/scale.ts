// How time and memory of training grow with batch, image size, model and data set: an exponent each, by least squares over
// logarithms, and a plot in docs/. 1 is linear, 0 is none at all. Then what very many images ask for (scale-large.ts).

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeAtomically } from "../packages/unlabel/src/base/files.ts";
import { resolveConfig } from "../packages/unlabel/src/methods/registry.ts";

import { trainingFlops } from "../packages/unlabel/src/train/flops.ts";
import { numberIn, runUnlabel } from "./child.ts";
import { type BenchOptions, type Row, row } from "./row.ts";
import { rowNames as largeNames, runLarge } from "./scale-large.ts";
import { scalePlot } from "./scale-plot.ts";
import { smallCopy } from "./small-copy.ts";
import { powerLaw } from "./stats.ts";

/** One thing that grows while the others stay. */
export interface Axis {
  name: string;
  /** What its numbers count. */
  unit: string;
  /** Each with its number, what to call it, and how to run it. */
  points: { x: number; label: string; flags: string[]; images?: number }[];
}

export interface Point {
  x: number;
  label: string;
  /** Seconds of a step. */
  step: number;
  /** Peak memory in MB. */
  mb: number;
  /** Seconds of the process before and after its steps. */
  start: number;
}

const BASE = { encoder: "resnet18", size: 64, batch: 32 };
/** Steps of a run. */
const STEPS = 12;
const ENCODERS = ["resnet18", "resnet34", "resnet50"] as const;

/** Axes, each with three or four points that a laptop manages in a minute. @param images of the whole data set */
export function axes({ images, batch }: { images: number; batch: number }): Axis[] {
  const flags = (own: Partial<typeof BASE>) =>
    Object.entries({ ...BASE, batch, ...own }).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const numbers = (values: number[], key: "batch" | "size") =>
    values.map((value) => ({ value, flags: flags({ [key]: value }) }));
  const gflop = (encoder: (typeof ENCODERS)[number]) =>
    trainingFlops(resolveConfig({ flags: { method: "simclr", ...BASE, encoder, stem: "7x7" } })) / 1e9;
  return [
    {
      name: "batch",
      unit: "images a step",
      points: numbers([batch / 2, batch, 2 * batch, 4 * batch], "batch").map(({ value, flags }) => ({
        x: value,
        label: `${value}`,
        flags,
      })),
    },
    {
      name: "image size",
      unit: "edge of an image, spaced by its pixels",
      points: numbers([64, 96, 128, 192], "size").map(({ value, flags }) => ({
        x: value ** 2,
        label: `${value} px`,
        flags,
      })),
    },
    {
      name: "model",
      unit: "GFLOP an image",
      points: ENCODERS.map((encoder) => ({ x: gflop(encoder), label: encoder, flags: flags({ encoder }) })),
    },
    {
      name: "data set",
      unit: "images",
      points: [images / 16, images / 4, images].map((part) => {
        const count = Math.round(part);
        return { x: count, label: `${count}`, flags: flags({}), images: count };
      }),
    },
  ];
}

export function rowNames(options: Pick<BenchOptions, "quick">): string[] {
  return [...axesOf(options).flatMap(namesOf), ...largeNames(options)];
}

const axesOf = ({ quick }: Pick<BenchOptions, "quick">) =>
  axes(quick ? { images: 512, batch: 4 } : { images: 8000, batch: BASE.batch });

export async function run(options: BenchOptions): Promise<Row[]> {
  const { quick, data, device, threads, plots, rows: wanted, say } = options;
  const chosen = (name: string) => wanted?.test(name) ?? true;
  const folder = mkdtempSync(join(tmpdir(), "unlabel-bench-"));
  try {
    const rows: Row[] = [];
    for (const axis of axesOf(options)) {
      if (!namesOf(axis).some(chosen)) continue;
      say(axis.name);
      const points: Point[] = [];
      for (const [i, { x, label, flags, images }] of axis.points.entries()) {
        const name = `${axis.name}-${i}`.replaceAll(" ", "-");
        const counts = { train: images ?? 0, val: 10 };
        const root = images ? await smallCopy(data, join(folder, `data-${name}`), counts) : data;
        const simclr = ["--method", "simclr", "--preset", "report", "--set", "stem=7x7"];
        const unwatched = ["--set", "online=false", "--set", "health_every=0"];
        const end = ["--epochs", "100000", "--steps", String(quick ? 3 : STEPS)];
        const machine = ["--threads", String(threads), "--device", device, "--out", join(folder, name)];
        const outcome = await runUnlabel(
          ["pretrain", root, ...simclr, ...flags, ...unwatched, ...end, ...machine],
          threads,
        );
        const step = numberIn(outcome, "step_s");
        const start = Math.max(0.01, outcome.seconds - step * numberIn(outcome, "steps"));
        points.push({ x, label, step, mb: numberIn(outcome, "peak_mb"), start });
      }
      if (plots) writeAtomically(join(plots, `scale-${axis.name.replaceAll(" ", "-")}.svg`), scalePlot(axis, points));
      rows.push(...rowsOf(axis, points).filter(({ name }) => chosen(name)));
    }
    rows.push(...(await runLarge(options)));
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What its rows are called. */
function namesOf(axis: Axis): string[] {
  return rowsOf(axis, []).map(({ name }) => name);
}

/** Exponents of one axis, with the numbers that they come from. */
export function rowsOf({ name }: Axis, points: readonly Point[]): Row[] {
  const line = (what: string, unit: string, value: (point: Point) => number, digits: number) => {
    const { exponent } = powerLaw(points.map((point) => ({ x: point.x, y: value(point) })));
    const note = points.map((point) => `${point.label}: ${value(point).toFixed(digits)} ${unit}`).join(", ");
    return row(`${name}: ${what}`, "exponent", exponent, null, { note });
  };
  return [
    line("time of a step", "s", ({ step }) => step, 3),
    line("peak memory", "MB", ({ mb }) => mb, 0),
    ...(name === "data set" ? [line("time to start and end", "s", ({ start }) => start, 1)] : []),
  ];
}
