// Fixed 2-D sine-cosine position embeddings, in the layout of MAE's code (arXiv:2111.06377), so that its checkpoints agree.
import { fromTypedArray, type Tensor, TorchError } from "@unlabel/torch";

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
