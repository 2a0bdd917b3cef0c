// Tensors of pickles: PyTorch's and numpy's, from what the pickle says of them. Nothing of that is believed unchecked.
import type { DType } from "@unlabel/torch";
import { ELEMENT_BYTES, elementsOf } from "../weights-file.ts";
import { type NumpyType, PickledTensor, type Storage, Tuple } from "./values.ts";

const MOST_DIMENSIONS = 64;

/** Names of storages' classes and what their elements are. */
const STORAGES: Readonly<Record<string, DType>> = {
  FloatStorage: "float32",
  DoubleStorage: "float64",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
  ComplexFloatStorage: "complex64",
  ComplexDoubleStorage: "complex128",
};

/** What a storage's class says of it: its elements, and how many bytes each takes; null for a class that is none. */
export function storageClass(path: string): { dtype: DType | null; bytes: number } | null {
  const name = path.split(".").at(-1)!;
  if (!path.startsWith("torch.")) return null;
  const dtype = Object.hasOwn(STORAGES, name) ? STORAGES[name]! : null;
  if (dtype !== null) return { dtype, bytes: ELEMENT_BYTES[dtype] };
  if (name === "UntypedStorage") return { dtype: null, bytes: 1 };
  // Quantized ones: their bytes are passed over.
  if (name === "QInt32Storage") return { dtype: null, bytes: 4 };
  return /^Q.*Storage$/.test(name) ? { dtype: null, bytes: 1 } : null;
}

const ALIASES: Readonly<Record<string, DType>> = {
  float: "float32",
  double: "float64",
  half: "float16",
  long: "int64",
  int: "int32",
  short: "int16",
};

/** The element type that `torch.NAME` is; undefined where it is another thing, null where no tensor of it can be read. */
export function torchType(path: string): DType | null | undefined {
  const name = path.startsWith("torch.") ? path.slice("torch.".length) : "";
  if (Object.hasOwn(ELEMENT_BYTES, name)) return name as DType;
  if (Object.hasOwn(ALIASES, name)) return ALIASES[name];
  return /^(float\d+_\w+|u?int[1-7]|complex32|q?u?int\d+(x\d)?|bits\d+(x\d)?)$/.test(name) ? null : undefined;
}

/** Element types of numpy's, by their codes without byte order. */
const NUMPY: Readonly<Record<string, DType>> = {
  f2: "float16",
  f4: "float32",
  f8: "float64",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  u2: "uint16",
  u4: "uint32",
  u8: "uint64",
  b1: "bool",
  c8: "complex64",
  c16: "complex128",
};

/** Null for objects, texts, and what a machine of another byte order wrote. */
export function numpyType(type: NumpyType): DType | null {
  const dtype = Object.hasOwn(NUMPY, type.code) ? NUMPY[type.code]! : null;
  return dtype !== null && (type.littleEndian || ELEMENT_BYTES[dtype] === 1) ? dtype : null;
}

/** A number of numpy's. */
export function numpyScalar(type: NumpyType, bytes: Buffer): number | bigint | boolean | null {
  const dtype = numpyType(type);
  if (dtype === null || bytes.length !== ELEMENT_BYTES[dtype]) return null;
  if (dtype === "bool") return bytes[0] !== 0;
  if (dtype === "float32") return bytes.readFloatLE();
  if (dtype === "float64") return bytes.readDoubleLE();
  if (dtype === "int64") return small(bytes.readBigInt64LE());
  if (dtype === "uint64") return small(bytes.readBigUInt64LE());
  if (dtype === "float16" || /complex/.test(dtype)) return null;
  return dtype.startsWith("u") ? bytes.readUIntLE(0, bytes.length) : bytes.readIntLE(0, bytes.length);
}

