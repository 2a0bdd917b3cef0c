// Lists of tensors that must match: foreach and fused operators.
import { _foreachAddList_, _foreachMulScalars_, _fusedAdam_, _fusedSgd_, call, zeros } from "../../index.ts";
import { kernel, type Misuse, shrinking, small, untyped } from "./values.ts";

const sgd = {
  lr: 1,
  weightDecay: 0,
  momentum: 0.9,
  dampening: 0,
  nesterov: false,
  maximize: false,
  isFirstStep: false,
};
const adam = { lr: 1, beta1: 0.9, beta2: 0.99, weightDecay: 0, eps: 1e-8, amsgrad: false, maximize: false };

export const listMisuses: Misuse[] = [
  {
    what: "foreach over lists of unlike length",
    message: /aten::_foreach_add_/,
    run: () => _foreachAddList_([small()], [small(), small()]),
  },
  {
    what: "foreach over a list that shrinks",
    message: /aten::_foreach_add_/,
    run: () => _foreachAddList_(untyped(shrinking([small(), small()])), [small(), small()]),
  },
  {
    what: "foreach with too few numbers",
    message: /aten::_foreach_mul_/,
    run: () => _foreachMulScalars_([small(), small()], [1]),
  },
  {
    what: "foreach that writes to a shorter list",
    message: /aten::_foreach_copy.out: Expected 0 tensors for src, got 1/,
    run: () => call("aten::_foreach_copy.out", [[], [small()], false, [small()]]),
  },
  { what: "foreach over nothing", message: /aten::_foreach_add_/, run: () => _foreachAddList_([], []) },
  {
    what: "fused SGD with fewer gradients",
    message: /aten::_fused_sgd_: .*1 tensors.*grads, got 0/,
    run: () => _fusedSgd_([small()], [], [small()], sgd),
  },
  {
    what: "fused SGD without momentum buffers",
    message: /aten::_fused_sgd_/,
    run: () => _fusedSgd_([small()], [small()], [], sgd),
  },
  {
    what: "fused SGD with a smaller gradient",
    message: /shape, dtype and device for grads\[0\]/,
    run: () => _fusedSgd_([zeros([9999])], [small()], [zeros([9999])], sgd),
  },
  {
    what: "fused SGD with a smaller buffer",
    message: /shape, dtype and device for momentum_buffer_list\[0\]/,
    run: () => _fusedSgd_([zeros([9999])], [zeros([9999])], [small()], sgd),
  },
  {
    what: "fused SGD with another dtype",
    message: /for grads\[0\]/,
    run: () => _fusedSgd_([small()], [zeros([2], { dtype: "float16" })], [small()], sgd),
  },
  {
    what: "fused SGD with another layout",
    message: /layout in memory.*grads\[0\]/,
    run: () => _fusedSgd_([kernel()], [kernel().contiguous({ memoryFormat: "channels_last" })], [kernel()], sgd),
  },
  {
    what: "fused SGD of an expanded tensor",
    message: /dense tensors for self/,
    run: () => _fusedSgd_([zeros([1]).expand([9999])], [zeros([9999])], [zeros([9999])], sgd),
  },
  { what: "fused SGD of integers", message: /aten::_fused_sgd_/, run: () => fusedIntegers() },
  {
    what: "fused Adam with a step of two",
    message: /one float32 for state_steps\[0\]/,
    run: () => _fusedAdam_([small()], [small()], [small()], [small()], [], [small()], adam),
  },
  {
    what: "fused Adam with an empty step",
    message: /one float32 for state_steps\[0\]/,
    run: () => _fusedAdam_([small()], [small()], [small()], [small()], [], [zeros([0])], adam),
  },
  {
    what: "fused Adam without its maxima",
    message: /aten::_fused_adam_/,
    run: () => _fusedAdam_([small()], [small()], [small()], [small()], [], [zeros([])], { ...adam, amsgrad: true }),
  },
  {
    what: "fused Adam with an empty scale",
    message: /one float32 for grad_scale/,
    run: () =>
      _fusedAdam_([small()], [small()], [small()], [small()], [], [zeros([])], { ...adam, gradScale: zeros([0]) }),
  },
];

function fusedIntegers(): void {
  const whole = () => zeros([2], { dtype: "int64" });
  _fusedSgd_([whole()], [whole()], [whole()], sgd);
}
