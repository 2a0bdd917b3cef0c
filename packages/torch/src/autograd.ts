// Gradients: backward, grad, and switching their recording off.

import { backwardFrom } from "./backward.ts";
import { guarded, synchronous } from "./errors.ts";
import { handleOf, handlesOf } from "./handle.ts";
import { native } from "./native.ts";
import { Tensor } from "./tensor.ts";

/**
 * Adds the gradients of `output` for every leaf it was made from to their `grad`.
 * @param output a scalar, or any tensor together with `gradient` of its shape
 * @param options `retainGraph` keeps the graph for another call
 */
export function backward(output: Tensor, options: { gradient?: Tensor; retainGraph?: boolean } = {}): void {
  backwardFrom(output, options);
}

/**
 * Gradients of scalar `outputs` (summed) for `inputs`, returned and not accumulated.
 * @param options `createGraph` records the gradients' own graph, for second derivatives
 * @returns one tensor an input, null where the outputs do not depend on it
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  options: { gradOutputs?: readonly Tensor[]; retainGraph?: boolean; createGraph?: boolean } = {},
): (Tensor | null)[] {
  const { createGraph = false, retainGraph = createGraph } = options;
  const roots = handlesOf(Array.isArray(outputs) ? outputs : [outputs], "outputs", "grad");
  const leaves = handlesOf(inputs, "inputs", "grad");
  const seeds = roots.map((_, i) => {
    const seed = options.gradOutputs?.[i];
    return seed ? handleOf(seed, `gradOutputs[${i}]`, "grad") : null;
  });
  return guarded("grad", () => native.grad(roots, leaves, seeds, retainGraph, createGraph)).map((handle) =>
    handle === null ? null : Tensor.fromHandle(handle),
  );
}

/** Runs `body` without recording gradients. */
export function noGrad<T>(body: () => T): T {
  return withGradMode(false, body);
}

/** Runs `body` recording gradients, even within {@link noGrad}. */
export function enableGrad<T>(body: () => T): T {
  return withGradMode(true, body);
}

/** Whether gradients are being recorded. */
export function isGradEnabled(): boolean {
  return native.gradMode();
}

function withGradMode<T>(on: boolean, body: () => T): T {
  const was = native.gradMode(on);
  try {
    return synchronous(body(), on ? "enableGrad" : "noGrad");
  } finally {
    native.gradMode(was);
  }
}
