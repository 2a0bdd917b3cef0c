// What every format comes to: named tensors whose bytes are read when asked for, and what stands beside them, inert.
import type { DType } from "@unlabel/torch";

/** One tensor of a file. */
export interface Entry {
  /** As the file has it; parts of nested dicts are joined by dots. */
  readonly name: string;
  /** Type of the elements. */
  readonly dtype: DType;
  /** Sizes of the dimensions. */
  readonly shape: readonly number[];
  /** Its elements row by row, little-endian, in memory of their own. @throws {UserError} where the file is damaged or closed */
  bytes(): Uint8Array<ArrayBuffer>;
}

/** Values as JSON has them. */
export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };

/** What stands in a file, part by part, where it holds more than tensors by name. */
export interface FilePart {
  /** The key of the outermost dict. */
  key: string;
  /** How many tensors are in it. */
  tensors: number;
  /** What it is, for people. */
  what: string;
}

/** A file with weights, open. */
export interface WeightsFile {
  /** Where it lies. */
  readonly path: string;
  /** Its format, for people. */
  readonly format: string;
  /** Its tensors in the file's order. */
  readonly entries: readonly Entry[];
  /** What stands beside the tensors, as far as it can be told in JSON. */
  readonly metadata: Readonly<Record<string, Plain>>;
  /** The parts of the outermost dict; empty where there is none. */
  readonly parts: readonly FilePart[];
  /** Python classes and functions that were named in it and left inert, never called. */
  readonly inert: readonly string[];
  /** Those of them that would do something to the machine, were the file opened by Python. */
  readonly calls: readonly string[];
  /** Types of its tensors that are not read, such as `float8_e4m3fn`; absent where there are none. */
  readonly unread?: readonly string[];
  /** What a reader should know. */
  readonly notes: readonly string[];
  /** Closes it; entries can be read no more. */
  close(): void;
}

/** Bytes of one element. */
export const ELEMENT_BYTES: Readonly<Record<DType, number>> = {
  bool: 1,
  uint8: 1,
  int8: 1,
  int16: 2,
  uint16: 2,
  float16: 2,
  bfloat16: 2,
  int32: 4,
  uint32: 4,
  float32: 4,
  complex64: 8,
  float64: 8,
  int64: 8,
  uint64: 8,
  complex128: 16,
};

/** How many elements a shape has; not finite where the numbers are out of reach. */
export function elementsOf(shape: readonly number[]): number {
  const product = shape.reduce((all, size) => all * size, 1);
  return Number.isSafeInteger(product) ? product : Number.POSITIVE_INFINITY;
}
