// SGD with momentum, on LibTorch's fused operator.
import { _fusedSgd_ } from "../ops.generated.ts";
import type { Tensor } from "../tensor.ts";
import { type Group, type Hyperparameters, Optimizer, type ParamState, type Params } from "./optimizer.ts";

/** Hyperparameters of {@link SGD}. */
export interface SGDOptions extends Hyperparameters {
  /** Share of the last change that is kept, 0 or more; default 0. */
  momentum: number;
  /** Looks ahead along the momentum; default false. */
  nesterov: boolean;
}

/** `b ← momentum·b + g + weightDecay·p`, `p ← p − lr·b`; by default plain gradient descent. */
export class SGD extends Optimizer<SGDOptions> {
  constructor(params: Params<SGDOptions>, options: Partial<SGDOptions> & { lr: number }) {
    super(params, { weightDecay: 0, momentum: 0, nesterov: false, ...options });
  }

  protected override check(group: SGDOptions): void {
    super.check(group);
    this.atLeastZero(group, "momentum");
    // Plain descent would be done without a word.
    if (group.nesterov && group.momentum === 0) this.refuse("Expected a momentum above 0 with nesterov, got 0");
  }

  protected override init(param: Tensor): ParamState {
    // From zero, the first step makes the buffer the gradient itself, as PyTorch does.
    return { momentum_buffer: param.zerosLike() };
  }

  protected override update(group: Group<SGDOptions>, params: Tensor[], grads: Tensor[]): void {
    const { lr, weightDecay, momentum, nesterov } = group;
    const buffers = momentum === 0 ? [] : this.states(params).map((state) => state.momentum_buffer!);
    _fusedSgd_(params, grads, buffers, {
      lr,
      weightDecay,
      momentum,
      nesterov,
      dampening: 0,
      maximize: false,
      isFirstStep: false,
    });
  }
}
