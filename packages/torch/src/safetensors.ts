// Safetensors: named tensors and string metadata in one file, as https://github.com/huggingface/safetensors defines it.
// Float8 and smaller are not read. A file may carry a checksum, under a name in its metadata that other readers pass over.
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { describe, messageOf, TorchError } from "./errors.ts";
import { handleOf, scope, wrap } from "./handle.ts";
import { native } from "./native.ts";
import { dtypes, maxHeader, parseHeader, type SafetensorsHeader } from "./safetensors-header.ts";
import type { Tensor } from "./tensor.ts";

/** In the metadata: the SHA-256 of the whole file, taken with zeros in place of these 64 digits. */
const CHECKSUM = "unlabel.sha256";
const NO_DIGITS = "0".repeat(64);

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
  const { header, order } = layOut(tensors, checksum ? { ...metadata, [CHECKSUM]: NO_DIGITS } : metadata);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = openSync(temporary, "w");
    try {
      const hash = checksum ? createHash("sha256").update(header) : null;
      writeFully(file, header);
      for (const tensor of order) {
        const bytes = new Uint8Array(native.bytes(handleOf(tensor, "tensors")));
        hash?.update(bytes);
        writeFully(file, bytes);
      }
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
        Object.entries(header.tensors).map(([name, { dtype, shape, begin, end }]) => {
          const bytes = readFully(file, start + begin, end - begin);
          if (dtype === "bool" && bytes.some((byte) => byte > 1)) throw new TorchError(`Expected 0 or 1 in ${name}`);
          return [name, wrap(native.from(bytes, shape, dtype))];
        }),
      ),
    );
    return { tensors, metadata: header.metadata };
  });
}

/** Names, shapes, dtypes and metadata, without reading the tensors. @throws {TorchError} as {@link loadSafetensors} */
export function readSafetensorsHeader(path: string): SafetensorsHeader {
  return withFile(path, (file, size) => readHeader(file, size).header);
}

/**
 * Reads a file whole without keeping its tensors: names, shapes, dtypes and metadata of a file that is as it was written,
 * as far as it carries a checksum.
 * @throws {TorchError} as {@link loadSafetensors}
 */
export function verifySafetensors(path: string): SafetensorsHeader {
  return withFile(path, (file, size) => verified(file, size).header);
}

function verified(file: number, size: number): { header: SafetensorsHeader; start: number } {
  const { header, start } = readHeader(file, size);
  const expected = Object.hasOwn(header.metadata, CHECKSUM) ? header.metadata[CHECKSUM] : undefined;
  if (expected === undefined) return { header, start };
  const head = Buffer.from(readFully(file, 0, start));
  const digits = digitsAt(head, expected);
  if (digits >= 0) head.write(NO_DIGITS, digits);
  const hash = createHash("sha256").update(head);
  const piece = 1 << 24;
  for (let at = start; at < size; at += piece) hash.update(readFully(file, at, Math.min(piece, size - at)));
  if (hash.digest("hex") !== expected) {
    throw new TorchError("Expected the checksum that it was written with, got another: the file is damaged");
  }
  return { header, start };
}

/** Where in a header the checksum's digits stand. */
function digitsAt(header: Buffer, digits: string): number {
  const key = `"${CHECKSUM}":"`;
  const at = header.indexOf(`${key}${digits}"`);
  return at < 0 ? at : at + key.length;
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
  return { header: out, order: entries.map(({ tensor }) => tensor) };
}

function readHeader(file: number, size: number): { header: SafetensorsHeader; start: number } {
  if (size < 8) throw new TorchError(`Expected at least 8 bytes, got ${size}: the file is cut off`);
  const length = Number(Buffer.from(readFully(file, 0, 8).buffer).readBigUInt64LE());
  if (length > maxHeader) throw new TorchError(`Expected a header of at most ${maxHeader} bytes, got ${length}`);
  const start = 8 + length;
  if (start > size) throw new TorchError(`Expected a header of ${length} bytes, got ${size - 8}: the file is cut off`);
  return { header: parseHeader(readFully(file, 8, length), size - start), start };
}

function withFile<T>(path: string, body: (file: number, size: number) => T): T {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw new TorchError("Expected a file");
    const file = openSync(path, "r");
    try {
      return body(file, stat.size);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new TorchError(`${path}: ${messageOf(error)}`, "loadSafetensors", { cause: error });
  }
}

// One call may read or write less than asked, and never more than 2 GiB.
const chunk = 1 << 30;

function readFully(file: number, position: number, length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const got = readSync(file, out, done, Math.min(chunk, length - done), position + done);
    if (got === 0) throw new TorchError(`Expected ${length} bytes at ${position}, got ${done}: the file is cut off`);
    done += got;
  }
  return out;
}

function writeFully(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(file, bytes, done, Math.min(chunk, bytes.length - done));
  }
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
