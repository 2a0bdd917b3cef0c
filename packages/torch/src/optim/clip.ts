// Gradient clipping by the norm of all gradients together (arXiv:1211.5063).
import { noGrad } from "../autograd.ts";
import { TorchError } from "../errors.ts";
import { scope } from "../handle.ts";
import { _foreachMulTensor_, _foreachNorm, stack, zeros } from "../ops.generated.ts";
import type { Tensor } from "../tensor.ts";

/**
 * Scales the gradients so that their common 2-norm is at most `max`.
 * @returns the norm before, a scalar tensor (so that a GPU need not be waited for); 0 where there are no gradients
 */
export function clipGradNorm(params: Iterable<Tensor>, max: number): Tensor {
  if (!(max > 0)) throw new TorchError(`Expected a number above 0 for max, got ${max}`, "clipGradNorm");
  return scope(() =>
    noGrad(() => {
      const grads = Array.from(params, (param) => param.grad).filter((grad) => grad !== null);
      if (grads.length === 0) return zeros([]);
      const norm = stack(_foreachNorm(grads)).linalgVectorNorm();
      _foreachMulTensor_(grads, norm.add(1e-6).reciprocal().mul(max).clamp(null, 1));
      return norm;
    }),
  );
}
