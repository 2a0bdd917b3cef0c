// Reference values that fixtures/torch/generate.py wrote with PyTorch, and how close to them is close enough.
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { loadSafetensors, type Tensor } from "../index.ts";

export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`../../../../fixtures/torch/${name}.safetensors`, import.meta.url));
}

export function fixture(name: string): Record<string, Tensor> {
  return loadSafetensors(fixturePath(name)).tensors;
}

/** The tensors whose names begin with `prefix`, by the rest of their names. */
export function under(tensors: Record<string, Tensor>, prefix: string): Record<string, Tensor> {
  const found = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(found.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

/** Within 1e-5 of the reference's largest value; a reference below 0.01 everywhere may be cancellation's remains. */
export function expectClose(actual: Tensor | null | undefined, reference: Tensor | undefined, name = ""): void {
  expect(actual?.shape, name).toEqual(reference?.shape);
  const wanted = reference?.toNumbers() ?? [];
  const found = actual?.toNumbers() ?? [];
  const tolerance = 1e-5 * Math.max(0.01, ...wanted.map(Math.abs));
  for (const [i, value] of wanted.entries()) {
    const close = Math.abs(found[i]! - value) <= tolerance;
    expect(close, `${name}[${i}]: expected ${value} ± ${tolerance}, got ${found[i]}`).toBe(true);
  }
}
