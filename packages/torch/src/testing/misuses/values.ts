// What misuses are made of: values that the compiler would refuse, arrays that change as they are read, small tensors.
import { type Tensor, zeros } from "../../index.ts";

export interface Misuse {
  what: string;
  message: RegExp;
  run: () => unknown;
}

/** A value of a type that the compiler would refuse, as JavaScript callers may pass it. */
export function untyped<T>(value: unknown): T {
  return value as T;
}

export function disposed(): Tensor {
  const gone = zeros([2]);
  gone.dispose();
  return gone;
}

export function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

export function throwing(at: number, items: unknown[]): unknown[] {
  const array = [...items];
  Object.defineProperty(array, at, {
    get() {
      throw new Error("getter");
    },
  });
  return array;
}

/** An array that loses its other items while the first is read. */
export function shrinking(items: unknown[]): unknown[] {
  const array = [...items];
  const [first] = items;
  Object.defineProperty(array, 0, {
    get() {
      array.length = 1;
      return first;
    },
  });
  return array;
}

export const small = () => zeros([2]);
export const image = () => zeros([1, 2, 4, 4]);
export const leaf = () => zeros([2]).requiresGrad_();
export const kernel = () => zeros([2, 2, 3, 3]);
