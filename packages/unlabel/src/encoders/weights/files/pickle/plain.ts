// What stands beside the tensors of a pickle (epoch, settings, names of classes), as JSON has it and no more than people read.
import type { Plain } from "../weights-file.ts";
import { Collection, Dict, Global, Inert, NumpyArray, PickledTensor, TorchType, Tuple } from "./values.ts";

const MOST_DEPTH = 4;
const MOST_ITEMS = 100;
const MOST_TEXT = 300;

/** How many more values are told; what stands in many places would otherwise be told in each. */
export interface Budget {
  left: number;
}

/** What one value may take. */
export const budget = (): Budget => ({ left: 2000 });

/** @param depth how many containers within one another are looked into */
export function plain(value: unknown, depth = MOST_DEPTH, most = budget()): Plain {
  if (most.left-- <= 0) return "…";
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "string") return cut(value);
  if (typeof value === "bigint") return cut(String(value));
  if (Buffer.isBuffer(value)) return `${value.length} bytes`;
  if (value instanceof PickledTensor) return `tensor [${value.shape.join(", ")}] ${value.dtype}`;
  if (value instanceof NumpyArray) return plain(value.value, depth, most);
  if (value instanceof Global) return value.path;
  if (value instanceof TorchType) return `torch.${value.name}`;
  if (value instanceof Dict) return depth > 0 ? fromPairs(value.items, depth, most) : "…";
  if (value instanceof Inert) return inert(value, depth, most);
  const items =
    value instanceof Tuple || value instanceof Collection ? value.items : Array.isArray(value) ? value : null;
  if (items === null || depth === 0) return "…";
  const shown: Plain[] = items.slice(0, MOST_ITEMS).map((item) => plain(item, depth - 1, most));
  return items.length > MOST_ITEMS ? [...shown, `… ${items.length - MOST_ITEMS} more`] : shown;
}

/** An object's fields, beside the name of its class. */
function inert({ what, state }: Inert, depth: number, most: Budget): Plain {
  if (!(state instanceof Dict) || depth === 0) return `${cut(what)} (inert)`;
  return { "(inert)": cut(what), ...fromPairs(state.items, depth, most) };
}

function fromPairs(items: ReadonlyMap<unknown, unknown>, depth: number, most: Budget): { [key: string]: Plain } {
  const out: [string, Plain][] = [];
  for (const [key, value] of items) {
    if (out.length >= MOST_ITEMS) {
      out.push(["…", `${items.size - MOST_ITEMS} more`]);
      break;
    }
    out.push([typeof key === "string" ? cut(key) : String(plain(key, 0, most)), plain(value, depth - 1, most)]);
  }
  return Object.fromEntries(out);
}

function cut(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
}
