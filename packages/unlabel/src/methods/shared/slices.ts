// What losses that look at embeddings along random directions need: the directions, and where a Gaussian's values lie.
import { fromTypedArray, type Tensor } from "@unlabel/torch";
import type { Draws } from "../../base/draws.ts";

/**
 * Directions drawn uniformly from the sphere, each of length 1: `[dim, count]`. All images of a step have the same, whatever part of the
 * batch is in the network; every step has others.
 */
export function sliceDirections(draws: Draws, dim: number, count: number): Tensor {
  const rng = draws.shared("slices");
  const values = new Float32Array(dim * count);
  for (let at = 0; at < values.length; at += 2) {
    // Box and Muller: two normal numbers from two uniform ones.
    const radius = Math.sqrt(-2 * Math.log(1 - rng.uniform()));
    const angle = 2 * Math.PI * rng.uniform();
    values[at] = radius * Math.cos(angle);
    if (at + 1 < values.length) values[at + 1] = radius * Math.sin(angle);
  }
  const normal = draws.placed(values, [dim, count]);
  return normal.div(normal.linalgVectorNorm(2, [0], true).clamp(1e-12));
}

/** The standard normal distribution's quantiles at `i / (n + 1)`, i from 1 to n, ascending: float64 `[n]`. */
export function gaussianQuantiles(n: number): Tensor {
  const places = Float64Array.from({ length: n }, (_, i) => (2 * (i + 1)) / (n + 1) - 1);
  return fromTypedArray(places, undefined, { device: "cpu" }).erfinv_().mul(Math.SQRT2);
}
