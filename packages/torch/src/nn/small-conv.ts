// Convolutions over small maps as matrix products, on the CPU in float32 and, where autocast is on, in bfloat16: there oneDNN's kernels, whose
// rows are rows of a map, are slower than a plain product. The choice rests on shapes and the number format alone, so that a network computes
// the same in every run.
import type { DType } from "../dtype.ts";
import { linear, positionConv2d } from "../ops.generated.ts";
import { cpuAutocast } from "../runtime.ts";
import type { Tensor } from "../tensor.ts";

/** Positions of an output map up to which one product over all positions wins for 1 × 1 kernels: 7 × 7. */
const MOST_POINTS = 49;
/** Positions up to which a product for each of them wins for larger kernels, beside few images and beside many. */
const MOST_POSITIONS = { few: 4, many: 16 };
/** The same in bfloat16, whose sums take longer than its products. */
const MOST_HALF_POSITIONS = 4;
/** From here on images are many. */
const MANY_IMAGES = 32;
/** Input channels from which products of single positions are large enough to win. */
const LEAST_CHANNELS = 128;

/** What a {@link smallConvolution} is told of a layer. */
export interface Convolution {
  /** `[out channels, in channels / groups, kernel height, kernel width]`. */
  weight: Tensor;
  /** `[out channels]`. */
  bias: Tensor | null;
  /** Pixels, down and across. */
  stride: readonly [number, number];
  /** Zeros at each edge, above and below, left and right. */
  padding: readonly [number, number];
  /** Pixels between the kernel's taps, down and across. */
  dilation: readonly [number, number];
  groups: number;
}

/** `conv` of `x` as matrix products, or null where LibTorch's own convolution is the faster. */
export function smallConvolution(conv: Convolution, x: Tensor): Tensor | null {
  const { weight, bias, stride, padding, dilation, groups } = conv;
  const [batch = 0, channels = 0, height = 0, width = 0] = x.shape;
  const [out, into, ...kernel] = weight.shape as [number, number, number, number];
  if (channels !== into || batch === 0 || groups !== 1 || dilation[0] !== 1 || dilation[1] !== 1) return null;
  const length = (size: number, axis: 0 | 1) =>
    Math.floor((size + 2 * padding[axis] - kernel[axis]!) / stride[axis]) + 1;
  const [rows, columns] = [length(height, 0), length(width, 1)];
  const points = kernel[0] === 1 && kernel[1] === 1 && padding[0] === 0 && padding[1] === 0;
  if (rows < 1 || columns < 1 || rows * columns > MOST_POINTS) return null;
  const format = formatOf(x, weight);
  if (format === null) return null;
  const positions =
    format === "bfloat16" ? MOST_HALF_POSITIONS : batch < MANY_IMAGES ? MOST_POSITIONS.few : MOST_POSITIONS.many;
  const most = points ? MOST_POINTS : positions;
  if (rows * columns > most || (!points && into < LEAST_CHANNELS)) return null;
  if (points) {
    const all = x.permute([0, 2, 3, 1]);
    const apart = stride[0] > 1 || stride[1] > 1;
    const seen = apart ? all.slice(1, 0, null, stride[0]).slice(2, 0, null, stride[1]) : all;
    const product = linear(seen.reshape([-1, into]), weight.flatten(1), bias);
    return asConvolved(product.view([batch, rows, columns, out]).permute([0, 3, 1, 2]), x, weight);
  }
  const map = positionConv2d(x, weight, stride, padding);
  return asConvolved(bias ? map.add(bias.to({ dtype: map.dtype }).view([1, out, 1, 1])) : map, x, weight);
}

/** In the layout that a convolution gives: channels-last where maps or weights are, else as they come. */
function asConvolved(map: Tensor, x: Tensor, weight: Tensor): Tensor {
  return x.isContiguous() && weight.isContiguous() ? map.contiguous() : map;
}

/** What products of them are computed in: float32, or bfloat16 where autocast says so; null where it is neither, or not on the CPU. */
function formatOf(x: Tensor, weight: Tensor): DType | null {
  const cast = cpuAutocast();
  if (x.device !== "cpu" || weight.dtype !== "float32") return null;
  if (cast === null) return x.dtype === "float32" ? "float32" : null;
  return cast === "bfloat16" && (x.dtype === "float32" || x.dtype === "bfloat16") ? cast : null;
}
