// Who is told of each operator before it runs: for tests and measurements that ask which operators a piece of code calls, and with what.
import { synchronous } from "./errors.ts";
import type { Schema } from "./native.ts";

/** A call of an operator that is about to be made. */
export interface OperatorCall {
  /** Such as `aten::add.Tensor`. */
  name: string;
  /** What it takes and gives. */
  schema: Schema;
  /** As given, in the schema's order; those left out at the end are missing. */
  args: readonly unknown[];
}

let told: ((call: OperatorCall) => void) | null = null;

/** Whoever is told of operators now; null for nobody. */
export function observer(): ((call: OperatorCall) => void) | null {
  return told;
}

/**
 * Runs `body` and tells `observe` of each operator that it calls, before it runs; those that LibTorch calls within others, or in a backward
 * pass, are not told of. What `observe` throws comes out of the operator's call.
 *
 * @param body synchronous
 */
export function observeOperators<T>(observe: (call: OperatorCall) => void, body: () => T): T {
  const outer = told;
  told = observe;
  try {
    return synchronous(body(), "observeOperators");
  } finally {
    told = outer;
  }
}
