// The classes and functions that a pickle may name and that are built here, each by what it stands for. No other is.
import type { MachineState } from "./machine-state.ts";
import { denseStrides, numpyScalar, numpyType, sizesOf, tensorIn, torchType } from "./tensors.ts";
import {
  Collection,
  Dict,
  Global,
  Inert,
  isStorage,
  NumpyArray,
  NumpyType,
  PickledTensor,
  TorchType,
  Tuple,
} from "./values.ts";

/** What is built from arguments; undefined where these are others than meant. */
type Build = (args: readonly unknown[], state: MachineState) => unknown;

const tensorOf: Build = ([storage, offset, size, strides], state) =>
  tensorAs(undefined, storage, offset, size, strides, state);

function tensorAs(
  type: unknown,
  storage: unknown,
  offset: unknown,
  size: unknown,
  strides: unknown,
  state: MachineState,
) {
  if (!isStorage(storage)) return undefined;
  const dtype = type === undefined ? storage.dtype : type instanceof TorchType ? type.dtype : null;
  if (dtype === null) {
    if (type instanceof TorchType && state.log.unread.size < 10) state.log.unread.add(type.name);
    return undefined;
  }
  const made = tensorIn(storage, dtype, offset, sizesOf(size), sizesOf(strides));
  return typeof made === "string"
    ? state.cursor.refuse(`Expected a tensor that its storage holds, got ${made}: the file is cut off or damaged`)
    : made;
}

const first: Build = ([value]) => (value instanceof PickledTensor || value instanceof Inert ? value : undefined);

const pairs =
  (kind: string): Build =>
  ([value], state) => {
    if (value === undefined || value instanceof Global) return new Dict(kind);
    if (value instanceof Dict) {
      state.copies(value.items.size);
      return new Dict(kind, value.items);
    }
    if (!Array.isArray(value)) return undefined;
    state.copies(value.length);
    const items = value.map((pair) => (pair instanceof Tuple ? pair.items : Array.isArray(pair) ? pair : []));
    return items.every((pair) => pair.length === 2) ? new Dict(kind, items as [unknown, unknown][]) : undefined;
  };

const sequence = (value: unknown, state: MachineState) => {
  if (value === undefined) return [];
  const items = value instanceof Tuple || value instanceof Collection ? value.items : value;
  if (!Array.isArray(items)) return undefined;
  state.copies(items.length);
  return [...items];
};

const collection: Build = ([value], state) => {
  const items = sequence(value, state);
  return items && new Collection(items);
};

const numpyScalarOf: Build = ([type, bytes]) =>
  type instanceof NumpyType && Buffer.isBuffer(bytes) ? (numpyScalar(type, bytes) ?? undefined) : undefined;

const numpyArray: Build = () => new NumpyArray();

/** As protocol 5 has arrays: bytes, type, shape, order. */
const numpyFromBuffer: Build = ([raw, type, size, order], state) => arrayOf(size, type, order === "F", raw, state);

const encoded: Build = ([text, encoding], state) => {
  if (typeof text !== "string") return undefined;
  state.copies(text.length);
  const latin1 = typeof encoding === "string" && /^(latin-?1|iso-?8859-?1)$/i.test(encoding);
  return Buffer.from(text, latin1 ? "latin1" : "utf8");
};

const FROM_TYPE = "torch._tensor._rebuild_from_type_v2";

