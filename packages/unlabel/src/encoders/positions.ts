// Position embeddings: fixed 2-D sine-cosine ones in the layout of MAE's code (arXiv:2111.06377), so that its checkpoints agree, and any
// table resampled for another grid.
import { autocast, cat, fromTypedArray, type Tensor, TorchError } from "@unlabel/torch";

/**
 * One row a token of a `grid × grid` image, behind a row of zeros for the class token: `[1 + grid², dim]`.
 * The first half of a row encodes the column x, the second the row y, each as `sin(x·ωₖ)` for all k, then `cos(x·ωₖ)`,
 * with `ωₖ = 10000^(−k / (dim/4))`.
 *
 * @throws {TorchError} where dim is no multiple of 4
 */
export function sinCosPositions(dim: number, grid: number): Tensor {
  if (dim % 4 !== 0) throw new TorchError(`Expected a multiple of 4 for dim, got ${dim}`, "sinCosPositions");
  const quarter = dim / 4;
  const table = new Float32Array((1 + grid * grid) * dim);
  for (let y = 0, at = dim; y < grid; y++) {
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
  return fromTypedArray(table, [1 + grid * grid, dim]);
}

/**
 * Positions of one grid for another, as timm's `resample_abs_pos_embed` makes them: bicubic, antialiased where the grid gets
 * smaller; the class token's row stays. Gradients flow back to the table. Two products with constant matrices, not LibTorch's
 * operator, whose backward on GPUs adds in no fixed order.
 *
 * @param table `[1 + h·w, dim]` for the grid `from`
 * @returns `[1 + h′·w′, dim]` for the grid `to`, float32
 */
export function resamplePositions(
  table: Tensor,
  from: readonly [number, number],
  to: readonly [number, number],
): Tensor {
  const { device } = table;
  const [height, width] = from;
  const dim = table.shape[1]!;
  const places = table.narrow(0, 1, height * width).to({ dtype: "float32" });
  // In full precision, whatever the precision around.
  const resampled = autocast({ device, enabled: false }, () => {
    const rows = bicubicWeights(height, to[0])
      .to({ device })
      .matmul(places.reshape([height, width * dim]));
    const columns = bicubicWeights(width, to[1]).to({ device });
    return columns.matmul(rows.reshape([to[0], width, dim]));
  });
  return cat([table.narrow(0, 0, 1).to({ dtype: "float32" }), resampled.reshape([to[0] * to[1], dim])], 0);
}

/** Weights `[to, from]` of the antialiased bicubic filter (a = −½): as PIL's, and LibTorch's with `antialias`. */
function bicubicWeights(from: number, to: number): Tensor {
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
  return fromTypedArray(values, [to, from]);
}

function cubic(at: number): number {
  const x = Math.abs(at);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}
