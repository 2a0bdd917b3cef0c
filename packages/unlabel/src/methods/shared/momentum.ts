// Momentum networks: copies that gradients never reach, and that follow the trained network slowly (arXiv:1911.05722).
import { _foreachLerp_, type nn, noGrad, scope } from "@unlabel/torch";

type AnyModule = nn.Module<never, unknown>;

/**
 * Makes `copy` a momentum network of `source`: the same values, and nothing of it is trained. BatchNorm's running statistics are its
 * own from then on.
 *
 * @param copy of the same structure
 */
export function momentumCopy<M extends AnyModule>(copy: M, source: AnyModule): M {
  copy.loadStateDict(source.stateDict());
  for (const [, tensor] of copy.namedParameters()) tensor.requiresGrad_(false);
  return copy;
}

/**
 * `θ_copy ← m · θ_copy + (1 − m) · θ_source` for what is trained in `source`; its buffers are left alone.
 *
 * @param momentum m, from 0 (the copy becomes the source) to 1 (it stays)
 */
export function follow(copy: AnyModule, source: AnyModule, momentum: number): void {
  scope(() =>
    noGrad(() => {
      const own = copy.stateDict();
      const trained = source.namedParameters();
      const [theirs, ours] = [trained.map(([, tensor]) => tensor), trained.map(([name]) => own[name]!)];
      _foreachLerp_(ours, theirs, 1 - momentum);
    }),
  );
}