const BUILDERS = new Map<string, Build>([
  ["collections.OrderedDict", pairs("OrderedDict")],
  ["collections.defaultdict", pairs("defaultdict")],
  ["collections.Counter", pairs("Counter")],
  ["builtins.dict", pairs("dict")],
  ["builtins.set", collection],
  ["builtins.frozenset", collection],
  ["builtins.list", ([value], state) => sequence(value, state)],
  ["builtins.tuple", ([value], state) => new Tuple(sequence(value, state) ?? [])],
  [
    "builtins.bytearray",
    ([value, encoding], state) => (Buffer.isBuffer(value) ? value : encoded([value, encoding], state)),
  ],
  ["builtins.complex", ([re, im]) => (typeof re === "number" && typeof im === "number" ? `${re} + ${im}j` : undefined)],
  ["_codecs.encode", encoded],
  ["torch.Size", ([value]) => (value instanceof Tuple ? value : new Tuple([]))],
  [
    "torch.device",
    ([type, index]) => {
      if (typeof type !== "string") return undefined;
      return typeof index === "number" ? `${type}:${index}` : type;
    },
  ],
  ["torch._utils._rebuild_tensor", tensorOf],
  ["torch._utils._rebuild_tensor_v2", tensorOf],
  [
    "torch._utils._rebuild_tensor_v3",
    ([storage, offset, size, strides, , , type], state) => tensorAs(type, storage, offset, size, strides, state),
  ],
  ["torch._utils._rebuild_parameter", first],
  ["torch._utils._rebuild_parameter_with_state", first],
  ["torch.nn.parameter.Parameter", first],
  ["torch.nn.parameter.Buffer", first],
  [
    FROM_TYPE,
    // Of a tensor of some class; one within another would be without end.
    ([fn, , args], state) =>
      fn instanceof Global && args instanceof Tuple && fn.path !== FROM_TYPE ? build(fn, args.items, state) : undefined,
  ],
  ["numpy.core.multiarray.scalar", numpyScalarOf],
  ["numpy._core.multiarray.scalar", numpyScalarOf],
  ["numpy.core.multiarray._reconstruct", numpyArray],
  ["numpy._core.multiarray._reconstruct", numpyArray],
  ["numpy.core.numeric._frombuffer", numpyFromBuffer],
  ["numpy._core.numeric._frombuffer", numpyFromBuffer],
  ["numpy.dtype", ([code]) => (typeof code === "string" ? numpyTypeOf(code) : undefined)],
  ["numpy.dtypes.Float32DType", () => new NumpyType("f4")],
  ["numpy.dtypes.Float64DType", () => new NumpyType("f8")],
  ["numpy.dtypes.Int64DType", () => new NumpyType("i8")],
]);

function numpyTypeOf(code: string): NumpyType {
  const type = new NumpyType(code.replace(/^[<>|=]/, ""));
  type.littleEndian = !code.startsWith(">");
  return type;
}

/** `fn(*args)` where it is one of the above; undefined where it is not. */
function build(fn: Global, args: readonly unknown[], state: MachineState): unknown {
  return BUILDERS.get(fn.path)?.(args, state);
}

/**
 * An object of a class, or what a function gives.
 *
 * @param called whether Python would call it, and not only make an empty object of it
 */
export function made(callable: unknown, args: unknown, state: MachineState, called: boolean): unknown {
  const items = args instanceof Tuple ? args.items : [];
  const value = callable instanceof Global ? build(callable, items, state) : undefined;
  return value === undefined ? state.inert(callable, items, called) : value;
}

/** What came to be known under other names. */
const MODULES: Readonly<Record<string, string>> = {
  __builtin__: "builtins",
  copy_reg: "copyreg",
  posix: "os",
  nt: "os",
  _pickle: "pickle",
  cPickle: "pickle",
  commands: "subprocess",
};

/** A class or function by its name; element types are known by theirs. */
export function globalOf(module: string, name: string): Global | TorchType {
  const path = `${MODULES[module] ?? module}.${name}`;
  const dtype = torchType(path);
  return dtype === undefined ? new Global(path) : new TorchType(path.slice("torch.".length), dtype);
}

/** What `__setstate__` would do. */
export function setState(target: unknown, value: unknown, state: MachineState): void {
  if (target instanceof Inert) target.state = value;
  else if (target instanceof NumpyType && value instanceof Tuple) target.littleEndian = value.items[1] !== ">";
  else if (target instanceof NumpyArray && value instanceof Tuple) {
    const [, size, type, columnsFirst, raw] = value.items;
    target.value = arrayOf(size, type, columnsFirst === true, raw, state);
  }
}

function arrayOf(
  size: unknown,
  type: unknown,
  columnsFirst: boolean,
  raw: unknown,
  state: MachineState,
): PickledTensor | Inert {
  const shape = sizesOf(size);
  const dtype = type instanceof NumpyType ? numpyType(type) : null;
  if (typeof raw === "string") state.copies(raw.length);
  const bytes = typeof raw === "string" ? Buffer.from(raw, "latin1") : raw;
  if (shape === null || dtype === null || !Buffer.isBuffer(bytes)) return new Inert("numpy.ndarray");
  const strides = denseStrides(shape, columnsFirst);
  const read = (begin: number, length: number) =>
    Buffer.from(new Uint8Array(bytes.subarray(begin, begin + length)).buffer);
  const tensor = tensorIn({ dtype, byteLength: bytes.length, read }, dtype, 0, shape, strides);
  return typeof tensor === "string"
    ? state.cursor.refuse(`Expected an array that its bytes hold, got ${tensor}: the file is cut off or damaged`)
    : tensor;
}
