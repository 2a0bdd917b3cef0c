// Arguments of a wrong kind: every kind that an operator takes, and values that are almost one.
import { call, cat, einsum, ones, stack, type Tensor, zeros } from "../../index.ts";
import { native } from "../../native.ts";
import { disposed, type Misuse, revoked, shrinking, small, throwing, untyped } from "./values.ts";

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

export const argumentMisuses: Misuse[] = [
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
];

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
