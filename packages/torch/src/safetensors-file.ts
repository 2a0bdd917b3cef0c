// A safetensors file as it lies on the disk, read and compared with its checksum without LibTorch: whoever only asks whether a file
// is whole loads no engine.
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { messageOf, TorchError } from "./errors.ts";
import { maxHeader, parseHeader, type SafetensorsHeader } from "./safetensors-header.ts";

/** In the metadata: the SHA-256 of the whole file, taken with zeros in place of these 64 digits. */
export const CHECKSUM = "unlabel.sha256";
export const NO_DIGITS = "0".repeat(64);

/** Names, shapes, dtypes and metadata, without reading the tensors. @throws {TorchError} as `loadSafetensors` */
export function readSafetensorsHeader(path: string): SafetensorsHeader {
  return withFile(path, (file, size) => readHeader(file, size).header);
}

/**
 * Reads a file whole without keeping its tensors: names, shapes, dtypes and metadata of a file that is as it was written,
 * as far as it carries a checksum.
 * @throws {TorchError} as `loadSafetensors`
 */
export function verifySafetensors(path: string): SafetensorsHeader {
  return withFile(path, (file, size) => verified(file, size).header);
}

export function verified(file: number, size: number): { header: SafetensorsHeader; start: number } {
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
export function digitsAt(header: Buffer, digits: string): number {
  const key = `"${CHECKSUM}":"`;
  const at = header.indexOf(`${key}${digits}"`);
  return at < 0 ? at : at + key.length;
}

function readHeader(file: number, size: number): { header: SafetensorsHeader; start: number } {
  if (size < 8) throw new TorchError(`Expected at least 8 bytes, got ${size}: the file is cut off`);
  const length = Number(Buffer.from(readFully(file, 0, 8).buffer).readBigUInt64LE());
  if (length > maxHeader) throw new TorchError(`Expected a header of at most ${maxHeader} bytes, got ${length}`);
  const start = 8 + length;
  if (start > size) throw new TorchError(`Expected a header of ${length} bytes, got ${size - 8}: the file is cut off`);
  return { header: parseHeader(readFully(file, 8, length), size - start), start };
}

export function withFile<T>(path: string, body: (file: number, size: number) => T): T {
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
export const chunk = 1 << 30;

export function readFully(file: number, position: number, length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const got = readSync(file, out, done, Math.min(chunk, length - done), position + done);
    if (got === 0) throw new TorchError(`Expected ${length} bytes at ${position}, got ${done}: the file is cut off`);
    done += got;
  }
  return out;
}
