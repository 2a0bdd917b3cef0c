// Tensors from JavaScript values.
import { messageOf } from "./call.ts";
import { type Device, type DType, dtypeOf, type TypedArray } from "./dtype.ts";
import { describe, TorchError } from "./errors.ts";
import { wrap } from "./handle.ts";
import { native } from "./native.ts";
import { full as fullOp } from "./ops.generated.ts";
import type { Tensor } from "./tensor.ts";

export type Nested = number | bigint | boolean | readonly Nested[];

export interface TensorOptions {
  dtype?: DType;
  device?: Device;
}

/**
 * A tensor with a copy of a typed array's elements.
 * @param shape its product must be the array's length; default one dimension
 * @param options `dtype` reinterprets 16-bit integers as `"bfloat16"` or `"float16"`, and bytes as `"bool"`
 */
export function fromTypedArray(data: TypedArray, shape?: readonly number[], options: TensorOptions = {}): Tensor {
  if (!ArrayBuffer.isView(data)) throw new TorchError(`Expected a typed array for data, got ${describe(data)}`);
  const dtype = options.dtype ?? dtypeOf(data);
  let made: Tensor;
  try {
    made = wrap(native.from(data, shape ?? [data.length], dtype));
  } catch (error) {
    throw new TorchError(messageOf(error), "fromTypedArray", { cause: error });
  }
  return onto(made, options.device);
}

/**
 * A tensor of numbers or nested arrays of them: float32 unless told otherwise, bool for booleans, int64 for bigints.
 * @throws {TorchError} where rows differ in length
 */
export function tensor(data: Nested | TypedArray, options: TensorOptions = {}): Tensor {
  if (ArrayBuffer.isView(data)) {
    const made = fromTypedArray(data as TypedArray);
    return options.dtype || options.device ? moved(made, options) : made;
  }
  const shape: number[] = [];
  for (let level: Nested = data as Nested; Array.isArray(level); level = level[0]) {
    shape.push(level.length);
    if (level.length === 0) break;
  }
  const flat: (number | bigint | boolean)[] = [];
  flatten(data as Nested, shape, 0, flat);
  const natural = typeof flat[0] === "boolean" ? "bool" : typeof flat[0] === "bigint" ? "int64" : "float32";
  const target = options.dtype ?? natural;
  const whole = target === "int64" || target === "uint64";
  const array = whole ? BigInt64Array.from(flat, (v) => toBigInt(v)) : Float64Array.from(flat, Number);
  return moved(fromTypedArray(array, shape), { ...options, dtype: target });
}

/** A tensor of one repeated value: float32 unless told otherwise. */
export function full(shape: readonly number[], value: number | boolean, options: TensorOptions = {}): Tensor {
  return fullOp(shape, value, { dtype: options.dtype ?? "float32", device: options.device ?? null });
}

function flatten(data: Nested, shape: number[], depth: number, out: (number | bigint | boolean)[]): void {
  if (depth < shape.length) {
    if (!Array.isArray(data) || data.length !== shape[depth]) {
      throw new TorchError(`Expected rows of ${shape[depth]} for data, got ${describe(data)}`, "tensor");
    }
    for (const item of data) flatten(item, shape, depth + 1, out);
  } else if (typeof data === "number" || typeof data === "bigint" || typeof data === "boolean") {
    out.push(data);
  } else {
    throw new TorchError(`Expected numbers or booleans for data, got ${describe(data)}`, "tensor");
  }
}

function toBigInt(value: number | bigint | boolean): bigint {
  if (typeof value === "number" && !Number.isInteger(value)) {
    throw new TorchError(`Expected whole numbers for data of dtype int64, got ${value}`, "tensor");
  }
  return BigInt(value);
}

function moved(made: Tensor, options: TensorOptions): Tensor {
  const out = made.to(options);
  if (out !== made) made.dispose();
  return out;
}

function onto(made: Tensor, device: Device | undefined): Tensor {
  return device === undefined ? made : moved(made, { device });
}
