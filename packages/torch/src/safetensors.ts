// Safetensors: named tensors and string metadata in one file, as https://github.com/huggingface/safetensors defines it.
// Float8 and smaller are not read. A file may carry a checksum, under a name in its metadata that other readers pass over.
import { createHash, type Hash, randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { describe, messageOf, TorchError } from "./errors.ts";
import { handleOf, scope } from "./handle.ts";
import { native } from "./native.ts";
import { empty } from "./ops.generated.ts";
import { CHECKSUM, chunk, digitsAt, NO_DIGITS, readFully, verified, withFile } from "./safetensors-file.ts";
import { dtypes, type SafetensorsEntry } from "./safetensors-header.ts";
import { Tensor } from "./tensor.ts";

/** Options of {@link saveSafetensors}. */
export interface SaveOptions {
  /** Whether the file carries a checksum, by which reading it finds any damage. Default false. */
  checksum?: boolean;
}

/**
 * Writes tensors, from any device and in any layout, so that `path` holds either the old file or the whole new one.
 * @param metadata strings by name, kept in the header
 * @throws {TorchError} for a dtype that the format lacks (complex128), or when the file cannot be written
 */
export function saveSafetensors(
  path: string,
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
  { checksum = false }: SaveOptions = {},
): void {
  // That of the file which these metadata came from says nothing of this one.
  const { [CHECKSUM]: _, ...own } = metadata;
  const { header, order } = layOut(tensors, checksum ? { ...own, [CHECKSUM]: NO_DIGITS } : own);
  // Processes of two containers may have one id. By this name unlabel's base/files.ts knows what a killed process has left, and
  // sweeps it: change both together.
  const temporary = `${path}.${process.pid}-${randomBytes(6).toString("hex")}.unlabel.tmp`;
  try {
    const file = openSync(temporary, "wx");
    try {
      const hash = checksum ? createHash("sha256").update(header) : null;
      writeFully(file, header);
      for (const { tensor, size } of order) for (const bytes of bytesOf(tensor, size)) writeFully(file, bytes, hash);
      if (hash) writeSync(file, hash.digest("hex"), digitsAt(header, NO_DIGITS));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new TorchError(`Expected to write ${path}: ${messageOf(error)}`, "saveSafetensors", { cause: error });
  }
}

/**
 * Reads a file whole, and compares its checksum where it carries one.
 * @throws {TorchError} saying what is wrong with it
 */
export function loadSafetensors(path: string): { tensors: Record<string, Tensor>; metadata: Record<string, string> } {
  return withFile(path, (file, size) => {
    const { header, start } = verified(file, size);
    const tensors = scope(() =>
      Object.fromEntries(
        Object.entries(header.tensors).map(([name, entry]) => [name, tensorAt(file, name, entry, start)]),
      ),
    );
    return { tensors, metadata: header.metadata };
  });
}

function layOut(tensors: Readonly<Record<string, Tensor>>, metadata: Readonly<Record<string, string>>) {
  const refuse = (message: string): never => {
    throw new TorchError(message, "saveSafetensors");
  };
  const known = Object.entries(dtypes);
  const header: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== "string") refuse(`Expected a string for metadata ${name}, got ${describe(value)}`);
  }
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  const entries = Object.entries(tensors).map(([name, tensor]) => {
    const handle = handleOf(tensor, name, "saveSafetensors");
    const dtype = native.dtype(handle);
    const rank = known.findIndex(([, { dtype: one }]) => one === dtype);
    const [code, { size }] = known[rank] ?? refuse(`Expected a dtype that safetensors has for ${name}, got ${dtype}`);
    if (name === "__metadata__") refuse("Expected another name than __metadata__ for a tensor");
    return { name, tensor, rank, code, size, shape: native.shape(handle) };
  });
  // Large elements first, behind a header padded to 8: each tensor is then aligned to its elements. Within these the
  // reference implementation's order, so that the same tensors make the same bytes.
  entries.sort((a, b) => b.rank - a.rank || (a.name < b.name ? -1 : 1));
  let offset = 0;
  for (const { name, code, size, shape } of entries) {
    const begin = offset;
    offset += shape.reduce((product, n) => product * n, size);
    Object.defineProperty(header, name, {
      value: { dtype: code, shape, data_offsets: [begin, offset] },
      enumerable: true,
    });
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Math.ceil(json.length / 8) * 8;
  const out = Buffer.alloc(8 + length, " ");
  out.writeBigUInt64LE(BigInt(length));
  json.copy(out, 8);
  return { header: out, order: entries };
}

/** A tensor's bytes, each element of `size`: of a large one in parts of at most `most`, since JavaScript has no array of any length. */
export function* bytesOf(tensor: Tensor, size: number, most = chunk): Generator<Uint8Array> {
  const { numel } = tensor;
  const count = Math.max(1, Math.floor(most / size));
  if (numel <= count) {
    yield new Uint8Array(native.bytes(handleOf(tensor, "tensors")));
    return;
  }
  using flat = tensor.reshape([-1]);
  for (let at = 0; at < numel; at += count) {
    using part = flat.narrow(0, at, Math.min(count, numel - at));
    yield new Uint8Array(native.bytes(handleOf(part, "tensors")));
  }
}

/** Writes bytes, and hashes them, in pieces: neither takes 2 GiB at once. */
export function writeFully(file: number, bytes: Uint8Array, hash: Hash | null = null, most = chunk): void {
  for (let done = 0; done < bytes.length; ) {
    const wrote = writeSync(file, bytes, done, Math.min(most, bytes.length - done));
    hash?.update(bytes.subarray(done, done + wrote));
    done += wrote;
  }
}

/** The other way round: a tensor of what lies in a file, of a large one in parts. */
export function tensorAt(
  file: number,
  name: string,
  { dtype, shape, begin, end }: SafetensorsEntry,
  start: number,
  most = chunk,
): Tensor {
  const read = (from: number, to: number, sizes: number[]) => {
    const bytes = readFully(file, start + from, to - from);
    if (dtype === "bool" && bytes.some((byte) => byte > 1)) throw new TorchError(`Expected 0 or 1 in ${name}`);
    return Tensor.fromHandle(native.from(bytes, sizes, dtype));
  };
  if (end - begin <= most) return read(begin, end, shape);
  const numel = shape.reduce((product, n) => product * n, 1);
  const size = (end - begin) / numel;
  const count = Math.max(1, Math.floor(most / size));
  const whole = empty([numel], { dtype });
  for (let at = 0; at < numel; at += count) {
    const length = Math.min(count, numel - at);
    using part = read(begin + at * size, begin + (at + length) * size, [length]);
    whole.narrow(0, at, length).copy_(part);
  }
  return whole.reshape(shape);
}

/** Makes the rename last. Windows opens no folders; its renames are journalled. */
function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
