// What losses are held against in tests: rows of numbers, and finite differences of a loop over them.
import { grad, type Tensor, tensor } from "@unlabel/torch";
import { expect } from "vitest";

/** `[N, D]` as rows of JavaScript's numbers. */
export function rowsOf(x: Tensor): number[][] {
  const [rows, columns] = x.shape as [number, number];
  const flat = x.toNumbers();
  return Array.from({ length: rows }, (_, i) => flat.slice(i * columns, (i + 1) * columns));
}

export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

export function cosine(a: readonly number[], b: readonly number[]): number {
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Expects the gradient of `loss` at float64 `x` to be that of the loop's central differences, and nowhere 0 by accident. */
export function expectGradient(x: Tensor, loss: (x: Tensor) => Tensor, loop: (rows: number[][]) => number): void {
  const leaf = x.detach().requiresGrad_();
  const [gradient] = grad(loss(leaf), [leaf]);
  const values = leaf.toNumbers();
  const step = 1e-6;
  for (const [i, analytic] of gradient!.toNumbers().entries()) {
    const shifted = (by: number) =>
      loop(rowsOf(tensor(values.with(i, values[i]! + by), { dtype: "float64" }).reshape([...x.shape])));
    const expected = (shifted(step) - shifted(-step)) / (2 * step);
    expect(Math.abs(analytic - expected) / Math.max(1, Math.abs(expected))).toBeLessThan(1e-6);
  }
}
