// Tensors from JavaScript values.
import { type Device, type DType, dtypeOf, type TypedArray } from "./dtype.ts";
import { describe, guarded, TorchError } from "./errors.ts";
import { native } from "./native.ts";
import { full as fullOp } from "./ops.generated.ts";
import { Tensor } from "./tensor.ts";

/** A number, or lists of lists of numbers that form a box. */
export type Nested = number | bigint | boolean | readonly Nested[];

/** Of which type a tensor is made, and where. */
export interface TensorOptions {
  /** Default: what the values say, float32 for numbers. */
  dtype?: DType;
  /** Default `"cpu"`. */
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
  if (dtype === "bool" && data instanceof Uint8Array && data.some((byte) => byte > 1)) {
    throw new TorchError("Expected 0 or 1 for bool data, got another byte", "fromTypedArray");
  }
  const made = Tensor.fromHandle(guarded("fromTypedArray", () => native.from(data, shape ?? [data.length], dtype)));
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
    if (shape.length > 64) throw new TorchError("Expected at most 64 levels of arrays for data", "tensor");
    if (level.length === 0) break;
  }
  const flat: (number | bigint | boolean)[] = [];
  flatten(data as Nested, shape, 0, flat);
  const natural = typeof flat[0] === "boolean" ? "bool" : typeof flat[0] === "bigint" ? "int64" : "float32";
  const target = options.dtype ?? natural;
  const range = ranges[target];
  if (range) for (const value of flat) checkWhole(value, target, range);
  const array = /^u?int64$/.test(target) ? BigInt64Array.from(flat, BigInt) : Float64Array.from(flat, Number);
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

// What LibTorch would wrap around, or worse, is refused.
const ranges: Partial<Record<DType, [low: bigint, high: bigint]>> = Object.fromEntries(
  [8, 16, 32, 64].flatMap((bits) => [
    [`uint${bits}`, [0n, 2n ** BigInt(bits) - 1n]],
    [`int${bits}`, [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n]],
  ]),
);

function checkWhole(value: number | bigint | boolean, dtype: DType, [low, high]: [bigint, bigint]): void {
  const number = typeof value === "boolean" ? Number(value) : value;
  const whole = typeof number === "bigint" || Number.isInteger(number);
  if (!whole || number < low || number > high) {
    throw new TorchError(`Expected whole numbers from ${low} to ${high} for ${dtype} data, got ${value}`, "tensor");
  }
}

function moved(made: Tensor, options: TensorOptions): Tensor {
  const out = made.to(options);
  if (out !== made) made.dispose();
  return out;
}

function onto(made: Tensor, device: Device | undefined): Tensor {
  return device === undefined ? made : moved(made, { device });
}
