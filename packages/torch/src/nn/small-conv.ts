// Convolutions over small maps as matrix products, on the CPU in float32: there oneDNN's weight gradient runs at a fifth to a
// half of a plain product's speed. The choice rests on shapes alone, so that a network computes the same in every run.
import { fromTypedArray } from "../create.ts";
import { cat, linear, zeros } from "../ops.generated.ts";
import { isAutocastEnabled } from "../runtime.ts";
import type { Tensor } from "../tensor.ts";
import type { Conv2d } from "./conv2d.ts";

/** Positions of an output map up to which products win, where they win at all: 7 × 7. */
const MOST_POSITIONS = 49;
/** Input channels from which they win at stride 1 too. */
const MANY_CHANNELS = 512;

/** How to compute one convolution on maps of one size. */
interface Plan {
  /** Rows and columns of the output map. */
  rows: number;
  columns: number;
  /**
   * `points`: one product over positions (1 × 1 kernels). `pairs`: every output position sees every input position, one
   * product with the weights laid out for all pairs. `gather`: one product over the inputs gathered for each position.
   */
  kind: "points" | "pairs" | "gather";
  /** For points and gather input positions, row by row, in which −1 is padding; for pairs taps of the kernel. */
  index: Int32Array;
}

const plans = new Map<string, Plan | null>();

/** `conv` of `x` as a matrix product, or null where LibTorch's own convolution is the faster. */
export function smallConvolution(conv: Conv2d, x: Tensor): Tensor | null {
  const { weight, bias, stride, padding, dilation, groups } = conv;
  const [batch = 0, channels = 0, height = 0, width = 0] = x.shape;
  const [out, into, ...kernel] = weight.shape as [number, number, number, number];
  if (channels !== into || batch === 0 || groups !== 1 || dilation[0] !== 1 || dilation[1] !== 1) return null;
  if (x.dtype !== "float32" || x.device !== "cpu" || weight.dtype !== "float32" || isAutocastEnabled()) return null;
  const key = `${height} ${width} ${kernel} ${stride} ${padding} ${into >= MANY_CHANNELS}`;
  let plan = plans.get(key);
  if (plan === undefined) {
    plan = planFor([height, width], kernel, stride, padding, into);
    plans.set(key, plan);
  }
  if (!plan) return null;
  const { kind, rows, columns, index } = plan;
  const inputs = x.permute([0, 2, 3, 1]).reshape([batch, height * width, into]);
  const taps = weight.permute([0, 2, 3, 1]).reshape([out, -1, into]);
  if (kind === "pairs") {
    const pairs = taps.indexSelect(1, fromTypedArray(index)).reshape([out * rows * columns, -1]);
    const map = linear(inputs.flatten(1), pairs)
      .view([batch, out, rows, columns])
      .to({ memoryFormat: "channels_last" });
    return bias ? map.add(bias.view([1, out, 1, 1])) : map;
  }
  const gathered = select(inputs, index).reshape([batch * rows * columns, -1]);
  return linear(gathered, taps.flatten(1), bias).view([batch, rows, columns, out]).permute([0, 3, 1, 2]);
}

/** Rows of `x` `[B, N, C]` by number, zeros for −1; `x` itself where the numbers are 0 … N − 1. */
function select(x: Tensor, index: Int32Array): Tensor {
  const [batch, count, channels] = x.shape as [number, number, number];
  if (index.length === count && index.every((row, i) => row === i)) return x;
  if (!index.includes(-1)) return x.indexSelect(1, fromTypedArray(index));
  const padded = cat([x, zeros([batch, 1, channels])], 1);
  return padded.indexSelect(1, fromTypedArray(index.map((row) => (row < 0 ? count : row))));
}

function planFor(size: Two, kernel: number[], stride: Two, padding: Two, into: number): Plan | null {
  const length = (axis: 0 | 1) => Math.floor((size[axis] + 2 * padding[axis] - kernel[axis]!) / stride[axis]) + 1;
  const [rows, columns, inputs] = [length(0), length(1), size[0] * size[1]];
  const taps = kernel[0]! * kernel[1]!;
  if (rows < 1 || columns < 1 || rows * columns > MOST_POSITIONS) return null;
  const sources: number[] = [];
  for (let position = 0; position < rows * columns; position++) {
    for (let tap = 0; tap < taps; tap++) {
      const y = Math.floor(position / columns) * stride[0] + Math.floor(tap / kernel[1]!) - padding[0];
      const x = (position % columns) * stride[1] + (tap % kernel[1]!) - padding[1];
      sources.push(y >= 0 && y < size[0] && x >= 0 && x < size[1] ? y * size[1] + x : -1);
    }
  }
  const gather = Int32Array.from(sources);
  if (taps === 1) return { kind: "points", rows, columns, index: gather };
  // One product for all pairs does inputs · positions of work, a gathered one taps · positions: padding included.
  const pairs = new Int32Array(rows * columns * inputs).fill(-1);
  for (const [i, source] of sources.entries()) {
    if (source >= 0) pairs[Math.floor(i / taps) * inputs + source] = i % taps;
  }
  if (inputs < taps && !pairs.includes(-1)) return { kind: "pairs", rows, columns, index: pairs };
  const wins = stride[0] > 1 || stride[1] > 1 || into >= MANY_CHANNELS;
  return wins ? { kind: "gather", rows, columns, index: gather } : null;
}

type Two = readonly [number, number];
