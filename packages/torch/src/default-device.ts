// Where tensors are made that nobody names a device for.
import type { Device } from "./dtype.ts";
import { synchronous } from "./errors.ts";

let current: Device | null = null;

/** The device of {@link withDevice} around, null where there is none. */
export function deviceAround(): Device | null {
  return current;
}

/**
 * Runs `body`, in which tensors that are made of nothing or of JavaScript's values (`zeros`, `randn`, `tensor`, …) without a device come to
 * lie on this one, weights of new layers among them. On `"meta"` they have a shape and no values: a network of any size is made
 * there in a moment, and what it would compute has its shape; to read a value is refused.
 *
 * @param device such as `"meta"` or `"cuda:0"`
 * @param body synchronous
 */
export function withDevice<T>(device: Device, body: () => T): T {
  const outer = current;
  current = device;
  try {
    return synchronous(body(), "withDevice");
  } finally {
    current = outer;
  }
}
