// What a pickle of PyTorch's names as storages: in both formats a tuple of the class, a key, and how many elements there are.
import type { DType } from "@unlabel/torch";
import { storageClass } from "./pickle/tensors.ts";
import { Global, type Tuple } from "./pickle/values.ts";

/** A storage as a pickle names it. */
export interface StorageName {
  readonly dtype: DType | null;
  /** Bytes of an element. */
  readonly bytes: number;
  readonly key: string;
  readonly elements: number;
  /** In the format before 1.6, a part of another one: its key, and where in that it begins and how long it is, in elements. */
  readonly view: unknown;
}

/** Null for what is no storage; a module's class is named as its own. */
export function storageName({ items }: Tuple): StorageName | null {
  const [what, kind, key, , elements, view = null] = items;
  if (what !== "storage" || !(kind instanceof Global)) return null;
  const found = storageClass(kind.path);
  const isSize = Number.isSafeInteger(elements) && (elements as number) >= 0;
  if (found === null || typeof key !== "string" || !isSize) return null;
  return { ...found, key, elements: elements as number, view };
}
