// Tensor lifetimes: the handle that every tensor is, scopes that free what they made, finalizers beneath.
import { describe, guarded, synchronous, TorchError } from "./errors.ts";
import { type Handle, native } from "./native.ts";

type Scope = TensorHandle[];

let current: Scope | null = null;

// The net beneath scopes: a tensor made outside any scope is freed some time after JavaScript lets go of it.
const finalizers = new FinalizationRegistry<{ handle: Handle; bytes: number }>(({ handle, bytes }) => {
  native.free(handle);
  native.external(-bytes);
});

/** What a tensor is beneath its operators: a number for the C++ side, and who frees it. */
export abstract class TensorHandle {
  readonly #handle: Handle;
  #scope: Scope | null = null;
  #bytes = 0;
  #disposed = false;

  protected constructor(handle: Handle) {
    this.#handle = handle;
    this.#own(current);
  }

  /** Whether the tensor has been freed; any use of it is then refused. */
  get disposed(): boolean {
    return this.#disposed;
  }

  /** Frees the tensor now. Does nothing the second time. */
  dispose(): void {
    if (this.#disposed) return;
    this.#leaveNet();
    this.#disposed = true;
    native.free(this.#handle);
  }

  /** Frees the tensor at the end of a block that began with `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #own(scope: Scope | null): void {
    this.#scope = scope;
    if (scope) {
      scope.push(this);
    } else {
      this.#bytes = native.nbytes(this.#handle);
      native.external(this.#bytes);
      finalizers.register(this, { handle: this.#handle, bytes: this.#bytes }, this);
    }
  }

  #leaveNet(): void {
    if (this.#scope || this.#disposed) return;
    finalizers.unregister(this);
    native.external(-this.#bytes);
  }

  /** Moves a tensor to another owner: a scope, or none. @internal */
  static adopt(tensor: TensorHandle, scope: Scope | null): void {
    if (tensor.#disposed || tensor.#scope === scope) return;
    tensor.#leaveNet();
    tensor.#own(scope);
  }

  /** Frees what a scope still owns. @internal */
  static free(made: Scope): void {
    const handles: Handle[] = [];
    for (const tensor of made) {
      if (tensor.#scope !== made || tensor.#disposed) continue;
      tensor.#disposed = true;
      handles.push(tensor.#handle);
    }
    native.free(handles);
  }

  /** Whether `value` is a tensor itself, and not a proxy or another object with a tensor's prototype. */
  static is(value: unknown): value is TensorHandle {
    return typeof value === "object" && value !== null && #handle in value;
  }

  /** The scope that a tensor goes with, if any. @internal */
  static owner(tensor: TensorHandle): Scope | null {
    return tensor.#scope;
  }

  /** The bridge's number of a tensor. @internal */
  static number(tensor: TensorHandle): Handle {
    return tensor.#handle;
  }
}

/**
 * The handle of a tensor argument.
 * @throws {TorchError} for anything that is not a live tensor
 */
export function handleOf(value: unknown, name: string, op?: string): Handle {
  if (!TensorHandle.is(value)) {
    throw new TorchError(`Expected a tensor for ${name}, got ${describe(value)}`, op);
  }
  if (value.disposed) {
    throw new TorchError(
      `Expected a live tensor for ${name}, got one that has been disposed of; return it from its scope or keep() it`,
      op,
    );
  }
  return TensorHandle.number(value);
}

/**
 * The handles of an argument that is an array of tensors; `gaps` allows null among them.
 * @throws {TorchError} naming the item that is not a live tensor
 */
export function handlesOf(value: unknown, name: string, op: string): Handle[];
export function handlesOf(value: unknown, name: string, op: string, gaps: boolean): (Handle | null)[];
export function handlesOf(value: unknown, name: string, op: string, gaps = false): (Handle | null)[] {
  // Guarded, since items may be getters that throw.
  return guarded(op, () => {
    if (!Array.isArray(value))
      throw new TorchError(`Expected an array of tensors for ${name}, got ${describe(value)}`, op);
    return Array.from(value, (item, i) => (gaps && item === null ? null : handleOf(item, `${name}[${i}]`, op)));
  });
}

/**
 * Runs `body` and frees every tensor made inside it, except those it returns (found in arrays, maps and objects)
 * and those given to {@link keep}.
 *
 * @throws {TorchError} for an asynchronous function: what it makes after its first `await` could not be told apart
 */
export function scope<T>(body: () => T): T {
  const outer = current;
  const made: Scope = [];
  current = made;
  try {
    const result = synchronous(body(), "scope");
    release(result, made, outer, new Set());
    return result;
  } finally {
    current = outer;
    TensorHandle.free(made);
  }
}

/** Lets a tensor outlive the scopes it was made in; it is then freed by `dispose()` or by the collector. */
export function keep<T extends TensorHandle>(tensor: T): T {
  handleOf(tensor, "tensor", "keep");
  TensorHandle.adopt(tensor, null);
  return tensor;
}

/** Hands the tensors within `value` that this scope made to the scope around it. */
function release(value: unknown, made: Scope, outer: Scope | null, seen: Set<object>): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || seen.has(value)) return;
  seen.add(value);
  if (TensorHandle.is(value)) {
    if (TensorHandle.owner(value) === made) TensorHandle.adopt(value, outer);
  } else if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
    for (const item of value.values()) release(item, made, outer, seen);
  } else {
    for (const item of Object.values(value)) release(item, made, outer, seen);
  }
}
