// Tensor: a handle with LibTorch's operators as methods. Shape, dtype and device are asked of LibTorch, never kept.
import { backwardFrom } from "./backward.ts";
import { setTensorConstructor } from "./call.ts";
import { arrayOf, type Device, type DType, type MemoryFormat, type TypedArray } from "./dtype.ts";
import { guarded } from "./errors.ts";
import { handleOf } from "./handle.ts";
import { TensorOps } from "./methods.generated.ts";
import { type Handle, native } from "./native.ts";

/** An n-dimensional array on a device, with gradients where asked. Made by functions such as `tensor` and `zeros`. */
export class Tensor extends TensorOps<Tensor> {
  /** Sizes of the dimensions, `[]` for a scalar. */
  get shape(): number[] {
    return guarded("shape", () => native.shape(handleOf(this, "self", "shape")));
  }

  /** Number of dimensions. */
  get ndim(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get numel(): number {
    return this.shape.reduce((product, size) => product * size, 1);
  }

  /** Type of the elements. */
  get dtype(): DType {
    return native.dtype(handleOf(this, "self", "dtype")) as DType;
  }

  /** Where it lies: `"cpu"`, `"cuda:0"`, …. */
  get device(): Device {
    return native.device(handleOf(this, "self", "device"));
  }

  /** Whether gradients are recorded for this tensor. */
  get requiresGrad(): boolean {
    return native.requiresGrad(handleOf(this, "self", "requiresGrad"));
  }

  /** Whether the tensor was made by the user rather than by a recorded operator. */
  get isLeaf(): boolean {
    return native.isLeaf(handleOf(this, "self", "isLeaf"));
  }

  /** The gradient that `backward` accumulated, or null. */
  get grad(): Tensor | null {
    const handle = native.getGrad(handleOf(this, "self", "grad"));
    return handle === null ? null : Tensor.fromHandle(handle);
  }

  set grad(value: Tensor | null) {
    const handle = handleOf(this, "self", "grad");
    const given = value === null ? null : handleOf(value, "grad", "grad");
    guarded("grad", () => native.setGrad(handle, given));
  }

  /** Turns the recording of gradients on or off; only leaves can be changed. */
  requiresGrad_(on = true): this {
    guarded("requiresGrad_", () => native.setRequiresGrad(handleOf(this, "self", "requiresGrad_"), on));
    return this;
  }

  /** Takes over the contents of `source`, whatever its dtype, device and layout, and stays the same parameter. */
  setData(source: Tensor): this {
    guarded("setData", () => native.setData(handleOf(this, "self", "setData"), handleOf(source, "source", "setData")));
    return this;
  }

  /** Gradients of this scalar for every leaf that it was made from, added to their `grad`. */
  backward(options?: { gradient?: Tensor; retainGraph?: boolean }): void {
    backwardFrom(this, options);
  }

  /** The same values as another dtype, on another device or in another layout; shares memory where nothing changes. */
  to(options: { dtype?: DType; device?: Device; memoryFormat?: MemoryFormat; nonBlocking?: boolean }): Tensor {
    const { dtype, device, memoryFormat = null, nonBlocking = false } = options;
    return this.toOptions({ dtype: dtype ?? null, device: device ?? null, memoryFormat, nonBlocking });
  }

  /** The value of a tensor of one element. @throws {TorchError} where there are more */
  item(): number {
    return Number(this.localItem());
  }

  /** A copy of the elements in row-major order; half precision is widened to float32, bool becomes 0 and 1. */
  toArray(): TypedArray {
    const { dtype } = this;
    if (dtype === "float16" || dtype === "bfloat16") {
      using wide = this.to({ dtype: "float32" });
      return wide.toArray();
    }
    return arrayOf(
      dtype,
      guarded("toArray", () => native.bytes(handleOf(this, "self", "toArray"))),
    );
  }

  /** {@link toArray} as plain numbers. */
  toNumbers(): number[] {
    return Array.from<number | bigint, number>(
      this.toArray() as Iterable<number | bigint> & ArrayLike<number | bigint>,
      Number,
    );
  }

  /** Whether the elements lie in memory in this order. */
  isContiguous(format: "contiguous" | "channels_last" = "contiguous"): boolean {
    return native.isContiguous(handleOf(this, "self", "isContiguous"), format);
  }

  override toString(): string {
    return this.disposed ? "Tensor(disposed)" : `Tensor(${this.dtype} [${this.shape.join(", ")}] ${this.device})`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** @internal */
  static fromHandle(handle: Handle): Tensor {
    return new Tensor(handle);
  }
}

setTensorConstructor(Tensor.fromHandle);
