// Adam (arXiv:1412.6980) and AdamW (arXiv:1711.05101), on LibTorch's fused operators.
import { _foreachAdd_, _fusedAdam_, _fusedAdamw_, zeros } from "../ops.generated.ts";
import type { Tensor } from "../tensor.ts";
import { type Group, type Hyperparameters, Optimizer, type ParamState, type Params } from "./optimizer.ts";

/** Hyperparameters of {@link Adam} and {@link AdamW}. */
export interface AdamOptions extends Hyperparameters {
  /** Decay of the running means of gradient and squared gradient, each 0 to 1; default [0.9, 0.999]. */
  betas: readonly [number, number];
  /** Default 1e-8. */
  eps: number;
}

/** `p ← p − lr · m̂ / (√v̂ + eps)`, with weight decay added to the gradient. */
export class Adam extends Optimizer<AdamOptions> {
  protected readonly fused: typeof _fusedAdam_ = _fusedAdam_;

  constructor(params: Params<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super(params, { lr: 1e-3, weightDecay: 0, betas: [0.9, 0.999], eps: 1e-8, ...options });
  }

  protected override check(group: AdamOptions): void {
    super.check(group);
    this.atLeastZero(group, "eps");
    this.below(group.betas[0], "betas[0]", 1);
    this.below(group.betas[1], "betas[1]", 1);
  }

  protected override init(param: Tensor): ParamState {
    return {
      step: zeros([], { dtype: "float32", device: param.device }),
      exp_avg: param.zerosLike(),
      exp_avg_sq: param.zerosLike(),
    };
  }

  protected override update(group: Group<AdamOptions>, params: Tensor[], grads: Tensor[]): void {
    const states = this.states(params);
    const of = (name: string) => states.map((state) => state[name]!);
    const steps = of("step");
    _foreachAdd_(steps, 1);
    this.fused(params, grads, of("exp_avg"), of("exp_avg_sq"), [], steps, {
      lr: group.lr,
      beta1: group.betas[0],
      beta2: group.betas[1],
      weightDecay: group.weightDecay,
      eps: group.eps,
      amsgrad: false,
      maximize: false,
    });
  }
}

/** Adam whose weight decay shrinks the parameters directly: `p ← p − lr · weightDecay · p` beside the step. */
export class AdamW extends Adam {
  protected override readonly fused = _fusedAdamw_;

  /** @param options `weightDecay` is by default 0.01 */
  constructor(params: Params<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super(params, { weightDecay: 0.01, ...options });
  }
}
