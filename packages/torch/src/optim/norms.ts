// 2-norms of many tensors at once.
import { _foreachNorm, stack } from "../ops.generated.ts";
import type { Tensor } from "../tensor.ts";

/** The 2-norm of each tensor, `[tensors]`, on their device. */
export function norms(tensors: readonly Tensor[]): Tensor {
  return stack(_foreachNorm(tensors.map(inMemoryOrder)));
}

/** LibTorch copies what is not contiguous before it takes a norm; a view of channels-last values as they lie is contiguous. */
function inMemoryOrder(x: Tensor): Tensor {
  return x.ndim === 4 && x.isContiguous("channels_last") ? x.permute([0, 2, 3, 1]) : x;
}
