// What a pickle can become here: containers, numbers, strings, tensors that are not read yet, and placeholders for all else.
import type { DType } from "@unlabel/torch";

/** A dict, of whatever kind. */
export class Dict {
  readonly kind: string;
  readonly items: Map<unknown, unknown>;

  constructor(kind = "dict", items: Iterable<readonly [unknown, unknown]> = []) {
    this.kind = kind;
    this.items = new Map(items);
  }
}

/** A tuple; lists are arrays. */
export class Tuple {
  readonly items: readonly unknown[];

  constructor(items: readonly unknown[]) {
    this.items = items;
  }
}

/** A set, frozen or not. */
export class Collection {
  readonly items: unknown[];

  constructor(items: unknown[] = []) {
    this.items = items;
  }
}

/** A class or function by name alone. */
export class Global {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }
}

/** An object of a class that is not built here, or the outcome of a call that was not made. */
export class Inert {
  /** The class or function, as `argparse.Namespace`. */
  readonly what: string;
  readonly args: readonly unknown[];
  /** What would have been put into it. */
  state: unknown = null;
  readonly items: unknown[] = [];

  constructor(what: string, args: readonly unknown[] = []) {
    this.what = what;
    this.args = args;
  }
}

/** `torch.float32`; the name alone where no tensor of it can be read. */
export class TorchType {
  readonly name: string;
  readonly dtype: DType | null;

  constructor(name: string, dtype: DType | null) {
    this.name = name;
    this.dtype = dtype;
  }
}

/** `numpy.dtype`, filled in by its state. */
export class NumpyType {
  readonly code: string;
  littleEndian = true;

  constructor(code: string) {
    this.code = code;
  }
}

/** An array of numpy's before its state has come. */
export class NumpyArray {
  value: PickledTensor | Inert | null = null;
}

/** A run of elements somewhere in the file. */
export interface Storage {
  /** Null where only its bytes are known. */
  readonly dtype: DType | null;
  readonly byteLength: number;
  /** @param begin in bytes */
  read(begin: number, length: number): Buffer;
}

export function isStorage(value: unknown): value is Storage {
  return typeof value === "object" && value !== null && "byteLength" in value && "read" in value;
}

/** A tensor that lies in a storage. */
export class PickledTensor {
  readonly storage: Storage;
  readonly dtype: DType;
  /** In elements, as strides are. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: Storage, dtype: DType, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.dtype = dtype;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}
