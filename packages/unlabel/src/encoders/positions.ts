// Position embeddings: fixed 2-D sine-cosine ones in the layout of MAE's code (arXiv:2111.06377), so that its checkpoints agree, and any
// table resampled for another grid.
import { autocast, cat, fromTypedArray, fromTypedArrays, type Tensor, TorchError } from "@unlabel/torch";
import type { Interpolation } from "./variants.ts";

/**
 * One row a token of a `grid × grid` image, behind a row of zeros for the class token, or so many `before`: `[before + grid², dim]`.
 * The first half of a row encodes the column x, the second the row y, each as `sin(x·ωₖ)` for all k, then `cos(x·ωₖ)`,
 * with `ωₖ = 10000^(−k / (dim/4))`.
 *
 * @throws {TorchError} where dim is no multiple of 4
 */
export function sinCosPositions(dim: number, grid: number, before = 1): Tensor {
  if (dim % 4 !== 0) throw new TorchError(`Expected a multiple of 4 for dim, got ${dim}`, "sinCosPositions");
  const quarter = dim / 4;
  const table = new Float32Array((before + grid * grid) * dim);
  for (let y = 0, at = before * dim; y < grid; y++) {
    for (let x = 0; x < grid; x++, at += dim) {
      for (let k = 0; k < quarter; k++) {
        const omega = 10000 ** (-k / quarter);
        table[at + k] = Math.sin(x * omega);
        table[at + quarter + k] = Math.cos(x * omega);
        table[at + 2 * quarter + k] = Math.sin(y * omega);
        table[at + 3 * quarter + k] = Math.cos(y * omega);
      }
    }
  }
  return fromTypedArray(table, [before + grid * grid, dim]);
}

/** How {@link resamplePositions} works. */
export interface ResampleOptions {
  /** First rows that stand for no place, and stay; default 1, the class token's. */
  prefix?: number;
  /**
   * `antialias` (default), as timm and DINOv2 with registers: bicubic (a = −½), antialiased where the grid gets smaller. `bicubic`, as Hugging
   * Face's ViT and DINOv2: bicubic (a = −¾), without antialiasing. `offset`, as DINOv2's own code without registers: the same, with 0.1 added to
   * the new sides as the scale is computed.
   */
  interpolation?: Interpolation;
}

/**
 * Positions of one grid for another, by default as timm's `resample_abs_pos_embed` makes them: bicubic, antialiased where the grid gets
 * smaller; the class token's row stays. Gradients flow back to the table. Two products with constant matrices, not LibTorch's
 * operator, whose backward on GPUs adds in no fixed order.
 *
 * @param table `[prefix + h·w, dim]` for the grid `from`
 * @returns `[prefix + h′·w′, dim]` for the grid `to`, float32
 */
export function resamplePositions(
  table: Tensor,
  from: readonly [number, number],
  to: readonly [number, number],
  { prefix = 1, interpolation = "antialias" }: ResampleOptions = {},
): Tensor {
  const weights = interpolation === "antialias" ? antialiasedWeights : bicubicWeights;
  const added = interpolation === "offset" ? 0.1 : 0;
  const { device } = table;
  const [height, width] = from;
  const dim = table.shape[1]!;
  const places = table.narrow(0, prefix, height * width).to({ dtype: "float32" });
  // In full precision, whatever the precision around.
  const resampled = autocast({ device, enabled: false }, () => {
    const sent = [
      { data: weights(height, to[0], added), shape: [to[0], height] },
      { data: weights(width, to[1], added), shape: [to[1], width] },
    ];
    const [down, across] = fromTypedArrays(sent, device) as [Tensor, Tensor];
    const rows = down.matmul(places.reshape([height, width * dim]));
    return across.matmul(rows.reshape([to[0], width, dim]));
  });
  const found = resampled.reshape([to[0] * to[1], dim]);
  return prefix === 0 ? found : cat([table.narrow(0, 0, prefix).to({ dtype: "float32" }), found], 0);
}

/** Weights `[to, from]` of the antialiased bicubic filter (a = −½): as PIL's, and LibTorch's with `antialias`. */
function antialiasedWeights(from: number, to: number): Float32Array {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const values = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const centre = scale * (i + 0.5);
    const first = Math.max(0, Math.trunc(centre - 2 * stretch + 0.5));
    const end = Math.min(from, Math.trunc(centre + 2 * stretch + 0.5));
    const weights = Array.from({ length: end - first }, (_, j) => cubic((first + j - centre + 0.5) / stretch));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    for (const [j, weight] of weights.entries()) values[i * from + first + j] = weight / sum;
  }
  return values;
}

/** Weights `[to, from]` of the bicubic filter of four taps (a = −¾), edges repeated: as LibTorch's without `antialias`. */
function bicubicWeights(from: number, to: number, added: number): Float32Array {
  const scale = from / (to + added);
  const values = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const at = scale * (i + 0.5) - 0.5;
    for (let tap = Math.floor(at) - 1; tap <= Math.floor(at) + 2; tap++) {
      const place = Math.min(from - 1, Math.max(0, tap));
      values[i * from + place]! += cubic(tap - at, -0.75);
    }
  }
  return values;
}

function cubic(at: number, a = -0.5): number {
  const x = Math.abs(at);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}
