// The tensors of what a pickle came to, by name: those of nested dicts, and those of a whole module that was saved as an object.
import type { ByteSource } from "../file-bytes.ts";
import type { Entry, FilePart, Plain } from "../weights-file.ts";
import type { InertLog } from "./machine-state.ts";
import { plain } from "./plain.ts";
import { denseBytes } from "./tensors.ts";
import { Collection, Dict, Inert, NumpyArray, PickledTensor, Tuple } from "./values.ts";

/** Dicts within dicts: {"model": {"teacher": {"backbone": …}}}. */
const MOST_DEPTH = 64;
const MOST_NAME = 1000;
/** The largest models have fewer. */
const MOST_TENSORS = 100_000;
/** Nobody saves more objects side by side. */
const MOST_ITEMS = 100;
/** Values beside the tensors that are told, in all. */
const MOST_TOLD = 20_000;

/** What a pickle holds, in order. */
export interface Contents {
  entries: Entry[];
  metadata: Record<string, Plain>;
  parts: FilePart[];
  inert: string[];
  calls: string[];
  unread: string[];
}

/** @throws {UserError} for more tensors than any model has */
export function contentsOf(root: unknown, log: InertLog, file: Pick<ByteSource, "refuse">): Contents {
  const most = { left: MOST_TOLD };
  const found = new Map<string, Entry>();
  const seen = new Set<unknown>();
  const walk = (value: unknown, name: string, depth: number): void => {
    const tensor = tensorOf(value);
    if (tensor !== null) {
      if (found.size >= MOST_TENSORS) file.refuse(`Expected at most ${MOST_TENSORS} tensors, got more`);
      if (!found.has(name)) found.set(name, entryOf(name, tensor));
      return;
    }
    const fields = fieldsOf(value);
    if (fields === null || seen.has(value)) return;
    seen.add(value);
    for (const [key, field] of fields) {
      // Numbered ones are an optimizer's, by the order of its parameters.
      if (typeof key !== "string") continue;
      const below = name === "" ? key : `${name}.${key}`;
      if (depth < MOST_DEPTH && below.length <= MOST_NAME) walk(field, below, depth + 1);
    }
  };
  const parts: FilePart[] = [];
  const metadata: [string, Plain][] = [];
  const top = fieldsOf(root) ?? itemsOf(root);
  if (top === null) {
    walk(root, "tensor", 0);
    if (found.size === 0) metadata.push(["value", plain(root, undefined, most)]);
  } else {
    seen.add(root);
    for (const [key, field] of top) {
      if (typeof key !== "string" || key.length > MOST_NAME) continue;
      const before = found.size;
      walk(field, key, 1);
      if (tensorOf(field) !== null) continue;
      const tensors = found.size - before;
      if (tensors === 0 && metadata.length < MOST_NAME) metadata.push([key, plain(field, undefined, most)]);
      if (parts.length < MOST_NAME) parts.push({ key, tensors, what: whatIs(field) });
    }
  }
  const entries = [...found.values()];
  return {
    entries,
    metadata: Object.fromEntries(metadata),
    parts,
    inert: [...log.names],
    calls: [...log.calls],
    unread: [...log.unread],
  };
}

/** Names and values of a dict, and of a module of PyTorch's what its state dict would hold. */
function fieldsOf(value: unknown): Iterable<readonly [unknown, unknown]> | null {
  if (value instanceof Dict) return value.items;
  if (!(value instanceof Inert && value.state instanceof Dict)) return null;
  const { items } = value.state;
  const parts = ["_parameters", "_buffers", "_modules"].map((key) => items.get(key));
  if (!parts.some((part) => part instanceof Dict)) return null;
  return parts.flatMap((part) => (part instanceof Dict ? [...part.items] : []));
}

/** What was saved together, as in `torch.save((model.state_dict(), epoch))`: by its places, where anything is among it that could hold tensors. */
function itemsOf(value: unknown): (readonly [unknown, unknown])[] | null {
  const items = value instanceof Tuple ? value.items : value;
  if (!Array.isArray(items) || items.length > MOST_ITEMS) return null;
  const holds = items.some((item) => tensorOf(item) !== null || fieldsOf(item) !== null);
  return holds ? items.map((item, i) => [String(i), item] as const) : null;
}

function tensorOf(value: unknown): PickledTensor | null {
  if (value instanceof PickledTensor) return value;
  return value instanceof NumpyArray && value.value instanceof PickledTensor ? value.value : null;
}

function entryOf(name: string, tensor: PickledTensor): Entry {
  return { name, dtype: tensor.dtype, shape: tensor.shape, bytes: () => denseBytes(tensor) };
}

function whatIs(value: unknown): string {
  if (value instanceof Inert) return `${value.what} (inert)`;
  if (value instanceof Dict) return value.kind;
  if (value instanceof Tuple) return "tuple";
  if (value instanceof Collection) return "set";
  if (Array.isArray(value)) return "list";
  const told = plain(value, 0);
  return typeof told === "string" ? told : JSON.stringify(told);
}
