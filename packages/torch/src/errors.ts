// The engine's one kind of error.

/** A failure in LibTorch or a wrong argument to it; the message names the operator, the argument and the shapes. */
export class TorchError extends Error {
  override readonly name: string = "TorchError";
  /** The ATen operator or function that refused, where there is one. */
  readonly op: string | undefined;

  constructor(message: string, op?: string, options?: ErrorOptions) {
    super(op === undefined ? message : `${op}: ${message}`, options);
    this.op = op;
  }
}

/** Describes a wrong value for an error message, briefly. */
export function describe(value: unknown): string {
  try {
    if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
    if (Array.isArray(value)) return `an array of ${value.length}`;
    if (typeof value === "function") return "a function";
    if (typeof value === "object" && value !== null) return `an object (${value.constructor?.name ?? "no prototype"})`;
    return typeof value === "bigint" ? `${value}n` : String(value);
  } catch {
    // A proxy or a getter that throws.
    return "an object";
  }
}

export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim();
}

/** Runs `body`, whose failures in C++ become a {@link TorchError} that names `op`. */
export function guarded<T>(op: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw error instanceof TorchError ? error : new TorchError(messageOf(error), op, { cause: error });
  }
}

/**
 * Refuses the promise of an asynchronous function: what runs after its first `await` would run outside.
 * @throws {TorchError}
 */
export function synchronous<T>(result: T, op: string): T {
  if (result instanceof Promise) {
    result.catch(() => {});
    throw new TorchError(`Expected a synchronous function for ${op}, got one that returns a promise`);
  }
  return result;
}
