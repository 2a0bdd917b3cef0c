// What ranks that share a batch know together of it.
import { distributed, noGrad, type Tensor } from "@unlabel/torch";

/** The mean of what each rank has, without gradient; alone, the tensor itself. All ranks must call it with tensors of one shape. */
export function meanOverRanks(own: Tensor): Tensor {
  if (distributed.getWorldSize() === 1) return own;
  return noGrad(() => distributed.allReduce(own.detach().clone(), { op: "avg" }));
}
