// Initialisers: fill a tensor in place without recording gradients, as torch.nn.init; the same seed gives PyTorch's
// values, except truncNormal, whose method PyTorch changed between versions. Kaiming: arXiv:1502.01852.
import { noGrad } from "../autograd.ts";
import { tensor } from "../create.ts";
import { TorchError } from "../errors.ts";
import { scope } from "../handle.ts";
import type { Tensor } from "../tensor.ts";

/** Which side of a layer keeps its variance: activations (`fan_in`) or gradients (`fan_out`). */
export type FanMode = "fan_in" | "fan_out";

/** What follows the layer; decides the gain. */
export type Nonlinearity = "linear" | "sigmoid" | "tanh" | "relu" | "leaky_relu" | "selu";

/** Options of the Kaiming initialisers. */
export interface KaimingOptions {
  /** Default `fan_in`. */
  mode?: FanMode;
  /** Default `leaky_relu`. */
  nonlinearity?: Nonlinearity;
  /** Negative slope of `leaky_relu`; default 0. */
  a?: number;
}

/** The factor by which a nonlinearity's input must be widened to keep its variance. */
export function gain(nonlinearity: Nonlinearity, a = 0.01): number {
  switch (nonlinearity) {
    case "tanh":
      return 5 / 3;
    case "relu":
      return Math.sqrt(2);
    case "leaky_relu":
      return Math.sqrt(2 / (1 + a ** 2));
    case "selu":
      return 3 / 4;
    case "linear":
    case "sigmoid":
      return 1;
    default:
      throw new TorchError(`Expected a nonlinearity such as "relu", got ${String(nonlinearity)}`, "init.gain");
  }
}

/** Inputs and outputs that one value of a weight `[out, in, ...kernel]` connects. @throws {TorchError} below 2-D */
export function fans(weight: Tensor): { fanIn: number; fanOut: number } {
  const [out, into, ...kernel] = weight.shape;
  if (out === undefined || into === undefined) {
    throw new TorchError(`Expected a tensor of 2 or more dimensions for weight, got ${weight}`, "init");
  }
  const field = kernel.reduce((product, size) => product * size, 1);
  return { fanIn: into * field, fanOut: out * field };
}

/** Uniform on (−b, b), `b = gain · √(3 / fan)`. */
export function kaimingUniform(weight: Tensor, options: KaimingOptions = {}): Tensor {
  if (weight.numel === 0) return weight;
  const bound = Math.sqrt(3) * kaimingStd(weight, options);
  return uniform(weight, -bound, bound);
}

/** Normal with standard deviation `gain / √fan`. */
export function kaimingNormal(weight: Tensor, options: KaimingOptions = {}): Tensor {
  return weight.numel === 0 ? weight : normal(weight, 0, kaimingStd(weight, options));
}

function kaimingStd(weight: Tensor, { mode = "fan_in", nonlinearity = "leaky_relu", a = 0 }: KaimingOptions): number {
  const { fanIn, fanOut } = fans(weight);
  return gain(nonlinearity, a) / Math.sqrt(mode === "fan_in" ? fanIn : fanOut);
}

/** Uniform on (−b, b), `b = gain · √(6 / (fan_in + fan_out))`. */
export function xavierUniform(weight: Tensor, scale = 1): Tensor {
  if (weight.numel === 0) return weight;
  const { fanIn, fanOut } = fans(weight);
  const bound = Math.sqrt(3) * (scale * Math.sqrt(2 / (fanIn + fanOut)));
  return uniform(weight, -bound, bound);
}

/** From 1 down to the next number. */
const ROUNDING: Readonly<Record<string, number>> = {
  float64: 2 ** -53,
  float32: 2 ** -24,
  float16: 2 ** -11,
  bfloat16: 2 ** -8,
};

/**
 * Normal values kept within `[low, high]` (absolute, not in standard deviations), drawn through the inverse of the
 * cumulative distribution.
 */
export function truncNormal(weight: Tensor, mean = 0, std = 1, low = -2, high = 2): Tensor {
  if (!(std > 0 && low < high)) {
    throw new TorchError(`Expected std above 0 and low below high, got ${std}, ${low}, ${high}`, "init.truncNormal");
  }
  const edge = (x: number) =>
    scope(() =>
      tensor((x - mean) / std / Math.SQRT2, { dtype: "float64", device: "cpu" })
        .erf()
        .item(),
    );
  // Of some 2^24 uniform numbers one is −1 itself, whose inverse is infinite: clamped to `low`, it would be a weight of −2 among weights of
  // ±0.02. It becomes the number next to it.
  const most = 1 - (ROUNDING[weight.dtype] ?? 0);
  return filled(weight, () => {
    uniform(weight, edge(low), edge(high))
      .clamp_(-most, most)
      .erfinv_()
      .mul_(std * Math.SQRT2)
      .add_(mean)
      .clamp_(low, high);
  });
}

/** Normal with the given mean and standard deviation. */
export function normal(weight: Tensor, mean = 0, std = 1): Tensor {
  return filled(weight, () => weight.normal_(mean, std));
}

/** Uniform on `[low, high)`. */
export function uniform(weight: Tensor, low = 0, high = 1): Tensor {
  return filled(weight, () => weight.uniform_(low, high));
}

/** The same value everywhere. */
export function constant(weight: Tensor, value: number): Tensor {
  return filled(weight, () => weight.fill_(value));
}

/** Zeros everywhere. */
export function zeros(weight: Tensor): Tensor {
  return constant(weight, 0);
}

/** Ones everywhere. */
export function ones(weight: Tensor): Tensor {
  return constant(weight, 1);
}

function filled(weight: Tensor, fill: () => void): Tensor {
  noGrad(fill);
  return weight;
}
