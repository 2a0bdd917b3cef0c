// LARS (arXiv:1708.03888) as SimCLR's official implementation has it: the momentum buffer holds steps already scaled by
// the learning rate and the trust ratio, so that a change of either acts on new gradients only.
import {
  _foreachAddList,
  _foreachAddList_,
  _foreachMul,
  _foreachMul_,
  _foreachMulList,
  where,
} from "../ops.generated.ts";
import type { Tensor } from "../tensor.ts";
import { norms } from "./norms.ts";
import { type Group, type Hyperparameters, Optimizer, type ParamState, type Params } from "./optimizer.ts";

/** Hyperparameters of {@link LARS}. */
export interface LARSOptions extends Hyperparameters {
  /** Default 0.9. */
  momentum: number;
  /** Looks ahead along the momentum; default false. */
  nesterov: boolean;
  /** The trust coefficient η; default 0.001. */
  eta: number;
  /** False trains a group as SGD does: for biases and normalisation layers. Default true. */
  adapt: boolean;
}

/**
 * `g ← g + weightDecay·p`, `b ← momentum·b + lr·η·‖p‖/‖g‖·g`, `p ← p − b`, where the ratio is 1 instead for a
 * parameter or gradient of norm 0.
 */
export class LARS extends Optimizer<LARSOptions> {
  constructor(params: Params<LARSOptions>, options: Partial<LARSOptions> & { lr: number }) {
    super(params, { weightDecay: 0, momentum: 0.9, nesterov: false, eta: 0.001, adapt: true, ...options });
  }

  protected override check(group: LARSOptions): void {
    super.check(group);
    this.atLeastZero(group, "momentum", "eta");
    if (group.nesterov && group.momentum === 0) this.refuse("Expected a momentum above 0 with nesterov, got 0");
  }

  protected override init(param: Tensor): ParamState {
    return { momentum_buffer: param.zerosLike() };
  }

  protected override update(group: Group<LARSOptions>, params: Tensor[], grads: Tensor[]): void {
    const { lr, weightDecay, momentum, nesterov, eta, adapt } = group;
    const buffers = this.states(params).map((state) => state.momentum_buffer!);
    const decayed = weightDecay === 0 ? grads : _foreachAddList(grads, params, { alpha: weightDecay });
    const steps = adapt
      ? _foreachMulList(decayed, trustRatios(params, decayed, eta).mul(lr).unbind())
      : _foreachMul(decayed, lr);
    _foreachMul_(buffers, momentum);
    _foreachAddList_(buffers, steps);
    const moves = nesterov ? _foreachAddList(steps, buffers, { alpha: momentum }) : buffers;
    _foreachAddList_(params, moves, { alpha: -1 });
  }
}

/** `η·‖p‖/‖g‖` for each parameter, `[params]`; computed where the parameters are, without waiting for the device. */
function trustRatios(params: Tensor[], grads: Tensor[], eta: number): Tensor {
  const weights = norms(params);
  const slopes = norms(grads);
  return where(weights.gt(0).logicalAnd(slopes.gt(0)), weights.div(slopes).mul(eta), 1);
}
