// Tensors from JavaScript values, and their way to a device.
import { call } from "./call.ts";
import { deviceAround } from "./default-device.ts";
import { type Device, type DType, dtypeOf, type TypedArray } from "./dtype.ts";
import { describe, guarded, TorchError } from "./errors.ts";
import { scope } from "./handle.ts";
import { native } from "./native.ts";
import { full as fullOp } from "./ops.generated.ts";
import { Tensor } from "./tensor.ts";

/** A number, or lists of lists of numbers that form a box. */
export type Nested = number | bigint | boolean | readonly Nested[];

/** Of which type a tensor is made, and where. */
export interface TensorOptions {
  /** Default: what the values say, float32 for numbers. */
  dtype?: DType;
  /** Default `"cpu"`, or that of `withDevice` around. */
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
    return moved(fromTypedArray(data as TypedArray, undefined, { device: "cpu" }), options);
  }
  const shape: number[] = [];
  for (let level: Nested = data as Nested; Array.isArray(level); level = level[0]) {
    shape.push(level.length);
    if (shape.length > 64) throw new TorchError("Expected at most 64 levels of arrays for data", "tensor");
    if (level.length === 0) break;
  }
  const flat: (number | bigint | boolean)[] = [];
  flatten(data as Nested, shape, 0, flat);
  const target = options.dtype ?? naturalOf(flat);
  const range = ranges[target];
  if (range) for (const value of flat) checkWhole(value, target, range);
  const array = /^u?int64$/.test(target) ? BigInt64Array.from(flat, BigInt) : Float64Array.from(flat, Number);
  return moved(fromTypedArray(array, shape, { device: "cpu" }), { ...options, dtype: target });
}

/** The dtype that holds all of them: one number among booleans makes numbers of all. */
function naturalOf(flat: readonly (number | bigint | boolean)[]): DType {
  const kinds = new Set(flat.map((one) => typeof one));
  if (kinds.size === 0 || kinds.has("number")) return "float32";
  return kinds.has("bigint") ? "int64" : "bool";
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

/** Its dtype is changed on the host, where it is small. */
function moved(made: Tensor, { dtype, device }: TensorOptions): Tensor {
  const typed = dtype === undefined ? made : made.to({ dtype });
  if (typed !== made) made.dispose();
  return onto(typed, device);
}

function onto(made: Tensor, device: Device | undefined): Tensor {
  const place = device ?? deviceAround() ?? "cpu";
  if (place === "cpu") return made;
  const there = toDevice(made, place);
  made.dispose();
  return there;
}

/**
 * A copy of a tensor of the CPU on a device, for which the host does not wait: where that is a GPU of NVIDIA's, it goes by way of memory that the
 * system may not move, and the device reads it when it is its turn.
 *
 * @param host it may be disposed of at once
 * @param device where to; for `cpu` the result shares its memory
 */
export function toDevice(host: Tensor, device: Device): Tensor {
  if (!device.startsWith("cuda")) return host.to({ device, nonBlocking: device === "meta" });
  const still = call<Tensor>("aten::pin_memory", [host]);
  const there = still.to({ device, nonBlocking: true });
  if (still !== host) still.dispose();
  return there;
}

/** What {@link fromTypedArrays} makes a tensor of. */
export interface ArrayOnItsWay {
  /** Its elements, row by row. */
  data: TypedArray;
  /** Its product must be the array's length; default one dimension. */
  shape?: readonly number[];
}

/**
 * Tensors with copies of several typed arrays' elements, which go to the device together: one copy, for which the host does not wait.
 *
 * @param device where to; default `"cpu"`
 * @returns a tensor an array, each of the array's own type
 * @throws {TorchError} for a shape that is not the array's
 */
export function fromTypedArrays(arrays: readonly ArrayOnItsWay[], device: Device = "cpu"): Tensor[] {
  if (device === "cpu" || arrays.length < 2) {
    return arrays.map(({ data, shape }) => fromTypedArray(data, shape, { device }));
  }
  // Elements of eight bytes lie at multiples of eight.
  const places = arrays.map(() => 0);
  let bytes = 0;
  for (const [i, { data }] of arrays.entries()) {
    places[i] = bytes;
    bytes += 8 * Math.ceil(data.byteLength / 8);
  }
  const packed = new Uint8Array(bytes);
  for (const [i, { data }] of arrays.entries()) {
    packed.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), places[i]);
  }
  return scope(() => {
    const all = fromTypedArray(packed, undefined, { device });
    return arrays.map(({ data, shape }, i) =>
      call<Tensor>("aten::view.dtype", [all.narrow(0, places[i]!, data.byteLength), dtypeOf(data)]).view(
        shape ?? [data.length],
      ),
    );
  });
}
