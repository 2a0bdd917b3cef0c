// Names of element types and devices, and their typed arrays.
import { TorchError } from "./errors.ts";

/** Types of elements, by PyTorch's names. */
export type DType =
  | "float32"
  | "float64"
  | "float16"
  | "bfloat16"
  | "uint8"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "bool"
  | "uint16"
  | "uint32"
  | "uint64"
  | "complex64"
  | "complex128";

/** `"cpu"`, `"cuda"`, `"cuda:1"`, `"mps"`. */
export type Device = string;

/** How the dimensions of a 4-D tensor lie in memory: `[N, C, H, W]`, `[N, H, W, C]`, or as they are. */
export type MemoryFormat = "contiguous" | "channels_last" | "preserve";

/** Numbers as operators take them; whole ones count as integers, so that integer tensors keep their dtype. */
export type Scalar = number | bigint | boolean;

/** Typed arrays that tensors are made from and read into. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** The typed array that holds a dtype's elements; half precision has none and is widened to float32 first. */
export function arrayOf(dtype: DType, buffer: ArrayBuffer): TypedArray {
  switch (dtype) {
    case "float32":
      return new Float32Array(buffer);
    case "float64":
      return new Float64Array(buffer);
    case "uint8":
    case "bool":
      return new Uint8Array(buffer);
    case "int8":
      return new Int8Array(buffer);
    case "int16":
      return new Int16Array(buffer);
    case "uint16":
      return new Uint16Array(buffer);
    case "int32":
      return new Int32Array(buffer);
    case "uint32":
      return new Uint32Array(buffer);
    case "int64":
      return new BigInt64Array(buffer);
    case "uint64":
      return new BigUint64Array(buffer);
    case "complex64":
      return new Float32Array(buffer);
    case "complex128":
      return new Float64Array(buffer);
    default:
      throw new TorchError(`Expected a dtype that has a typed array, got ${dtype}; use to({ dtype }) first`, "toArray");
  }
}

/** The dtype of a typed array's elements. */
export function dtypeOf(array: TypedArray): DType {
  if (array instanceof Float32Array) return "float32";
  if (array instanceof Float64Array) return "float64";
  if (array instanceof Uint8Array) return "uint8";
  if (array instanceof Int8Array) return "int8";
  if (array instanceof Int16Array) return "int16";
  if (array instanceof Uint16Array) return "uint16";
  if (array instanceof Int32Array) return "int32";
  if (array instanceof Uint32Array) return "uint32";
  return array instanceof BigInt64Array ? "int64" : "uint64";
}
