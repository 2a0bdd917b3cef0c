// From images as they are to what the encoder was trained on, in the graph: what evaluation does (data/eval-batches.ts), so that no program
// has to do it again. Sides, crop and rounding are the same to the pixel.
import type { Input } from "../../data/input.ts";
import type { Graph, Value } from "./graph.ts";

/** The type of the samples that a graph takes. */
export type Samples = "uint8" | "uint16" | "float32";

/** What a graph's preprocessing rests on. */
export interface Preprocessing {
  input: Input;
  samples: Samples;
  /** Edge of what the encoder sees, in pixels. */
  size: number;
  /** Of values in [0, 1], one a channel. */
  mean: readonly number[];
  /** Likewise. */
  std: readonly number[];
}

const TOP = 65_535;

/** ONNX's number for float32. */
const FLOAT = 1;

/**
 * Samples that whoever calls the graph has: bytes where the run took 8 bits as they are, else 16 bits where its range lies among whole
 * numbers of 16 bits, else floats.
 */
export function samplesFor({ range }: Input): Samples {
  if (range === null) return "uint8";
  // A range of floats, such as reflectances from 0 to 1, is narrower than any of counts.
  return range.every(([low, high]) => low >= 0 && high <= TOP && high - low > 2) ? "uint16" : "float32";
}

/** `[N, H, W, B]` → `[N, channels, size, size]`, float32, normalised. @returns the graph's input by name, and what comes of it */
export function emitPreprocessing(graph: Graph, { input, samples, size, mean, std }: Preprocessing): Value {
  const { channels, bands } = input;
  const images = graph.input("images", samples, ["N", "H", "W", bands === null ? channels : "B"]);
  const chosen =
    bands === null ? images : graph.node("Gather", [images, graph.ints(bands.map((band) => band - 1))], { axis: 3 });
  const wide = samples === "float32" ? chosen : graph.node("Cast", [chosen], { to: FLOAT });
  const planes = graph.node("Transpose", [wide], { perm: [0, 3, 1, 2] });
  const ranged = betweenBlackAndWhite(graph, planes, input, samples);
  const square = rounded(graph, centralSquare(graph, ranged, channels, size));
  const top = topOf(input);
  const perChannel = (name: string, of: (c: number) => number) =>
    graph.floats(
      name,
      [1, channels, 1, 1],
      Array.from({ length: channels }, (_, c) => of(c)),
    );
  const scaled = graph.node("Mul", [square, perChannel("gain", (c) => 1 / (top * std[c]!))]);
  return graph.node("Sub", [scaled, perChannel("shift", (c) => mean[c]! / std[c]!)]);
}

/** Photographs are resized in 8 bits, all else in 16. */
function topOf({ channels, range }: Input): number {
  return channels === 3 && range === null ? 255 : TOP;
}

/** The ends of a type, where a run has no range of its own. */
const FULL: Readonly<Record<Samples, number>> = { uint8: 255, uint16: TOP, float32: 1 };

/** As data/foreign/values.ts and eval/own-pixels.ts: black is 0, white the top, rounded; what was not measured (NaN) is black. */
function betweenBlackAndWhite(graph: Graph, planes: Value, input: Input, samples: Samples): Value {
  const { channels, range } = input;
  const top = topOf(input);
  const ends = range ?? Array.from({ length: channels }, () => [0, FULL[samples]] as const);
  const column = (name: string, of: (one: readonly [number, number]) => number) =>
    graph.floats(name, [1, channels, 1, 1], ends.map(of));
  if (range === null && FULL[samples] === top) return planes;
  const low = column("low", ([end]) => end);
  const measured = samples === "float32" ? graph.node("Where", [graph.node("IsNaN", [planes]), low, planes]) : planes;
  const above = graph.node("Sub", [measured, low]);
  const scaled = graph.node("Mul", [above, column("scale", ([black, white]) => top / (white - black))]);
  return rounded(graph, graph.node("Clip", [scaled, graph.scalar(0), graph.scalar(top)]));
}

/** Halves go up, as in the reader. */
function rounded(graph: Graph, x: Value): Value {
  return graph.node("Floor", [graph.node("Add", [x, graph.scalar(0.5)])]);
}

/**
 * The short side becomes `size`, and the middle is cut out: torchvision's `Resize` and `CenterCrop`, with Pillow's triangle filter, which
 * widens as images shrink and leaves out what lies beyond the edge.
 */
function centralSquare(graph: Graph, planes: Value, channels: number, size: number): Value {
  const side = (axis: 2 | 3) => graph.node("Shape", [planes], { start: axis, end: axis + 1 });
  const [height, width] = [side(2), side(3)];
  const short = graph.node("Min", [height, width]);
  const edge = graph.ints([size]);
  const [toHeight, toWidth] = [height, width].map((length) =>
    graph.node("Div", [graph.node("Mul", [length, edge]), short]),
  ) as [Value, Value];
  const batch = graph.node("Shape", [planes], { start: 0, end: 1 });
  const sizes = graph.node("Concat", [batch, graph.ints([channels]), toHeight, toWidth], { axis: 0 });
  const resized = graph.node("Resize", [planes, "", "", sizes], {
    mode: "linear",
    antialias: 1,
    exclude_outside: 1,
    coordinate_transformation_mode: "half_pixel",
  });
  // Half of what is too much, to the even neighbour, as Python rounds.
  const offsets = [toHeight, toWidth].map((length) => {
    const excess = graph.node("Sub", [length, edge]);
    const two = graph.ints([2]);
    const half = graph.node("Div", [excess, two]);
    const odd = graph.node("Mul", [graph.node("Mod", [excess, two]), graph.node("Mod", [half, two])]);
    return graph.node("Add", [half, odd]);
  });
  const starts = graph.node("Concat", offsets, { axis: 0 });
  const ends = graph.node("Add", [starts, edge]);
  return graph.node("Slice", [resized, starts, ends, graph.ints([2, 3])]);
}
