// The backward pass, for Tensor's method and for the function of that name.
import { guarded } from "./errors.ts";
import { handleOf, type TensorHandle } from "./handle.ts";
import { native } from "./native.ts";

/** See `backward`. */
export function backwardFrom(
  output: TensorHandle,
  options: { gradient?: TensorHandle; retainGraph?: boolean } = {},
): void {
  const { gradient, retainGraph = false } = options;
  const gradients = [gradient ? handleOf(gradient, "gradient", "backward") : null];
  const roots = [handleOf(output, "output", "backward")];
  guarded("backward", () => native.backward(roots, gradients, retainGraph));
}
