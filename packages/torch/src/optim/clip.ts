// Gradient clipping by the norm of all gradients together (arXiv:1211.5063).
import { noGrad } from "../autograd.ts";
import { TorchError } from "../errors.ts";
import { scope } from "../handle.ts";
import { _foreachMulTensor_, zeros } from "../ops.generated.ts";
import type { Tensor } from "../tensor.ts";
import { norms } from "./norms.ts";

/**
 * Scales the gradients so that their common 2-norm is at most `max`.
 * @returns the norm before, a scalar tensor (so that a GPU need not be waited for); 0 where there are no gradients
 */
export function clipGradNorm(params: Iterable<Tensor>, max: number): Tensor {
  if (!(max > 0)) throw new TorchError(`Expected a number above 0 for max, got ${max}`, "clipGradNorm");
  return scope(() =>
    noGrad(() => {
      const list = [...params];
      const grads = gradsOf(list);
      const norm = together(grads, list);
      if (grads.length > 0) _foreachMulTensor_(grads, norm.add(1e-6).reciprocal().mul(max).clamp(null, 1));
      return norm;
    }),
  );
}

/** The 2-norm of all gradients together, a scalar tensor on their device; 0 where there are none. */
export function gradNorm(params: Iterable<Tensor>): Tensor {
  return scope(() =>
    noGrad(() => {
      const list = [...params];
      return together(gradsOf(list), list);
    }),
  );
}

function gradsOf(params: readonly Tensor[]): Tensor[] {
  return params.flatMap(({ grad }) => grad ?? []);
}

function together(grads: readonly Tensor[], params: readonly Tensor[]): Tensor {
  return grads.length > 0 ? norms(grads).linalgVectorNorm() : zeros([], { device: params[0]?.device ?? "cpu" });
}
