// A safetensors header: what a file says of its tensors. Files may come from anywhere: nothing is believed unchecked.
import type { DType } from "./dtype.ts";
import { describe, messageOf, TorchError } from "./errors.ts";

/** The format's names of element types, and their sizes in bytes, in the reverse of the order in which files hold them. */
export const dtypes: Record<string, { dtype: DType; size: number }> = {
  BOOL: { dtype: "bool", size: 1 },
  U8: { dtype: "uint8", size: 1 },
  I8: { dtype: "int8", size: 1 },
  I16: { dtype: "int16", size: 2 },
  U16: { dtype: "uint16", size: 2 },
  F16: { dtype: "float16", size: 2 },
  BF16: { dtype: "bfloat16", size: 2 },
  I32: { dtype: "int32", size: 4 },
  U32: { dtype: "uint32", size: 4 },
  F32: { dtype: "float32", size: 4 },
  C64: { dtype: "complex64", size: 8 },
  F64: { dtype: "float64", size: 8 },
  I64: { dtype: "int64", size: 8 },
  U64: { dtype: "uint64", size: 8 },
};

/** The most bytes that the reference implementation reads. */
export const maxHeader = 100_000_000;
const maxRank = 64;

/** Where one tensor lies: its bytes from the end of the header on. */
export interface SafetensorsEntry {
  /** Type of the elements. */
  dtype: DType;
  /** Sizes of the dimensions. */
  shape: number[];
  /** First byte. */
  begin: number;
  /** The byte after the last. */
  end: number;
}

/** What a safetensors file says of its contents. */
export interface SafetensorsHeader {
  /** Where each tensor lies, by name. */
  tensors: Record<string, SafetensorsEntry>;
  /** What its writer noted beside the tensors. */
  metadata: Record<string, string>;
}

/**
 * @param dataSize bytes that follow the header
 * @throws {TorchError} unless the tensors tile those bytes exactly
 */
export function parseHeader(bytes: Uint8Array, dataSize: number): SafetensorsHeader {
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    json = JSON.parse(text);
  } catch (error) {
    throw new TorchError(`Expected JSON in the header: ${messageOf(error)}`, undefined, { cause: error });
  }
  if (!isObject(json) || text[0] !== "{") throw new TorchError("Expected an object in the header");
  refuseDuplicateKeys(text);
  const { __metadata__: metadata = {}, ...entries } = json;
  if (!isObject(metadata)) throw new TorchError(`Expected an object for __metadata__, got ${describe(metadata)}`);
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== "string") {
      throw new TorchError(`Expected a string for metadata ${name}, got ${describe(value)}`);
    }
  }
  const tensors = Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, parseEntry(name, entry)]));
  let at = 0;
  for (const [name, { begin, end }] of Object.entries(tensors).sort(
    ([, a], [, b]) => a.begin - b.begin || a.end - b.end,
  )) {
    if (begin !== at) {
      const problem = begin < at ? "it overlaps another" : "there is a hole before it";
      throw new TorchError(`Expected ${name} at byte ${at}, got ${begin}: ${problem}`);
    }
    at = end;
  }
  if (at !== dataSize) {
    const problem = at > dataSize ? "the file is cut off" : "something follows the tensors";
    throw new TorchError(`Expected ${at} bytes of tensors, got ${dataSize}: ${problem}`);
  }
  return { tensors, metadata: metadata as Record<string, string> };
}

function parseEntry(name: string, entry: unknown): SafetensorsEntry {
  const refuse = (expected: string, found: unknown): never => {
    throw new TorchError(
      `Expected ${expected} for ${name}, got ${typeof found === "object" ? JSON.stringify(found) : describe(found)}`,
    );
  };
  if (!isObject(entry)) return refuse("an object", entry);
  const { dtype: code, shape, data_offsets: offsets, ...others } = entry;
  const [other] = Object.keys(others);
  if (other !== undefined) refuse("dtype, shape and data_offsets alone", other);
  const known = typeof code === "string" && Object.hasOwn(dtypes, code) ? dtypes[code] : undefined;
  if (!known) return refuse(`a dtype (${Object.keys(dtypes).join(", ")})`, code);
  if (!areSizes(shape) || shape.length > maxRank) return refuse(`a shape of at most ${maxRank} whole numbers`, shape);
  if (!areSizes(offsets) || offsets.length !== 2) return refuse("two byte offsets", offsets);
  const [begin, end] = offsets as [number, number];
  const bytes = shape.reduce((product, n) => product * n, known.size);
  if (end - begin !== bytes) refuse(`${bytes} bytes (${code} [${shape.join(", ")}])`, end - begin);
  return { dtype: known.dtype, shape, begin, end };
}

/** JSON.parse lets a later key win over an earlier one; a file that says two things is refused. */
function refuseDuplicateKeys(text: string): void {
  const open: Set<string>[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "{") open.push(new Set());
    else if (text[i] === "}") open.pop();
    else if (text[i] === '"') {
      const from = i;
      for (i++; text[i] !== '"'; i++) if (text[i] === "\\") i++;
      let next = i + 1;
      while (" \t\n\r".includes(text[next] ?? "x")) next++;
      if (text[next] !== ":") continue;
      const key: string = JSON.parse(text.slice(from, i + 1));
      const keys = open.at(-1);
      if (keys?.has(key)) throw new TorchError(`Expected each name once in the header, got ${describe(key)} twice`);
      keys?.add(key);
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function areSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
