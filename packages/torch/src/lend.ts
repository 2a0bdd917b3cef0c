// Tensors that another native module fills without a copy.
import { guarded } from "./errors.ts";
import { handleOf } from "./handle.ts";
import { native } from "./native.ts";
import type { Tensor } from "./tensor.ts";
import type { TensorMemory } from "./tensor-memory.ts";

/**
 * Lends a tensor's memory to another native module, for one call: the module may write to it until that is done, even if the
 * tensor is disposed of meanwhile. Elements lie in the tensor's own order (channels-last: `[N, H, W, C]`).
 *
 * @throws {TorchError} where the tensor is not dense, not on the CPU, or requires a gradient
 */
export function lend(tensor: Tensor): TensorMemory {
  const handle = handleOf(tensor, "tensor", "lend");
  return guarded("lend", () => native.lend(handle));
}
