// Ways to misuse the engine. Each must end in a TorchError with a message that names what is wrong; none may end the
// process. misuse.test.ts runs them in a child process, where a crash is a failed test and not a lost one.

import {
  _foreachAddList_,
  _foreachMulScalars_,
  _fusedAdam_,
  _fusedSgd_,
  autocast,
  call,
  cat,
  conv2d,
  einsum,
  eye,
  fromTypedArray,
  getRngState,
  grad,
  groupNorm,
  keep,
  layerNorm,
  manualSeed,
  nn,
  noGrad,
  ones,
  randint,
  randn,
  scaledDotProductAttention,
  schemaOf,
  scope,
  setRngState,
  setThreads,
  stack,
  type Tensor,
  tensor,
  zeros,
} from "../index.ts";
import { native } from "../native.ts";

export interface Misuse {
  what: string;
  message: RegExp;
  run: () => unknown;
}

/** A value of a type that the compiler would refuse, as JavaScript callers may pass it. */
function untyped<T>(value: unknown): T {
  return value as T;
}

function disposed(): Tensor {
  const gone = zeros([2]);
  gone.dispose();
  return gone;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function throwing(at: number, items: unknown[]): unknown[] {
  const array = [...items];
  Object.defineProperty(array, at, {
    get() {
      throw new Error("getter");
    },
  });
  return array;
}

/** An array that loses its other items while the first is read. */
function shrinking(items: unknown[]): unknown[] {
  const array = [...items];
  const [first] = items;
  Object.defineProperty(array, 0, {
    get() {
      array.length = 1;
      return first;
    },
  });
  return array;
}

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
const small = () => zeros([2]);
const image = () => zeros([1, 2, 4, 4]);
const leaf = () => zeros([2]).requiresGrad_();
const kernel = () => zeros([2, 2, 3, 3]);

const tensors: [what: string, value: () => unknown, message: RegExp][] = [
  ["a disposed tensor", disposed, /a live tensor for (self|other|tensors)/],
  ["a plain object", () => ({}), /a tensor for .*an object \(Object\)/],
  ["an object of Tensor's prototype", () => Object.create(Object.getPrototypeOf(small())), /a tensor for .*an object/],
  ["a proxy of a tensor", () => new Proxy(small(), {}), /a tensor for .*an object/],
  ["a revoked proxy", revoked, /a tensor for .*an object/],
  ["null", () => null, /a tensor for .*null/],
  ["a string", () => "x".repeat(1000), /a tensor for .*"x+…"/],
  ["a symbol", () => Symbol("s"), /a tensor for .*Symbol\(s\)/],
  ["a function", () => () => 1, /a tensor for .*a function/],
  ["a handle", () => 16777216, /a tensor for .*16777216/],
];

const notInts: [what: string, value: unknown][] = [
  ["a fraction", 1.5],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["1e300", 1e300],
  ["a bigint past 64 bits", 2n ** 64n],
  ["a string", "1"],
  ["a boolean", true],
  ["a symbol", Symbol("s")],
  ["a proxy", new Proxy({}, {})],
  [
    "an object whose valueOf throws",
    {
      valueOf: () => {
        throw new Error("valueOf");
      },
    },
  ],
];

export const misuses: Misuse[] = [
  // tensors
  ...tensors.map(([what, value, message]) => ({
    what: `${what} for a tensor`,
    message,
    run: () => small().matmul(untyped(value())),
  })),
  ...tensors.map(([what, value, message]) => ({
    what: `${what} in a list of tensors`,
    message,
    run: () => cat([small(), untyped<Tensor>(value())]),
  })),
  {
    what: "a method of a disposed tensor",
    message: /aten::relu: .*live tensor for self/,
    run: () => disposed().relu(),
  },
  { what: "the shape of a disposed tensor", message: /shape: .*live tensor for self/, run: () => disposed().shape },
  { what: "null for a list of tensors", message: /aten::cat: .*tensors, got null/, run: () => cat(untyped(null)) },
  {
    what: "a tensor for a list of tensors",
    message: /aten::cat: .*array of tensors/,
    run: () => cat(untyped(small())),
  },
  { what: "an empty list of tensors", message: /aten::stack: .*non-empty/, run: () => stack([]) },
  { what: "a list with holes", message: /tensors\[0\], got undefined/, run: () => cat(new Array<Tensor>(2)) },
  {
    what: "a list with a getter that throws",
    message: /aten::cat: getter/,
    run: () => cat(untyped(throwing(1, [small(), small()]))),
  },
  // integers
  ...notInts.flatMap(([what, value]) => [
    { what: `${what} for an int`, message: /aten::unsqueeze: .*for dim/, run: () => small().unsqueeze(untyped(value)) },
    {
      what: `${what} in a list of ints`,
      message: /aten::zeros: .*for size/,
      run: () => zeros([untyped<number>(value)]),
    },
  ]),
  {
    what: "the smallest int as a dimension",
    message: /aten::unsqueeze: /,
    run: () => small().unsqueeze(untyped(-(2n ** 63n))),
  },
  {
    what: "the largest int as a dimension",
    message: /aten::select/,
    run: () => small().select(untyped(2n ** 63n - 1n), 0),
  },
  {
    what: "the smallest int as an index",
    message: /aten::select/,
    run: () => small().select(0, untyped(-(2n ** 63n))),
  },
  {
    what: "the smallest int as a length",
    message: /aten::narrow/,
    run: () => small().narrow(0, 0, untyped(-(2n ** 63n))),
  },
  { what: "a negative size", message: /aten::zeros: .*negative/i, run: () => zeros([-1]) },
  { what: "a negative size of a view", message: /aten::reshape/, run: () => small().reshape([-2]) },
  { what: "a size past memory", message: /aten::zeros/, run: () => zeros([2 ** 50]) },
  { what: "sizes whose product overflows", message: /aten::zeros/, run: () => zeros([2 ** 40, 2 ** 40]) },
  { what: "a sparse array for sizes", message: /for size, got undefined/, run: () => zeros(new Array<number>(3)) },
  { what: "an array of length 2^32 - 1", message: /aten::zeros: /, run: () => zeros(new Array<number>(2 ** 32 - 1)) },
  {
    what: "sizes with a getter that throws",
    message: /aten::zeros: getter/,
    run: () => zeros(untyped(throwing(0, [1]))),
  },
  { what: "sizes that shrink", message: /aten::reshape/, run: () => zeros([4]).reshape(untyped(shrinking([2, 2]))) },
  { what: "sizes that dispose of the tensor", message: /aten::reshape|aten::view/, run: () => reentrant() },
  { what: "a string for sizes", message: /aten::zeros: .*an array/, run: () => zeros(untyped("2")) },
  { what: "a proxy for sizes", message: /aten::zeros: .*an array/, run: () => zeros(untyped(new Proxy([1], {}))) },
  { what: "a typed array for sizes", message: /aten::zeros: .*an array/, run: () => zeros(untyped(new Int32Array(1))) },
  // other kinds of argument
  { what: "a string for a number", message: /aten::add.Scalar: .*number.*other/, run: () => small().add(untyped("1")) },
  { what: "an array for a number", message: /aten::clamp: .*for min/, run: () => small().clamp(untyped([1])) },
  { what: "a string for a float", message: /for p, got/, run: () => call("aten::dropout", [small(), "0.5", true]) },
  {
    what: "a number for a boolean",
    message: /true or false for train/,
    run: () => call("aten::dropout", [small(), 0.5, 1]),
  },
  { what: "a number for a string", message: /a string for equation/, run: () => einsum(untyped(3), [small()]) },
  { what: "a malformed equation", message: /aten::einsum/, run: () => einsum("ij,jk->", [small()]) },
  {
    what: "an unknown dtype",
    message: /Expected a dtype .*float99/,
    run: () => zeros([1], { dtype: untyped("float99") }),
  },
  {
    what: "a dtype of Object's own",
    message: /Expected a dtype .*constructor/,
    run: () => zeros([1], { dtype: untyped("constructor") }),
  },
  {
    what: "a number for a dtype",
    message: /a dtype such as "float32" for dtype, got 6/,
    run: () => zeros([1], { dtype: untyped(6) }),
  },
  { what: "an unknown device", message: /a device .*for device, got "gpu"/, run: () => zeros([1], { device: "gpu" }) },
  {
    what: "a device number past counting",
    message: /device/,
    run: () => zeros([1], { device: "cuda:99999999999999999999" }),
  },
  { what: "a device that is not there", message: /aten::zeros/, run: () => zeros([1], { device: "hpu:3" }) },
  { what: "an empty device", message: /device/, run: () => zeros([1], { device: "" }) },
  {
    what: "an unknown memory format",
    message: /"channels_last" or "preserve" for memory_format/,
    run: () => small().contiguous({ memoryFormat: untyped("nhwc") }),
  },
  {
    what: "channels_last of two dimensions",
    message: /aten::contiguous/,
    run: () => zeros([2, 2]).contiguous({ memoryFormat: "channels_last" }),
  },
  {
    what: "another device's tensor",
    message: /aten::add/,
    run: () =>
      small()
        .add(zeros([2], { device: "meta" }))
        .item(),
  },
  { what: "the values of a meta tensor", message: /toArray/, run: () => zeros([2], { device: "meta" }).toArray() },
  // operators
  { what: "an unknown operator", message: /no operator "aten::no_such"/, run: () => call("aten::no_such", []) },
  { what: "an unknown overload", message: /no operator "aten::add.None"/, run: () => schemaOf("aten::add.None") },
  { what: "an empty name", message: /no operator ""/, run: () => call("", []) },
  {
    what: "a symbol for a name",
    message: /an operator's name, got a symbol/,
    run: () => call(untyped(Symbol("s")), []),
  },
  {
    what: "too many arguments",
    message: /aten::relu: .*at most 1 arguments, got 2/,
    run: () => call("aten::relu", [small(), 1]),
  },
  {
    what: "too few arguments",
    message: /aten::matmul: .*other, got undefined/,
    run: () => call("aten::matmul", [small()]),
  },
  {
    what: "no arguments at all",
    message: /aten::relu: .*an array of arguments, got null/,
    run: () => call("aten::relu", untyped(null)),
  },
  {
    what: "arguments with a getter that throws",
    message: /aten::relu: getter/,
    run: () => call("aten::relu", throwing(0, [1])),
  },
  // shapes and values that LibTorch refuses
  {
    what: "shapes that do not match",
    message: /aten::matmul: .*self float32\[2\]; other float32\[3\]/s,
    run: () => small().matmul(zeros([3])),
  },
  {
    what: "a dtype that an operator lacks",
    message: /aten::matmul/,
    run: () => small().matmul(zeros([2], { dtype: "int64" })),
  },
  {
    what: "an index out of range",
    message: /aten::index_select/,
    run: () => small().indexSelect(0, tensor([5], { dtype: "int64" })),
  },
  {
    what: "a gather out of range",
    message: /aten::gather/,
    run: () => small().gather(0, tensor([-7], { dtype: "int64" })),
  },
  {
    what: "a class out of range",
    message: /aten::cross_entropy_loss/,
    run: () => zeros([1, 3]).crossEntropyLoss(tensor([9], { dtype: "int64" })),
  },
  {
    what: "a negative class to one_hot",
    message: /aten::one_hot/,
    run: () => tensor([-1], { dtype: "int64" }).oneHot(3),
  },
  {
    what: "a negative value to bincount",
    message: /aten::bincount/,
    run: () => tensor([-1], { dtype: "int64" }).bincount(),
  },
  {
    what: "a whole division by zero",
    message: /aten::floor_divide|aten::div/,
    run: () => tensor([1], { dtype: "int64" }).floorDivide(tensor([0], { dtype: "int64" })),
  },
  {
    what: "a remainder by zero",
    message: /aten::remainder/,
    run: () => tensor([1], { dtype: "int64" }).remainder(tensor([0], { dtype: "int64" })),
  },
  { what: "a stride of zero", message: /aten::conv2d/, run: () => conv2d(image(), kernel(), null, 0) },
  { what: "a negative stride", message: /aten::conv2d/, run: () => conv2d(image(), kernel(), null, -1) },
  { what: "zero groups", message: /aten::conv2d/, run: () => conv2d(image(), kernel(), null, 1, 0, 1, 0) },
  { what: "a negative dilation", message: /aten::conv2d/, run: () => conv2d(image(), kernel(), null, 1, 0, -1) },
  { what: "a kernel larger than the image", message: /aten::conv2d/, run: () => conv2d(image(), zeros([2, 2, 9, 9])) },
  { what: "a pooling kernel of zero", message: /aten::max_pool2d/, run: () => image().maxPool2d(0) },
  { what: "a pooling stride of zero", message: /aten::max_pool2d/, run: () => image().maxPool2d(2, 0) },
  { what: "an average pooling kernel of zero", message: /aten::avg_pool2d/, run: () => image().avgPool2d(0) },
  {
    what: "a negative output to adaptive pooling",
    message: /aten::adaptive_avg_pool2d/,
    run: () => image().adaptiveAvgPool2d(-1),
  },
  { what: "zero groups to normalise", message: /aten::group_norm/, run: () => groupNorm(image(), 0) },
  { what: "another shape to normalise", message: /aten::layer_norm/, run: () => layerNorm(small(), [3]) },
  {
    what: "a size of zero to resize",
    message: /aten::upsample_bilinear2d/,
    run: () => image().upsampleBilinear2d([0, 1], false),
  },
  {
    what: "attention over unlike batches",
    message: /aten::scaled_dot_product_attention/,
    run: () => scaledDotProductAttention(zeros([2, 1, 3, 4]), zeros([3, 1, 3, 4]), zeros([3, 1, 3, 4])),
  },
  { what: "a split of zero", message: /aten::split/, run: () => small().split(untyped(-1)) },
  { what: "zero chunks", message: /aten::chunk/, run: () => small().chunk(0) },
  { what: "more than there is to topk", message: /aten::topk/, run: () => small().topk(5) },
  { what: "a negative identity", message: /aten::eye/, run: () => eye(-1) },
  { what: "an empty range of random integers", message: /aten::randint/, run: () => randint(3, 3, [2]) },
  { what: "the mean of integers", message: /aten::mean/, run: () => tensor([1], { dtype: "int64" }).mean() },
  { what: "the largest of none", message: /aten::amax/, run: () => zeros([0]).amax() },
  { what: "a tile past memory", message: /aten::repeat/, run: () => small().repeat([2 ** 50]) },
  {
    what: "strides past the end",
    message: /aten::as_strided/,
    run: () => call("aten::as_strided", [small(), [100], [1]]),
  },
  { what: "item() of two", message: /aten::item/, run: () => small().item() },
  {
    what: "a diagonal at the smallest int",
    message: /aten::diagonal/,
    run: () => zeros([2, 2]).diagonal(untyped(-(2n ** 63n)), 5),
  },
  // lists that must match
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

function fusedIntegers(): void {
  const whole = () => zeros([2], { dtype: "int64" });
  _fusedSgd_([whole()], [whole()], [whole()], sgd);
}

function cyclic(): number[] {
  const array: unknown[] = [];
  array.push(array);
  return untyped(array);
}

/** A size that, while it is read, disposes of the tensor to be reshaped and looks up many other operators. */
function reentrant(): Tensor {
  const x = ones([4]);
  const sizes: unknown[] = [0];
  Object.defineProperty(sizes, 0, {
    get() {
      x.dispose();
      for (const name of native.schemas().slice(0, 200)) native.op(name);
      return 3;
    },
  });
  return x.reshape(untyped(sizes));
}

/** The bridge's own functions, called as TypeScript never would. Any error will do: there is no operator to name. */
export const forgeries: [what: string, run: () => unknown][] = [
  ...[0, -1, 1.5, Number.NaN, 2 ** 53 - 1, 2 ** 23, 1e300, Number.NEGATIVE_INFINITY].flatMap(
    (handle): [string, () => unknown][] => [
      [`shape(${handle})`, () => native.shape(handle)],
      [`bytes(${handle})`, () => native.bytes(handle)],
      [`getGrad(${handle})`, () => native.getGrad(handle)],
      [`setData(${handle})`, () => native.setData(handle, handle)],
      [`backward(${handle})`, () => native.backward([handle], [null], false)],
      [`setRngState(${handle})`, () => native.setRngState("cpu", handle)],
      [`call(relu, ${handle})`, () => native.call(native.op("aten::relu").id, handle)],
    ],
  ),
  ["call() of no operator", () => native.call(1e9)],
  ["call() of half an operator", () => native.call(0.5, 1, 2, 3, 4, 5, 6, 7, 8)],
  ["call() of a negative operator", () => native.call(-1)],
  ["call() without arguments", () => native.call(native.op("aten::relu").id)],
  ["backward() of nothing", () => native.backward(untyped(undefined), untyped(undefined), false)],
  ["backward() of unlike lists", () => native.backward([], [null, null], false)],
  ["grad() of null roots", () => native.grad(untyped([null]), untyped([null]), [null], false, false)],
  ["from() of a shared buffer", () => native.from(new Uint8Array(new SharedArrayBuffer(4)), [3], "uint8")],
  [
    "from() with a dtype that throws",
    () =>
      native.from(
        new Uint8Array(4),
        [4],
        untyped({
          toString: () => {
            throw new Error("toString");
          },
        }),
      ),
  ],
  ["seed() of a string", () => native.seed(untyped("x"))],
  ["setRngState() of a string", () => native.setRngState("cpu", untyped("x"))],
  ["threads(-1)", () => native.threads(-1)],
  ["external() of a string", () => native.external(untyped("x"))],
];

/** For the tensors that misuses leave behind: all still work. */
export function stillWorks(): boolean {
  return randn([3, 3]).matmul(eye(3)).shape.join() === "3,3";
}
