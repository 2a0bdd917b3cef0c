// Lists a tar archive's files without unpacking it: ustar, GNU's long names and base-256 sizes, pax headers. Names are labels
// here, never paths; links and devices are left out and counted.
import { UserError } from "../../base/errors.ts";
import { shellWord } from "../../base/shell.ts";
import type { Bytes, Opened } from "./bytes.ts";

/** A regular file inside an archive. */
export interface TarFile {
  path: string;
  offset: number;
  size: number;
}

const BLOCK = 512;
// A header says how long the next name is; no honest one takes more.
const MOST_HEADER_BYTES = 1 << 20;

/** Reads small pieces through one buffer, as headers lie close together where files are small. */
export class Window {
  readonly #file: Opened;
  readonly #bytes: Bytes;
  #data: Uint8Array = new Uint8Array(0);
  #start = 0;

  constructor(file: Opened, bytes: Bytes) {
    this.#file = file;
    this.#bytes = bytes;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    if (offset < this.#start || offset + length > this.#start + this.#data.length) {
      const most = this.#bytes.size - offset;
      this.#data = await this.#file.read(offset, Math.min(most, Math.max(length, this.#bytes.chunk)));
      this.#start = offset;
    }
    return this.#data.subarray(offset - this.#start, offset - this.#start + length);
  }
}

const PACKED: readonly [mark: string, what: string, command: string][] = [
  ["\x1f\x8b", "gzip", "gunzip -c"],
  ["BZh", "bzip2", "bunzip2 -c"],
  ["\xfd7zXZ", "xz", "unxz -c"],
  ["\x28\xb5\x2f\xfd", "zstd", "zstd -dc"],
  ["PK\x03\x04", "zip", ""],
];

/** An archive that is packed further has no parts that could be read by themselves. */
function packed(name: string, header: Uint8Array): UserError | null {
  const head = Buffer.from(header.subarray(0, 8)).toString("latin1");
  const found = PACKED.find(([mark]) => head.startsWith(mark));
  if (!found) return null;
  const [, what, command] = found;
  const isLocal = !/^https?:/i.test(name);
  const own = isLocal ? shellWord(name) : "SHARD.tar";
  const mend =
    command === ""
      ? "unpack it and give the folder"
      : `unpack it: ${command} ${own} > ${own.replace(/(\.tar)?('?)$/i, "-unpacked.tar$2")}`;
  return new UserError(`Expected a tar archive in ${name}, got one packed with ${what}; ${mend}`);
}

/**
 * All regular files of an archive, in its order.
 *
 * @param onIgnored called for each link, device or other entry that is no file
 * @throws {UserError} where the archive is damaged or cut off
 */
export async function* tarFiles(
  window: Window,
  { name, size: end }: Bytes,
  onIgnored: (path: string) => void,
): AsyncGenerator<TarFile, void, void> {
  const damaged = (offset: number, what: string) =>
    new UserError(`Expected a whole tar archive in ${name}, but ${what} at byte ${offset}; make or fetch it again`);
  if (end === 0) throw new UserError(`Expected a tar archive in ${name}, got an empty file; make or fetch it again`);
  const refusal = packed(name, await window.read(0, Math.min(end, BLOCK)));
  if (refusal) throw refusal;
  /** Said by headers of their own about the next file. */
  let next: { path?: string; size?: number } = {};
  for (let offset = 0; ; ) {
    if (offset + BLOCK > end) throw damaged(offset, "it ends without its end mark");
    const header = await window.read(offset, BLOCK);
    if (header.every((byte) => byte === 0)) return;
    if (!checksumHolds(header)) throw damaged(offset, "there is no header");
    const type = String.fromCharCode(header[156]!);
    const isMeta = "LKxg".includes(type);
    const path = (!isMeta && next.path) || pathOf(header);
    const size = (!isMeta && next.size) || number(header, 124, 12);
    const data = offset + BLOCK;
    if (!Number.isSafeInteger(size) || size < 0) throw damaged(offset, "a file has an impossible size");
    if (data + size > end) throw damaged(offset, `it ends within ${path}`);
    offset = data + Math.ceil(size / BLOCK) * BLOCK;
    if (isMeta) {
      if (size > MOST_HEADER_BYTES) throw damaged(data, `a header of ${size} bytes is longer than any real one`);
      const content = await window.read(data, size);
      if (type === "L") next.path = text(content);
      else if (type === "x") next = { ...next, ...pax(content) };
      continue;
    }
    next = {};
    if (type === "0" || type === "\0" || type === "7")
      yield { path: path.replace(/^(\.?\/)+/, ""), offset: data, size };
    else if (type !== "5") onIgnored(path);
  }
}

/** The sum of all bytes, those of the sum itself as spaces; some old programs took bytes as signed. */
function checksumHolds(header: Uint8Array): boolean {
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < BLOCK; i++) {
    const byte = i >= 148 && i < 156 ? 32 : header[i]!;
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  const checksum = number(header, 148, 8);
  return checksum === unsigned || checksum === signed;
}

function pathOf(header: Uint8Array): string {
  const name = text(header.subarray(0, 100));
  const isUstar = text(header.subarray(257, 262)) === "ustar" && header[262] === 0;
  const prefix = isUstar ? text(header.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** Octal digits, or GNU's big-endian binary where the first bit is set. */
function number(header: Uint8Array, at: number, length: number): number {
  const field = header.subarray(at, at + length);
  if (field[0]! >= 0x80) {
    if (field[0] !== 0x80) return Number.NaN;
    return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
  }
  const digits = text(field).trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || "0", 8) : Number.NaN;
}

/** Records `length key=value\n`. */
function pax(content: Uint8Array): { path?: string; size?: number } {
  const found: { path?: string; size?: number } = {};
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(32, at);
    const length = space < 0 ? 0 : Number(text(content.subarray(at, space)));
    if (!(length > space - at)) break;
    const [key, ...value] = text(content.subarray(space + 1, at + length - 1)).split("=");
    if (key === "path") found.path = value.join("=");
    if (key === "size") found.size = Number(value[0]);
    at += length;
  }
  return found;
}

/** Up to the first zero byte. */
function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