/** A whole number as JavaScript's own where that holds it. */
export function small(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Sizes or strides: whole numbers from 0 on. */
export function sizesOf(value: unknown): number[] | null {
  const items = value instanceof Tuple ? value.items : Array.isArray(value) ? value : null;
  if (items === null || items.length > MOST_DIMENSIONS) return null;
  return items.every((size) => Number.isSafeInteger(size) && (size as number) >= 0) ? ([...items] as number[]) : null;
}

/** A tensor within its storage, or why it is none. */
export function tensorIn(
  storage: Storage,
  dtype: DType,
  offset: unknown,
  shape: readonly number[] | null,
  strides: readonly number[] | null,
): PickledTensor | string {
  if (!Number.isSafeInteger(offset) || (offset as number) < 0) return "an offset that is no whole number";
  if (shape === null || strides === null || shape.length !== strides.length) return "sizes and strides that fit not";
  const elements = elementsOf(shape);
  const last = shape.reduce((at, size, i) => at + Math.max(0, size - 1) * strides[i]!, offset as number);
  const bytes = ELEMENT_BYTES[dtype];
  const end = (last + 1) * bytes;
  if (elements > 0 && !(Number.isSafeInteger(end) && end <= storage.byteLength)) {
    return `${shape.join(" × ") || "one"} ${dtype} in a storage of ${storage.byteLength} bytes`;
  }
  // One element may stand for many; a file that makes gigabytes of nothing is none that anybody means.
  if (!(elements * bytes <= Math.max(1 << 26, 64 * storage.byteLength))) return "more elements than anybody means";
  return new PickledTensor(storage, dtype, offset as number, shape, strides);
}

/** Strides of elements that lie row by row, or column by column. */
export function denseStrides(shape: readonly number[], columnsFirst = false): number[] {
  const strides: number[] = new Array(shape.length).fill(0);
  const order = shape.map((_, i) => i);
  if (!columnsFirst) order.reverse();
  let step = 1;
  for (const i of order) {
    strides[i] = step;
    step *= shape[i]!;
  }
  return strides;
}

/** The elements row by row. */
export function denseBytes(tensor: PickledTensor): Uint8Array<ArrayBuffer> {
  const { storage, dtype, offset, shape, strides } = tensor;
  const bytes = ELEMENT_BYTES[dtype];
  const count = elementsOf(shape);
  if (count === 0) return new Uint8Array(0);
  const dense = denseStrides(shape);
  if (shape.every((size, i) => size === 1 || strides[i] === dense[i])) {
    return owned(storage.read(offset * bytes, count * bytes));
  }
  const last = shape.reduce((at, size, i) => at + (size - 1) * strides[i]!, 0);
  const from = owned(storage.read(offset * bytes, (last + 1) * bytes));
  // Elements of more than 4 bytes are several of 4: numbers are moved here, never looked at.
  const pieces = Math.max(1, bytes / 4);
  const out = new Uint8Array(count * bytes);
  gather(units(from, bytes), units(out, bytes), [...shape, pieces], [...strides.map((stride) => pieces * stride), 1]);
  return out;
}

type Units = Uint8Array | Uint16Array | Uint32Array;

function units(bytes: Uint8Array<ArrayBuffer>, size: number): Units {
  if (size === 1) return bytes;
  return size === 2 ? new Uint16Array(bytes.buffer) : new Uint32Array(bytes.buffer);
}

function gather(from: Units, to: Units, sizes: readonly number[], steps: readonly number[]): void {
  const inner = sizes.at(-1) ?? 1;
  const step = steps.at(-1) ?? 1;
  const at = new Array<number>(Math.max(0, sizes.length - 1)).fill(0);
  let start = 0;
  for (let out = 0; out < to.length; ) {
    for (let i = 0, place = start; i < inner; i++, place += step) to[out++] = from[place]!;
    // The next row, as an odometer counts.
    for (let d = at.length - 1; d >= 0; d--) {
      start += steps[d]!;
      if (++at[d]! < sizes[d]!) break;
      start -= steps[d]! * sizes[d]!;
      at[d] = 0;
    }
  }
}

/** In memory of its own, so that it is aligned. */
export function owned(bytes: Buffer): Uint8Array<ArrayBuffer> {
  if (bytes.byteOffset === 0 && bytes.buffer.byteLength === bytes.length && bytes.buffer instanceof ArrayBuffer) {
    return new Uint8Array(bytes.buffer);
  }
  return new Uint8Array(bytes);
}
