// The engine's one kind of error.

/** A failure in LibTorch or a wrong argument to it; the message names the operator, the argument and the shapes. */
export class TorchError extends Error {
  override readonly name = "TorchError";
  /** The ATen operator or function that refused, where there is one. */
  readonly op: string | undefined;

  constructor(message: string, op?: string, options?: ErrorOptions) {
    super(op === undefined ? message : `${op}: ${message}`, options);
    this.op = op;
  }
}

/** Describes a wrong value for an error message, briefly. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return `an object (${value.constructor?.name ?? "no prototype"})`;
  return typeof value === "bigint" ? `${value}n` : String(value);
}
