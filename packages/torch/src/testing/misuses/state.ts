// Gradients, values from JavaScript, and settings of the process.
import {
  autocast,
  fromTypedArray,
  getRngState,
  grad,
  keep,
  manualSeed,
  nn,
  noGrad,
  optim,
  scope,
  setRngState,
  setThreads,
  type Tensor,
  tensor,
  zeros,
} from "../../index.ts";
import { disposed, leaf, type Misuse, small, untyped } from "./values.ts";

export const stateMisuses: Misuse[] = [
  // autograd
  { what: "backward of many values", message: /backward: .*scalar/, run: () => leaf().mul(2).backward() },
  { what: "backward without a graph", message: /backward/, run: () => small().sum().backward() },
  { what: "backward twice", message: /backward: .*second time/, run: () => twice() },
  {
    what: "a gradient of another shape to backward",
    message: /backward/,
    run: () =>
      leaf()
        .mul(2)
        .backward({ gradient: zeros([3]) }),
  },
  {
    what: "a gradient of another shape",
    message: /grad: Expected shape \[2\] for grad, got \[3\]/,
    run: () => setGrad(zeros([3])),
  },
  {
    what: "a gradient of another dtype",
    message: /grad: Expected float32 for grad, got float64/,
    run: () => setGrad(zeros([2], { dtype: "float64" })),
  },
  {
    what: "a gradient on another device",
    message: /grad: Expected cpu for grad, got meta/,
    run: () => setGrad(zeros([2], { device: "meta" })),
  },
  { what: "a number for a gradient", message: /a tensor for grad, got 5/, run: () => setGrad(untyped(5)) },
  { what: "a tensor as its own gradient", message: /another tensor for grad/, run: () => ownGrad() },
  {
    what: "gradients of integers",
    message: /requiresGrad_/,
    run: () => tensor([1], { dtype: "int64" }).requiresGrad_(),
  },
  { what: "no gradients for a result", message: /requiresGrad_/, run: () => leaf().mul(2).requiresGrad_(false) },
  { what: "in place on a leaf", message: /aten::add_/, run: () => leaf().add_(1) },
  { what: "in place on what backward needs", message: /backward: .*inplace/, run: () => overwritten() },
  {
    what: "gradients for no tensor",
    message: /grad: .*inputs\[0\], got null/,
    run: () => grad(leaf().sum(), [untyped<Tensor>(null)]),
  },
  {
    what: "null for inputs",
    message: /grad: .*array of tensors for inputs/,
    run: () => grad(leaf().sum(), untyped(null)),
  },
  {
    what: "data of integers for a parameter",
    message: /setData|grad/,
    run: () => leaf().setData(zeros([2], { dtype: "int64" })),
  },
  // values in, settings
  { what: "rows of unlike length", message: /tensor: Expected rows of 2/, run: () => tensor([[1, 2], [3]]) },
  { what: "an array within itself", message: /tensor: .*at most 64 levels/, run: () => tensor(cyclic()) },
  { what: "an object for data", message: /tensor: Expected numbers/, run: () => tensor(untyped({})) },
  {
    what: "a fraction for an int64",
    message: /tensor: .*int64 data, got 1.5/,
    run: () => tensor([1.5], { dtype: "int64" }),
  },
  {
    what: "a value past uint8",
    message: /tensor: .*0 to 255 for uint8 data, got 256/,
    run: () => tensor([256], { dtype: "uint8" }),
  },
  {
    what: "a bigint past int64",
    message: /tensor: .*int64 data, got 9223372036854775808/,
    run: () => tensor([2n ** 63n]),
  },
  {
    what: "a plain array for typed data",
    message: /a typed array for data, got an array of 1/,
    run: () => fromTypedArray(untyped([1])),
  },
  {
    what: "a DataView for typed data",
    message: /fromTypedArray/,
    run: () => fromTypedArray(untyped(new DataView(new ArrayBuffer(8)))),
  },
  {
    what: "too short data",
    message: /Expected 16 bytes for data/,
    run: () => fromTypedArray(new Float32Array(2), [4]),
  },
  {
    what: "data of a negative size",
    message: /sizes of 0 or more for shape/,
    run: () => fromTypedArray(new Float32Array(2), [-2]),
  },
  {
    what: "data of an overflowing size",
    message: /fits in memory/,
    run: () => fromTypedArray(new Float32Array(2), [2 ** 40, 2 ** 40]),
  },
  {
    what: "data of an overflowing size in bytes",
    message: /fromTypedArray/,
    run: () => fromTypedArray(new Float64Array(0), [2 ** 31, 2 ** 30]),
  },
  {
    what: "a byte that is no bool",
    message: /fromTypedArray: Expected 0 or 1 for bool data/,
    run: () => fromTypedArray(new Uint8Array([0, 7]), [2], { dtype: "bool" }),
  },
  { what: "a fractional seed", message: /manualSeed: .*1.5/, run: () => manualSeed(1.5) },
  { what: "no threads", message: /setThreads: .*got 0/, run: () => setThreads(0) },
  { what: "more threads than can be started", message: /setThreads: .*1 to 1024/, run: () => setThreads(2 ** 31 - 1) },
  { what: "a random state of another size", message: /setRngState/, run: () => setRngState(small()) },
  { what: "the random state of an unknown device", message: /getRngState/, run: () => getRngState("gpu") },
  { what: "autocast on an unknown device", message: /autocast/, run: () => autocast({ device: "gpu" }, () => 1) },
  {
    what: "autocast to an unknown dtype",
    message: /autocast: Expected a dtype/,
    run: () => autocast({ dtype: untyped("half") }, () => 1),
  },
  { what: "an asynchronous scope", message: /synchronous function for scope/, run: () => scope(async () => 1) },
  { what: "an asynchronous noGrad", message: /synchronous function for noGrad/, run: () => noGrad(async () => 1) },
  {
    what: "an asynchronous autocast",
    message: /synchronous function for autocast/,
    run: () => autocast({}, async () => 1),
  },
  { what: "keep() of a number", message: /keep: .*a tensor/, run: () => keep(untyped(3)) },
  {
    what: "a layer called with a number",
    message: /aten::linear: .*input, got 3/,
    run: () => new nn.Linear(2, 2).call(untyped(3)),
  },
  {
    what: "null for a layer's sizes",
    message: /Conv2d: .*whole number .* for kernel, got null/,
    run: () => new nn.Conv2d(1, 1, untyped(null)),
  },
  // optimizers
  ...Object.entries({ "a module": new nn.Linear(1, 1), null: null, "a number": 5 }).map(([what, params]) => ({
    what: `${what} for an optimizer's parameters`,
    message: /AdamW: Expected a list of tensors for params, got/,
    run: () => new optim.AdamW(untyped(params)),
  })),
  ...[{}, null, 5, { params: 5 }].map((group) => ({
    what: `${JSON.stringify(group)} for a parameter group`,
    message: /AdamW: Expected a list of tensors for params of a group, got/,
    run: () => new optim.AdamW([untyped(group)]),
  })),
  {
    what: "a number for a parameter",
    message: /AdamW: Expected a tensor for params, got 5/,
    run: () => new optim.AdamW([{ params: [untyped(5)] }]),
  },
  {
    what: "a disposed parameter",
    message: /AdamW: Expected a live tensor for params/,
    run: () => new optim.AdamW([disposed()]),
  },
];

function setGrad(value: Tensor): void {
  leaf().grad = value;
}

function ownGrad(): void {
  const x = leaf();
  x.grad = x;
}

function twice(): void {
  const loss = leaf().square().sum();
  loss.backward();
  loss.backward();
}

function overwritten(): void {
  const x = leaf();
  const y = x.exp();
  y.add_(1);
  y.sum().backward();
}

function cyclic(): number[] {
  const array: unknown[] = [];
  array.push(array);
  return untyped(array);
}
